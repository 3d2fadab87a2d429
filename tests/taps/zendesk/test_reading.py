"""What the tap asks Zendesk, and what it makes of the answers."""

import json
from datetime import timedelta

import pytest
from tests.taps.zendesk.conftest import WORLD

TICKETS = ("tickets",)


def asked(desk, name):
    return [call for call in desk.calls if f"/{name}" in call["path"] and "search" not in call["path"]]


def test_a_whole_read_follows_the_cursor_to_the_end_of_the_stream(desk, tap):
    run = tap(desk, select=TICKETS, page_size=5)

    calls = asked(desk, "tickets")
    assert "start_time" in calls[0]
    assert all("cursor" in call and "start_time" not in call for call in calls[1:])
    assert len(calls) == -(-len(desk.desk.tables["tickets"]) // 5)
    assert {record["id"] for record in run.records("tickets")} == {
        str(n) for n in desk.desk.tables["tickets"]
    }
    assert (run.code, bool(run.bookmark("tickets")["cursor"])) == (0, True)


def test_the_next_run_goes_on_with_the_kept_cursor_and_sees_what_only_the_system_touched(desk, tap):
    state = tap(desk, select=TICKETS).state
    number = next(iter(desk.desk.tables["tickets"]))
    desk.desk.generated["tickets", number] = int(desk.now().timestamp())  # updated_at stays
    desk.advance(120)
    desk.calls.clear()

    run = tap(desk, select=TICKETS, state=state)

    assert [sorted(call) for call in asked(desk, "tickets")] == [["cursor", "include", "path", "per_page"]]
    assert [record["id"] for record in run.records("tickets")] == [str(number)]


def test_the_last_minute_is_not_read_and_comes_with_the_next_run(desk, tap):
    number = desk.desk.add(
        "tickets", {"status": "new", "requester_id": 7}, at=desk.now() - timedelta(seconds=20)
    )

    first = tap(desk, select=TICKETS)
    desk.advance(60)
    second = tap(desk, select=TICKETS, state=first.state)

    assert str(number) not in {record["id"] for record in first.records("tickets")}
    assert [record["id"] for record in second.records("tickets")] == [str(number)]


@pytest.mark.parametrize("too_young", [400, 422])
def test_no_start_lies_within_the_last_minute(serve, tap, too_young):
    served = serve(too_young=too_young)

    run = tap(served, select=("users",), start_date="2030-01-01T00:00:00Z")

    assert (run.code, run.records("users")) == (0, [])


def test_a_cursor_that_is_refused_falls_back_to_the_newest_time_that_we_hold(desk, tap):
    state = tap(desk, select=TICKETS).state
    held = state["bookmarks"]["tickets"]
    held["cursor"] = "nonsense"

    run = tap(desk, select=TICKETS, state=state)

    assert (run.code, run.bookmark("tickets")["cursor"] != "nonsense") == (0, True)
    assert all(record["updated_at"] >= "2026" for record in run.records("tickets"))


def test_an_export_by_time_goes_on_where_the_page_ended_and_brings_nothing_twice(desk, tap):
    run = tap(desk, select=("organizations",), page_size=7)

    ids = [record["id"] for record in run.records("organizations")]
    assert run.code == 0
    assert len(ids) == len(set(ids)) == len(WORLD.accounts)
    starts = [int(call["start_time"]) for call in asked(desk, "organizations") if "per_page" in call]
    assert starts == sorted(set(starts))


def test_more_rows_in_one_second_than_a_page_holds_are_a_failure_and_no_silence(desk, tap):
    for _ in range(5):
        desk.desk.add("organizations", {"name": "Same"}, at=desk.now() - timedelta(days=1))

    run = tap(desk, select=("organizations",), page_size=3)

    assert run.code == 1
    assert "one second" in run.proof("organizations")["error"]


def test_what_was_deleted_comes_as_a_fact(desk, tap):
    tables = desk.desk.tables
    user, home = (next(iter(tables[kind])) for kind in ("users", "organizations"))
    desk.desk.change("users", user, {"active": False}, at=desk.now() - timedelta(hours=1))
    desk.desk.change(
        "organizations", home, {"deleted_at": "2026-10-30T00:00:00Z"}, at=desk.now() - timedelta(hours=1)
    )

    run = tap(desk, select=("tickets", "users", "organizations"))

    gone = {
        name: {r["id"] for r in run.records(name) if r.get("_sdc_deleted_at")}
        for name in ("tickets", "users", "organizations")
    }
    assert (
        gone["tickets"]
        == {str(n) for n, row in tables["tickets"].items() if row["status"] == "deleted"}
        != set()
    )
    assert (gone["users"], gone["organizations"]) == ({str(user)}, {str(home)})
    scrubbed = [r for r in run.records("tickets") if r["subject"] == "SCRUBBED"]
    assert {r["requester_id"] for r in scrubbed} == {None}


def test_users_and_organisations_are_counted_and_tickets_are_not(desk, tap):
    run = tap(desk, select=("tickets", "users", "organizations"))

    assert run.proof("tickets")["source_count"] is None
    for name in ("users", "organizations"):
        proof = run.proof(name)
        held = [
            r
            for r in run.records(name)
            if r["created_at"] <= proof["count_until"] and not r.get("_sdc_deleted_at")
        ]
        assert (proof["source_count"], proof["count_column"]) == (len(held), "created_at")
    assert tap(desk, select=("users",), count=False).proof("users")["source_count"] is None


def test_a_sweep_lists_every_key(desk, tap):
    lines = tap(desk, "--sweep", "users").lines

    assert {line["id"] for line in lines[:-1]} == {str(n) for n in desk.desk.tables["users"]}
    assert lines[-1]["sweep_count"] == lines[-1]["source_count"] == len(lines) - 1


def test_a_search_that_may_not_be_asked_leaves_the_stream_uncounted(serve, tap):
    run = tap(serve(has_search=False), select=("users",))

    assert (run.code, run.proof("users")["source_count"]) == (0, None)


@pytest.mark.parametrize("side_loads", [True, False])
def test_when_a_ticket_was_solved_comes_beside_it(serve, tap, side_loads):
    run = tap(serve(side_loads=side_loads), select=TICKETS)

    solved = {bool(r["solved_at"]) for r in run.records("tickets") if r["status"] in {"solved", "closed"}}
    assert solved == {side_loads}


def test_tags_say_what_is_escalated(desk, tap):
    own = tap(desk, select=TICKETS, escalated_tags=["vip", "escalated"]).records("tickets")
    other = tap(desk, select=TICKETS, escalated_tags=["vip"]).records("tickets")

    assert (
        {r["id"] for r in own if r["is_escalated"]}
        == {r["id"] for r in own if "escalated" in r["tags"]}
        != set()
    )
    assert not any(r["is_escalated"] for r in other)


def test_a_bad_record_waits_in_quarantine_and_is_read_again(desk, tap):
    number = next(iter(desk.desk.tables["tickets"]))
    row = desk.desk.tables["tickets"][number]
    row["created_at"] = "the other day"
    first = tap(desk, select=TICKETS)
    row["created_at"] = "2026-10-01T00:00:00Z"

    second = tap(desk, select=TICKETS, state=first.state)

    assert [(q["key"], q["reason"]) for q in first.of("QUARANTINE")] == [
        (str(number), "created_at: not a time")
    ]
    assert first.bookmark("tickets")["quarantined"] == [str(number)]
    assert [r["id"] for r in second.records("tickets")] == (
        [str(number)] if row["status"] != "deleted" else []
    )
    assert "quarantined" not in second.bookmark("tickets")


def test_ratings_are_read_from_where_the_last_run_ended(desk, tap):
    first = tap(desk, select=("satisfaction_ratings", "groups"))
    newest = max(r["updated_at"] for r in first.records("satisfaction_ratings"))
    desk.calls.clear()
    second = tap(desk, select=("satisfaction_ratings",), state=first.state)

    assert first.bookmark("satisfaction_ratings")["replication_key_value"] == newest
    assert int(asked(desk, "satisfaction_ratings")[0]["start_time"]) > 0
    assert {r["updated_at"] for r in second.records("satisfaction_ratings")} == {newest}
    assert [r["name"] for r in first.records("groups")] == ["Support"]


def test_an_export_that_stands_still_fails(desk, tap):
    page = {"tickets": [], "after_cursor": "same", "end_of_stream": False}
    desk.can(200, {"user": {}})  # what time it is
    desk.can(200, page)
    desk.can(200, page)

    run = tap(desk, select=TICKETS, access_token=desk.engine.access_token())

    assert (run.code, "stands still" in run.proof("tickets")["error"]) == (1, True)


@pytest.mark.parametrize("body", ["json", "text"])
def test_a_limit_waits_as_long_as_zendesk_says(serve, tap, waits, monkeypatch, body):
    served = serve(export_limit=1, limit_body=body, page_size=1000)
    monkeypatch.setattr(
        "closedloop.kit.http.time.sleep", lambda seconds: (waits.append(seconds), served.advance(seconds))
    )

    run = tap(served, select=("users",), page_size=10, exports_a_minute=10_000)

    assert run.code == 0
    assert {str(n) for n in served.desk.tables["users"]} == {r["id"] for r in run.records("users")}
    assert all(0 < wait <= 60 for wait in waits)
    assert waits


def test_exports_are_spread_before_the_limit_is_met(desk, tap, waits):
    tap(desk, select=("users",), page_size=2, exports_a_minute=10)

    assert any(wait > 50 for wait in waits)


def test_a_scope_that_is_missing_fails_its_stream_only_and_what_is_optional_is_left_out(serve, tap):
    served = serve(scopes=frozenset({"users:read", "organizations:read"}))

    run = tap(served)

    failed = {proof["stream"] for proof in run.of("PROOF") if proof["error"]}
    skipped = {proof["stream"] for proof in run.of("PROOF") if proof["skipped"]}
    assert (run.code, failed, skipped) == (1, {"tickets"}, {"satisfaction_ratings", "groups"})
    assert "tickets:read" in run.proof("tickets")["error"]


def test_check_names_every_permission(serve, tap):
    fine = tap(serve(), "--check")
    lacks = tap(serve(scopes=frozenset({"users:read", "organizations:read"})), "--check")

    assert (fine.code, [line["ok"] for line in fine.lines]) == (0, [True] * 6)
    told = {line["name"]: line["ok"] for line in lacks.lines}
    assert (lacks.code, told["permission:users"], told["permission:tickets"]) == (2, True, False)
    assert json.dumps(lacks.lines).count("the scope tickets:read") == 2
