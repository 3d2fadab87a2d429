import io
import json
import sys
from dataclasses import dataclass

import pytest
import responses
from tests.taps.salesforce.fake import URL, FakeSalesforce

from tap_salesforce.tap import TapSalesforce


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
    from tap_salesforce.catalog import ENTITIES, schema

    return {
        "streams": [
            {
                "tap_stream_id": name,
                "stream": name,
                "schema": schema(name),
                "key_properties": ["Id"],
                "replication_method": "INCREMENTAL" if entity.cursor else "FULL_TABLE",
                "replication_key": entity.cursor,
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
            for name, entity in ENTITIES.items()
            if name in streams
        ]
    }


@pytest.fixture
def mock():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def salesforce(mock):
    return FakeSalesforce(mock)


@pytest.fixture
def no_waiting(monkeypatch):
    """Waits are asked for, not slept through."""
    waits = []
    monkeypatch.setattr("closedloop.kit.http.time.sleep", waits.append)
    return waits


@pytest.fixture
def tap(tmp_path, monkeypatch, no_waiting):
    """Run the tap's command line in this process."""

    def run(*args, state=None, select=None, catalog=None, **config):
        settings = {
            "url": URL,
            "client_id": "app-123456",
            "client_secret": "secret-123456",
            "closedloop_protocol": True,
        } | config
        kept = {name: value for name, value in settings.items() if value is not None}
        (tmp_path / "config.json").write_text(json.dumps(kept))
        argv = ["--config", str(tmp_path / "config.json"), *args]
        if state is not None:
            (tmp_path / "state.json").write_text(json.dumps(state))
            argv += ["--state", str(tmp_path / "state.json")]
        if select is not None:
            catalog = only(*select)
        if catalog is not None:
            (tmp_path / "catalog.json").write_text(json.dumps(catalog))
            argv += ["--catalog", str(tmp_path / "catalog.json")]
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                TapSalesforce.cli(argv)
            out.flush()
        text = out.buffer.getvalue().decode()
        lines = [
            json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")
        ]
        return Run(code=int(end.value.code or 0), lines=lines, text=text, error=err.getvalue())

    return run
