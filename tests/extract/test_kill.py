"""Killed at any named place, the next run makes rows, state and quarantine as if it had never happened."""

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest
from tests.extract.support import HERE, Place, install, stream

import closedloop.extract

SOURCE = Path(closedloop.extract.__file__).parent
POINTS = sorted(
    name for file in SOURCE.glob("*.py") for name in re.findall(r'failpoint\("([\w.]+)"\)', file.read_text())
)
VICTIMS = ("self", "child", "group")
#: One victim each, and all three where the most is at stake.
CASES = sorted(
    set(zip(POINTS, cycle(VICTIMS), strict=False))
    | {(name, victim) for name in ("extract.sealed", "extract.before_commit") for victim in VICTIMS}
)
BEFORE = {"streams": {"lead": stream((1, 1, "a"), (2, 2, "b"), (3, 3, "c")), "deal": stream((1, 1, "x"))}}
AFTER = {
    "streams": {
        "lead": stream((1, 1, "a"), (3, 4, "changed"), (4, 5, "new"), (5, 6, "newer"), (6, 7, "newest"), (7, 8, "last")),
        "deal": stream((1, 2, "y"), (2, 3, "z"), (3, 4.5, "no whole number"), (4, 5, "w")),
    },
    "lines": [
{"type": "SCHEMA", "stream": "odd", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": ["id"]},
        '{"type":"RECORD","stream":"odd","record":[1]}',
        '{"type":"RECORD","stream":"odd","record":{"id":1}}',
        {"type": "PROOF", "stream": "odd", "source_count": 2},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that reads once, perhaps killed, and returns the exit status."""
    path = install(tmp_path_factory.mktemp("site"))
    root = str(HERE.parent.parent)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((path, root)),
        "CLOSEDLOOP_CLOCK": "2026-11-21T00:00:00Z",
    }
    worker = subprocess.Popen(
        [sys.executable, HERE / "killable.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=environment, text=True,
    )  # fmt: skip

    def read(home, **environment):
        worker.stdin.write(json.dumps({"home": str(home), "environment": environment}) + "\n")
        worker.stdin.flush()
        return int(worker.stdout.readline())

    yield read
    worker.stdin.close()
    worker.stdout.close()
    assert worker.wait() == 0


@pytest.fixture(scope="module")
def before(run, tmp_path_factory):
    """A home that has been read once, with a second version of the source to come."""
    home = tmp_path_factory.mktemp("home")
    (home / "script.json").write_text(json.dumps(BEFORE))
    assert run(home) == 0
    (home / "script.json").write_text(json.dumps(AFTER))
    return home


@pytest.fixture(scope="module")
def never_killed(run, before, tmp_path_factory):
    home = shutil.copytree(before, tmp_path_factory.mktemp("whole") / "home")
    # An hour later, like those that were killed: of two reads at one moment neither is the last.
    log = str(home / "hits")
    assert run(home, CLOSEDLOOP_FAILPOINT_LOG=log, CLOSEDLOOP_CLOCK="2026-11-21T01:00:00Z") == 0
    return found(home)


@pytest.mark.parametrize(("name", "victim"), CASES)
def test_a_kill_leaves_no_trace(run, before, never_killed, tmp_path, name, victim):  # noqa: PLR0917 (fixtures)
    home = shutil.copytree(before, tmp_path / "home")
    log = home / "hits"
    status = run(home, CLOSEDLOOP_FAILPOINT=f"{name}:1:{victim}", CLOSEDLOOP_FAILPOINT_LOG=str(log))
    assert f"{name} killed {victim}" in log.read_text().splitlines()
    assert status in ((0, 1) if victim == "child" else (-9,))

    assert run(home, CLOSEDLOOP_CLOCK="2026-11-21T01:00:00Z") == 0
    assert found(home) == never_killed


def found(home):
    """Everything that must not depend on how often and where a run was killed."""
    place = Place(home=home)
    tables = {
        name: place.store.query(
            f"select * exclude (_loaded_at, _segment) replace (_deleted_at is not null as _deleted_at) "
            f'from raw_src."{name}" order by all'
        )
        for name in place.store.streams("src")
    }
    refused = {
        (row.stream, row.record_key, row.reason, row.record, row.resolved_at) for row in place.quarantine()
    }
    left = sorted(path.name for path in (home / "spool" / "src").iterdir())
    last = {row.stream: (row.verdict, row.held_count) for row in place.stream_runs()}
    state = place.state()
    place.close()
    assert left == []
    return tables, refused, last, state
