"""Every line of the log says which run and which connection it belongs to."""

import json

import pytest
from tests.service.conftest import TAP
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.kit.relay import relay
from closedloop.log import configure

#: A tap's own event, one of another run's, and what is no event.
TALK = """\
import json, sys
for said in (json.dumps({"event": "vendor.waits", "level": "warning", "seconds": 3, "run": "theirs"}), "plain words", "{half"):
    print(said, file=sys.stderr)
"""


@pytest.fixture
def lines(config, monkeypatch):
    (config.parent / "tap.py").write_text(TALK + TAP)
    done = CliRunner().invoke(app, ["--config", str(config), "sync"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_each_line_of_a_run_names_it_and_each_line_of_a_connection_too(lines):
    first, last = lines[0], lines[-1]
    assert (first["event"], last["event"]) == ("run.began", "run.ended")
    assert {line["run"] for line in lines} == {first["run"]}, "also what another thread logs"
    inside = [line for line in lines if line["event"] not in {"run.began", "run.ended"}]
    assert inside
    assert {line.get("connection") for line in inside} == {"src"}


def test_a_taps_own_lines_are_passed_on_at_their_level(lines):
    by_name = {line["event"]: line for line in lines}
    assert (by_name["vendor.waits"]["level"], by_name["vendor.waits"]["seconds"]) == ("warning", 3)
    assert {line["text"] for line in lines if line["event"] == "tap.log"} == {"plain words", "{half"}


def test_a_target_is_passed_on_too_its_plain_words_only_for_debugging(capsys):
    configure(level="INFO", json=True)
    event = relay(
        b'{"event": "write.waits", "level": "warning"}\n', connection="crm", name="target.log", level="debug"
    )
    relay(b"Traceback of who knows what\n", connection="crm", name="target.log", level="debug")
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (event["event"], said["event"], said["connection"]) == ("write.waits", "write.waits", "crm")
