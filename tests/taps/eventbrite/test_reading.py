"""What the tap asks Eventbrite, and what it makes of the answers."""

import pytest
from tests.taps.running import long

ATTENDEES, ORDERS, EVENTS = ("attendees",), ("orders",), ("events",)


def ids(simulator, name):
    return {row["id"] for row in simulator.records(name)}


def asked(simulator, stream, since=0):
    return [entry["query"] for entry in simulator.requests(since) if entry["stream"] == stream]


def a_day_later(simulator):
    simulator.advance(86_400)


def test_a_listing_is_followed_by_its_continuation_and_every_row_comes_once(serve, read):
    served = serve(page_size=7)

    run = read(served, select=ATTENDEES)

    records = run.records("attendees")
    assert (run.code, len(records)) == (0, len(ids(served, "attendees")))
    assert {record["id"] for record in records} == ids(served, "attendees")
    assert sum("continuation" in query for query in asked(served, "attendees")) == (len(records) - 1) // 7


def test_the_count_is_eventbrites_own_and_leaves_out_what_changes_meanwhile(served, read):
    rows = served.records("attendees")
    for row in rows[:3]:
        served.edit("attendees", row["id"], {"affiliate": "late"})

    proof = read(served, select=ATTENDEES).proof("attendees")

    old = sum(row["changed"] < "2026-10-31T11:55" for row in served.records("attendees"))
    assert (proof["source_count"], proof["count_column"]) == (old, "changed")
    assert proof["rows"] == len(rows)
    assert proof["count_until"] == "2026-10-31T11:55:00Z"


def test_the_next_run_asks_for_what_changed_since_the_last_one_began(served, read):
    first = read(served, select=(*ATTENDEES, *ORDERS))
    a_day_later(served)
    changed = served.records("attendees")[4]["id"]
    served.edit("attendees", changed, {"status": "Not Attending", "cancelled": True, "refunded": True})
    already = len(served.requests())

    second = read(served, select=(*ATTENDEES, *ORDERS), state=first.state)

    opens = {query["changed_since"] for query in asked(served, "attendees", already) if "status" in query}
    assert opens == {"2026-10-31T11:45:00Z"}, "a quarter of an hour before the first run began"
    assert [r["cancelled"] for r in second.records("attendees") if r["id"] == changed] == [True]
    assert len(second.records("attendees")) < len(ids(served, "attendees")) / 2
    assert second.bookmark("attendees")["replication_key_value"].startswith("2026-11-01T12:00:")
    assert len(served.requests()) - already <= 11


@pytest.mark.parametrize("lists_deleted", [False, *long(True)])
def test_a_deleted_attendee_is_a_fact_whichever_listing_shows_it(serve, read, lists_deleted):
    served = serve(lists_deleted=lists_deleted)
    first = read(served, select=ATTENDEES)
    a_day_later(served)
    gone = served.records("attendees")[4]["id"]
    served.edit("attendees", gone, {"status": "Deleted"})

    second = read(served, select=ATTENDEES, state=first.state)

    (record,) = [record for record in second.records("attendees") if record["id"] == gone]
    assert record["status"] == "Deleted"
    assert (record["_sdc_deleted_at"] is None) is lists_deleted, (
        "what is listed is counted, so it is not deleted"
    )


def test_a_deleted_order_is_a_fact(served, read):
    first = read(served, select=ORDERS)
    a_day_later(served)
    gone = served.records("orders")[4]["id"]
    served.edit("orders", gone, {"status": "deleted"})

    (record,) = [
        r for r in read(served, select=ORDERS, state=first.state).records("orders") if r["id"] == gone
    ]

    assert record["_sdc_deleted_at"] == "2026-11-01T12:00:00.000Z"[:17] + record["_sdc_deleted_at"][17:]


def test_who_disappeared_is_missing_in_the_count_and_in_the_keys(served, read):
    gone = served.records("attendees")[4]["id"]
    first = read(served, select=ATTENDEES)
    served.remove("attendees", gone)

    proof = read(served, select=ATTENDEES, state=first.state).proof("attendees")
    sweep = read(served, "--sweep", "attendees")

    swept = {line["id"] for line in sweep.lines if "id" in line}
    assert proof["source_count"] == first.proof("attendees")["source_count"] - 1
    assert swept == ids(served, "attendees")
    assert sweep.lines[-1]["sweep_count"] == sweep.lines[-1]["source_count"] == len(swept)


@pytest.mark.parametrize("moves_changed", [False, *long(True)])
def test_a_check_in_is_seen_whether_it_counts_as_a_change_or_not(serve, read, moves_changed):
    served = serve(moves_changed=moves_changed)
    live = next(row for row in served.records("events") if row["status"] == "live")
    guest = next(row["id"] for row in served.records("attendees") if row["event_id"] == live["id"])
    began = {"timezone": "America/Chicago", "local": "2026-10-31T06:00:00", "utc": "2026-10-31T11:00:00Z"}
    served.edit("events", live["id"], {"start": began, "end": {**began, "utc": "2026-10-31T22:00:00Z"}})
    first = read(served, select=ATTENDEES)
    served.check_in(guest)
    a_day_later(served)
    already = len(served.requests())

    second = read(served, select=ATTENDEES, state=first.state)
    third = read(served, select=ATTENDEES, state=second.state)

    found = [record for record in second.records("attendees") if record["id"] == guest]
    assert {(record["checked_in"], record["checked_in_at"][:16]) for record in found} == {
        (True, "2026-10-31T12:00")
    }
    watched = f"/v3/events/{live['id']}/attendees/"
    assert [one["path"] for one in served.requests(already)].count(watched) == 1, "once a day"
    assert third.code == 0


def test_a_first_reading_that_is_too_much_for_one_run_goes_on_event_by_event(serve, read):
    served = serve(page_size=5)
    got, state, codes = set(), None, []
    while not codes or codes[-1] != 0:
        run = read(served, select=ATTENDEES, state=state, calls_a_run=30)
        got |= run.keys("attendees")
        codes.append(run.code)
        assert len(codes) < 9
        state = run.state

    assert codes[0] == 4
    assert got == ids(served, "attendees")
    assert run.bookmark("attendees")["replication_key_value"].startswith("2026-10-31T12:00:0"), (
        "the first run's begin"
    )
    paths = [
        entry["path"] for entry in served.requests() if "events/3" in entry["path"] and not entry["query"]
    ]
    assert len(paths) <= len(set(paths)) + len(codes), (
        "an event is begun again only where a run stopped in it"
    )


def test_a_continuation_that_is_no_longer_known_begins_the_listing_anew(serve, read):
    served = serve(page_size=40)
    answer = served.engine.served

    def forgetting(asked):
        found = answer(asked)
        if len(served.requests()) == 5:
            served.forget_continuations()
        return found

    served.engine.served = forgetting

    run = read(served, select=ATTENDEES)

    assert run.code == 0
    assert run.keys("attendees") == ids(served, "attendees")
    assert sum(entry["status"] == 400 for entry in served.requests()) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"created": "yesterday"}, "created: not a time"),
        *long(
            ({"costs": {"gross": {"currency": "USD", "value": "much"}}}, "gross: not an amount of money"),
            ({"quantity": "two"}, "quantity: not a number"),
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside_and_asked_for_again(served, read, change, reason):
    row = served.records("attendees")[3]
    served.edit("attendees", row["id"], change, touches=False)
    first = read(served, select=ATTENDEES)
    served.edit("attendees", row["id"], row, touches=False)
    a_day_later(served)

    second = read(served, select=ATTENDEES, state=first.state)

    (bad,) = first.of("QUARANTINE")
    assert (bad["key"], bad["reason"]) == (row["id"], reason)
    assert len(first.records("attendees")) == len(ids(served, "attendees")) - 1
    assert first.bookmark("attendees")["quarantined"] == [f"/events/{row['event_id']}/attendees/{row['id']}/"]
    assert row["id"] in second.keys("attendees")
    assert "quarantined" not in second.bookmark("attendees")


@pytest.mark.parametrize("has_major_value", [False, *long(True)])
def test_an_amount_is_the_same_whether_its_major_value_is_told_or_not(serve, read, has_major_value):
    served = serve(has_major_value=has_major_value)
    row = served.records("orders")[0]
    yen = {name: {"currency": "JPY", "value": 5000, "major_value": "5000"} for name in row["costs"]}
    served.edit("orders", row["id"], {"costs": yen})

    found = {record["id"]: record for record in read(served, select=ORDERS).records("orders")}

    assert (found[row["id"]]["gross"], found[row["id"]]["currency"]) == ("5000", "JPY")
    assert {record["gross"] for key, record in found.items() if key != row["id"]} <= {"55.00", "110.00"}


def test_an_event_has_its_own_days_its_kind_and_its_campaign(served, read):
    by_format = {row["format"]["short_name"]: row for row in served.records("events")}
    fair, summit = by_format["Expo"], by_format["Conference"]
    campaigns = {fair["id"]: "EXPO-26", f" {summit['name']['text'].upper()} ": "701000000000001"}
    late = {"timezone": "Asia/Tokyo", "local": "2026-03-02T01:00:00", "utc": "2026-03-01T16:00:00Z"}
    served.edit("events", fair["id"], {"start": late})

    run = read(
        served,
        select=EVENTS,
        campaigns=campaigns,
        event_kinds={"conference": "summit"},
        capacity_is_expected=True,
    )

    found = {record["id"]: record for record in run.records("events")}
    assert (found[fair["id"]]["start_date"], found[fair["id"]]["timezone"]) == ("2026-03-02", "Asia/Tokyo")
    assert (found[fair["id"]]["kind"], found[fair["id"]]["same_as"]) == ("trade_show", "EXPO-26")
    assert (found[summit["id"]]["kind"], found[summit["id"]]["same_as"]) == ("summit", "701000000000001")
    assert {record["kind"] for record in found.values()} == {"trade_show", "summit", "webinar"}
    assert found[fair["id"]]["expected_attendees"] == fair["capacity"]
    assert run.proof("events")["source_count"] == len(found) == len(served.records("events"))


def test_ticket_classes_come_with_the_events_and_say_who_is_no_guest(served, read):
    (row, *_) = served.records("ticket_classes")
    served.edit("ticket_classes", row["id"], {"name": "Exhibitor staff"})

    run = read(served, select=("ticket_classes",), ticket_classes_left_out=["exhibitor STAFF"])

    found = {record["id"]: record for record in run.records("ticket_classes")}
    assert (found[row["id"]]["is_guest"], found[row["id"]]["cost"]) == (False, "50.00")
    assert sum(not record["is_guest"] for record in found.values()) == 1
    assert sum(entry["stream"] == "ticket_classes" for entry in served.requests()) == 0


def test_events_come_without_what_belongs_to_them_where_eventbrite_cannot_say(serve, read):
    run = read(serve(expands=False), select=("events", "ticket_classes"))

    assert run.code == 1
    assert "belongs to the events" in run.proof("ticket_classes")["error"]
    assert (run.proof("events")["error"], len(run.records("events"))) == (
        None,
        run.proof("events")["source_count"],
    )


def test_two_organizations_are_both_read_or_the_one_that_is_named(serve, read):
    served = serve(organizations=2)
    both = read(served, select=("organizations", "events"))
    one = read(served, select=("organizations",), organizations=["900000000002"])
    none = read(served, select=("organizations",), organizations=["7"])

    assert both.keys("organizations") == {"900000000001", "900000000002"}
    assert one.keys("organizations") == {"900000000002"}
    assert (none.code, none.stopped["fix"].startswith("choose from: 900000000001 (")) == (2, True)


def test_nothing_changed_costs_a_few_calls(served, read):
    first = read(served)
    a_day_later(served)
    already = len(served.requests())

    second = read(served, state=first.state)

    assert {proof["error"] for proof in second.of("PROOF")} == {None}
    assert len(served.requests()) - already <= 14
