"""The SDK's own contract suite, and the command line as Meltano calls it, over the simulator."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.sandbox import marketo
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from tap_marketo.catalog import STREAMS
from tap_marketo.tap import TapMarketo

WORLD = as_members(generate(5, 0.02), unknown="lead")
WORLD = replace(
    WORLD,
    events=WORLD.events[:2],
    registrations=tuple(
        one for one in WORLD.registrations if one.event in {event.key for event in WORLD.events[:2]}
    ),
)
SERVER = marketo.serve(WORLD, options=marketo.Options(burst_limit=1_000_000))
CONFIG = {**SERVER.settings, "start_date": "2023-01-01T00:00:00Z", "bulk": "never"}

TestTapMarketoContract = get_tap_test_class(
    TapMarketo, config=CONFIG, suite_config=SuiteConfig(max_records_limit=10)
)


@pytest.fixture(scope="module", autouse=True)
def _closing():
    yield
    SERVER.close()  # its threads would keep the process alive


@pytest.fixture
def command(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))

    def run(*args, config=True):
        argv = [sys.executable, "-m", "tap_marketo", *(["--config", str(path)] if config else []), *args]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.mark.long
def test_about_documents_every_setting_of_ours(command):
    done = command("--about", "--format", "json", config=False)

    about = json.loads(done.stdout)
    described = about["settings"]["properties"]
    assert (done.returncode, about["name"]) == (0, "tap-marketo")
    assert {"client_id", "statuses", "campaigns", "day_reserve", "closedloop_protocol"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)


@pytest.mark.long
def test_discover_prints_a_catalog_and_nothing_else(command):
    done = command("--discover")

    streams = {stream["stream"] for stream in json.loads(done.stdout)["streams"]}
    assert (done.returncode, streams) == (0, set(STREAMS))


def test_a_plain_run_writes_singer_to_stdout_and_json_to_stderr(command):
    done = command()

    assert done.returncode == 0
    assert {json.loads(line)["type"] for line in done.stdout.splitlines()} == {"SCHEMA", "RECORD", "STATE"}
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())
