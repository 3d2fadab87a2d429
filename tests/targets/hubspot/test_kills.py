"""The target's process is killed right after HubSpot's answer: the outcome file tells, and nothing is done twice."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import target_hubspot
from closedloop.kit.outcome import State, read_lines
from closedloop.kit.writer import FieldWish
from closedloop.sandbox import hubspot
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from target_hubspot.target import TargetHubspot

UPDATED, RECORDED = "target_hubspot.answered", "target_hubspot.recorded"
TEXT = {"type": ["string", "null"]}


@pytest.fixture(scope="module")
def crm():
    with hubspot.serve(as_members(generate(5, 0.01), unknown="contact")) as simulator:
        yield simulator


@pytest.fixture
def company(crm):
    """Runs the target as the core does, one command after another."""
    return Company(crm)


class Company:
    def __init__(self, crm):
        self.crm = crm

    def config(self, folder):
        path = folder / "config.json"
        outcomes = str(folder / "outcomes" / "run.jsonl")
        config = {"url": self.crm.url, "access_token": self.crm.token, "drain_at_end": False}
        path.write_text(json.dumps({**config, "closedloop_outcomes": outcomes}))
        return path

    def run(self, folder, stream, keys, record, failpoint=""):
        names = [*keys, *record]
        schema = {"properties": dict.fromkeys(names, TEXT)}
        messages = [
            {"type": "SCHEMA", "stream": stream, "key_properties": keys, "schema": schema},
            {"type": "RECORD", "stream": stream, "record": record},
            {"type": "STATE", "value": {"batch": 1}},
        ]
        return subprocess.run(
            [sys.executable, "-m", "target_hubspot", "--config", str(self.config(folder))],
            input="".join(json.dumps(message) + "\n" for message in messages),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CLOSEDLOOP_FAILPOINT": failpoint},
        )

    def lines(self, folder):
        return [(line.phase, line.state) for line in read_lines(folder / "outcomes" / "run.jsonl")]


def test_an_update_whose_answer_died_with_the_process_is_read_back(company, tmp_path):
    (key, *_) = [one.split("/")[1] for one in company.crm.keys["account"].values()]
    writer = TargetHubspot(config={"url": company.crm.url, "access_token": company.crm.token}).writer
    writer.provision(FieldWish(stream="companies", field="cl_x", type="money", label="X"))

    killed = company.run(tmp_path, "companies", ["id"], {"id": key, "cl_x": "12.30"}, UPDATED)

    assert killed.returncode == -signal.SIGKILL
    assert company.lines(tmp_path) == [("intent", None)], "what became of it is not known"
    assert killed.stdout == ""
    held = writer.read("companies", [key], ["cl_x"])[key]
    assert float(held["cl_x"]) == 12.3


def test_an_attendance_whose_answer_died_with_the_process_is_not_recorded_again(company, tmp_path):
    (event, *_) = [one.split("/")[1] for one in company.crm.keys["event"].values()]
    events = company.crm.account.events
    there = events.there.get(event, {})
    contact = next(row["id"] for row in company.crm.records("contacts") if row["id"] not in there)
    before = len(events.timeline)
    keys = ["marketing_event_id", "contact_id"]
    record = dict(zip(keys, (event, contact), strict=True))
    record |= {"attendanceState": "attended", "occurredAt": "2026-05-06T09:30:00Z"}

    killed = company.run(tmp_path, "participations", keys, record, RECORDED)
    again = company.run(tmp_path, "participations", keys, record)

    assert (killed.returncode, again.returncode) == (-signal.SIGKILL, 0), again.stderr
    assert company.lines(tmp_path) == [("intent", None), ("intent", None), ("outcome", State.WRITTEN)]
    assert len(events.timeline) == before + 1


def test_every_failpoint_of_the_target_is_killed_here():
    sources = Path(target_hubspot.__file__).parent.glob("*.py")
    found = {name for path in sources for name in re.findall(r'failpoint\("([\w.]+)"\)', path.read_text())}

    assert found == {UPDATED, RECORDED, "target_hubspot.archived"}  # the last in tests/imports
