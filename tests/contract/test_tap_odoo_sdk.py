"""The SDK's own contract suite, and the command line as Meltano calls it, over a small server on loopback."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import responses
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tests.taps.odoo.fake import URL, FakeOdoo, odoo_fields, row

from tap_odoo.catalog import MODELS
from tap_odoo.tap import TapOdoo


def _served():
    """Return a server with some rows of every model."""
    fake = FakeOdoo(responses.RequestsMock())
    samples = {"char": "text", "integer": 1, "boolean": True, "monetary": 12.5, "date": "2026-01-02"}
    for stream, model in MODELS.items():
        fields = odoo_fields(stream)
        fake.fields[model.name] = {**fields, "analytic_distribution": {"type": "json"}}
        values = {name: samples.get(field["type"], "2026-01-02 10:00:00") for name, field in fields.items()}
        values |= {name: [1, "One"] for name, field in fields.items() if field["type"] == "many2one"}
        values |= {"analytic_distribution": {"7": 100.0}, "res_model": "crm.lead", "model": "crm.lead"}
        values |= {"message_type": "comment", "field_id": 1, "mail_message_id": 1, "company_ids": [1]}
        for name in [n for n, f in fields.items() if "rate" in n and f["type"] == "char"]:
            values[name] = 1.25
        fake.tables[model.name] = [{**values, **row(n)} for n in (1, 2)]
    fake.tables |= {
        "ir.model.fields": [row(1, name="stage_id")],
        "product.product": [row(1, display_name="Booth")],
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(200, {"version_info": [19, 0], "version": "19.0"})

        def do_POST(self):
            self.url = URL + self.path
            self.body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, text = fake.answer(self)
            self.reply(status, None, text, headers)

        def reply(self, status, body, text="", headers=None):
            content = (text or json.dumps(body)).encode()
            self.send_response_only(status)
            for name, value in (headers or fake.headers()).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


SERVER = _served()
CONFIG = {"url": f"http://127.0.0.1:{SERVER.server_port}", "database": "crm", "api_key": "key-123456"}

TestTapOdooContract = get_tap_test_class(
    TapOdoo, config=CONFIG, suite_config=SuiteConfig(max_records_limit=10)
)


@pytest.fixture
def command(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))

    def run(*args, config=True):
        argv = [sys.executable, "-m", "tap_odoo", *(["--config", str(path)] if config else []), *args]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_about_documents_every_setting_of_ours(command):
    done = command("--about", "--format", "json", config=False)

    about = json.loads(done.stdout)
    described = about["settings"]["properties"]
    assert (done.returncode, about["name"]) == (0, "tap-odoo")
    assert {
        "url",
        "api_key",
        "campaign_fields",
        "closedloop_protocol",
        "closedloop_fields",
    } <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)


def test_version_names_the_distribution(command):
    done = command("--version", config=False)

    assert done.returncode == 0
    assert done.stdout.startswith("tap-odoo v")
    assert "detected" not in done.stdout


def test_discover_prints_a_catalog_and_nothing_else(command):
    done = command("--discover")

    streams = {stream["stream"] for stream in json.loads(done.stdout)["streams"]}
    assert (done.returncode, streams) == (0, set(MODELS))


def test_test_reads_one_record_a_stream(command):
    done = command("--test")

    assert done.returncode == 0
    records = [line for line in done.stdout.splitlines() if '"RECORD"' in line]
    assert len(records) == len(MODELS)


def test_a_plain_run_writes_singer_to_stdout_and_json_to_stderr(command):
    done = command()

    assert done.returncode == 0
    assert {json.loads(line)["type"] for line in done.stdout.splitlines()} == {"SCHEMA", "RECORD", "STATE"}
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())
