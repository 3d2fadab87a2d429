"""Marketing events, who takes part, campaigns, lists and forms."""

import requests

EVENTS, CAMPAIGNS = "/marketing/marketing-events/2026-09", "/marketing/campaigns/2026-09"
MADE = {
    "eventName": "Made",
    "eventOrganizer": "Us",
    "externalAccountId": "closedloop-demo",
    "externalEventId": "made-1",
    "customProperties": [],
}


def test_an_event_is_known_by_app_account_and_external_id(serve):
    plain = serve()
    first = plain.post(f"{EVENTS}/events", MADE).json()["objectId"]
    again = plain.post(f"{EVENTS}/events", {**MADE, "eventName": "Again"}).json()["objectId"]
    elsewhere = plain.post(f"{EVENTS}/events", {**MADE, "externalAccountId": "other"}).json()["objectId"]

    assert first == again != elsewhere
    assert plain.get(f"{EVENTS}/{first}").json()["eventName"] == "Again"
    event = plain.simulator.account.events.by_id[elsewhere]
    event.app = 1
    read = plain.get(f"{EVENTS}/events/made-1", externalAccountId="other")
    assert read.status_code == 404
    assert plain.get(f"{EVENTS}/{elsewhere}").status_code == 200
    assert plain.get(f"{EVENTS}/made-1/identifiers").json()["total"] == 2


def test_no_show_is_told_when_the_event_is_over(serve):
    plain = serve()
    event = plain.post(f"{EVENTS}/events", MADE).json()["objectId"]
    contacts = [int(one["id"]) for one in plain.simulator.records("contacts")[:3]]

    def write(state, vid):
        body = {"inputs": [{"vid": vid, "interactionDateTime": 1_700_000_000_000, "properties": {}}]}
        return plain.post(f"{EVENTS}/{event}/attendance/{state}/create", body)

    for vid in contacts:
        assert write("register", vid).status_code == 200
    write("attend", contacts[0])
    write("cancel", contacts[1])
    write("register", contacts[0])  # a late list does not take attendance back
    before = plain.get(f"{EVENTS}/participations/{event}").json()
    dates = {"startDateTime": "2026-10-01T08:00:00Z", "endDateTime": "2026-10-01T17:00:00Z"}
    plain.post(f"{EVENTS}/events/made-1/complete", dates, externalAccountId="closedloop-demo")
    after = plain.get(f"{EVENTS}/participations/{event}").json()
    absent = plain.get(f"{EVENTS}/participations/{event}/breakdown", state="NO_SHOW").json()

    assert before == {"registered": 2, "attended": 1, "cancelled": 1, "noShows": 0}
    assert after == {"registered": 2, "attended": 1, "cancelled": 1, "noShows": 1}
    assert [one["associations"]["contact"]["contactId"] for one in absent["results"]] == [str(contacts[2])]
    assert write("dance", contacts[0]).status_code == 400
    assert write("attend", 1).json()["errors"][0]["category"] == "OBJECT_NOT_FOUND"


def test_attendance_by_email_makes_the_contact_once(serve):
    plain = serve()
    event = plain.post(f"{EVENTS}/events", MADE).json()["objectId"]
    body = {
        "inputs": [
            {
                "email": "Fresh@Example.com",
                "interactionDateTime": 1_700_000_000_000,
                "properties": {},
                "contactProperties": {"firstname": "Fresh"},
            }
        ]
    }

    replies = [plain.post(f"{EVENTS}/{event}/attendance/attend/email-create", body).json() for _ in range(2)]

    [first], [second] = (one["results"] for one in replies)
    assert first == second
    assert first["email"] == "fresh@example.com"
    assert plain.get(f"{EVENTS}/participations/{event}/breakdown").json()["total"] == 1
    assert len(plain.simulator.account.events.timeline) == 2


def test_a_custom_property_of_an_event_is_made_and_written(serve):
    plain = serve()
    event = next(iter(plain.simulator.account.events.by_id))
    wish = {
        "name": "cl_ltv", "label": "LTV", "type": "number", "fieldType": "number",
        "groupName": "marketing_event_information",
    }  # fmt: skip
    body = {"inputs": [{"objectId": event, "customProperties": [{"name": "cl_ltv", "value": "12.50"}]}]}

    assert plain.post(f"{EVENTS}/batch/update", body).status_code == 400
    assert plain.post("/crm/properties/2026-09/0-54", wish).status_code == 201
    assert plain.post(f"{EVENTS}/batch/update", body).status_code == 200

    held = plain.get(f"{EVENTS}/{event}").json()["customProperties"]
    assert {"name": "cl_ltv", "value": "12.5"} in held


def test_the_sums_of_a_campaign_follow_its_items(serve):
    plain = serve()
    campaign = next(iter(plain.simulator.account.campaigns.by_id))
    before = plain.get(f"{CAMPAIGNS}/{campaign}/budget/totals").json()

    plain.post(f"{CAMPAIGNS}/{campaign}/spend", {"name": "Booth", "amount": 10.25, "order": 0})
    after = plain.get(f"{CAMPAIGNS}/{campaign}/budget/totals").json()
    newest = plain.get(CAMPAIGNS, sort="-updatedAt", limit=1, properties="hs_spend_items_sum_amount").json()

    assert round(after["spendTotal"] - before["spendTotal"], 2) == 10.25
    assert newest["results"][0]["id"] == campaign
    assert float(newest["results"][0]["properties"]["hs_spend_items_sum_amount"]) == after["spendTotal"]
    refused = plain.ask(
        "PATCH", f"{CAMPAIGNS}/{campaign}", {"properties": {"hs_spend_items_sum_amount": "1"}}
    )
    assert refused.status_code == 400


def test_a_list_names_its_members_in_the_order_of_joining(shared):
    found, after = [], "0"
    while after is not None:
        body = shared.get("/crm/lists/2026-09/101/memberships/join-order", limit=50, after=after).json()
        found += body["results"]
        after = body.get("paging", {}).get("next", {}).get("after")

    assert len(found) == body["total"] > 0
    assert [one["membershipTimestamp"] for one in found] == sorted(
        one["membershipTimestamp"] for one in found
    )


def test_a_form_lists_what_came_in_newest_first(shared):
    [form] = shared.get("/marketing/v3/forms").json()["results"]

    body = shared.get(f"/form-integrations/v1/submissions/forms/{form['id']}", limit=50).json()

    times = [one["submittedAt"] for one in body["results"]]
    assert times == sorted(times, reverse=True)
    assert {"email"} <= {one["name"] for one in body["results"][0]["values"]}
    assert shared.get(f"/form-integrations/v1/submissions/forms/{form['id']}", limit=51).status_code == 400


def test_subscriptions_are_read_by_address(serve):
    plain = serve()
    contact = next(one for one in plain.simulator.records("contacts") if one["properties"].get("email"))
    email = contact["properties"]["email"]
    plain.simulator.edit("contacts", contact["id"], {"hs_email_optout": "true"}, touches=False)

    found = plain.post(
        "/communication-preferences/2026-09/statuses/batch/read", {"inputs": [email, "no@body.example"]}
    ).json()["results"]

    assert [one["statuses"][0]["status"] for one in found] == ["UNSUBSCRIBED", "NOT_SPECIFIED"]


def test_money_and_zone_of_the_account(shared, world):
    account = shared.get("/account-info/2026-09/details").json()
    rates = shared.get("/settings/currencies/2026-09/exchange-rates", limit=100).json()

    assert (account["companyCurrency"], account["timeZone"]) == (world.home_currency, world.zone)
    assert rates["total"] == len(world.rates)
    [first] = [one for one in rates["results"] if one["id"] == "900001"]
    assert first["conversionRate"] * float(world.rates[0].rate) == 1


def test_a_person_changes_events_and_attendance(serve):
    plain = serve()
    event = next(iter(plain.simulator.account.events.by_id))
    contact = plain.simulator.records("contacts")[-1]["id"]
    url = f"{plain.simulator.url}/__control__"

    requests.post(
        f"{url}/edit_event", json={"event": event, "values": {"eventName": "New"}}
    ).raise_for_status()
    requests.post(f"{url}/attend", json={"event": event, "contact": contact}).raise_for_status()

    assert plain.get(f"{EVENTS}/{event}").json()["eventName"] == "New"
    found = plain.get(f"{EVENTS}/participations/{event}/breakdown", contactIdentifier=contact).json()
    assert found["total"] == 1
