import io
import json
import os
import sys
from dataclasses import dataclass

import pytest

from tap_leadlist.tap import TapLeadlist


@dataclass
class Run:
    """What a run of the tap wrote, and how it ended."""

    code: int
    lines: list[dict]
    error: str

    def of(self, kind, stream=None):
        return [m for m in self.lines if m.get("type") == kind and stream in (None, m.get("stream"))]

    def records(self, stream="attendees"):
        return [m["record"] for m in self.of("RECORD", stream)]

    @property
    def people(self):
        return [one for one in self.records() if "_sdc_deleted_at" not in one]

    @property
    def gone(self):
        return [one["id"] for one in self.records() if "_sdc_deleted_at" in one]

    @property
    def refused(self):
        return {(m["stream"], m["key"]): m["reason"] for m in self.of("QUARANTINE")}

    @property
    def state(self):
        return self.of("STATE")[-1]["value"]

    @property
    def stopped(self):
        return json.loads(self.error.strip().splitlines()[-1])


@pytest.fixture
def folder(tmp_path):
    """The watched folder; what is put there has lain there for an hour."""
    place = tmp_path / "leads"
    place.mkdir()
    return place


@pytest.fixture
def put(folder, clock):
    def write(name, data, *, age=3600):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        at = clock["now"] - age
        os.utime(path, (at, at))

    return write


@pytest.fixture
def clock(monkeypatch):
    """Time as the tap sees it, in seconds."""
    now = {"now": 1_790_000_000.0}
    monkeypatch.setattr("tap_leadlist.tap.time.time", lambda: now["now"])
    return now


@pytest.fixture
def tap(tmp_path, folder, monkeypatch, clock):
    """Run the tap's command line in this process."""

    def run(*args, state=None, **config):
        clock["now"] += 3600
        settings = {"files": str(folder / "**" / "*.*"), "closedloop_protocol": True} | config
        (tmp_path / "config.json").write_text(json.dumps(settings))
        argv = ["--config", str(tmp_path / "config.json"), *args]
        if state is not None:
            (tmp_path / "state.json").write_text(json.dumps(state))
            argv += ["--state", str(tmp_path / "state.json")]
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                TapLeadlist.cli(argv)
            out.flush()
        text = out.buffer.getvalue().decode()
        return Run(
            code=int(end.value.code or 0),
            lines=[json.loads(line) for line in text.splitlines()],
            error=err.getvalue(),
        )

    return run
