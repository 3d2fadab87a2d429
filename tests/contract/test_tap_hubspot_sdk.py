"""The SDK's own contract suite, and the command line as Meltano calls it, over the simulator."""

import json
import subprocess
import sys

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.sandbox import hubspot
from closedloop.sandbox.hubspot.options import Options
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from tap_hubspot.catalog import STREAMS
from tap_hubspot.tap import TapHubspot

SERVER = hubspot.serve(
    as_members(generate(5, 0.05), unknown="contact"),
    options=Options(ten_second_limit=100_000, search_limit=100_000),
)
CONFIG = {"url": SERVER.url, "access_token": SERVER.token}


class Everything(TapHubspot):
    """With the streams that are read only if asked for."""

    def discover_streams(self):
        streams = super().discover_streams()
        for stream in streams:
            stream.selected_by_default = True
        return streams


TestTapHubspotContract = get_tap_test_class(
    Everything,
    config=CONFIG,
    suite_config=SuiteConfig(
        max_records_limit=10,
        ignore_no_records_for_streams=[
            "tickets",
            "form_submissions",
            "subscriptions",
            "list_memberships",
            "lists",
            "forms",
            "leads",
            *(name for name in STREAMS if "_to_" in name),
        ],
    ),
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
        argv = [sys.executable, "-m", "tap_hubspot", *(["--config", str(path)] if config else []), *args]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_about_documents_every_setting_of_ours_and_the_scopes(command):
    done = command("--about", "--format", "json", config=False)

    about = json.loads(done.stdout)
    described = about["settings"]["properties"]
    assert (done.returncode, about["name"]) == (0, "tap-hubspot")
    assert {"access_token", "api", "token_folder", "day_reserve", "closedloop_protocol"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)
    for source in STREAMS.values():
        assert source.scope == "oauth" or source.scope in about["description"]
    assert "calculated" in about["description"]


def test_discover_prints_a_catalog_and_nothing_else(command):
    done = command("--discover")

    streams = {stream["stream"]: stream for stream in json.loads(done.stdout)["streams"]}
    assert (done.returncode, streams.keys()) == (0, STREAMS.keys())
    selected = {
        name: next(one["metadata"] for one in stream["metadata"] if one["breadcrumb"] == [])["selected"]
        for name, stream in streams.items()
    }
    assert selected == {name: source.default for name, source in STREAMS.items()}


def test_a_plain_run_writes_singer_to_stdout_and_json_to_stderr(command):
    done = command()

    assert done.returncode == 0
    assert {json.loads(line)["type"] for line in done.stdout.splitlines()} == {"SCHEMA", "RECORD", "STATE"}
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())
