"""The verbs in the order of use, over one small company: every one works, prints for people and for machines."""

import csv
import json

import pytest

from closedloop.sandbox.odoo import serve


@pytest.fixture
def day(shell_on, small_world):
    """A company that has been provisioned and run once, in a simulator of its own."""
    with serve(small_world) as simulator:
        shell = shell_on(simulator)
        shell.run("provision", code=0)
        shell.run("run", code=0)
        yield shell


def test_a_day(day):
    def machine(*verb, code=0):
        return json.loads(day.run("--json", *verb, code=code).stdout)

    def fields(model):
        rows = day.simulator.records("crm", model)
        return {row["id"]: {name: row[name] for name in row if name.startswith("x_cl_")} for row in rows}

    written = fields("event.event")
    assert day.writes
    assert any(row["x_cl_attendee_ltv"] for row in written.values())

    state = machine("status")
    assert {row["verdict"] for row in state["streams"]} == {"proven"}
    assert [row["state"] for row in state["plans"]] == ["applied"]
    (run,) = (row["id"] for row in state["runs"] if row["kind"] == "run")

    (plan,) = machine("plan")
    assert plan["rows"] == []
    assert "the CRM holds what it should" in day.run("plan", code=0).output

    someone, field = next(
        (key, "x_cl_attendee_ltv") for key, row in written.items() if row["x_cl_attendee_ltv"]
    )
    day.simulator.edit("crm", "event.event", someone, {field: 1.0})
    day.run("sync", "crm", code=0)
    edited = day.run("plan", code=0).output
    assert "keep_theirs" in edited
    day.run("apply", code=0)
    assert fields("event.event")[someone][field] == 1.0

    for kind, name in (("campaign", f"crm:event.event/{someone}"), ("campaign", str(someone))):
        assert machine("explain", kind, name)["children"]
    assert "fix: " in day.run("explain", "campaign", "no such event", code=2).stderr
    broken = machine("breaks")
    assert broken["by_reason"]
    assert broken["total"]["breaks"] == sum(row["breaks"] for row in broken["by_reason"])
    assert broken["total"]["at_stake"] <= sum(row["at_stake"] for row in broken["by_reason"])
    look_at_one(day, machine, broken)
    assert "no break has the reason" in day.run("breaks", "--reason", "nonsense", code=2).stderr

    report = machine("report", "--dir", str(day.folder / "out"))
    assert (day.folder / "out" / "events.csv").exists()
    assert report["page"].endswith("index.html")

    day.run("revert", run, code=0)
    reverted = fields("event.event")
    assert reverted[someone][field] == 1.0, "edited since: left alone"
    assert not any(row[field] for key, row in reverted.items() if key != someone)
    assert "nothing to put back" in day.run("revert", run, code=0).output

    again = day.run("backfill", "crm/event_event", "--since", "2020-01-01", code=0).output
    assert "proven" in again


def test_an_incomplete_stream_stops_the_run_by_name_before_anything_is_computed(shell_on, small_world):
    with serve(small_world) as simulator:
        shell = shell_on(simulator)
        simulator.faults.add(kind="drop_row", model="event.registration", times=1_000)
        shell.run("provision", code=0)
        result = shell.run("run", code=1)
        looked = shell.run("breaks", code=1)

    said = next(line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert said.startswith(
        ("error: sync: crm/event_registration is incomplete", "error: sync: crm/event_registration is failed")
    ), said
    assert "Nothing was computed or written" in said
    assert shell.writes == []
    assert "nothing was reconciled yet" in looked.stderr


def test_provision_also_makes_the_fields_that_hold_budget_and_cost(shell):
    mapped = shell.edited("# campaign_fields: {budget: x_budget", "campaign_fields: {budget: x_own_budget")
    result = mapped.run("provision", code=0)

    assert "x_own_budget" in result.output
    assert "x_own_budget" in shell.simulator.records("crm", "event.event")[0]


def look_at_one(day, machine, broken):
    """One reason, one event, one owner, all in a file, and what healed."""
    reason = broken["by_reason"][0]
    assert machine("breaks", "--reason", reason["reason"])["total"] == {
        "breaks": reason["breaks"],
        "at_stake": reason["at_stake"],
    }
    for option, totals in (("--event", "by_event"), ("--owner", "by_owner")):
        first = next(row for row in broken[totals] if row["key"] and row["broken"])
        total = machine("breaks", option, first["key"])["total"]
        assert (total["breaks"], total["at_stake"]) == (first["broken"], first["at_stake"])
        assert f"there is no {option[2:]} nobody" in day.run("breaks", option, "nobody", code=2).stderr
    said = day.run("breaks", "--csv", str(day.folder / "breaks.csv"), code=0).output
    assert f"wrote {broken['total']['breaks']} breaks" in said
    assert "with a whole chain" in said
    listed = list(csv.DictReader((day.folder / "breaks.csv").read_text(encoding="utf-8").splitlines()))
    assert len(listed) == broken["total"]["breaks"]
    assert all(row["fix"] and row["link"] for row in listed)
    assert "no broken link was found" in day.run("breaks", "--reason", "open_escalation", code=0).output
    assert "no break is known to have healed" in day.run("breaks", "--healed", code=0).output
