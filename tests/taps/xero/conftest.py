import io
import json
import sys
from dataclasses import dataclass

import pytest
import responses
from tests.taps.xero.fake import URL, FakeXero

from tap_xero.tap import TapXero


@dataclass
class Run:
    """What a run of the tap wrote, and how it ended."""

    code: int
    lines: list[dict]
    text: str
    error: str

    def of(self, kind, stream=None):
        return [m for m in self.lines if m.get("type") == kind and stream in (None, m.get("stream"))]

    def records(self, stream):
        return [m["record"] for m in self.of("RECORD", stream)]

    def proof(self, stream):
        (proof,) = self.of("PROOF", stream)
        return proof

    @property
    def state(self):
        return self.of("STATE")[-1]["value"]

    def bookmark(self, stream):
        return self.state["bookmarks"][stream]

    @property
    def stopped(self):
        line = json.loads(self.error.strip().splitlines()[-1])
        assert line["event"] == "tap.stopped"
        return line


def only(*streams):
    """A catalog that selects these streams."""
    from tap_xero.catalog import ENDPOINTS, MONTHS, schema

    return {
        "streams": [
            {
                "tap_stream_id": name,
                "stream": name,
                "schema": schema(name),
                "key_properties": [ENDPOINTS[name].id],
                "replication_method": "INCREMENTAL" if ENDPOINTS[name].changes else "FULL_TABLE",
                "replication_key": "updated_date_utc" if ENDPOINTS[name].changes else None,
                "metadata": [{"breadcrumb": [], "metadata": {"selected": name in streams}}],
            }
            for name in ENDPOINTS
        ]
        + [
            {
                "tap_stream_id": MONTHS,
                "stream": MONTHS,
                "schema": schema(MONTHS),
                "key_properties": ["id"],
                "replication_method": "INCREMENTAL",
                "replication_key": "read_on",
                "metadata": [{"breadcrumb": [], "metadata": {"selected": MONTHS in streams}}],
            }
        ]
    }


@pytest.fixture
def mock():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def xero(mock):
    return FakeXero(mock)


@pytest.fixture
def no_waiting(monkeypatch):
    """Waits are asked for, not slept through."""
    waits = []
    monkeypatch.setattr("closedloop.kit.http.time.sleep", waits.append)
    return waits


@pytest.fixture
def tap(tmp_path, monkeypatch, no_waiting):
    """Run the tap's command line in this process."""

    def run(*args, state=None, select=None, **config):
        settings = {
            "url": URL,
            "identity_url": URL,
            "client_id": "app-123456",
            "client_secret": "secret-123456",
            "grant": "client_credentials",
            "tenant_id": "tenant-1",
            "closedloop_protocol": True,
        } | config
        kept = {name: value for name, value in settings.items() if value is not None}
        (tmp_path / "config.json").write_text(json.dumps(kept))
        argv = ["--config", str(tmp_path / "config.json"), *args]
        if state is not None:
            (tmp_path / "state.json").write_text(json.dumps(state))
            argv += ["--state", str(tmp_path / "state.json")]
        if select is not None:
            (tmp_path / "catalog.json").write_text(json.dumps(only(*select)))
            argv += ["--catalog", str(tmp_path / "catalog.json")]
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                TapXero.cli(argv)
            out.flush()
        text = out.buffer.getvalue().decode()
        lines = [
            json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")
        ]
        return Run(code=int(end.value.code or 0), lines=lines, text=text, error=err.getvalue())

    return run
