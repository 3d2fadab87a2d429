"""The SDK's own contract suite, and the command line as Meltano calls it, over the simulator."""

import json
import subprocess
import sys

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.sandbox import xero
from closedloop.sandbox.world import generate
from tap_xero.catalog import ENDPOINTS, MONTHS
from tap_xero.tap import TapXero

SERVER = xero.serve(generate(5, 0.05), options=xero.Options(minute_limit=100_000, day_limit=100_000))
CONFIG = {
    "url": SERVER.url,
    "identity_url": SERVER.url,
    "client_id": SERVER.client_id,
    "client_secret": SERVER.client_secret,
    "grant": "client_credentials",
}

TestTapXeroContract = get_tap_test_class(
    TapXero,
    config=CONFIG,
    suite_config=SuiteConfig(
        max_records_limit=10,
        ignore_no_records_for_streams=[
            "prepayments",
            "overpayments",
            "manual_journals",
            "bank_transactions",
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
        argv = [sys.executable, "-m", "tap_xero", *(["--config", str(path)] if config else []), *args]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_about_documents_every_setting_of_ours(command):
    done = command("--about", "--format", "json", config=False)

    about = json.loads(done.stdout)
    described = about["settings"]["properties"]
    assert (done.returncode, about["name"]) == (0, "tap-xero")
    assert {"client_id", "grant", "token_folder", "day_reserve", "closedloop_protocol"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)


def test_discover_prints_a_catalog_and_nothing_else(command):
    done = command("--discover")

    streams = {stream["stream"] for stream in json.loads(done.stdout)["streams"]}
    assert (done.returncode, streams) == (0, {*ENDPOINTS, MONTHS})


def test_a_plain_run_writes_singer_to_stdout_and_json_to_stderr(command):
    done = command()

    assert done.returncode == 0
    assert {json.loads(line)["type"] for line in done.stdout.splitlines()} == {"SCHEMA", "RECORD", "STATE"}
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())
