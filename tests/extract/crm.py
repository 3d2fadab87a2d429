"""A store that reads one simulated CRM through the real core, and what it holds."""

import itertools
import os
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from closedloop.clock import Clock
from closedloop.extract import sync
from closedloop.settings import Settings
from closedloop.store import bookmarks
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations


class Following(Clock):
    """Shows the simulator's time."""

    def __init__(self, simulator):
        super().__init__()
        self.simulator = simulator

    def now(self):
        return self.simulator.now()


class Crm:
    """One state directory with one connection, ``crm``.

    Args:
        folder: The state directory.
        simulator: What is read.
        connector: ``salesforce`` or ``hubspot``.
        streams: What to read; none for all.
        more: Further settings of the tap.
    """

    def __init__(self, folder, simulator, connector, *, streams=None, **more):
        folder.mkdir(parents=True, exist_ok=True)
        self.simulator, self.connector, self.streams = simulator, connector, streams
        self.folder, self.more, self.writeback = folder, more, {}
        self.clock = Following(simulator)
        self.store = Store.open(folder / "store.duckdb")
        self.operations = Operations.open(folder / "operations.db")

    @property
    def settings(self):
        return Settings(
            company={"currency": "USD", "time_zone": "UTC"},
            connections={
                "crm": {"connector": self.connector, "settings": {**self.simulator.settings, **self.more}}
            },
            writeback=self.writeback,
            home=self.folder,
        )

    def sync(self, *, streams=None):
        """Read what is new, and return the results by stream."""
        os.environ["CLOSEDLOOP_CLOCK"] = self.simulator.now().isoformat()
        try:
            results = sync(
                self.settings,
                connections=["crm"],
                store=self.store,
                operations=self.operations,
                run_id=self.operations.begin_run("sync", self.clock),
                clock=self.clock,
                streams=streams or self.streams,
            )
        finally:
            del os.environ["CLOSEDLOOP_CLOCK"]
        return {one.stream: one for one in results}

    def rows(self, stream, *, live=True):
        """Return the rows by key; those that were deleted too, if asked for."""
        if stream not in self.store.streams("crm"):
            return {}
        where = "where _deleted_at is null" if live else ""
        found = self.store.connection.execute(f'select * from raw_crm."{stream}" {where}')
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return keyed(rows, bookmarks.read_stream(self.store, "crm", stream)[0])

    def held(self):
        """Return every table without what says when it was read."""
        ours = {"_loaded_at", "_segment", "_deleted_at"}
        return {
            stream: {
                key: {name: value for name, value in row.items() if name not in ours}
                | {"is_deleted": row["_deleted_at"] is not None}
                for key, row in self.rows(stream, live=False).items()
            }
            for stream in self.store.streams("crm")
        }

    def close(self):
        self.store.close()
        self.operations.close()


def keyed(rows, keys):
    """Return rows by their key, which no two of them share."""
    (key,) = keys
    found = {row[key]: row for row in rows}
    assert len(found) == len(rows), "a row is there twice"
    return found


def bad(results):
    """Return why streams are incomplete or failed."""
    return {name: one.reason for name, one in results.items() if one.is_bad}


def plain(value):
    """Return a value of a table or of a simulator so that the two can be compared."""
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    if value is None or value == "":
        return None
    try:
        return str(round(Decimal(str(value)), 6).normalize())
    except ArithmeticError:
        return str(value)


@contextmanager
def while_it_runs(simulator, act, *, every):
    """Let something happen at every n-th request."""
    faults, errors, count = simulator.faults, [], itertools.count(1)
    original = faults.on_the_way

    def on_the_way(*args):
        if next(count) % every == 0:
            try:
                act()
            except Exception as error:  # noqa: BLE001 (the server's thread would swallow it)
                errors.append(error)
        return original(*args)

    faults.on_the_way = on_the_way
    try:
        yield
    finally:
        faults.on_the_way = original
    if errors:
        raise errors[0]
