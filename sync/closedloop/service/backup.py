"""Backups of what is precious, and the way back: the operational database and the weights that were learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from closedloop.log import get_logger
from closedloop.service import forgotten, pins
from closedloop.service.lease import writing
from closedloop.store import backup

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from closedloop.service.session import Session

log = get_logger(__name__)

_NAME = "closedloop-{:%Y%m%dT%H%M%SZ}.zip"


def take(opened: Session, folder: Path | None, *, keep: int) -> backup.Backup:
    """Write a backup, prove that it comes back, and remove the oldest beyond ``keep``.

    Args:
        opened: The session; whoever works may go on working.
        folder: Where to; none: `backups` in `home`.
        keep: How many backups stay in the folder.

    Raises:
        BackupError: What was written does not come back the same.
        ConfigError: The folder cannot be written.
    """
    folder = folder or opened.settings.home / "backups"
    target = _new(folder, _NAME.format(opened.clock.now()))
    made = backup.write(opened.operations, _files(opened.settings.home), target, opened.clock)
    for old in sorted(folder.glob("closedloop-*.zip"))[:-keep]:
        old.unlink()
    log.info("backup.written", file=str(target), bytes=made.bytes, rows=sum(made.manifest.rows.values()))
    return made


def put_back(opened: Session, path: Path, *, replace: bool) -> tuple[backup.Manifest, backup.Backup | None]:
    """Restore a backup as the only writer; what is there is backed up first when it is to be replaced.

    Returns:
        What was restored, and the backup of what was there.

    Raises:
        BackupError: The archive is damaged or newer.
        BusyError: Another closedloop is at work.
        ConfigError: The database holds something, and ``replace`` was not said.
    """
    backup.read(path)
    home = opened.settings.home
    with writing(opened.operations, opened.clock, opened.settings.service.lease_seconds):
        before = None
        if replace:
            target = _new(home / "backups", f"before-restore-{_NAME.format(opened.clock.now())}")
            before = backup.write(opened.operations, _files(home), target, opened.clock)
        kept = pins.kept(opened.operations)

        def also(connection: Connection) -> None:
            pins.put_back(connection, kept)
            forgotten.again(connection)

        found = backup.restore(path, opened.operations, _places(path, home), replace=replace, also=also)
        opened.operations.rewrite()
    log.info("backup.restored", file=str(path), of=found.at, rows=sum(found.rows.values()))
    return found, before


def _new(folder: Path, name: str) -> Path:
    """Return a path that is not there yet: two backups of one second are two files, and one that is being restored stays."""
    found, number = folder / name, 2
    while found.exists():
        found, number = folder / f"{Path(name).stem}-{number}.zip", number + 1
    return found


def _files(home: Path) -> dict[str, Path]:
    return {f"weights/{path.name}": path for path in sorted((home / "weights").glob("*.json"))}


def _places(path: Path, home: Path) -> dict[str, Path]:
    names = (
        name.removeprefix("files/") for name in backup.read(path).digests if name.startswith("files/weights/")
    )
    return {name: home / "weights" / Path(name).name for name in names}
