"""The SDK's own contract suite, and the command line as Meltano calls it, over the simulator."""

import json
import subprocess
import sys
import tempfile

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.sandbox.quickbooks import serve
from closedloop.sandbox.world import generate
from tap_quickbooks.catalog import ENTITIES, MONTHS, RATES, RULES, SINGLES
from tap_quickbooks.tap import TapQuickBooks

STREAMS = {*ENTITIES, *SINGLES, RATES, RULES, MONTHS}
BOOKS = serve(generate(3, 0.05))
FOLDER = tempfile.TemporaryDirectory()
CONFIG = {**BOOKS.settings, "token_folder": FOLDER.name, "pass_through": ["Freight"]}
BOOKS.create("VendorCredit", {"TotalAmt": "5", "TxnDate": "2026-01-01", "Line": []})
BOOKS.create("JournalEntry", {"TxnDate": "2026-01-01", "Line": []})
BOOKS.create("Deposit", {"TotalAmt": "5", "TxnDate": "2026-01-01", "Line": []})
BOOKS.create("RefundReceipt", {"TotalAmt": "5", "TxnDate": "2026-01-01", "Line": []})
BOOKS.create(
    "ExchangeRate",
    {
        "SourceCurrencyCode": "EUR",
        "TargetCurrencyCode": "USD",
        "Rate": "1.1",
        "AsOfDate": BOOKS.now().date().isoformat(),
    },
)

TestTapQuickBooksContract = get_tap_test_class(
    TapQuickBooks,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=10, ignore_no_records_for_streams=["line_rule"]),
)


@pytest.fixture
def command(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))

    def run(*args, config=True):
        argv = [
            sys.executable,
            "-m",
            "tap_quickbooks",
            *(["--config", str(path)] if config else []),
            *args,
        ]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_about_documents_every_setting_of_ours(command):
    done = command("--about", "--format", "json", config=False)

    about = json.loads(done.stdout)
    described = about["settings"]["properties"]
    assert (done.returncode, about["name"]) == (0, "tap-quickbooks")
    assert {"realm_id", "client_secret", "document_fields", "pass_through"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)


def test_discover_needs_no_token_and_prints_every_stream(command):
    before = len(BOOKS.requests())
    done = command("--discover")

    streams = {stream["stream"] for stream in json.loads(done.stdout)["streams"]}
    assert (done.returncode, streams) == (0, STREAMS)
    assert len(BOOKS.requests()) == before


def test_a_plain_run_writes_singer_to_stdout_and_json_to_stderr(command):
    done = command()

    assert done.returncode == 0
    assert {json.loads(line)["type"] for line in done.stdout.splitlines()} == {"SCHEMA", "RECORD", "STATE"}
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())
