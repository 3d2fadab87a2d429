"""A backup comes back row by row, into an empty database or over another one, and is refused when a byte of it is wrong."""

import os
import subprocess
import sys
import zipfile

import msgspec
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.service import backup as backups
from closedloop.service.session import session
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.backup import BackupError


def settings(home):
    return Settings(company={"currency": "USD", "time_zone": "UTC"}, connections={}, home=home)


def fill(opened, decisions=1200):
    run = opened.operations.begin_run("run", opened.clock)
    row = {
        "kind": "person_person",
        "verdict": "accept",
        "who": "Änn",
        "why": "",
        "at": "2026-01-01T00:00:00.000000Z",
    }
    with opened.operations.transaction() as connection:
        connection.execute(
            tables.decision.insert(),
            [{**row, "left_key": f"a{n}", "right_key": f"b{n}"} for n in range(decisions)],
        )
        packed = {"name": "document", "part": decisions, "digest": "d", "content": bytes(range(256))}
        connection.execute(tables.snapshot_input.insert(), [packed])
    opened.operations.end_run(run, state="done", exit_code=0, clock=opened.clock)


def everything(opened):
    with opened.operations.reading() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in tables.metadata.sorted_tables
            if table.name != "lease"
        }


@pytest.fixture
def filled(tmp_path):
    with session(settings(tmp_path / "home"), Clock()) as opened:
        fill(opened)
        weights = tmp_path / "home" / "weights"
        weights.mkdir()
        (weights / "customer.json").write_text("{}")
        yield opened


def test_all_of_it_comes_back_into_an_empty_home(filled, tmp_path):
    made = backups.take(filled, None, keep=14)
    assert made.path.stat().st_mode & 0o077 == 0
    assert made.manifest.rows["decision"] == 1200
    with session(settings(tmp_path / "other"), Clock()) as opened:
        backups.put_back(opened, made.path, replace=False)
        assert everything(opened) == everything(filled)
        assert (tmp_path / "other" / "weights" / "customer.json").read_text() == "{}"
        with opened.operations.transaction() as connection:
            values = {
                "kind": "k",
                "left_key": "l",
                "right_key": "r",
                "verdict": "accept",
                "who": "w",
                "why": "",
                "at": "t",
            }
            connection.execute(tables.decision.insert().values(values))
            assert connection.execute(select(func.max(tables.decision.c.id))).scalar() == 1201


def test_what_is_there_is_replaced_only_when_said_and_kept_first(filled, tmp_path):
    made = backups.take(filled, tmp_path / "kept", keep=14)
    was = everything(filled)
    fill(filled, decisions=3)
    more = everything(filled)
    with pytest.raises(ConfigError, match="holds rows already: decision"):
        backups.put_back(filled, made.path, replace=False)
    assert everything(filled) == more
    _, before = backups.put_back(filled, made.path, replace=True)
    assert everything(filled) == was
    backups.put_back(filled, before.path, replace=True)
    assert everything(filled) == more


def test_only_so_many_are_kept_and_others_files_are_left_alone(filled, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "closedloop.txt").write_text("mine")
    for second in range(4):
        (folder / f"closedloop-2020010{second + 1}T000000Z.zip").write_bytes(b"old")
    made = backups.take(filled, folder, keep=2)
    assert sorted(file.name for file in folder.iterdir()) == [
        "closedloop-20200104T000000Z.zip", made.path.name, "closedloop.txt",
    ]  # fmt: skip


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "newer", "none", "absent"])
def test_a_backup_that_cannot_be_trusted_is_refused_and_changes_nothing(filled, tmp_path, damage):
    made = backups.take(filled, None, keep=14)
    content = made.path.read_bytes()
    bad = tmp_path / "bad.zip"
    if damage == "cut":
        bad.write_bytes(content[: len(content) // 2])
    elif damage == "none":
        bad.write_text("not a zip")
    elif damage != "absent":
        with zipfile.ZipFile(made.path) as source, zipfile.ZipFile(bad, "w") as target:
            for name in source.namelist():
                text = source.read(name)
                if name == "tables/decision.jsonl":
                    text = {"flipped": text.replace(b"accept", b"reject", 1), "emptied": b""}.get(
                        damage, text
                    )
                if name == "manifest.json" and damage == "newer":
                    text = text.replace(b'"format": 1', b'"format": 2')
                target.writestr(name, text)
    was = everything(filled)
    with pytest.raises((BackupError, ConfigError)) as caught:
        backups.put_back(filled, bad, replace=True)
    assert caught.value.fix
    assert everything(filled) == was


def test_a_backup_of_an_older_version_lacks_tables_and_columns(filled, tmp_path):
    made = backups.take(filled, None, keep=14)
    old = tmp_path / "old.zip"
    with zipfile.ZipFile(made.path) as archive:
        kept = msgspec.json.decode(archive.read("manifest.json"))
    kept["digests"].pop("tables/snapshot_input.jsonl")
    with zipfile.ZipFile(made.path) as source, zipfile.ZipFile(old, "w") as target:
        for name in source.namelist():
            if name == "manifest.json":
                target.writestr(name, msgspec.json.encode(kept))
            elif name != "tables/snapshot_input.jsonl":
                target.writestr(name, source.read(name))
    with session(settings(tmp_path / "other"), Clock()) as opened:
        backups.put_back(opened, old, replace=False)
        found, was = everything(opened), everything(filled)
        assert found.pop("snapshot_input") == []
        del was["snapshot_input"]
        assert found == was


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from tests.service.test_backup import settings
from closedloop.clock import Clock
from closedloop.service import backup as backups
from closedloop.service.session import session
with session(settings(Path({home!r})), Clock()) as opened:
    {act}
"""


@pytest.mark.parametrize(
    ("point", "act"),
    [
        ("backup.written", "backups.take(opened, None, keep=14)"),
        ("restore.filled", "backups.put_back(opened, Path({file!r}), replace=True)"),
    ],
)
def test_killed_in_between_nothing_is_half(filled, tmp_path, point, act):
    made = backups.take(filled, tmp_path / "kept", keep=14)
    fill(filled, decisions=2)
    was = everything(filled)
    code = KILLED.format(path=sys.path, home=str(tmp_path / "home"), act=act.format(file=str(made.path)))
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "CLOSEDLOOP_FAILPOINT": f"{point}"}, check=False
    )
    assert done.returncode == -9
    assert everything(filled) == was
    folder = tmp_path / "home" / "backups"
    assert list(folder.glob("closedloop-*.zip")) == []
    made = backups.take(filled, None, keep=14)
    assert [file for file in folder.iterdir() if file.name.startswith(".")] == [], "nothing half made stays"
    assert made.path.exists()


def test_verbs_say_what_they_did(tmp_path):
    config = tmp_path / "closedloop.yaml"
    config.write_text(
        "company: {currency: USD, time_zone: UTC}\nconnections: {crm: {connector: odoo, settings: {}}}\n"
    )
    with session(settings(tmp_path / ".closedloop"), Clock()) as opened:
        fill(opened)
    done = CliRunner().invoke(app, ["--config", str(config), "backup", "--to", str(tmp_path / "kept")])
    assert done.exit_code == 0, done.output
    assert "1,202 rows" in done.output
    [file] = (tmp_path / "kept").iterdir()
    done = CliRunner().invoke(app, ["--config", str(config), "restore", str(file)])
    assert done.exit_code == 2
    assert "--replace" in done.output
    done = CliRunner().invoke(app, ["--config", str(config), "restore", str(file), "--replace"])
    assert done.exit_code == 0, done.output
    assert "before-restore-closedloop-" in done.output
