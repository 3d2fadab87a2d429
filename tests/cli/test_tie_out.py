"""`closedloop tie-out`: the documents beside the ledger's own accounts, for people, for machines and as a file."""

import csv
import json
from datetime import date

import pytest
from tests.models import kit
from tests.models.kit import sale
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.store import tables

YAML = """\
company: {currency: USD, time_zone: America/Chicago}
connections: {src: {connector: singer, executable: [tap], staging: staging}}
home: .
"""
DENIED = "the person who consented may not see it (5020)"


def booked(day, side, origin, amount):
    key = f"{day}/{side}/{origin}"
    return {"key": key, "date": day, "side": side, "origin": origin, "amount": amount, "home_currency": "USD"}


@pytest.fixture(scope="module")
def closedloop(tmp_path_factory):
    """A ledger of one invoice and one journal in May; of another nobody may see the accounts."""
    folder = tmp_path_factory.mktemp("tie-out")
    ours, lines = sale("i1", "c1", date(2026, 5, 4), "100.00")
    other, more = sale("i2", "c1", date(2026, 5, 5), "7.00", source="till")
    rows = {
        "document": [ours, other],
        "line": [*lines, *more],
        "customer": [{"key": "c1", "name": "Acme"}],
        "ledger_total": [
            booked(date(2026, 5, 31), "income", "total", "120.00"),
            booked(date(2026, 5, 31), "receivable", "total", "100.00"),
            booked(date(2026, 5, 20), "income", "journal", "20.00"),
        ],
    }
    world = kit.build(folder, rows)
    world.reconcile()
    run = world.operations.begin_run("sync", Clock())
    told = {"run_id": run, "connection": "till", "stream": "ledger_month", "verdict": "unproven"}
    told |= {"rows": 0, "keys": 0, "requests": 1, "bytes": 0, "reason": DENIED, "at": "2026-06-01T00:00:00Z"}
    with world.operations.transaction() as connection:
        connection.execute(tables.stream_run.insert().values(**told))
    world.close()
    (folder / "closedloop.yaml").write_text(YAML)

    def run_verb(*arguments):
        done = CliRunner().invoke(app, ["--config", str(folder / "closedloop.yaml"), *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    run_verb.folder = folder
    return run_verb


def test_differences_are_named_and_a_ledger_that_is_not_read_says_why(closedloop):
    said = closedloop("tie-out")
    line = next(line for line in said.splitlines() if "2026-05" in line and "src" in line)
    assert "100.00" in line
    assert "120.00" in line
    assert "income: journals 20.00" in line
    assert "explained" in line
    assert f"till: its own accounts are not read: {DENIED}" in said


def test_machines_and_files_get_every_column(closedloop):
    found = json.loads(closedloop("--json", "tie-out", "--months", "0"))
    file = closedloop.folder / "months.csv"
    assert "wrote" in closedloop("tie-out", "--csv", str(file))
    written = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))

    assert found["not_read"] == {"till": DENIED}
    states = {(row["source"], row["month"][:7]): row["state"] for row in found["months"]}
    assert states == {("src", "2026-05"): "explained", ("till", "2026-05"): "not_read"}
    assert [row["ledger_income"] for row in found["months"]] == [12000, None]
    assert [row["income_journals"] for row in written] == ["2000", ""]
