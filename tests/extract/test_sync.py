import json
import threading
from decimal import Decimal

import pytest
from tests.extract.support import MONEY, TEXT, TIME, WHOLE, stream

from closedloop.errors import ConfigError, UnreachableError
from closedloop.store.bookmarks import read_shape

FIVE = [(n, n, f"n{n}") for n in range(1, 6)]


def test_rows_state_and_proof_are_kept(place):
    result = place.sync(streams={"lead": stream(*FIVE)})["lead"]

    assert (result.verdict, result.rows, result.keys, result.held_count) == ("proven", 5, 5, 5)
    assert place.rows() == FIVE
    assert place.state()["bookmarks"]["lead"]["replication_key_value"] == 5
    assert list((place.home / "spool" / "src").iterdir()) == []
    assert ("src", "lead", 5) in place.calls
    (kept,) = place.stream_runs()
    assert (kept.stream, kept.verdict, kept.rows, kept.requests, kept.bytes) == ("lead", "proven", 5, 1, 10)


def test_the_next_run_goes_on_from_the_state(place):
    place.sync(streams={"lead": stream(*FIVE)})
    changed = [*FIVE[1:], (1, 6, "new name")]
    result = place.sync(streams={"lead": stream(*changed)})["lead"]

    assert (result.verdict, result.rows) == ("proven", 1)
    assert place.rows() == sorted(changed)


def test_the_last_record_of_a_key_wins_within_a_segment(place):
    place.sync(
        streams={
            "lead": stream((1, 1, "first"), (1, 2, "second"), (1, 3, "third"), proof={"source_count": 1})
        }
    )
    assert place.rows() == [(1, 3, "third")]


def test_a_stream_without_rows_gets_its_table(place):
    assert place.sync(streams={"lead": stream()})["lead"].verdict == "proven"
    assert place.rows() == []


def test_values_land_exactly(place):
    schema = {"id": WHOLE, "v": WHOLE, "money": MONEY, "at": TIME, "day": {**TEXT, "format": "date"},
              "yes": {"type": "boolean"}, "share": {"type": ["number", "null"]}, "more": {"type": "object"}}  # fmt: skip
    row = {"id": 9007199254740993, "v": 1, "money": "99999999999999.99", "at": "2026-01-02T03:04:05.678901+02:00",
           "day": "2026-02-28", "yes": False, "share": 0.1, "more": {"ü": [1, None]}}  # fmt: skip
    place.sync(streams={"lead": {"rows": [row], "schema": schema, "keys": ["id"]}})
    columns = 'id, money, "at"::varchar, "day"::varchar, yes, share, more'
    assert place.rows(columns=columns) == [
        (9007199254740993, "99999999999999.99", "2026-01-02 01:04:05.678901+00", "2026-02-28", False, 0.1,
         '{"ü":[1,null]}')
    ]  # fmt: skip


def test_streams_fail_apart(place):
    proof = {"error": "the vendor said no", "fix": "ask them"}
    results = place.sync(exit=1, streams={"bad": stream((1, 1, "a"), proof=proof), "good": stream(*FIVE)})
    assert (results["bad"].verdict, results["bad"].reason) == ("failed", "the vendor said no; ask them")
    assert results["good"].verdict == "proven"
    assert results["bad"].is_bad
    assert not results["good"].is_bad


def test_only_the_streams_asked_for_are_read(place):
    place.play(streams={"lead": stream(*FIVE), "other": stream((1, 1, "x"))})
    assert list(place.sync(only=["lead"])) == ["lead"]
    with pytest.raises(ConfigError, match="no stream nothing here") as raised:
        place.sync(only=["nothing"])
    assert "lead, other" in raised.value.fix


@pytest.mark.parametrize(("code", "error"), [(2, ConfigError), (4, UnreachableError)])
def test_a_connection_that_cannot_be_read_says_why(place, code, error):
    place.sync(streams={"lead": stream(*FIVE)})
    said = {
        "event": "tap.stopped",
        "message": "no such database",
        "fix": "name another",
        "where": "db",
        "exit_code": code,
    }
    with pytest.raises(error, match="no such database") as raised:
        place.sync(exit=code, stderr=["noise", json.dumps(said)])
    assert raised.value.fix == "name another"
    assert place.stream_runs()[-1].verdict == "failed"
    assert place.stream_runs()[-1].reason == "no such database"
    assert place.rows() == FIVE


def test_a_tap_that_dies_midway_leaves_what_it_said(place):
    place.sync(streams={"lead": stream(*FIVE)})
    lines = [schema("lead"), record("lead", id=6, v=6, name="n6"), state("lead", 6), '{"type":"RECORD","str']
    result = place.sync(lines=lines, kill=True)["lead"]
    assert (result.verdict, result.reason) == ("failed", "the tap was killed by signal 9")
    assert place.rows() == [*FIVE, (6, 6, "n6")]
    assert place.state()["bookmarks"]["lead"]["replication_key_value"] == 6


def test_a_tap_that_ends_without_proof_has_failed(place):
    result = place.sync(lines=[schema("lead"), record("lead", id=1, v=1, name="a")])["lead"]
    assert (result.verdict, result.reason) == ("failed", "the tap ended without proving this stream")


def test_a_stream_that_vanishes_is_stale(place):
    place.sync(streams={"lead": stream(*FIVE), "gone": stream()})
    assert place.sync(streams={"lead": stream(*FIVE)})["gone"].verdict == "stale"


def test_a_stopped_run_lands_what_came(place, monkeypatch):
    place.play(streams={"lead": stream(*FIVE)}, hang=True)
    stop, hangs = threading.Event(), place.home / "script.json.hangs"

    def watch():
        while not hangs.exists():
            stop.wait(0.01)
        stop.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    result = place.sync(stop=stop)["lead"]
    watcher.join()
    assert place.rows() == FIVE
    assert result.verdict == "proven"


@pytest.mark.parametrize("empty", [None, {"bookmarks": {"lead": {}}}])
def test_an_empty_state_never_replaces_a_good_one(place, empty):
    place.sync(streams={"lead": stream(*FIVE)})
    before = place.state()
    place.sync(lines=[schema("lead"), {"type": "STATE", "value": empty}])
    assert place.state() == before


def test_a_stream_that_is_not_spoken_of_keeps_its_bookmark(place):
    place.sync(streams={"lead": stream(*FIVE)})
    place.sync(lines=[schema("new"), state("new", 3)])
    values = {name: one["replication_key_value"] for name, one in place.state()["bookmarks"].items()}
    assert values == {"lead": 5, "new": 3}


def test_odd_lines_go_to_quarantine_and_the_rest_lands(place):
    lines = [
        "Traceback: something printed this",
        record("early", id=1),
        schema("lead"),
        record("lead", id=1, v=1, name="good"),
        record("lead", v=2, name="no key"),
        record("lead", id="seven", v=3, name="key of another type"),
        record("lead", id=4, v=1.5, name="no whole number"),
        '{"type":"RECORD","stream":"lead","record":[1,2]}',
        '{"type":"RECORD","stream":"lead","record":{"id":5,"v":5,"name":"\\ud800"}}',
        '{"type":"RECORD","stream":"lead"}',
        {"type": "QUARANTINE", "stream": "lead", "key": "8", "reason": "no name", "record": {"id": 8}},
        record("lead", id=6, v=6, name="x" * (9 << 20)),
        record("lead", id=9, v=9, name="last"),
        {"type": "PROOF", "stream": "lead", "rows": 2, "source_count": 2},
    ]
    result = place.sync(lines=lines)["lead"]

    assert place.rows() == [(1, 1, "good"), (9, 9, "last")]
    found = {(row.stream, row.record_key): row.reason for row in place.quarantine()}
    assert found["lead", "8"] == "no name"
    assert found["lead", "4"] == "v is no whole number"
    assert found["lead", "seven"] == "id is no whole number"
    reasons = sorted(found.values())
    assert sum("no JSON object" in reason for reason in reasons) == 1
    assert (
        sum("before its SCHEMA" in reason or "SCHEMA that can be used" in reason for reason in reasons) == 1
    )
    assert sum("8 MiB" in reason for reason in reasons) == 1
    assert sum("no Singer message" in reason for reason in reasons) == 2
    assert sum("which is its key" in reason for reason in reasons) == 1
    assert len(found) == 10
    assert result.quarantined == 6


def test_a_refused_record_is_counted_again_and_resolved_when_it_lands(place):
    bad = stream(*FIVE)
    bad["rows"][2]["v"] = 2.5
    first = place.sync(streams={"lead": bad})["lead"]
    assert (first.verdict, first.quarantined, first.reason) == ("proven", 1, "1 records wait in quarantine")
    place.store.query("delete from meta.state")
    place.sync(streams={"lead": bad})
    (row,) = place.quarantine()
    assert (row.record_key, row.attempts, row.resolved_at) == ("3", 2, None)
    assert json.loads(row.record) == {"id": 3, "v": 2.5, "name": "n3"}

    place.store.query("delete from meta.state")
    place.sync(streams={"lead": stream(*FIVE)})
    (row,) = place.quarantine()
    assert row.resolved_at is not None
    assert len(place.rows()) == 5


def test_too_many_refused_records_stop_the_publication(place):
    rows = stream(*[(n, n, "x") for n in range(1, 21)])
    for row in rows["rows"][:11]:
        row["v"] += 0.5
    result = place.sync(streams={"lead": rows})["lead"]
    assert result.verdict == "incomplete"
    assert "11 records wait in quarantine" in result.reason


def test_a_schema_may_grow_and_widen_between_runs(place):
    place.sync(streams={"lead": stream((1, 1, "a"))})
    grown = stream((1, 1, "a"), (2, 2, "b"))
    grown["schema"] |= {"v": {"type": "number"}, "extra": TIME}
    grown["rows"][1] |= {"v": 2.5, "extra": "2026-01-01T00:00:00Z"}
    place.sync(streams={"lead": grown})
    assert place.rows(columns="id, v, extra is null") == [(1, 1.0, True), (2, 2.5, False)]

    shrunk = {"rows": [{"id": 3, "v": 3}], "schema": {"id": TEXT, "v": WHOLE}, "keys": ["id"]}
    place.sync(streams={"lead": {**shrunk, "proof": {"source_count": 3}}})
    assert place.rows(columns="id, v, name") == [("1", 1.0, "a"), ("2", 2.5, "b"), ("3", 3.0, None)]
    assert read_shape(place.store, "src", "lead") == {"id", "v"}, "what the newest read showed"


def test_a_schema_may_change_within_a_run(place):
    second = schema("lead", more=TEXT)
    lines = [
        schema("lead"),
        record("lead", id=1, v=1, name="a"),
        second,
        record("lead", id=1, v=2, name="b", more="m"),
    ]
    place.sync(lines=[*lines, state("lead", 2)])
    assert place.rows(columns="id, v, name, more") == [(1, 2, "b", "m")]


def test_names_are_only_names(place):
    evil = 'x"; drop table meta.state; --'
    columns = {
        "id": WHOLE,
        "Name": TEXT,
        "name": TEXT,
        "NAME": TEXT,
        "": TEXT,
        evil: TEXT,
        "_segment": TEXT,
        "it's": TEXT,
    }
    row = {name: str(n) for n, name in enumerate(columns)} | {"id": 1}
    names = (evil, "select", "Ünïcode stream", "../../up", "a'b")
    place.sync(lines=[line for name in names for line in (
        {"type": "SCHEMA", "stream": name, "schema": {"properties": columns}, "key_properties": ["id"]},
        {"type": "RECORD", "stream": name, "record": row},
    )])  # fmt: skip
    for name in names:
        table = name.replace('"', '""')
        (found,) = place.store.query(f'select * exclude (_loaded_at, _deleted_at) from raw_src."{table}"')
        assert found[:8] == (1, "1", "2", "3", "4", "5", "6", "7")
    assert place.store.columns("raw_src", "a'b").keys() >= {
        "Name",
        "name_2",
        "NAME_3",
        "unnamed",
        evil,
        "_segment_2",
    }
    assert place.store.query("select 1 from meta.load_log")


def test_names_that_differ_only_in_case_do_not_share_a_table(place):
    lines = [
        schema("lead"),
        record("lead", id=1, v=1, name="a"),
        schema("Lead"),
        record("Lead", id=1, v=1, name="b"),
    ]
    results = place.sync(lines=lines)
    assert "capital letters" in results["Lead"].reason
    assert place.rows() == [(1, 1, "a")]


def test_rows_of_another_store_do_not_land(place):
    place.sync(streams={"lead": stream(*FIVE)})
    folder = place.home / "spool" / "src"
    leave_sealed(place, folder)
    assert list(folder.glob("*.sealed"))
    place.store.query("update meta.store set id = 'another'")
    place.sync(streams={"lead": stream(*FIVE)})
    assert place.rows() == FIVE
    assert list(folder.iterdir()) == []


def leave_sealed(place, folder):
    """Leave a sealed segment behind, as a crash after sealing does."""
    from closedloop.extract.intake import Intake
    from closedloop.extract.spool import Spool

    intake = Intake(spool=Spool(folder, place.store.identity), clock=place.clock, number=99, state={},
                    has_protocol=True, on_sealed=lambda *_: None)  # fmt: skip
    for line in (schema("lead"), record("lead", id=77, v=77, name="late"), state("lead", 77)):
        intake.feed(json.dumps(line).encode())
    intake.finish(is_clean=True)


def test_a_sealed_segment_lands_at_the_next_start(place):
    place.sync(streams={"lead": stream(*FIVE)})
    leave_sealed(place, place.home / "spool" / "src")
    place.sync(streams={"lead": stream(*FIVE, (77, 77, "late"))})
    assert place.rows() == [*FIVE, (77, 77, "late")]
    assert (
        json.loads((place.home / "script.json.state").read_text())["bookmarks"]["lead"][
            "replication_key_value"
        ]
        == 77
    )


def test_the_log_of_the_tap_carries_no_secret(place, capsys):
    place.sync(
        streams={"lead": stream()}, stderr=['{"event":"tap.ready","password":"hunter22"}', "api_key=hunter23"]
    )
    output = "".join(capsys.readouterr())
    assert "hunter2" not in output


def test_one_connection_that_fails_does_not_stop_the_others(place):
    with pytest.raises(ConfigError, match="no connection nobody"):
        place.sync(connections=["nobody", "src"], streams={"lead": stream(*FIVE)})
    assert place.rows() == FIVE


def schema(name, **more):
    properties = {"id": WHOLE, "v": WHOLE, "name": TEXT, **more}
    return {"type": "SCHEMA", "stream": name, "schema": {"properties": properties}, "key_properties": ["id"]}


def record(name, /, **values):
    return {"type": "RECORD", "stream": name, "record": values}


def state(name, value):
    bookmark = {"replication_key": "v", "replication_key_value": value}
    return {"type": "STATE", "value": {"bookmarks": {name: bookmark}}}


def test_money_of_a_number_is_text_all_the_same(foreign):
    lines = [
        {"type": "SCHEMA", "stream": "bill", "schema": {"properties": {"id": WHOLE, "sum": MONEY}}, "key_properties": ["id"]},
        '{"type":"RECORD","stream":"bill","record":{"id":1,"sum":99999999999999.99}}',
        '{"type":"RECORD","stream":"bill","record":{"id":2,"sum":"1.005"}}',
    ]  # fmt: skip
    foreign.sync(streams={}, lines=lines)
    values = [Decimal(text) for _, text in foreign.rows("bill", "id, sum")]
    assert values == [Decimal("99999999999999.99"), Decimal("1.005")]


GONE = {"_sdc_deleted_at": TIME, "id": WHOLE, "v": WHOLE, "name": TEXT}


def deleting(*rows):
    names = ("id", "v", "name", "_sdc_deleted_at")
    return {
        "rows": [dict(zip(names, row, strict=True)) for row in rows],
        "schema": GONE,
        "keys": ["id"],
        "page": 9,
    }


def test_a_tombstone_marks_the_row_and_takes_no_fact_away(place):
    place.sync(streams={"lead": deleting((1, 1, "one", None), (2, 2, "two", None), (3, 3, "three", None))})
    gone = "2026-11-20T10:00:00Z"
    counts = {"proof": {"source_count": 1, "source_cursor": None}}
    later = deleting((2, 4, None, gone), (3, 5, "three!", gone), (9, 6, None, gone))
    result = place.sync(streams={"lead": {**later, **counts}})["lead"]

    assert result.verdict == "proven"
    assert place.rows() == [(1, 1, "one")]
    assert place.rows(columns="id, name, _deleted_at::varchar", where="_deleted_at is not null") == [
        (2, "two", "2026-11-20 10:00:00+00"), (3, "three!", "2026-11-20 10:00:00+00"), (9, None, "2026-11-20 10:00:00+00"),
    ]  # fmt: skip


def test_within_a_segment_the_last_word_on_a_row_counts(place):
    gone = "2026-11-20T10:00:00Z"
    place.sync(streams={"lead": deleting(
        (1, 1, "one", None), (2, 2, "two", None), (1, 3, None, gone), (2, 4, None, gone), (2, 5, "back", None)
    )})  # fmt: skip
    assert place.rows() == [(2, 5, "back")]
    assert place.rows(columns="id, name", where="_deleted_at is not null") == [(1, "one")]


def test_a_row_that_was_deleted_may_come_back(place):
    place.sync(streams={"lead": deleting((1, 1, "one", "2026-11-20T10:00:00Z"))})
    place.sync(streams={"lead": deleting((1, 2, "one again", None))})
    assert place.rows() == [(1, 2, "one again")]
