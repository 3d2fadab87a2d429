"""Runs a tap's command line in this process, as the tests of its behaviour need it."""

import io
import json
import sys
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import pytest


def long(*values):
    """Values of a parameter that `make test-long` tries: a second case of what CI already shows with the first."""
    return [
        pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=pytest.mark.long) for one in values
    ]


def budget(error):
    """What a tap's log says last of what is left of the vendor's calls: left, allowed, window."""
    said = [json.loads(line) for line in error.splitlines() if '"tap.budget"' in line]
    return tuple(said[-1][name] for name in ("left", "allowed", "window"))


@dataclass
class Run:
    """What a run of a tap wrote, and how it ended."""

    code: int
    lines: list[dict]
    text: str
    error: str

    def of(self, kind, stream=None):
        return [m for m in self.lines if m.get("type") == kind and stream in (None, m.get("stream"))]

    def records(self, stream):
        return [m["record"] for m in self.of("RECORD", stream)]

    def keys(self, stream, key="id"):
        return {record[key] for record in self.records(stream)}

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

    @property
    def checks(self):
        return {line["name"]: line for line in self.lines if "ok" in line}


@cache
def _discovered(tap):
    """The catalog of a tap whose streams are the same for everybody."""
    return tap(config={"access_token": "-"}, validate_config=False, setup_mapper=False).catalog_dict


class Runner:
    """Runs one tap; ``defaults`` are settings that a test need not name."""

    def __init__(self, tap, folder, monkeypatch, defaults):
        self.tap, self.folder, self.monkeypatch = tap, folder, monkeypatch
        self.defaults = {"closedloop_protocol": True, **defaults}

    def __call__(self, *args, state=None, select=None, **config):
        kept = {name: value for name, value in (self.defaults | config).items() if value is not None}
        argv = [*self._file("--config", kept), *args]
        if state is not None:
            argv += self._file("--state", state)
        if select is not None:
            argv += self._file("--catalog", self._catalog(select))
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                self.tap.cli(argv)
            out.flush()
        text = out.buffer.getvalue().decode()
        lines = [json.loads(one) for one in text.splitlines() if one.startswith("{") and one.endswith("}")]
        return Run(code=int(end.value.code or 0), lines=lines, text=text, error=err.getvalue())

    def _catalog(self, select):
        found = deepcopy(_discovered(self.tap))
        for entry in found["streams"]:
            root = next(one for one in entry["metadata"] if not one["breadcrumb"])
            root["metadata"]["selected"] = entry["tap_stream_id"] in select
        return found

    def _file(self, option, value):
        path = self.folder / f"{option.strip('-')}.json"
        path.write_text(json.dumps(value))
        return [option, str(path)]
