"""A daemon as a real process, over a tap that costs nothing."""

import json
import os
import signal
import subprocess
import sys

import pytest

TAP = """\
import json
for message in (
    {"type": "SCHEMA", "stream": "lead", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": ["id"]},
    {"type": "RECORD", "stream": "lead", "record": {"id": 1}},
    {"type": "STATE", "value": {"bookmarks": {}}},
):
    print(json.dumps(message), flush=True)
"""
#: Says so when it is asked to end, and never ends by itself.
ENDLESS = """\
import signal, sys
sys.stderr.write("tap waits\\n")
sys.stderr.flush()
signal.pause()
"""
CONFIG = """\
company: {currency: USD, time_zone: UTC}
connections:
  src:
    connector: singer
    executable: [PYTHON, TAP]
    staging: staging
    schedule: "0 0 1 1 *"
service: {reconcile_schedule: "0 0 30 2 *", port: 0, lease_seconds: 5}
"""


class Process:
    """One running daemon, read by its log."""

    def __init__(self, config, verb="daemon"):
        command = [sys.executable, "-m", "closedloop", "--config", str(config), verb]
        self.child = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ}, text=True)
        self.seen = []

    def until(self, event):
        """Read the log up to an event and return it."""
        for line in self.child.stderr:
            said = json.loads(line) if line.startswith("{") else {"event": line}
            self.seen.append(said)
            if said["event"] == event:
                return said
        pytest.fail(f"{event} never came: {self.seen}")

    def until_text(self, text):
        """Read the log up to an event that holds ``text``."""
        for line in self.child.stderr:
            if text in line:
                return
        pytest.fail(f"{text} never came")

    def signal(self, number):
        self.child.send_signal(number)

    def end(self):
        self.signal(signal.SIGTERM)
        rest = self.child.communicate(timeout=120)[1]
        self.seen += [json.loads(line) for line in rest.splitlines() if line.startswith("{")]
        return self.child.returncode


@pytest.fixture
def config(tmp_path):
    (tmp_path / "tap.py").write_text(TAP)
    (tmp_path / "staging").mkdir()
    path = tmp_path / "closedloop.yaml"
    path.write_text(CONFIG.replace("PYTHON", sys.executable).replace("TAP", str(tmp_path / "tap.py")))
    return path


@pytest.fixture
def daemon(config):
    started = []

    def start(verb="daemon"):
        started.append(Process(config, verb))
        return started[-1]

    yield start
    for process in started:
        if process.child.poll() is None:
            process.child.kill()
        process.child.communicate()
