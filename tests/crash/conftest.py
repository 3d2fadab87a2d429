"""A company that can be killed, rewound and looked at as a whole."""

from __future__ import annotations

import copy
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import select
from tests.crash.zygote import Zygote
from tests.store.test_upgrade import unpacked

from closedloop.cli.playground import living_at, playground
from closedloop.store.operations import Operations
from closedloop.store.tables import break_history, decision, journal, quarantine, run, snapshot

ROOT = Path(__file__).parent.parent.parent
SEED, SCALE = 4, 0.05
FULL = os.environ.get("CLOSEDLOOP_CRASH_DOSE") == "full"
#: Files whose failpoints the story does not reach, or only in the full dose. Odoo has no tokens, and neither a rename, a
#: forgotten person nor an import is part of the story: `test_plans` knows who kills there.
ELSEWHERE = {"tokens.py", "rename.py", "create.py", "removal.py", "upgrade.py", "forget.py", "rewrite.py"}
ONLY_IN_FULL = {"backup.py", "migrations.py"}
#: What differs between two runs that did the same: when, and in which segment.
MOMENTS = {"_loaded_at", "_segment", "_deleted_at", "write_date"}


@pytest.fixture(scope="session")
def failpoints() -> dict[str, str]:
    return in_the_story(whole=FULL)


def in_the_story(*, whole: bool) -> dict[str, str]:
    """Return every failpoint in the code that the story can reach, with the shelf it stands on.

    The story is told with Odoo: what other connectors have of their own is killed in their own tests.
    """
    left_out = ELSEWHERE if whole else ELSEWHERE | ONLY_IN_FULL
    found = {}
    for shelf in ("taps", "targets", "sync"):
        for path in (ROOT / shelf).rglob("*.py"):
            if shelf != "sync" and not path.relative_to(ROOT / shelf).parts[0].endswith("_odoo"):
                continue
            if path.parent.name == "imports" or path.name in left_out:
                continue
            for name in re.findall(r'(?<!def )failpoint\("([a-z_.]+)"\)', path.read_text(encoding="utf-8")):
                found[name] = shelf
    return found


@dataclass(slots=True, kw_only=True)
class Step:
    """One command of the story, the moment before it, and what it left when nobody was killed."""

    name: str
    command: list[str]
    before: Any
    hits: Counter[str]
    after: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Company:
    """A playground whose commands run as processes of a session of their own."""

    play: Any
    spare: Path
    zygote: Zygote | None = None
    steps: dict[str, Step] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.play.folder / ".closedloop"

    def command(
        self, *arguments: str, failpoint: str = "", log: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb as an operator would, perhaps with a failpoint armed."""
        if self.zygote:
            words = ("--config", str(self.play.config), *arguments)
            code, said = self.zygote.run(
                *words,
                failpoint=failpoint,
                log=str(log or ""),
                module="tests.crash.verb",
                clock=self.play.clock,
            )
            return subprocess.CompletedProcess(words, code, stdout="", stderr=said)
        environment = {**os.environ, "CLOSEDLOOP_CLOCK": self.play.clock, "CLOSEDLOOP_FAILPOINT": failpoint}
        if log:
            environment["CLOSEDLOOP_FAILPOINT_LOG"] = str(log)
        return subprocess.run(
            [sys.executable, "-m", "closedloop", "--config", str(self.play.config), *arguments],
            env=environment, start_new_session=True, capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip

    def snapshot(self) -> Any:
        """Return everything that a step can change: the state directory and the vendor's databases."""
        folder = self.spare / f"moment-{len(list(self.spare.iterdir()))}"
        shutil.copytree(self.home, folder)
        held = {name: (base.models, base.tables, base.field_ids) for name, base in self._databases().items()}
        return folder, copy.deepcopy(held)

    def rewind(self, moment: Any) -> None:
        """Go back to a snapshot."""
        folder, held = moment
        shutil.rmtree(self.home)
        shutil.copytree(folder, self.home)
        for name, (models, tables, field_ids) in copy.deepcopy(held).items():
            base = self._databases()[name]
            base.models, base.tables, base.field_ids = models, tables, field_ids

    def look(self, since: int) -> dict[str, Any]:
        """Return what must not depend on kills: rows, bookmarks, figures, the CRM's fields, its log of writes, the journal."""
        return {
            **self._stored(),
            "fields": self.fields(),
            "writes": self.writes(since),
            **self._operations(),
            "spool": sorted(str(path.name) for path in self.home.glob("spool/*/*")),
            "half made": sorted(str(path.name) for path in self.home.glob("backups/.*")),
        }

    def fields(self) -> dict[str, Any]:
        """Return our fields as the CRM holds them."""
        return {
            f"{model}/{row['id']}": {name: value for name, value in row.items() if name.startswith("x_cl_")}
            for model in ("event.event", "res.partner")
            for row in self.play.crm.simulator.records("crm", model)
        }

    def writes(self, since: int) -> Counter[str]:
        """Return each effective write that the vendor has seen: method, model and digest of what was sent."""
        return Counter(
            f"{entry['method']} {entry['model']} {entry['digest']}"
            for entry in self.play.crm.simulator.requests(since)
            if entry["method"] in {"write", "create", "load", "unlink"} and entry["executed"]
        )

    def _databases(self) -> dict[str, Any]:
        return self.play.crm.simulator._engine.databases  # noqa: SLF001 (a rewind is nothing that a vendor offers)

    def _stored(self) -> dict[str, Any]:
        with duckdb.connect(str(self.home / "store.duckdb"), read_only=True) as store:
            tables = store.execute(
                "select table_schema, table_name from information_schema.tables where table_schema like 'raw!_%' escape '!' or "
                "table_schema = 'marts' order by all"
            ).fetchall()
            return {
                f"{schema}.{table}": self._content(store, f'"{schema}"."{table}"') for schema, table in tables
            }

    @staticmethod
    def _content(store: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
        cursor = store.execute(f"select * from {table}")
        names = [column[0] for column in cursor.description or []]
        keep = [
            index for index, name in enumerate(names) if name not in MOMENTS and not name.startswith("x_cl_")
        ]
        gone = names.index("_deleted_at") if "_deleted_at" in names else None
        rows = [
            (*(row[index] for index in keep), gone is not None and row[gone] is not None)
            for row in cursor.fetchall()
        ]
        return sorted(rows, key=repr)

    def _operations(self) -> dict[str, Any]:
        operations = Operations.open(self.home / "operations.db")
        with operations.reading() as database:
            rows = database.execute(select(journal)).all()
            unresolved = database.execute(select(quarantine).where(quarantine.c.resolved_at.is_(None))).all()
            published = database.execute(select(snapshot)).all()
            running = database.execute(select(run.c.id).where(run.c.state == "running")).all()
            breaks = database.execute(select(break_history)).all()
            decisions = database.execute(select(decision)).all()
        operations.close()
        return {
            "journal": Counter(
                (row.object, row.record_id, row.field, row.after, row.state)
                for row in rows
                if row.state == "written"
            ),
            "open": [row.id for row in rows if row.state in {"intent", "unknown"}],
            "quarantine": [row.record_key for row in unresolved],
            "running": [row.id for row in running],
            "breaks": Counter((row.subject_key, row.reason, row.healed_by) for row in breaks),
            "decisions": sorted((row.id, row.left_key, row.right_key, row.verdict) for row in decisions),
            "published": sorted((row.entity, row.key, row.n, row.figures) for row in published),
        }


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    """Play the story once without kills; keep the moment before each step and what the step left."""
    folder = tmp_path_factory.mktemp("crash")
    (folder / "moments").mkdir()
    with (
        playground(folder / "company", seed=SEED, scale=SCALE, mode="apply") as play,
        living_at(play.clock),
        ExitStack() as stack,
    ):
        made = Company(play=play, spare=folder / "moments")
        if FULL:
            made.zygote = Zygote(folder)
            stack.callback(made.zygote.close)
        made.home.mkdir(exist_ok=True)
        assert made.command("provision").returncode == 0
        (whole_story if FULL else short_story)(made)
        yield made


def short_story(made: Company) -> None:
    """A first run that reads all and writes our fields, a second one after people have edited and deleted, and a revert."""
    tell(made, "first", ["run"])
    change_the_world(made.play.crm.simulator)
    tell(made, "second", ["run"])
    tell(made, "revert", ["revert", last_apply(made)])


def whole_story(made: Company) -> None:
    """The same, verb by verb where that is cheaper; before it an upgrade, behind it a backup and its restoring."""
    age(made.home / "operations.db")
    tell(made, "upgrade", ["sync", "books"])
    tell(made, "sync", ["sync"])
    tell(made, "reconcile", ["reconcile"])
    tell(made, "apply", ["apply"])
    change_the_world(made.play.crm.simulator)
    tell(made, "second", ["run"])
    tell(made, "revert", ["revert", last_apply(made)])
    tell(made, "backup", ["backup"])
    newest = max((made.home / "backups").glob("closedloop-*.zip"))
    tell(made, "restore", ["restore", str(newest), "--replace"])


def age(path: Path) -> None:
    """Let a database be one of the first version, with decisions that an upgrade must keep."""
    unpacked("operations.db", path)
    with closing(sqlite3.connect(path)) as old, old:
        names = [name for (name,) in old.execute("select name from sqlite_master where type = 'table'")]
        for name in set(names) - {"schema_version"}:
            old.execute(f'delete from "{name}"')
        old.executemany(
            "insert into decision (kind, left_key, right_key, verdict, who, why, at) values (?, ?, ?, ?, ?, ?, ?)",
            [
                ("customer_account", f"a:{n}", f"b:{n}", "accept", "Ann", "", "2026-01-01T00:00:00.000000Z")
                for n in range(40)
            ],
        )


def tell(company: Company, name: str, command: list[str]) -> None:
    """Do one step without a kill and remember it."""
    before = company.snapshot()
    log = company.spare.parent / f"{name}.hits"
    since = len(company.play.crm.simulator.requests())
    done = company.command(*command, log=log)
    assert done.returncode == 0, done.stderr + done.stdout
    hits = Counter(log.read_text(encoding="utf-8").split()) if log.exists() else Counter()
    company.steps[name] = Step(
        name=name, command=command, before=before, hits=hits, after=company.look(since)
    )


def change_the_world(simulator: Any) -> None:
    """Do between two runs what people do: edit, win, delete, register."""
    leads = [row for row in simulator.records("crm", "crm.lead") if row["type"] == "opportunity"]
    for lead in leads[:3]:
        simulator.edit("crm", "crm.lead", lead["id"], {"expected_revenue": 4321.0})
    registrations = simulator.records("crm", "event.registration")
    cancelled = next(row for row in registrations if row["state"] == "cancel")
    simulator.unlink("crm", "event.registration", cancelled["id"])
    for registration in [row for row in registrations if row["state"] == "open"][:5]:
        simulator.edit("crm", "event.registration", registration["id"], {"state": "done"})
    simulator.advance(3600)


def last_apply(company: Company) -> str:
    """Return the run that wrote last."""
    operations = Operations.open(company.home / "operations.db")
    with operations.reading() as database:
        found = database.execute(select(journal.c.run_id).order_by(journal.c.id.desc()).limit(1)).scalar_one()
    operations.close()
    return str(found)
