"""A volume that is full, read-only or broken: it is said what to do, and nothing that was acknowledged is lost."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.extract.spool import Spool
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

TAP = """\
import json, pathlib, sys
bad = pathlib.Path(sys.argv[0]).with_name("wide").exists()
state = json.loads(pathlib.Path(sys.argv[sys.argv.index("--state") + 1]).read_text()) if "--state" in sys.argv else {}
start = state.get("bookmarks", {}).get("lead", {}).get("id", 0)
say = lambda one: print(json.dumps(one), flush=True)
schema = {"properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}
if "--discover" in sys.argv:
    say({"streams": [{"tap_stream_id": "lead", "stream": "lead", "schema": schema, "key_properties": ["id"]}]})
    sys.exit()
say({"type": "SCHEMA", "stream": "lead", "schema": schema, "key_properties": ["id"]})
for n in range(start, start + (4000 if bad else 20)):
    say({"type": "RECORD", "stream": "lead", "record": {"id": n, "text": f"{n:07}" * (800 if bad else 1)}})
say({"type": "STATE", "value": {"bookmarks": {"lead": {"id": n + 1}}}})
"""
CONFIG = """\
company: {{currency: USD, time_zone: UTC}}
home: {home}
connections:
  src: {{connector: singer, executable: [{python}, {tap}], staging: {staging}}}
"""


class Home:
    """A home, and the verbs on it."""

    def __init__(self, folder, home):
        self.folder, self.home = folder, home
        (folder / "tap.py").write_text(TAP)
        (folder / "staging").mkdir()
        self.config = folder / "closedloop.yaml"
        names = {
            "home": home,
            "python": sys.executable,
            "tap": folder / "tap.py",
            "staging": folder / "staging",
        }
        self.config.write_text(CONFIG.format(**names))

    def run(self, *verb, code=0):
        done = CliRunner().invoke(app, ["--config", str(self.config), *verb])
        assert done.exit_code == code, done.output
        assert "Traceback" not in done.output
        assert "closedloop itself failed" not in done.output
        return done.output

    def process(self, *verb, code, **environment):
        command = [sys.executable, "-m", "closedloop", "--config", str(self.config), *verb]
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def rows(self):
        with duckdb.connect(str(self.home / "store.duckdb"), read_only=True) as store:
            return store.execute("select count(*), count(distinct id), max(id) from raw_src.lead").fetchone()

    def runs(self):
        operations = Operations.open(self.home / "operations.db")
        with operations.reading() as connection:
            found = connection.execute(select(tables.run.c.state).order_by(tables.run.c.id)).scalars().all()
        operations.close()
        return list(found)


@pytest.fixture
def made(tmp_path):
    return Home(tmp_path, tmp_path / "home")


@contextmanager
def volume(size):
    """Mount a small volume meanwhile; skipped where that is not allowed."""
    folder = Path(tempfile.mkdtemp(prefix="closedloop-volume-"))
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small volume")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "closedloop", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no volume can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_volume_stops_the_run_and_the_next_one_goes_on(tmp_path):
    with volume("12m") as folder:
        made = Home(tmp_path, folder / "home")
        made.run("sync")
        (tmp_path / "wide").touch()
        assert "space" in made.process("sync", code=4)
        assert made.rows() == (20, 20, 19), "what was acknowledged is there, and nothing by halves"

        remount(folder, "size=200m")
        made.run("sync")
        assert made.rows() == (4020, 4020, 4019)
        assert "running" not in made.runs()


def test_a_full_volume_is_told_by_the_operational_database_too(tmp_path):
    with volume("6m") as folder:
        made = Home(tmp_path, folder / "home")
        made.run("sync")
        rest = folder / "filler"
        with suppress(OSError), rest.open("wb", 0) as file:
            while True:
                file.write(bytes(4096))
        said = made.run("sync", code=4)
        assert "full" in said
        rest.unlink()
        made.run("sync")
        assert made.rows() == (40, 40, 39)


def test_a_read_only_volume_is_named(tmp_path):
    with volume("50m") as folder:
        made = Home(tmp_path, folder / "home")
        made.run("sync")
        remount(folder, "ro")
        for verb in ("sync", "status"):
            assert "can be written" in made.run(verb, code=4)
        remount(folder, "rw")
        made.run("sync")
        assert made.rows() == (40, 40, 39)


@pytest.mark.parametrize(
    "harm",
    [
        "cut",
        *(
            pytest.param(harm, marks=pytest.mark.long)
            for harm in ("empty", "overwritten head", "overwritten middle")
        ),
    ],
)
def test_a_damaged_store_is_set_aside_and_read_again_and_what_is_precious_stays(made, harm):
    made.run("sync")
    path = made.home / "store.duckdb"
    with path.open("r+b") as file:
        if harm in {"cut", "empty"}:
            file.truncate(0 if harm == "empty" else path.stat().st_size // 2)
        else:
            file.seek(0 if harm.endswith("head") else 12_288)
            file.write(os.urandom(path.stat().st_size - file.tell() if harm.endswith("middle") else 8192))
    before = made.runs()

    if harm.endswith("head"):
        assert "sets the file aside" in made.run("breaks", code=2), "a verb that only reads changes nothing"
    done = CliRunner().invoke(app, ["--config", str(made.config), "sync"])
    if done.exit_code:  # it showed only when a row was read
        assert "run it again" in done.output
        made.run("sync")

    assert made.rows()[0] == 20, "read again from the beginning"
    assert len(list(made.home.glob("store.duckdb.broken-*"))) == 1
    assert made.runs()[: len(before)] == before


def sealed_by_a_killed_run(made):
    """Leave a segment sealed and not landed, as a kill does."""
    made.process("sync", code=-9, CLOSEDLOOP_FAILPOINT="extract.sealed:1:self")
    (part,) = made.home.glob("spool/src/*.sealed/*.jsonl")
    return part


@pytest.mark.parametrize(
    "harm",
    ["a line lost", *(pytest.param(harm, marks=pytest.mark.long) for harm in ("a byte changed", "gone"))],
)
def test_a_damaged_segment_does_not_land_and_is_read_again(made, harm):
    part = sealed_by_a_killed_run(made)
    text = part.read_bytes()
    if harm == "gone":
        part.unlink()
    elif harm == "a line lost":
        part.write_bytes(text[text.index(b"\n") + 1 :])
    else:
        part.write_bytes(text.replace(b"0000007", b"0000009", 1))

    made.run("sync")

    assert made.rows() == (20, 20, 19)
    with duckdb.connect(str(made.home / "store.duckdb"), read_only=True) as store:
        assert store.execute(
            "select count(*) from raw_src.lead where text = lpad(id::varchar, 7, '0')"
        ).fetchone() == (20,)
    assert not list(made.home.glob("spool/src/*"))


@pytest.mark.long
def test_a_segment_that_is_as_it_was_written_lands(made):
    sealed_by_a_killed_run(made)
    store = Store.open(made.home / "store.duckdb")
    ((_, manifest),) = Spool(made.home / "spool" / "src", store.identity).sealed()
    store.close()

    assert [len(files.sums) for files in manifest.files if files.parts] == [1]


def test_runs_keep_their_order_when_the_clock_is_set_back(tmp_path):
    operations, clock = (
        Operations.open(tmp_path / "operations.db"),
        Clock(start=datetime(2026, 5, 1, tzinfo=UTC)),
    )
    ids = [operations.begin_run("sync", clock)]
    for back in (0, 3600, 86_400):
        clock.start -= timedelta(seconds=back)
        ids.append(operations.begin_run("sync", clock))
    operations.close()

    assert ids == sorted(set(ids))
