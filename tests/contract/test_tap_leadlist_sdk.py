"""The SDK's own contract suite, and the command line as Meltano calls it, over lists of the generated world."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.log import configure
from closedloop.sandbox import leadlist
from closedloop.sandbox.world import generate
from tap_leadlist.tap import TapLeadlist

configure(level="ERROR")  # else the log of the tap that the suite makes here would go to stdout
FOLDER = tempfile.TemporaryDirectory()
leadlist.write(generate(5, 0.05), Path(FOLDER.name))
Path(FOLDER.name, "0-webinar.csv").write_text(
    "Email,Job Title,Mobile,Minutes\na@x.com,CEO,+1 312 555 0100,12\n"
)
CONFIG = {"files": f"{FOLDER.name}/*.*", "settle_seconds": 0}

TestTapLeadlistContract = get_tap_test_class(
    TapLeadlist,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=10, ignore_no_records_for_streams=["files"]),
)


@pytest.fixture(scope="module", autouse=True)
def _closing():
    yield
    FOLDER.cleanup()


@pytest.fixture
def command(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))

    def run(*args, config=True):
        argv = [sys.executable, "-m", "tap_leadlist", *(["--config", str(path)] if config else []), *args]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_about_documents_every_setting_of_ours(command):
    done = command("--about", "--format", "json", config=False)

    about = json.loads(done.stdout)
    described = about["settings"]["properties"]
    assert (done.returncode, about["name"]) == (0, "tap-leadlist")
    assert {"files", "columns", "campaigns", "closedloop_protocol"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)


def test_a_plain_run_writes_singer_to_stdout_and_json_to_stderr(command):
    done = command()

    assert done.returncode == 0
    assert {json.loads(line)["type"] for line in done.stdout.splitlines()} == {"SCHEMA", "RECORD", "STATE"}
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())
