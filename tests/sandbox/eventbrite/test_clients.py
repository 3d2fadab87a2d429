"""Clients that we did not write drive the simulator: Eventbrite's own SDK, and plain requests."""

import pytest
import requests

from closedloop.sandbox import eventbrite
from closedloop.sandbox.world import generate

SDK = pytest.importorskip("eventbrite", reason="Eventbrite's SDK is not installed")


@pytest.fixture(scope="module")
def served():
    with eventbrite.serve(generate(5, 0.05), options=eventbrite.Options(page_size=20)) as simulator:
        yield simulator


@pytest.fixture
def client(served):
    return SDK.Eventbrite(served.token, eventbrite_api_url=f"{served.url}/v3/")


def listing(served, path, **params):
    headers = {"Authorization": f"Bearer {served.token}"}
    return requests.get(f"{served.url}/v3{path}", headers=headers, params=params, timeout=10)


def test_the_sdk_reads_users_events_attendees_and_orders(served, client):
    events = client.get_user_owned_events("me")
    event = max(served.records("events"), key=lambda row: row["changed"])["id"]
    crowd = served.records("attendees")[0]["event_id"]
    attendees = client.get_event_attendees(crowd, status="attending")
    order = client.get_order(served.records("orders")[0]["id"])

    assert client.get_user()["id"] == "160001"
    assert (events.is_paginated, events.pagination["object_count"]) == (True, len(served.records("events")))
    assert client.get_event(event)["name"]["text"]
    assert {row["status"] for row in attendees["attendees"]} <= {"Attending", "Checked In"}
    assert order["costs"]["gross"]["value"] == sum(
        order["costs"][name]["value"] for name in ("base_price", "eventbrite_fee", "payment_fee", "tax")
    )
    assert client.get_event_ticket_classes(crowd)["ticket_classes"][0]["event_id"] == crowd
    assert {one["short_name"] for one in client.get_formats()["formats"]} >= {"Expo", "Conference"}


def test_the_sdk_asks_for_what_changed_on_or_after_a_time(served, client):
    row = served.records("attendees")[3]
    served.edit("attendees", row["id"], {"affiliate": "x"})
    since = next(one["changed"] for one in served.records("attendees") if one["id"] == row["id"])

    found = client.get_event_attendees(row["event_id"], changed_since=since)

    assert row["id"] in {one["id"] for one in found["attendees"]}
    assert found.pagination["object_count"] < sum(
        one["event_id"] == row["event_id"] for one in served.records("attendees")
    )


def test_the_sdk_hears_refusals(served):
    stranger = SDK.Eventbrite("nobody", eventbrite_api_url=f"{served.url}/v3/")
    missing = SDK.Eventbrite(served.token, eventbrite_api_url=f"{served.url}/v3/").get_event("1")

    assert stranger.get_user()["error"] == "NO_AUTH"
    assert (missing["error"], missing["status_code"]) == ("NOT_FOUND", 404)


def test_a_continuation_goes_on_where_the_page_ended(served):
    path = "/organizations/900000000001/attendees/"
    first = listing(served, path).json()
    second = listing(served, path, continuation=first["pagination"]["continuation"]).json()
    wrong = listing(served, path, continuation="nonsense").json()

    assert len(first["attendees"]) == 20
    assert not {row["id"] for row in first["attendees"]} & {row["id"] for row in second["attendees"]}
    assert wrong["error"] == "BAD_CONTINUATION_TOKEN"


def test_an_order_expands_and_a_path_without_its_slash_is_sent_on(served):
    order = served.records("orders")[0]["id"]
    assert (
        listing(served, f"/orders/{order}/", expand="attendees").json()["attendees"][0]["order_id"] == order
    )
    assert "attendees" not in listing(served, f"/orders/{order}/").json()

    sent = requests.get(f"{served.url}/v3/users/me", params={"token": served.token}, timeout=10)
    assert [one.status_code for one in sent.history] == [301]


def test_a_word_that_the_api_does_not_know_is_refused(served):
    found = listing(served, "/organizations/900000000001/attendees/", changd_since="2026-01-01T00:00:00Z")

    assert (found.status_code, found.json()["error"]) == (400, "ARGUMENTS_ERROR")


def test_the_hour_is_full_after_its_calls():
    with eventbrite.serve(generate(5, 0.02), options=eventbrite.Options(hour_limit=2)) as served:
        codes = [listing(served, "/users/me/").status_code for _ in range(3)]
        served.advance(3600)
        codes.append(listing(served, "/users/me/").status_code)

    assert codes == [200, 200, 429, 200]
