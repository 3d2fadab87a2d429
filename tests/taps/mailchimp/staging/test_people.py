"""Rows in, rows out: what members agreed to, and who was where."""

import pytest

ANN = {"key": "l/a", "id": "a", "list_id": "l", "email_address": "ann@acme.com", "status": "subscribed"}
ANN |= {"first_name": "Ann", "last_name": "Lee", "company": "Acme", "full_name": "A. Lee", "contact_id": "c"}
TAG = {"id": "7", "name": "Expo visitors", "type": "static", "same_as": "EXPO-26", "touch_status": "attended"}
HELD = {"key": "7/a", "segment_id": "7", "list_id": "l", "member_id": "a", "email_address": "ann@acme.com"}
MAILING = {
    "id": "m",
    "web_id": 5,
    "title": "Invitation",
    "same_as": "EXPO-26",
    "send_time": "2026-09-01T08:00:00Z",
}
READER = {"key": "m/a", "campaign_id": "m", "list_id": "l", "email_id": "a", "email_address": "ann@acme.com"}
READER |= {"opens": 1, "clicks": 0, "bounced": False}


@pytest.mark.parametrize(
    ("status", "opted_out", "active"),
    [
        ("subscribed", False, True),
        ("unsubscribed", True, True),
        ("cleaned", True, True),
        ("pending", True, True),
        ("transactional", True, True),
        ("archived", None, False),
    ],
)
def test_who_is_not_subscribed_may_not_be_written_to(stage, status, opted_out, active):
    (row,) = stage("person", members=[ANN | {"status": status}])

    assert (row["kind"], row["status"]) == ("subscriber", status)
    assert (row["has_opted_out"], row["is_active"]) == (opted_out, active)


def test_a_person_has_the_names_of_the_merge_fields_else_the_whole_one(stage):
    nobody = ANN | {"key": "k/a", "list_id": "k", "first_name": None, "last_name": None}
    whole, named = stage("person", members=[ANN, nobody])

    assert (named["name"], whole["name"], named["company"]) == ("Ann Lee", "A. Lee", "Acme")
    assert named["key"] == "news:members/l/a"
    assert named["url"].endswith("contact_id=c")


def test_a_tag_is_an_event_only_where_the_admin_says_so(stage):
    other = TAG | {"id": "8", "name": "VIP", "same_as": None, "touch_status": None}
    held = [HELD, HELD | {"key": "8/a", "segment_id": "8"}]
    given = {"segments": [TAG, other], "segment_members": held, "members": [ANN]}

    (campaign,), (touch,) = stage("campaign", **given), stage("touch", **given)

    assert (campaign["name"], campaign["same_as"]) == ("Expo visitors", "EXPO-26")
    assert (touch["campaign_key"], touch["person_key"]) == (campaign["key"], "news:members/l/a")
    assert (touch["status"], touch["email"], touch["name"]) == ("attended", "ann@acme.com", "Ann Lee")


@pytest.mark.parametrize(("status", "is_gone"), [("subscribed", True), ("archived", False)])
def test_who_left_the_segment_is_gone_and_who_was_archived_was_there(stage, status, is_gone):
    held = HELD | {"_deleted_at": "2026-10-02T00:00:00Z"}

    (touch,) = stage("touch", segments=[TAG], segment_members=[held], members=[ANN | {"status": status}])

    assert (touch["deleted_at"] is not None) is is_gone


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        ({}, ("invited", "2026-09-01 08:00")),
        ({"clicks": 2, "first_click": "2026-09-03T10:00:00Z"}, ("responded", "2026-09-03 10:00")),
        ({"bounced": True}, None),
    ],
)
def test_who_clicks_in_a_mailing_for_an_event_responded_and_who_got_it_was_invited(stage, reader, expected):
    rows = stage("touch", campaigns=[MAILING], email_activity=[READER | reader], members=[ANN])

    assert [(row["status"], row["occurred_at"][:16]) for row in rows] == ([expected] if expected else [])


def test_a_mailing_that_is_for_no_event_is_nothing(stage):
    given = {
        "campaigns": [MAILING | {"same_as": None}],
        "email_activity": [READER | {"clicks": 9}],
        "members": [ANN],
    }

    assert stage("campaign", **given) == stage("touch", **given) == []


def test_a_reported_event_is_a_touch_of_what_its_name_stands_for(stage):
    event = {
        "list_id": "l",
        "member_id": "a",
        "name": "watched",
        "same_as": "LIVE-1",
        "touch_status": "attended",
    }
    happened = [event | {"key": f"e{day}", "occurred_at": f"2026-10-0{day}T10:00:00Z"} for day in (1, 2)]
    other = event | {"key": "x", "name": "bought", "same_as": None, "touch_status": None}
    given = {"member_events": [*happened, other], "members": [ANN]}

    (campaign,) = stage("campaign", **given)
    first, second = stage("touch", **given)

    assert (campaign["key"], campaign["same_as"]) == ("news:member_events/watched", "LIVE-1")
    assert {first["campaign_key"], second["campaign_key"]} == {campaign["key"]}
    assert (first["status"], first["occurred_at"][:10]) == ("attended", "2026-10-01")
