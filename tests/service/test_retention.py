"""Nothing grows for ever but what is precious; and what every run did can be looked up."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.service import retention
from closedloop.service.session import Session
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.store.stamps import to_text

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Home:
    """A home with a history."""

    def __init__(self, folder):
        self.settings = Settings(
            company={"currency": "USD", "time_zone": "UTC"},
            connections={"crm": {"connector": "odoo"}},
            home=folder,
        )
        self.operations, self.store = (
            Operations.open(folder / "operations.db"),
            Store.open(folder / "store.duckdb"),
        )

    def insert(self, table, **values):
        with self.operations.transaction() as connection:
            connection.execute(table.insert().values(**values))

    def run(self, name, age, *, state="done", stream=None, wrote=False):
        at = to_text(NOW - timedelta(days=age))
        end = to_text(NOW - timedelta(days=age) + timedelta(seconds=90))
        self.insert(
            tables.run, id=name, kind="sync", started_at=at, ended_at=end, state=state, exit_code=0, detail='{"job": "sync:crm"}'
        )  # fmt: skip
        if stream:
            numbers = {"rows": 7, "keys": 7, "requests": 3, "bytes": 900}
            self.insert(
                tables.stream_run,
                run_id=name,
                connection="crm",
                stream=stream,
                **numbers,
                verdict="proven",
                at=at,
            )
        if wrote:
            place = {"connection": "crm", "object": "a", "record_id": "1", "field": "f", "batch": 1}
            self.insert(tables.journal, run_id=name, **place, state="written", at=at)
            file = self.settings.home / "outcomes" / "crm" / f"{name}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    def ids(self, table):
        with self.operations.reading() as connection:
            return sorted(
                connection.execute(
                    select(table.c.run_id if table is not tables.run else table.c.id)
                ).scalars()
            )

    def tidy(self, at=NOW):
        session = Session(settings=self.settings, operations=self.operations, clock=Clock(start=at))
        retention.tidy(session, self.store)


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path)
    yield made
    made.store.close()
    made.operations.close()


def test_what_is_old_goes_and_what_is_precious_stays(home):
    home.run("1-old", 200, stream="lead")
    home.run("2-wrote", 190, stream="lead", wrote=True)
    home.run("3-empty", 150)
    home.run("4-newest-of-its-stream", 120, stream="rare")
    home.run("5-young", 5, stream="lead", wrote=True)
    home.store.query("insert into meta.load_log select 'crm', range, null from range(3000)")
    home.tidy()

    assert home.ids(tables.run) == ["2-wrote", "4-newest-of-its-stream", "5-young"]
    assert home.ids(tables.stream_run) == ["4-newest-of-its-stream", "5-young"]
    assert home.ids(tables.journal) == ["2-wrote", "5-young"]
    assert [one.name for one in home.settings.home.glob("outcomes/crm/*")] == ["5-young.jsonl"]
    kept = home.store.query("select count(*), max(segment) from meta.load_log")
    assert kept == [(retention.SEGMENTS, 2999)]


def test_nobody_s_data_stay_for_ever_that_nobody_waits_for(home):
    old, young = (to_text(NOW - timedelta(days=age)) for age in (200, 5))
    one = {
        "connection": "crm",
        "stream": "lead",
        "direction": "read",
        "reason": "bad",
        "record": "{}",
        "last_seen": old,
    }
    for key, resolved in (("open", None), ("old", old), ("young", young)):
        home.insert(tables.quarantine, record_key=key, first_seen=old, resolved_at=resolved, **one)
    for plan, at, state in (("i1", old, "applied"), ("i2", old, "applying"), ("i3", young, "open")):
        head = {
            "id": plan,
            "connection": "crm",
            "kind": "leads",
            "created_at": at,
            "state": state,
            "file": "x.csv",
        }
        home.insert(tables.import_plan, **head)
        home.insert(tables.import_row, plan_id=plan, n=2, action="lead", label="Ann", content="{}")
    home.tidy()

    with home.operations.reading() as connection:
        assert sorted(connection.execute(select(tables.quarantine.c.record_key)).scalars()) == [
            "open",
            "young",
        ]
        assert sorted(connection.execute(select(tables.import_row.c.plan_id)).scalars()) == ["i2", "i3"]


def test_it_is_done_once_a_day(home):
    home.tidy()
    home.run("1-old", 200)
    home.tidy(NOW + timedelta(hours=1))
    assert home.ids(tables.run) == ["1-old"]
    home.tidy(NOW + timedelta(days=1))
    assert home.ids(tables.run) == []


def test_every_run_is_shown_with_its_figures(home, tmp_path):
    home.run("20261031T120000Z-1", 1, stream="lead", wrote=True)
    home.run("20261101T120000Z-2", 0, state="failed")
    config = tmp_path / "closedloop.yaml"
    config.write_text(
        f"company: {{currency: USD, time_zone: UTC}}\nhome: {tmp_path}\nconnections: {{crm: {{connector: odoo}}}}\n"
    )

    def told(*more):
        done = CliRunner().invoke(app, ["--config", str(config), *more])
        assert done.exit_code == 0, done.output
        return done.stdout

    bad, good = json.loads(told("--json", "runs"))
    assert (bad["state"], bad["calls"], bad["written"]) == ("failed", 0, 0)
    wanted = {
        "job": "sync:crm",
        "seconds": 90.0,
        "rows": 7,
        "calls": 3,
        "bytes": 900,
        "written": 1,
        "state": "done",
    }
    assert good | wanted == good
    assert [row["run"] for row in json.loads(told("--json", "runs", "--failed"))] == [bad["run"]]
    assert "20261031T120000Z-1" in told("runs")
