"""The SDK's own contract suite, and the command line as Meltano calls it, over the simulator."""

import json
import subprocess
import sys

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.sandbox import zendesk
from closedloop.sandbox.world import generate
from tap_zendesk.tap import TapZendesk

SERVER = zendesk.serve(generate(5, 0.05), options=zendesk.Options(minute_limit=100_000, export_limit=100_000))
CONFIG = {**SERVER.settings, "exports_a_minute": 100_000, "calls_a_minute": 100_000}

TestTapZendeskContract = get_tap_test_class(
    TapZendesk, config=CONFIG, suite_config=SuiteConfig(max_records_limit=10)
)


@pytest.fixture(scope="module", autouse=True)
def _closing():
    yield
    SERVER.close()  # its threads would keep the process alive


def test_about_documents_every_setting_of_ours():
    argv = [sys.executable, "-m", "tap_zendesk", "--about", "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    about = json.loads(done.stdout)
    described = about["settings"]["properties"]
    assert (done.returncode, about["name"]) == (0, "tap-zendesk")
    assert {"client_id", "grant", "escalated_tags", "exports_a_minute"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)
