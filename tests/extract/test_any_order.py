"""Whatever the order of records, states and crashes: the same table."""

import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.extract.support import TEXT, WHOLE

from closedloop.clock import Clock
from closedloop.extract import spool as spools
from closedloop.extract.intake import Intake
from closedloop.extract.landing import Landing
from closedloop.extract.spool import Spool
from closedloop.kit import failpoint as failpoints
from closedloop.store import bookmarks
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

SCHEMA = {
    "type": "SCHEMA",
    "stream": "t",
    "schema": {"properties": {"id": WHOLE, "name": TEXT}},
    "key_properties": ["id"],
}
POINTS = ("extract.cut", "extract.files_synced", "extract.sealed", "extract.part_landed", "extract.before_commit",
          "extract.committed", "extract.quarantined", "extract.removing", "extract.removed")  # fmt: skip
NUMBERS = itertools.count()


class Killed(BaseException):
    """Stands for a kill: everything in memory is forgotten."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    home = tmp_path_factory.mktemp("any-order")
    store, operations = Store.open(home / "store.duckdb"), Operations.open(home / "operations.db")
    yield home, store, operations
    store.close()
    operations.close()


@given(
    events=st.lists(
        st.one_of(st.none(), st.tuples(st.integers(1, 4), st.text("abc", max_size=2))), max_size=25
    ),
    kills=st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 3)), max_size=4),
    cuts=st.integers(1, 4),
    room=st.integers(1, 3),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_table_is_the_last_record_of_each_key(  # noqa: PLR0917 (fixtures)
    stores, monkeypatch, events, kills, cuts, room
):
    home, store, _ = stores
    connection = f"c{next(NUMBERS)}"
    monkeypatch.setattr(spools, "PART_ROWS", room)
    monkeypatch.setattr(failpoints, "_kill", kill)
    for armed in (*(f"{name}:{nth}:self" for name, nth in kills), ""):
        monkeypatch.setattr(failpoints, "_armed", armed)
        monkeypatch.setattr(failpoints, "_hits", {})
        try:
            read(stores, connection, events, cuts)
        except Killed:
            continue
    expected = {event[0]: event[1] for event in events if event}
    assert dict(store.query(f"select id, name from raw_{connection}.t")) == expected
    last = max((n for n, event in enumerate(events, 1) if event is None), default=None)
    assert bookmarks.read_state(store, connection) == ({"bookmarks": {"t": {"n": last}}} if last else {})
    assert list((home / connection).iterdir()) == []


def kill(_victim):
    raise Killed


def read(stores, connection, events, cuts):
    """Play the events from the last state on, as a tap does; none is a STATE."""
    home, store, operations = stores
    spool = Spool(home / connection, store.identity)
    landing = Landing(store=store, operations=operations, spool=spool, connection=connection)
    landing.recover()
    state = bookmarks.read_state(store, connection)
    intake = Intake(
        spool=spool, clock=Clock(), number=max(bookmarks.last_segment(store, connection), spool.last()) + 1,
        state=state, has_protocol=True, on_sealed=landing.apply, segment_rows=cuts,
    )  # fmt: skip
    try:
        say(intake, SCHEMA)
        begin = state["bookmarks"]["t"]["n"] if state else 0
        for number, event in enumerate(events[begin:], begin + 1):
            if event is None:
                say(intake, {"type": "STATE", "value": {"bookmarks": {"t": {"n": number}}}})
            else:
                say(intake, {"type": "RECORD", "stream": "t", "record": {"id": event[0], "name": event[1]}})
        intake.finish(is_clean=True)
    finally:
        intake.close()


def say(intake, message):
    intake.feed(json.dumps(message).encode() + b"\n")
