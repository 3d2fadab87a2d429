"""Where the facts of the world are in the account."""

from datetime import UTC, datetime, timedelta

from closedloop.sandbox.hubspot.schema import MAPPED

STATES = {"registered": "REGISTERED", "attended": "ATTENDED", "no_show": "NO_SHOW", "cancelled": "CANCELLED"}


def held(shared, name):
    return {one["id"]: one["properties"] for one in shared.simulator.records(name)}


def key(shared, kind, one):
    return shared.simulator.keys[kind][one].partition("/")[2]


def test_every_record_of_the_world_has_its_own(shared, world):
    kinds = {
        "account": world.accounts, "person": world.people, "event": world.events,
        "registration": world.registrations, "opportunity": world.opportunities, "stage": world.stages,
        "owner": world.owners, "activity": world.activities, "change": world.changes,
    }  # fmt: skip
    for kind, records in kinds.items():
        found = shared.simulator.keys[kind]
        assert {*found} == {one.key for one in records}
        assert len({*found.values()}) == len(found)


def test_companies(shared, world):
    companies = held(shared, "companies")
    for account in world.accounts:
        row = companies[key(shared, "account", account.key)]
        assert row["name"] == account.name
        assert row["hs_country_code"] == account.country
        assert row.get(MAPPED["companies"]["tax_id"]) == account.tax_id
        assert row[MAPPED["companies"]["external_id"]] == account.external_id
        parent = row.get("hs_parent_company_id")
        assert parent == (key(shared, "account", account.parent) if account.parent else None)
        if parent:
            [(up, types)] = shared.simulator.account.links.of(
                "companies", key(shared, "account", account.key), "companies"
            ).items()
            assert up == parent
            assert {one.number for one in types} >= {14}


def test_contacts_and_leads(shared, world):
    contacts, links = held(shared, "contacts"), shared.simulator.account.links
    emails = [row["email"] for row in contacts.values() if row.get("email")]
    assert len({*emails}) == len(emails)
    for person in world.people:
        record = key(shared, "person", person.key)
        row = contacts[record]
        assert row.get("firstname", "") == person.first_name
        assert row.get("email", "") == (person.email or "").strip().lower()
        assert (row["lifecyclestage"] == "lead") == (person.kind == "lead")
        assert bool(links.of("contacts", record, "leads")) == (person.kind == "lead")
        wanted = [key(shared, "account", person.account)] if person.account else []
        assert [*links.of("contacts", record, "companies")] == wanted


def test_deals_with_their_history(shared, world):
    deals, links = held(shared, "deals"), shared.simulator.account.links
    for deal in world.opportunities:
        record = key(shared, "opportunity", deal.key)
        row, table = deals[record], shared.simulator.account.tables["deals"].rows[record]
        assert float(row["amount"]) * 100 == deal.amount
        assert row[MAPPED["deals"]["number"]] == deal.number
        assert row.get(MAPPED["deals"]["po"]) == deal.po
        assert row["hs_is_closed_won"] == str(deal.is_won).lower()
        assert row["hs_is_closed"] == str(deal.is_closed).lower()
        assert round(float(row["hs_deal_stage_probability"]) * 100) == deal.probability
        wanted = [key(shared, "person", deal.person)] if deal.person else []
        assert [*links.of("deals", record, "contacts")] == wanted
        campaign = f"{deal.event}/campaign"
        assert row.get("hs_campaign") == (key(shared, "campaign_of_event", campaign) if deal.event else None)
        assert table.history["dealstage"][-1].value == row["dealstage"]
        assert table.history["amount"][-1].value == row["amount"]


def test_every_change_of_a_deal_is_in_its_history(shared, world):
    rows = shared.simulator.account.tables["deals"].rows
    for change in world.changes:
        history = rows[key(shared, "opportunity", change.opportunity)].history
        if change.field == "stage":
            wanted = key(shared, "stage", change.new_stage)
            values = {(one.value, one.at) for one in history["dealstage"][1:]}
        else:
            wanted = f"{change.new_amount / 100:g}"
            values = {(f"{float(one.value):g}", one.at) for one in history["amount"][1:]}
        assert (wanted, change.at) in values


def test_events_with_their_campaigns(shared, world):
    account = shared.simulator.account
    for event in world.events:
        row = account.events.by_id[key(shared, "event", event.key)]
        campaign = account.campaigns.by_id[key(shared, "campaign_of_event", f"{event.key}/campaign")]
        found = {name: row.custom.get(own) for name, own in MAPPED["marketing_events"].items()}
        assert found == {
            "code": event.code,
            "series": event.series,
            "edition": event.edition,
            "kind": event.kind,
            "expected_attendees": str(event.expected_attendees) if event.expected_attendees else None,
        }
        assert row.values["startDateTime"][:10] == event.start.isoformat()
        assert row.values["endDateTime"][:10] == event.end.isoformat()
        assert [*campaign.assets["MARKETING_EVENT"]] == [row.id]
        for side, minor in (("budget", event.budget), ("spend", event.actual_cost)):
            assert [one["amount"] * 100 for one in campaign.items[side].values()] == (
                [] if minor is None else [minor]
            )


def test_participations(shared, world):
    account = shared.simulator.account
    by_id = {one.id: one for there in account.events.there.values() for one in there.values()}
    ends = {event.key: event.end for event in world.events}
    assert len(by_id) == len(world.registrations)
    for one in world.registrations:
        row = by_id[key(shared, "registration", one.key)]
        assert row.state == STATES[one.status]
        assert row.event == key(shared, "event", one.event)
        occurred = datetime.fromtimestamp(row.occurred / 1000, UTC)
        if one.scanned_at is not None:
            assert occurred == one.scanned_at
        elif one.status == "attended":
            assert occurred.date() == ends[one.event] + timedelta(days=3)
        contact = account.tables["contacts"].rows[row.contact].values
        if one.person is None:
            assert not {"email", "firstname", "lastname"} & {*contact}
        else:
            assert row.contact == key(shared, "person", one.person)


def test_activities_and_owners(shared, world):
    account, links = shared.simulator.account, shared.simulator.account.links
    for one in world.activities:
        name, _, record = shared.simulator.keys["activity"][one.key].partition("/")
        row = account.tables[name].rows[record].values
        assert name == f"{one.kind}s"
        assert datetime.fromisoformat(row["hs_timestamp"]) == one.at
        assert row["hubspot_owner_id"] == key(shared, "owner", one.owner)
        if one.person is not None:
            assert [*links.of(name, record, "contacts")] == [key(shared, "person", one.person)]
        else:
            assert [*links.of(name, record, "deals")] == [key(shared, "opportunity", one.opportunity)]
    for owner in world.owners:
        row = account.owners[key(shared, "owner", owner.key)]
        assert row["archived"] is not owner.is_active
        assert row["type"] == ("QUEUE" if owner.kind == "queue" else "PERSON")


def test_nothing_is_stamped_after_now(shared):
    now = shared.simulator.now()
    for table in shared.simulator.account.tables.values():
        assert all(row.created <= row.updated <= now for row in table.rows.values())
