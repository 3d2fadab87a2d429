import io
import json
import sys
from dataclasses import dataclass, replace

import pytest

from closedloop.sandbox import marketo
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from tap_marketo.catalog import STREAMS, schema
from tap_marketo.tap import TapMarketo


def few(world, events):
    """The first events of a world, and one that is still to come."""
    kept = (*world.events[: events - 1], world.events[-1])
    keys = {event.key for event in kept}
    there = tuple(one for one in world.registrations if one.event in keys)
    return replace(world, events=kept, registrations=there)


WORLD = few(as_members(generate(5, 0.06), unknown="lead"), 4)


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

    def by_key(self, stream):
        """What a target would hold: later rows over earlier ones."""
        held = {}
        for record in self.records(stream):
            key = record[STREAMS[stream].key]
            held[key] = {**held.get(key, {}), **record}
        return held

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
                "key_properties": [source.key],
                "replication_method": "INCREMENTAL" if source.cursor else "FULL_TABLE",
                "replication_key": source.cursor,
                "metadata": [{"breadcrumb": [], "metadata": {"selected": name in streams}}],
            }
            for name, source in STREAMS.items()
        ]
    }


@pytest.fixture
def no_waiting(monkeypatch):
    """Waits are asked for, not slept through."""
    waits = []
    monkeypatch.setattr("closedloop.kit.http.time.sleep", waits.append)
    return waits


@pytest.fixture(scope="module")
def world():
    return WORLD


@pytest.fixture
def served(world):
    """A subscription over the world."""
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000)) as simulator:
        simulator.advance(7200)  # the world's last registrations are of the hour of its end
        yield simulator


@pytest.fixture
def tap(tmp_path, monkeypatch, no_waiting):
    """Run the tap's command line in this process."""

    def run(simulator, *args, state=None, select=None, **config):
        settings = {**simulator.settings, "closedloop_protocol": True} | config
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
                TapMarketo.cli(argv)
            out.flush()
        text = out.buffer.getvalue().decode()
        lines = [
            json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")
        ]
        return Run(code=int(end.value.code or 0), lines=lines, text=text, error=err.getvalue())

    return run


@pytest.fixture
def read(served, tap):
    """Run the tap on the subscription."""
    return lambda *args, **more: tap(served, *args, **more)
