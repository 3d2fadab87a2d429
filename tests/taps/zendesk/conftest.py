import io
import json
import sys
from dataclasses import dataclass

import pytest

from closedloop.sandbox import zendesk
from closedloop.sandbox.world import generate
from tap_zendesk.catalog import ENDPOINTS, schema
from tap_zendesk.tap import TapZendesk

WORLD = generate(5, 0.06)


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
    return {
        "streams": [
            {
                "tap_stream_id": name,
                "stream": name,
                "schema": schema(name),
                "key_properties": ["id"],
                "replication_method": "FULL_TABLE" if ENDPOINTS[name].read == "list" else "INCREMENTAL",
                "replication_key": None if ENDPOINTS[name].read == "list" else "updated_at",
                "metadata": [{"breadcrumb": [], "metadata": {"selected": name in streams}}],
            }
            for name in ENDPOINTS
        ]
    }


@pytest.fixture
def waits(monkeypatch):
    """Waits are asked for, not slept through; each moves the simulator's clock."""
    asked = []
    monkeypatch.setattr("closedloop.kit.http.time.sleep", asked.append)
    return asked


@pytest.fixture
def serve():
    """Start a simulator; every one is ended."""
    started = []

    def start(**options):
        started.append(zendesk.serve(WORLD, options=zendesk.Options(**options)))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def desk(serve):
    return serve(export_limit=1000)


@pytest.fixture
def tap(tmp_path, monkeypatch, waits):
    """Run the tap's command line in this process against a simulator."""

    def run(served, *args, state=None, select=None, **config):
        settings = {**served.settings, "closedloop_protocol": True, "exports_a_minute": 1000} | config
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
                TapZendesk.cli(argv)
            out.flush()
        text = out.buffer.getvalue().decode()
        lines = [
            json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")
        ]
        return Run(code=int(end.value.code or 0), lines=lines, text=text, error=err.getvalue())

    return run
