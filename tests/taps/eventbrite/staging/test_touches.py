"""Rows in, rows out: tickets as they are bought, given away, returned and used."""

from datetime import date

import pytest

EVENT = {"id": "e", "name": "Expo", "status": "completed", "currency": "USD", "start_date": "2026-10-01"}
EVENT |= {"end_date": "2026-10-02", "organizer_id": "o", "changed": "2026-10-03T00:00:00Z"}
TICKET = {
    "event_id": "e",
    "order_id": "r",
    "status": "Attending",
    "checked_in": False,
    "created": "2026-09-01T00:00:00Z",
}
ORDER = {"id": "r", "event_id": "e", "name": "Ann Lee", "email": "ann@acme.com", "status": "placed"}


def ticket(number, name=None, email=None, **more):
    return TICKET | {"id": str(number), "name": name, "email": email} | more


CAME = {"checked_in": True, "status": "Checked In", "checked_in_at": "2026-10-01T15:00:00Z"}
OTHER = ticket(99, "Bo Chi", "bo@else.com", order_id="s", **CAME)


@pytest.fixture
def touches(stage):
    """Stage attendees of one event, at which somebody else was checked in; by ticket: status, e-mail and name."""

    def run(*attendees, event=None, others=(OTHER,), **streams):
        given = {"events": [EVENT | (event or {})], "orders": [ORDER], **streams}
        rows = stage("touch", attendees=[*attendees, *others], **given)
        return {r["source_id"]: (r["status"], r["email"], r["name"]) for r in rows if r["source_id"] != "99"}

    return run


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (CAME, "attended"),
        ({}, "no_show"),
        ({"cancelled": True}, "cancelled"),
        ({"refunded": True}, "cancelled"),
        (CAME | {"refunded": True}, "attended"),
        ({"status": "Not Attending"}, "cancelled"),
        ({"status": "Transferred"}, "cancelled"),
        ({"status": "Unpaid"}, "invited"),
    ],
)
def test_what_a_ticket_says(touches, state, status):
    assert touches(ticket(1, "Ann Lee", "ann@acme.com", **state)) == {
        "1": (status, "ann@acme.com", "Ann Lee")
    }


@pytest.mark.parametrize(
    ("event", "others", "status"),
    [
        ({"status": "live"}, (OTHER,), "registered"),
        ({"status": "started"}, (OTHER,), "registered"),
        ({"status": "ended"}, (OTHER,), "no_show"),
        ({"status": "ended"}, (), "registered"),
        ({"status": "ended"}, (OTHER | {"event_id": "f"},), "registered"),
        ({"status": "canceled"}, (), "cancelled"),
    ],
)
def test_nobody_missed_an_event_that_is_not_over_or_where_nobody_was_checked_in(
    touches, event, others, status
):
    assert touches(ticket(1, "Ann Lee", "ann@acme.com"), event=event, others=others)["1"][0] == status


def test_the_time_is_that_of_the_check_in_and_none_where_none_is_told(stage):
    given = {"events": [EVENT], "orders": [ORDER]}
    told, untold = stage(
        "touch", attendees=[ticket(1, **CAME), ticket(2, **CAME | {"checked_in_at": None})], **given
    )

    assert (told["occurred_at"][:16], untold["occurred_at"]) == ("2026-10-01 15:00", None)
    assert (told["campaign_key"], told["person_key"]) == ("events:events/e", None)


def test_a_deleted_ticket_is_deleted(stage):
    (row,) = stage(
        "touch", attendees=[ticket(1, status="Deleted", changed="2026-10-04T00:00:00Z")], events=[EVENT]
    )

    assert (row["status"], row["deleted_at"][:10]) == ("cancelled", "2026-10-04")


def test_of_one_order_an_e_mail_is_one_guest_and_the_others_have_no_name(touches):
    found = touches(
        ticket(7, "Ann Lee", "ann@acme.com"),
        ticket(8, "Ann Lee", "Ann@acme.com", **CAME),
        ticket(9, "Cy Day", "cy@acme.com", **CAME),
        ticket(10, "Ann Lee", "ann@acme.com", order_id="t", **CAME),
    )

    assert found == {
        "7": ("no_show", None, None),
        "8": ("attended", "Ann@acme.com", "Ann Lee"),
        "9": ("attended", "cy@acme.com", "Cy Day"),
        "10": ("attended", "ann@acme.com", "Ann Lee"),
    }


def test_tickets_without_any_name_are_the_buyers(touches):
    waiting = touches(ticket(1, "Info Requested"), ticket(2, "Info Requested"), event={"status": "live"})
    known = touches(ticket(1, "Info Requested"), ticket(2, "Cy Day", "cy@acme.com"), event={"status": "live"})

    assert waiting == {"1": ("registered", "ann@acme.com", "Ann Lee"), "2": ("registered", None, None)}
    assert known == {"1": ("registered", None, None), "2": ("registered", "cy@acme.com", "Cy Day")}


@pytest.mark.parametrize(
    ("status", "expected"),
    [("placed", "registered"), ("unpaid", "invited"), ("refunded", "cancelled"), ("started", None)],
)
def test_an_order_without_attendees_is_the_buyers_registration(touches, status, expected):
    found = touches(orders=[ORDER | {"status": status}])

    assert found == ({"r": (expected, "ann@acme.com", "Ann Lee")} if expected else {})


def test_who_holds_a_ticket_that_is_left_out_is_no_guest(touches):
    found = touches(
        ticket(1, "Ann", "ann@acme.com", ticket_class_id="k"), ticket_classes=[{"id": "k", "is_guest": False}]
    )

    assert found == {}


def test_an_event_is_a_campaign_on_its_own_days(stage):
    series = EVENT | {"id": "f", "series_id": "s", "status": "canceled", "same_as": "EXPO-26"}
    own, dated = stage("campaign", events=[EVENT, series])
    (owner,) = stage("owner", organizers=[{"id": "o", "name": "Events team"}])

    assert (own["start_date"], own["end_date"], own["status"]) == (
        date(2026, 10, 1),
        date(2026, 10, 2),
        "completed",
    )
    assert (own["owner_key"], own["expected_attendees"], own["series"]) == (owner["key"], None, None)
    assert (dated["series"], dated["edition"], dated["status"]) == ("Expo", "2026-10-01", "cancelled")
    assert (own["same_as"], dated["same_as"]) == (None, "EXPO-26")
