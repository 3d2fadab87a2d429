"""A connection gets another name: nothing is lost, a kill in between is healed by doing it again, nobody overwrites."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.history.facts import pack, unpack
from closedloop.service import rename as renaming
from closedloop.service.session import session
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

ROOT = Path(__file__).parent.parent.parent
NOW = "2026-05-01T12:00:00.000000Z"
CLOCK = Clock(start=datetime(2026, 5, 1, tzinfo=UTC))
ROWS = {
    "run": {"id": "r1", "kind": "sync", "started_at": NOW, "state": "done", "detail": "{}"},
    "stream_run": {"run_id": "r1", "connection": "crm", "stream": "lead", "rows": 1, "keys": 1, "requests": 1, "bytes": 1, "verdict": "proven", "at": NOW},
    "quarantine": {"connection": "crm", "stream": "lead", "record_key": "crm:7", "direction": "read", "reason": "bad", "record": "{}", "first_seen": NOW, "last_seen": NOW},
    "decision": {"kind": "customer_account", "left_key": "books:c/1", "right_key": "crm:a/2", "verdict": "accept", "who": "Ann", "why": "knows", "at": NOW},
    "plan": {"id": "p1", "connection": "crm", "created_at": NOW, "as_of": "2026-05-01", "basis": "b", "state": "applied"},
    "plan_row": {"plan_id": "p1", "n": 1, "entity": "account", "key": "crm:a/2", "object": "a", "record_id": "2", "field": "f", "measure": "m", "action": "write"},
    "journal": {"run_id": "r1", "plan_id": "p1", "batch": 1, "connection": "crm", "object": "a", "record_id": "2", "field": "f", "state": "written", "at": NOW},
    "snapshot": {"entity": "account", "key": "crm:a/2", "n": 1, "run_id": "r1", "at": NOW, "as_of": "2026-05-01", "name": "A", "definition": "d"},
    "snapshot_cause": {"entity": "account", "key": "crm:a/2", "n": 1, "place": 1, "measure": "m", "cause": "deal", "record": "crm:o/3", "label": "x", "amount": 1},
    "snapshot_now": {"entity": "account", "key": "crm:a/2", "n": 1, "figures_digest": "f", "facts_digest": "g", "facts": pack('{"deals":{"crm:o/3":[1,"crm_old:a"]}}')},
}  # fmt: skip


class Home:
    """A home with something of `crm` in every place, and something of `crm_old` that must stay."""

    def __init__(self, folder, *names):
        folder.mkdir(exist_ok=True)
        self.settings = settings(folder, *(names or ("crm", "books")))
        self.operations = Operations.open(folder / "operations.db")
        self.store = Store.open(folder / "store.duckdb")
        with self.operations.transaction() as connection:
            for table, row in ROWS.items():
                connection.execute(insert(tables.metadata.tables[table]).values(**row))
            row = ROWS["decision"] | {"right_key": "crm_old:a/2", "left_key": "crmx:1"}
            connection.execute(insert(tables.decision).values(**row))
        self.store.query("create schema raw_crm")
        self.store.query(
            "create table raw_crm.\"odd name\" as select 1::bigint as id, 'crm:x' as text, 2::decimal(9,2) as net"
        )
        self.store.query("""insert into meta.state values ('crm', '{"a": 1}'), ('crm_old', '{}')""")
        self.store.query("insert into meta.load_log values ('crm', 1, null)")
        self.store.query("create schema history; create table history.figure (account_key varchar, n bigint)")
        self.store.query(
            "create view history.seen as select account_key, account_key as key from history.figure"
        )
        self.store.query("insert into history.figure values ('crm:a/2', 5), ('crm_old:a/2', 6)")
        (folder / "spool" / "crm").mkdir(parents=True)
        (folder / "spool" / "crm" / "00000001.sealed").touch()

    def rename(self, old="crm", new="sales"):
        return renaming.rename(self.settings, self.operations, self.store, old, new)

    def everything(self):
        with self.operations.reading() as connection:
            found = {
                name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
                for name, table in tables.metadata.tables.items()
            }
        for table in ('raw_sales."odd name"', "meta.state", "meta.load_log", "history.figure"):
            found[table] = self.store.query(f"from {table} order by all")
        found["files"] = sorted(
            str(one.relative_to(self.settings.home)) for one in (self.settings.home / "spool").rglob("*")
        )
        return found

    def close(self):
        self.store.close()
        self.operations.close()


def settings(folder, *names):
    return Settings(
        company={"currency": "USD", "time_zone": "UTC"},
        connections={name: {"connector": "odoo"} for name in names},
        home=folder,
    )


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path)
    yield made
    made.close()


def test_everything_of_the_connection_gets_the_new_name_and_nothing_else(home):
    done = home.rename()
    found = home.everything()
    assert (done.values, done.streams) == (10, 1)
    assert [row[3] for row in found["decision"]] == ["sales:a/2", "crm_old:a/2"]
    assert [row[2] for row in found["decision"]] == ["books:c/1", "crmx:1"]
    assert [found[name][0][1] for name in ("stream_run", "quarantine", "plan")] == ["sales"] * 3
    assert found["quarantine"][0][3] == "crm:7"  # the vendor's own key
    assert found["plan_row"][0][3] == "sales:a/2"
    assert found["journal"][0][4] == "sales"
    assert [found[name][0][1] for name in ("snapshot", "snapshot_cause", "snapshot_now")] == ["sales:a/2"] * 3
    assert found["snapshot_cause"][0][6] == "sales:o/3"
    assert unpack(found["snapshot_now"][0][5]) == {"deals": {"sales:o/3": [1, "crm_old:a"]}}
    assert found['raw_sales."odd name"'] == [(1, "crm:x", 2)]
    assert found["meta.state"] == [("crm_old", "{}"), ("sales", '{"a": 1}')]
    assert found["history.figure"] == [("crm_old:a/2", 6), ("sales:a/2", 5)]
    assert found["files"] == ["spool/sales", "spool/sales/00000001.sealed"]
    assert home.store.streams("crm") == []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    whole = Home(tmp_path_factory.mktemp("whole"))
    whole.rename()
    found = whole.everything()
    whole.close()
    return found


@pytest.mark.parametrize("nth", range(1, 7))
def test_killed_anywhere_the_next_try_ends_where_an_undisturbed_one_does(home, monkeypatch, undisturbed, nth):
    hits = []

    def kill(name):
        hits.append(name)
        if len(hits) == nth:
            raise KeyboardInterrupt

    monkeypatch.setattr(renaming, "failpoint", kill)
    with pytest.raises(KeyboardInterrupt):
        home.rename()
    if nth < 6:
        with pytest.raises(ConfigError, match="not finished"):
            renaming.check_finished(home.settings)
        with pytest.raises(ConfigError, match="not finished"):
            home.rename(new="other")
        home.rename()
    assert home.everything() == undisturbed


@pytest.mark.sqlite
@pytest.mark.long
@pytest.mark.parametrize("name", ["begun", "operations", "store", "folder", "done"])
def test_killed_by_the_system_the_next_try_ends_where_an_undisturbed_one_does(tmp_path, undisturbed, name):
    home = Home(tmp_path)
    home.close()
    command = [sys.executable, "-c", f"from tests.service.test_rename import again; again({str(tmp_path)!r})"]
    armed = {**os.environ, "CLOSEDLOOP_FAILPOINT": f"rename.{name}:1:self"}
    assert subprocess.run(command, env=armed, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    if name != "done":
        subprocess.run(command, cwd=ROOT, check=True)
    home.operations = Operations.open(tmp_path / "operations.db")
    home.store = Store.open(tmp_path / "store.duckdb")
    assert home.everything() == undisturbed
    home.close()


def again(folder):
    """Rename in a process of its own, which may be killed."""
    folder = Path(folder)
    store, operations = Store.open(folder / "store.duckdb"), Operations.open(folder / "operations.db")
    renaming.rename(settings(folder, "crm", "books"), operations, store, "crm", "sales")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("crm", "books", "each name"),
        ("crm", "crm_old", "taken: there is already something of it: rows in decision"),
        ("crm", "crm", "the same"),
        ("crm", "Sales", "no name of a connection"),
        ("crm", "a:b", "no name of a connection"),
        ("nothing", "sales", "nothing is kept"),
    ],
)
def test_what_cannot_be_renamed_is_refused_and_left_alone(home, old, new, why):
    with pytest.raises(ConfigError, match=why):
        home.rename(old, new)
    renaming.check_finished(home.settings)
    assert home.store.streams("crm") == ["odd name"]


def test_nobody_writes_until_the_configuration_uses_the_new_name(home):
    home.rename()
    home.close()
    with (
        session(home.settings, CLOCK) as opened,
        pytest.raises(ConfigError, match="was given the name sales"),
        opened.writer(),
    ):
        pass
    renaming.check_finished(settings(home.settings.home, "sales", "books"))
    renaming.check_finished(settings(home.settings.home, "sales", "crm"))  # a new connection of the old name


def test_it_can_be_renamed_back(home):
    before = home.store.query("from meta.state order by all")
    home.rename()
    home.rename("sales", "crm")
    assert home.store.query("from meta.state order by all") == before
    renaming.check_finished(home.settings)
