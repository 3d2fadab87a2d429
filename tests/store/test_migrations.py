"""An upgrade that is killed leaves the old version whole, and the next start makes of it what an undisturbed one makes."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import inspect, select, text
from tests.store.test_upgrade import old as earlier

from closedloop.store import connect, tables
from closedloop.store.migrations import STEPS
from closedloop.store.operations import Operations

UPGRADE = (
    "import sys; from closedloop.store.operations import Operations; Operations.open(sys.argv[1]).close()"
)
STEP, LAST = "migration.step", "migration.numbered"
KILLS = [*(f"{STEP}:{nth}:self" for nth in range(1, len(STEPS) + 1)), f"{LAST}:1:self"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def old(request, tmp_path):
    """The address of a database of the first version with a row in every table."""
    place = (
        request.getfixturevalue("postgres").fresh()
        if request.param == "postgres"
        else tmp_path / "operations.db"
    )
    earlier(place, 1)
    return place if request.param == "postgres" else f"sqlite:///{place}"


def held(address):
    """Return version, tables and rows, without opening the database as the product does."""
    engine = connect.engine_of(address)
    with engine.connect() as database:
        found = {
            "version": database.execute(text("select version from schema_version")).scalar(),
            "tables": sorted(inspect(database).get_table_names()),
            "journal": sorted(column["name"] for column in inspect(database).get_columns("journal")),
            "runs": sorted(database.execute(select(tables.run.c.id)).scalars()),
            "decisions": [
                tuple(row) for row in database.execute(select(tables.decision).order_by(tables.decision.c.id))
            ],
        }
    engine.dispose()
    return found


@pytest.mark.parametrize(
    "failpoint",
    [
        *(pytest.param(kill, marks=pytest.mark.long) for kill in KILLS[:-1]),
        KILLS[-1],
    ],
)
def test_a_killed_upgrade_leaves_the_old_version_and_the_next_start_makes_the_new_one(old, failpoint):
    before = held(old)
    armed = {**os.environ, "CLOSEDLOOP_FAILPOINT": failpoint}
    killed = subprocess.run([sys.executable, "-c", UPGRADE, old], env=armed, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert held(old) == before
    Operations.open(old).close()
    after = held(old)
    assert after["version"] == len(STEPS) + 1
    assert set(tables.metadata.tables) <= set(after["tables"])
    assert "refusal" in after["journal"]
    assert (after["runs"], after["decisions"]) == (before["runs"], before["decisions"])
