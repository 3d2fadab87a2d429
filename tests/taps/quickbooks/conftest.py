import io
import json
import sys
from dataclasses import dataclass

import pytest

from closedloop.sandbox.quickbooks import serve
from closedloop.sandbox.world import generate
from tap_quickbooks.tap import TapQuickBooks


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

    def ids(self, stream):
        return [record["id"] for record in self.records(stream)]

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


@pytest.fixture(scope="session")
def world():
    return generate(3, 0.05)


@pytest.fixture
def books(world):
    with serve(world) as simulator:
        yield simulator


@pytest.fixture
def waits(monkeypatch):
    """Waits are asked for, not slept through."""
    asked = []
    monkeypatch.setattr("closedloop.kit.http.time.sleep", asked.append)
    return asked


def select(*streams):
    """A catalog that selects these streams and no other."""
    found = TapQuickBooks(config={}, validate_config=False).catalog_dict
    for entry in found["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return found


@pytest.fixture
def settings(books, tmp_path):
    return {
        **books.settings,
        "token_folder": str(tmp_path / "tokens"),
        "calls_a_second": 1000,
        "closedloop_protocol": True,
        "closedloop_connection": "books",
    }


@pytest.fixture
def tap(settings, tmp_path, monkeypatch, waits):
    """Run the tap's command line in this process."""

    def run(*args, state=None, only=None, **config):
        given = {k: v for k, v in (settings | config).items() if v is not None}
        (tmp_path / "config.json").write_text(json.dumps(given))
        argv = ["--config", str(tmp_path / "config.json"), *args]
        for name, document in (("state", state), ("catalog", select(*only) if only else None)):
            if document is not None:
                (tmp_path / f"{name}.json").write_text(json.dumps(document))
                argv += [f"--{name}", str(tmp_path / f"{name}.json")]
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                TapQuickBooks.cli(argv)
            out.flush()
        text = out.buffer.getvalue().decode()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return Run(code=int(end.value.code or 0), lines=lines, text=text, error=err.getvalue())

    return run
