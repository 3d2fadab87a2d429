"""A state directory with one connection to the scripted tap."""

import json
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from closedloop.clock import Clock
from closedloop.extract import backfill, sync
from closedloop.settings import Settings
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.store.tables import quarantine, stream_run

HERE = Path(__file__).parent
TEXT = {"type": ["null", "string"]}
WHOLE = {"type": ["null", "integer"]}
MONEY = {"type": ["null", "string"], "format": "singer.decimal"}
TIME = {"type": ["null", "string"], "format": "date-time"}


def stream(*rows, **more):
    """A stream of the scripted tap with (id, v, name) rows."""
    records = [dict(zip(("id", "v", "name"), row, strict=True)) for row in rows]
    return {"rows": records, "schema": {"id": WHOLE, "v": WHOLE, "name": TEXT}, "keys": ["id"], **more}


def install(folder):
    """Make the scripted tap an installed connector for this process and its children."""
    info = folder / "scripted-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scripted\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[closedloop.taps]\nscripted = scripted_tap\n")
    return os.pathsep.join((str(folder), str(HERE)))


@dataclass
class Place:
    """A state directory with one connection to the scripted tap."""

    home: Path
    connector: str = "scripted"
    calls: list = field(default_factory=list)
    executable: list = field(default_factory=lambda: [sys.executable, str(HERE / "scripted_tap.py")])

    def __post_init__(self):
        self.script = self.home / "script.json"
        self.operations = Operations.open(self.home / "operations.db")
        self.store = Store.open(self.home / "store.duckdb")
        self.clock = Clock(start=datetime(2026, 11, 21, tzinfo=UTC))

    @property
    def settings(self):
        command = {"executable": self.executable} if self.connector == "singer" else {}
        connection = {"connector": self.connector, "settings": {"script": str(self.script)}, **command}
        company = {"currency": "USD", "time_zone": "UTC"}
        return Settings(company=company, connections={"src": connection}, home=self.home)

    def play(self, **script):
        self.script.write_text(json.dumps(script))

    def sync(self, *, connections=("src",), only=None, stop=None, **script):
        if script:
            self.play(**script)
        results = sync(
            self.settings,
            connections=connections,
            store=self.store,
            operations=self.operations,
            run_id=self.operations.begin_run("sync", self.clock),
            clock=self.clock,
            progress=lambda *call: self.calls.append(call),
            streams=only,
            stop=stop,
        )
        return {one.stream: one for one in results}

    def backfill(self, name, **more):
        return backfill(
            self.settings,
            connection="src",
            stream=name,
            store=self.store,
            operations=self.operations,
            run_id=self.operations.begin_run("sync", self.clock),
            clock=self.clock,
            **more,
        )

    def rows(self, name="lead", columns="id, v, name", where="_deleted_at is null"):
        return self.store.query(f'select {columns} from raw_src."{name}" where {where} order by all')

    def state(self):
        return json.loads(self.store.query("select value from meta.state")[0][0])

    def quarantine(self):
        with self.operations.reading() as database:
            return list(database.execute(quarantine.select().order_by(quarantine.c.id)))

    def stream_runs(self):
        with self.operations.reading() as database:
            return list(database.execute(stream_run.select().order_by(stream_run.c.at, stream_run.c.stream)))

    def close(self):
        self.store.close()
        self.operations.close()
