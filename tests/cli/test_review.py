"""The review queue on the command line: shown, written as CSV, decided, obeyed, explained."""

import csv
import json

import duckdb
import pytest
from tests.cli.conftest import EXACT

pytestmark = pytest.mark.long


def test_a_doubtful_link_is_decided_by_file_and_by_command_and_explained(shell, tmp_path):
    shell = shell.without_writeback.edited(EXACT, "")
    shell.run("run", code=0)
    queue = json.loads(shell.run("--json", "review", "--limit", "999", code=0).stdout)
    stakes = [row["at_stake"] for row in queue["candidates"]]
    assert stakes == sorted(stakes, reverse=True)
    assert queue["all"] == len(stakes) > 1
    first = queue["candidates"][0]

    out = tmp_path / "queue.csv"
    shell.run("review", "--csv", str(out), code=0)
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == queue["all"]
    rows[0] |= {"verb": "accept", "why": "same street"}
    with out.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    shell.run("review", "--apply", str(out), "--who", "Ann", code=0)
    shell.run("reconcile", code=0)

    told = json.loads(shell.run("--json", "explain", "link", first["left_key"], code=0).stdout)
    assert told["linked"] == [["reject", first["kind"], first["right_key"]]]
    assert told["evidence"] == ["Decided by Ann."]
    assert [one["why"] for one in told["decisions"]] == ["same street"]

    shell.run("review", "split", first["left_key"], "--who", "Bob", code=0)
    shell.run("reconcile", code=0)
    again = shell.run("review", "--limit", "999", code=0).stdout
    assert f"{first['left_key']} {first['right_key']}" not in again
    assert "Bob" in shell.run("review", "history", first["left_key"], code=0).stdout
    with duckdb.connect(str(next(tmp_path.rglob("store.duckdb"))), read_only=True) as store:
        [customer, account] = store.execute(
            "select l, r from linkage.company_pair order by weight desc"
        ).fetchall()[0]
    shell.run("review", "accept", customer, account, "--who", "Ann", code=0)
    learnt = tmp_path / "company.json"
    assert "learnt from" in shell.run("link", "train", "--out", str(learnt), code=0).stdout
    assert json.loads(learnt.read_text())["comparisons"]
    shell.run("link", "refresh", code=0)

    assert "closedloop review" in shell.run("review", "accept", "books:x/1", "crm:x/2", code=2).stderr
    assert "linked to nothing" in shell.run("review", "split", "books:x/1", code=2).stderr
    assert "nothing is known" in shell.run("explain", "link", "books:x/1", code=2).stderr
