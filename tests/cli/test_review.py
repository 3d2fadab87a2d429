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
    first = next(row for row in queue["candidates"] if row["kind"] != "person_person")

    out = tmp_path / "queue.csv"
    shell.run("review", "--csv", str(out), code=0)
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == queue["all"]
    pair = first["left_key"], first["right_key"]
    chosen = next(row for row in rows if (row["left_key"], row["right_key"]) == pair)
    chosen |= {"verb": "accept", "why": "same street"}
    with out.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    shell.run("review", "--apply", str(out), "--who", "Ann", code=0)
    shell.run("reconcile", code=0)

    told = json.loads(shell.run("--json", "explain", "link", first["left_key"], code=0).stdout)
    assert told["linked"] == [["reject", first["kind"], first["right_key"]]]
    assert "Decided by Ann." in told["evidence"]
    assert [one["why"] for one in told["decisions"]] == ["same street"]

    shell.run("review", "split", first["left_key"], "--who", "Bob", code=0)
    shell.run("reconcile", code=0)
    again = shell.run("review", "--limit", "999", code=0).stdout
    assert f"{first['left_key']} {first['right_key']}" not in again
    assert "Bob" in shell.run("review", "history", first["left_key"], code=0).stdout
    assert "are needed to learn from" in shell.run("link", "train", code=2).stderr
    assert "link train" in shell.run("link", "adopt", code=2).stderr
    shell.run("link", "refresh", code=0)

    assert "closedloop review" in shell.run("review", "accept", "books:x/1", "crm:x/2", code=2).stderr
    assert "linked to nothing" in shell.run("review", "split", "books:x/1", code=2).stderr
    assert "nothing is known" in shell.run("explain", "link", "books:x/1", code=2).stderr


def test_links_and_decisions_outlive_a_renamed_connection(shell, tmp_path):
    shell = shell.without_writeback
    shell.run("sync", code=0)
    shell.run("reconcile", code=0)
    store = next(tmp_path.rglob("store.duckdb"))

    def links(**old):
        with duckdb.connect(str(store), read_only=True) as opened:
            found = opened.execute(
                "select customer_key, account_key, rule from link.link_customer_account"
            ).fetchall()
        return sorted(
            (left, right.replace(old.get("new", "crm:"), "crm:", 1), rule) for left, right, rule in found
        )

    left, right, _ = links()[0]
    other = next(account for customer, account, _ in links() if account != right)
    shell.run("review", "accept", left, other, "--who", "Ann", code=0)
    shell.run("reconcile", code=0)
    before = links()
    assert (left, other, "decision") in before
    told = shell.run("connection", "rename", "crm", "sales", code=0).stdout
    assert "call it sales under `connections:`" in told
    assert "call it sales" in shell.run("sync", code=2).stderr
    shell = shell.edited("  crm:", "  sales:")
    shell.run("reconcile", code=0)
    assert links(new="sales:") == before
    assert "1" in shell.run("review", "history", left, code=0).stdout
    shell.run("sync", code=0)  # goes on where the old name stopped
    assert "is taken" in shell.run("connection", "rename", "sales", "books", code=2).stderr
