"""The world as an org: every record has an id, and what Salesforce insists on is there."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from closedloop.sandbox.salesforce.ids import is_id, long_id

SOURCES = {
    "campaign": "events",
    "touch": "registrations",
    "person": "people",
    "account": "accounts",
    "opportunity": "opportunities",
    "opportunity_change": "changes",
    "stage": "stages",
    "activity": "activities",
    "owner": "owners",
}


HELD = {}


def row(simulator, kind, key):
    entity, _, record = simulator.keys[kind][key].partition("/")
    if (simulator, entity) not in HELD:
        HELD[simulator, entity] = {one["Id"]: one for one in simulator.records(entity)}
    return HELD[simulator, entity][record]


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_every_record_of_the_world_has_an_id_of_its_own(shared, world, kind):
    keys = shared.keys[kind]
    assert set(keys) == {one.key for one in getattr(world, SOURCES[kind])}
    assert len(set(keys.values())) == len(keys)
    for value in keys.values():
        entity, _, record = value.partition("/")
        assert is_id(record)
        assert len(record) == 18
        assert record in shared.org.database.tables[entity]


def test_the_end_of_an_id_says_which_letters_are_capital():
    assert long_id("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert is_id("001D000000IqhSLIAZ")
    assert not is_id("001d000000iqhsliaz")


def test_world_keys_are_unique_over_all_kinds(shared):
    names = [name for records in shared.keys.values() for name in records]
    assert len(names) == len(set(names))


def test_required_fields_are_filled_and_references_lead_somewhere(shared):
    database = shared.org.database
    for name, entity in database.objects.items():
        for one in database.tables[name].values():
            for field in entity.fields.values():
                value = one.get(field.name)
                if field.is_required:
                    assert value is not None, f"{name}.{field.name}"
                if field.type == "reference" and value and not field.is_calculated:
                    assert database.parent(value)[0] in field.targets, f"{name}.{field.name}"


def test_deals_close_on_their_day_and_what_is_lost_has_its_own_stage(shared, world):
    zone = ZoneInfo(world.zone)
    for deal in world.opportunities:
        held = row(shared, "opportunity", deal.key)
        assert (held["IsClosed"], held["IsWon"]) == (deal.is_closed, deal.is_won)
        assert held["Amount"] == Decimal(deal.amount) / 100
        assert (held["StageName"] == "Closed Lost") == (deal.is_closed and not deal.is_won)
        if deal.closed_at:
            assert held["CloseDate"] == deal.closed_at.astimezone(zone).date()


def test_history_tells_each_change_in_order(shared, world):
    stages = {stage.key: stage.name for stage in world.stages}
    shots = {}
    for one in sorted(shared.records("OpportunityHistory"), key=lambda one: (one["CreatedDate"], one["Id"])):
        shots.setdefault(one["OpportunityId"], []).append(one)
    changed = {one.opportunity for one in world.changes}
    for deal in world.opportunities:
        held = shots[shared.keys["opportunity"][deal.key].partition("/")[2]]
        now = row(shared, "opportunity", deal.key)
        assert (held[-1]["StageName"], held[-1]["Amount"]) == (now["StageName"], now["Amount"])
        assert (len(held) > 1) == (deal.key in changed)
    for change in world.changes:
        after = row(shared, "opportunity_change", change.key)
        field = row(shared, "opportunity_field_change", f"{change.key}-field")
        assert abs(after["CreatedDate"] - change.at) < timedelta(seconds=1)
        if change.field == "stage":
            assert after["StageName"] == field["NewValue"] == stages[change.new_stage]
            assert field["OldValue"] == stages[change.old_stage]
        else:
            assert after["Amount"] == field["NewValue"] == Decimal(change.new_amount) / 100


def test_members_say_who_came_and_when(shared, world):
    uploads = {}
    for registration in world.registrations:
        held = row(shared, "touch", registration.key)
        assert held["HasResponded"] == (registration.status == "attended")
        assert (held["FirstRespondedDate"] is not None) == (registration.status == "attended")
        assert (held["Scanned_At__c"] is None) == (registration.scanned_at is None)
        if registration.status == "attended" and registration.scanned_at is None:
            uploads.setdefault(held["SystemModstamp"], []).append(held)
    assert max(map(len, uploads.values())) > 1


def test_who_is_not_known_at_all_is_an_empty_lead(shared, world):
    strangers = [one for one in world.registrations if one.person is None]
    assert strangers
    for one in strangers:
        member = row(shared, "touch", one.key)
        assert (member["Name"], member["Email"]) == ("[not provided]", None)


def test_roll_ups_count_members_and_deals(shared):
    members, deals = shared.records("CampaignMember"), shared.records("Opportunity")
    for campaign in shared.records("Campaign"):
        own = [one for one in members if one["CampaignId"] == campaign["Id"]]
        assert campaign["NumberOfLeads"] + campaign["NumberOfContacts"] == len(own)
        assert campaign["NumberOfResponses"] == sum(one["HasResponded"] for one in own)
        amounts = [one["Amount"] for one in deals if one["CampaignId"] == campaign["Id"]]
        assert campaign["AmountAllOpportunities"] == sum(amounts)


def test_some_deals_came_from_a_lead_that_was_converted(shared):
    converted = [one for one in shared.records("Lead") if one["IsConverted"]]
    assert converted
    contacts = {one["Id"]: one for one in shared.records("Contact")}
    for lead in converted:
        assert contacts[lead["ConvertedContactId"]]["Name"] == lead["Name"]
        assert contacts[lead["ConvertedContactId"]]["CreatedDate"] <= lead["CreatedDate"]
        assert lead["ConvertedAccountId"]


def test_nothing_was_changed_after_the_clock_starts(shared, world):
    for name, rows in shared.org.database.tables.items():
        if "SystemModstamp" in shared.org.database.objects[name].fields:
            for one in rows.values():
                stamp = one["SystemModstamp"]
                assert one.get("CreatedDate", stamp) <= stamp < shared.now(), name


def test_without_several_currencies_there_is_no_currency(serving):
    org, client = serving(multi_currency=False)
    assert client.ask("SELECT Id FROM CurrencyType").json()[0]["errorCode"] == "INVALID_TYPE"
    assert client.ask("SELECT CurrencyIsoCode FROM Opportunity").json()[0]["errorCode"] == "INVALID_FIELD"
    assert org.records("Opportunity")
