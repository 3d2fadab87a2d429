"""Where forgotten people may still stand beside what has landed: the operational database, files in `home`, backups."""

from __future__ import annotations

import json
import zipfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from closedloop.forget import marks, records
from closedloop.history import facts
from closedloop.kit.tokens import write_durably
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from closedloop.forget.marks import Marks

#: Files in `home` that may name people, and are text.
_TEXTS = ("*.jsonl", "*.csv", "*.html", "*.txt", "*.log")
#: Folders in `home` where nobody is named, or where what lands is looked at anyway.
_LEFT = frozenset({"tokens", "spool", "weights"})


def again(connection: Connection) -> dict[str, int]:
    """Take everybody who was ever forgotten out of the operational database, in the caller's transaction.

    Returns:
        Rows that changed, by table.
    """
    known = marks.read(connection)
    if not known:
        return {}
    done = records.clean(connection, known)
    if count := _facts(connection, known):
        done[tables.snapshot_now.name] = count
    return done


def _facts(connection: Connection, known: Marks) -> int:
    """Clean the packed facts behind what was published last; return how many changed."""
    table, done = tables.snapshot_now, 0
    for row in connection.execute(select(table.c.entity, table.c.key, table.c.facts)).all():
        text = facts.unpacked(row.facts) if row.facts else ""
        if (clean := marks.masked(text, known.without_names)) != text:
            done += 1
            connection.execute(
                update(table)
                .where(table.c.entity == row.entity, table.c.key == row.key)
                .values(facts=facts.pack(clean))
            )
    return done


def clean_files(home: Path, known: Marks) -> list[Path]:
    """Take forgotten people out of the text files in `home`; return those that changed."""
    done = []
    for path in _files(home):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if (clean := "".join(_clean_line(line, known) for line in text.splitlines(keepends=True))) != text:
            write_durably(path, clean.encode("utf-8", "surrogateescape"))
            done.append(path)
    return done


def _clean_line(line: str, known: Marks) -> str:
    """Return a line without them; one that says what was written into their record says it no more."""
    if known.owner(line) and line.startswith("{"):
        with suppress(ValueError):
            held = json.loads(line)
            fields = held.get("fields")
            if isinstance(fields, dict):
                kept = {name: None if isinstance(value, str) else value for name, value in fields.items()}
                line = json.dumps({**held, "fields": kept}) + "\n"  # its id may be their address
    text = line.rstrip("\n")
    return marks.masked(text, known.without_names) + line[len(text) :]


def holding(home: Path, known: Marks) -> list[Path]:
    """Return the backups in `home` that hold one of them."""
    return [path for path in sorted((home / "backups").glob("*.zip")) if _holds(path, known)]


def _files(home: Path) -> Iterator[Path]:
    for pattern in _TEXTS:
        for path in sorted(home.rglob(pattern)):
            if path.is_file() and path.relative_to(home).parts[0] not in _LEFT:
                yield path


def _holds(path: Path, known: Marks) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    for line in member:
                        text = _said(name, line)
                        if marks.masked(text, known.without_names) != text:
                            return True
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError):
        return True  # nobody can tell
    return False


def _said(member: str, line: bytes) -> str:
    """Return a line of an archive as it can be read: facts are packed there as they are in the database."""
    text = line.decode("utf-8", "replace").rstrip("\n")
    is_packed = tables.snapshot_now.name in member
    return facts.unpacked(json.loads(text)["facts"]) if is_packed else text
