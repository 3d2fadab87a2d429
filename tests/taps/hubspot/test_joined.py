"""Associations, history, campaigns and events: what hangs on something else."""

from datetime import timedelta

from tests.taps.hubspot.fake import NOW, ago, row

ASSOCIATED = ("deals", "deals_to_companies")


def joined(to, *kinds):
    names = {5: "Primary", 341: None, 17: "Decision maker"}
    return {
        "toObjectId": to,
        "associationTypes": [
            {"category": "HUBSPOT_DEFINED", "typeId": kind, "label": names[kind]} for kind in kinds
        ],
    }


def test_each_label_of_an_association_is_a_row_and_all_pages_come(hubspot, tap):
    hubspot.rows["deals"] = [row(1), row(2), row(3)]
    hubspot.associations["deals", "companies"] = {
        "1": [joined(10, 5, 341)],
        "2": [joined(n, 341) for n in range(20, 27)],
    }

    run = tap(select=ASSOCIATED)

    rows = run.records("deals_to_companies")
    assert [(r["from_id"], r["to_id"], r["type_id"], r["label"]) for r in rows][:2] == [
        ("1", "10", 5, "Primary"),
        ("1", "10", 341, None),
    ]
    assert {r["to_id"] for r in rows if r["from_id"] == "2"} == {str(n) for n in range(20, 27)}
    assert (run.code, run.proof("deals_to_companies")["source_count"]) == (0, 9)
    assert len({r["key"] for r in rows}) == 9


def test_associations_of_changed_records_come_at_once_and_all_of_them_once_a_day(hubspot, tap):
    hubspot.now = NOW - timedelta(hours=30)
    hubspot.rows["deals"] = rows = [row(n) for n in range(1, 11)]
    hubspot.associations["deals", "companies"] = held = {str(n): [joined(100, 341)] for n in range(1, 11)}
    state = tap(select=ASSOCIATED).state
    hubspot.now = NOW - timedelta(hours=20)
    rows[2] |= row(3, changed=ago(hours=21))
    held["3"], held["4"] = [joined(101, 341)], [joined(102, 341)]
    hubspot.calls.clear()
    soon = tap(select=ASSOCIATED, state=state)

    assert [r["to_id"] for r in soon.records("deals_to_companies")] == ["101"]
    assert [call["body"] for call in hubspot.asked("associations")] == [{"inputs": [{"id": "3"}]}]
    assert soon.proof("deals_to_companies")["source_count"] is None

    hubspot.now = NOW
    later = tap(select=ASSOCIATED, state=soon.state)
    assert {r["to_id"] for r in later.records("deals_to_companies")} == {"100", "101", "102"}
    assert later.proof("deals_to_companies")["source_count"] == 10


def test_associations_can_be_read_without_their_records(hubspot, tap):
    hubspot.rows["deals"] = [row(n) for n in range(1, 151)]
    hubspot.associations["deals", "companies"] = {"150": [joined(10, 5)]}

    first = tap(select=ASSOCIATED[1:])
    hubspot.calls.clear()
    second = tap(select=ASSOCIATED[1:], state=first.state)

    assert [r["from_id"] for r in first.records("deals_to_companies")] == ["150"]
    assert (second.code, [call["path"] for call in hubspot.calls if "account" not in call["path"]]) == (
        0,
        ["/crm/objects/2026-09/deals/search"],
    )


def test_a_batch_that_was_read_in_part_fails_the_stream_and_missing_records_do_not(hubspot, tap):
    hubspot.rows["deals"] = [row(1)]
    hubspot.associations["deals", "companies"] = {"1": [joined(10, 5)]}
    original = hubspot.found

    def with_error(category):
        def found(path, query, body):
            answer = original(path, query, body)
            return answer | {"errors": [{"category": category}]} if "associations" in path else answer

        return found

    hubspot.found = with_error("OBJECT_NOT_FOUND")
    assert tap(select=ASSOCIATED).code == 0
    hubspot.found = with_error("INTERNAL_ERROR")
    run = tap(select=ASSOCIATED)
    assert (run.code, run.proof("deals")["error"]) == (1, None)
    assert "INTERNAL_ERROR" in run.proof("deals_to_companies")["error"]


def test_the_history_of_a_deal_is_a_row_for_each_value(hubspot, tap):
    hubspot.rows["deals"] = [row(1)]
    entry = {"value": "closedwon", "timestamp": ago(days=2), "sourceType": "CRM_UI", "sourceId": "u:7"}
    hubspot.histories["1"] = {"dealstage": [entry, entry | {"value": "new"}], "amount": []}

    run = tap(select=("deals", "property_history"))

    rows = run.records("property_history")
    assert [(r["object"], r["id"], r["property"], r["value"]) for r in rows] == [
        ("deals", "1", "dealstage", "closedwon"),
        ("deals", "1", "dealstage", "new"),
    ]
    assert (rows[0]["timestamp"], rows[0]["source_type"], rows[0]["source_id"]) == (
        ago(days=2),
        "CRM_UI",
        "u:7",
    )
    (call,) = hubspot.asked("batch/read")
    assert call["body"]["propertiesWithHistory"] == ["dealstage", "amount"]


def test_the_company_of_a_contact_is_read_with_its_history_fifty_contacts_a_call(hubspot, tap):
    hubspot.rows["contacts"] = [row(n, stamp_of="contacts") for n in range(1, 102)]
    entry = {"value": "20", "timestamp": ago(days=2), "sourceType": "CRM_UI", "sourceId": "u:7"}
    hubspot.histories["7"] = {
        "associatedcompanyid": [entry, entry | {"value": "10", "timestamp": ago(days=9)}]
    }
    streams = ("contacts", "contact_history")

    first = tap(select=streams)

    rows = first.records("contact_history")
    assert [(r["object"], r["id"], r["value"]) for r in rows] == [
        ("contacts", "7", "20"),
        ("contacts", "7", "10"),
    ]
    calls = hubspot.asked("contacts/batch/read")
    assert [len(call["body"]["inputs"]) for call in calls] == [50, 50, 1]
    assert {tuple(call["body"]["propertiesWithHistory"]) for call in calls} == {("associatedcompanyid",)}
    assert first.proof("contact_history")["source_count"] == 2

    hubspot.calls.clear()
    again = tap(select=streams, state=first.state)
    assert (again.code, hubspot.asked("contacts/batch/read")) == (0, [])


def event(key, ended, **more):
    return {
        "objectId": str(key),
        "eventName": f"Event {key}",
        "eventType": "Webinar",
        "startDateTime": ended,
        "endDateTime": ended,
        "attendees": 1,
        "registrants": 2,
        "cancellations": 0,
        "noShows": 1,
        "createdAt": ago(days=90),
        "updatedAt": ago(days=80),
        "appInfo": {"id": "5", "name": "Badges"},
        "customProperties": [{"name": "event_code", "value": "E-7"}, {"name": "x", "value": None}],
    } | more


def taking_part(key, state, contact="9"):
    return {
        "id": str(key),
        "createdAt": ago(days=70),
        "properties": {"occurredAt": 1790000000000, "attendanceState": state, "attendancePercentage": "0.5"},
        "associations": {"contact": {"contactId": contact, "email": "a@b.example", "firstname": "A"}},
    }


def test_events_carry_what_the_admin_added_and_participations_their_status(hubspot, tap):
    hubspot.events = [event(1, ago(days=70))]
    hubspot.participations["1"] = [taking_part(1, "ATTENDED"), taking_part(2, "EMPTY")]

    run = tap(
        select=("marketing_events", "participations"), member_statuses={"Webinar": {"EMPTY": "responded"}}
    )

    (found,) = run.records("marketing_events")
    assert (found["objectId"], found["code"], found["app_id"], found["series"]) == ("1", "E-7", "5", None)
    one, two = run.records("participations")
    assert (one["touch_status"], two["touch_status"]) == ("attended", "responded")
    assert (one["occurredAt"], one["contact_id"], one["marketing_event_id"]) == (
        "2026-09-21T14:13:20.000Z",
        "9",
        "1",
    )
    assert run.proof("participations")["source_count"] == 2


def test_participations_are_read_again_when_an_event_moved_or_ended_lately(hubspot, tap):
    streams = ("marketing_events", "participations")
    hubspot.now = NOW - timedelta(days=1)
    hubspot.events = [event(1, ago(days=70)), event(2, ago(days=3)), event(3, ago(days=70))]
    hubspot.participations = {str(n): [taking_part(n, "REGISTERED")] for n in (1, 2, 3)}
    state = tap(select=streams).state
    hubspot.calls.clear()
    same_day = tap(select=streams, state=state)
    assert hubspot.asked("participations") == []
    assert same_day.proof("participations")["source_count"] == 3

    hubspot.now = NOW
    hubspot.events[2] |= {"attendees": 2}
    run = tap(select=streams, state=same_day.state)

    read = [call["path"].split("/")[-2] for call in hubspot.asked("participations")]
    assert (read, run.proof("participations")["source_count"]) == (["2", "3"], 3)


def test_an_event_that_gives_less_than_it_counts_fails_the_stream(hubspot, tap):
    hubspot.events = [event(1, ago(days=70))]
    hubspot.participations["1"] = [taking_part(n, "ATTENDED") for n in range(3)]
    original = hubspot.found
    hubspot.found = lambda path, query, body: (
        original(path, query, body) | ({"total": 4} if "participations" in path else {})
    )

    assert "counts 4 rows and listed 3" in tap(select=("participations",)).proof("participations")["error"]


def campaign(key, changed, **more):
    item = {"id": f"i{key}", "name": "Hall", "amount": 100.10, "order": 0, "createdAt": 1790000000000}
    return {
        "id": f"guid-{key}",
        "createdAt": ago(days=99),
        "updatedAt": changed,
        "properties": {"hs_name": f"C{key}", "hs_start_date": "2026-09-01", "event_budget": "12.5"},
        "budget": {"currencyCode": "EUR", "budgetItems": [item], "spendItems": []},
        "assets": {"MARKETING_EVENT": {"results": [{"id": "77", "name": "Expo"}]}},
    } | more


def test_campaigns_come_newest_first_with_items_and_assets(hubspot, tap):
    streams = ("campaigns", "campaign_budget_items", "campaign_spend_items", "campaign_assets")
    hubspot.campaigns = [campaign(n, ago(days=n)) for n in range(1, 4)]

    run = tap(select=streams)

    assert [one["hs_name"] for one in run.records("campaigns")] == ["C1", "C2", "C3"]
    assert run.records("campaigns")[0]["budget"] == "12.5"
    item = next(r for r in run.records("campaign_budget_items") if r["campaign_id"] == "guid-1")
    assert (item["campaign_id"], item["amount"], item["currency_code"]) == ("guid-1", "100.1", "EUR")
    assert run.records("campaign_assets")[0]["asset_type"] == "MARKETING_EVENT"
    assert run.records("campaign_spend_items") == []
    assert len(hubspot.asked("budget/totals")) == 3, "one call for budget and spend"
    assert run.proof("campaigns")["source_count"] == 3
    hubspot.calls.clear()
    again = tap(select=streams, state=run.state)
    assert (again.code, len(hubspot.calls) - len(hubspot.asked("account"))) == (0, 2)


def test_small_listings(hubspot, tap):
    left = {"id": "2", "archived": True}
    hubspot.others["crm/owners"] = [{"id": "1", "email": "a@b.example", "archived": False, "teams": []}, left]
    stage = {"id": "won", "label": "Won", "displayOrder": 5}
    stage |= {"metadata": {"isClosed": "true", "probability": "1.0"}}
    hubspot.others["crm/pipelines/deals"] = [{"id": "p", "label": "Sales", "stages": [stage]}]

    run = tap(select=("owners", "pipeline_stages", "account_info", "company_currency"))

    (won,) = run.records("pipeline_stages")
    assert (won["key"], won["is_closed"], won["probability"]) == ("deals/p/won", True, "1")
    assert run.records("account_info")[0]["portalId"] == "7"
    assert run.records("company_currency")[0]["currencyCode"] == "USD"
    assert run.proof("owners")["source_count"] == 2, "the archived ones too"


def test_a_listing_that_differs_when_read_again_fails_the_stream(hubspot, tap):
    hubspot.others["crm/owners"] = [{"id": str(n), "archived": False} for n in range(5)]
    original = hubspot.found

    def found(path, query, body):
        answer = original(path, query, body)
        is_first = query.get("limit") == "100" and query["archived"] == "false"
        return answer | {"results": answer["results"][:4]} if is_first else answer

    hubspot.found = found
    assert "incomplete" in tap(select=("owners",)).proof("owners")["error"]


def test_a_row_that_a_listing_no_longer_has_is_asked_for_by_its_id(hubspot, tap):
    hubspot.others["crm/owners"] = rows = [{"id": str(n), "archived": False} for n in range(5)]
    state = tap(select=("owners",)).state
    original = hubspot.found

    def found(path, query, body):
        answer = original(path, query, body)
        hidden = "limit" in query and query["archived"] == "false"
        return answer | {"results": answer["results"][:4]} if hidden else answer

    hubspot.found = found
    assert "has others" in tap(select=("owners",), state=state).proof("owners")["error"]
    hubspot.found = original
    rows.pop()
    assert tap(select=("owners",), state=state).code == 0


def test_forms_lists_and_subscriptions_where_they_are_wanted(hubspot, tap):
    hubspot.others["marketing/forms"] = [{"id": "f1", "name": "Sign up"}]
    sent = {"submittedAt": 1790000000000, "values": [{"name": "email", "value": "a@b.example"}]}
    hubspot.others["form-integrations/v1/submissions/forms/f1"] = [sent, sent | {"conversionId": "c"}]
    hubspot.rows["contacts"] = [row(1, stamp_of="contacts", email="a@b.example")]
    status = {"subscriptionId": 3, "subscriptionName": "News", "status": "UNSUBSCRIBED"}
    hubspot.others["communication-preferences/statuses/batch/read"] = {
        "results": [{"subscriberIdString": "a@b.example", "statuses": [status]}]
    }

    run = tap(select=("forms", "form_submissions", "subscriptions"))

    assert run.code == 0
    assert [one["email"] for one in run.records("form_submissions")] == ["a@b.example"] * 2
    assert run.records("subscriptions")[0]["status"] == "UNSUBSCRIBED"
