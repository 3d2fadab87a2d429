"""The watched folder: which files are there, and which are still being copied."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What programs call a file until it is whole, and the lock files of office programs.
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart", ".download", ".swp")
_HIDDEN = (".", "~$", ".~lock")
_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file of the folder.

    Args:
        name: Its path below the folder that all files are in, with slashes: the folder may move.
        path: Where it is.
        size: Bytes.
        changed: When it last changed, in nanoseconds since 1970.
    """

    name: str
    path: Path
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path, top: Path) -> Found:
        """Return the file at ``path``, named from ``top`` on."""
        at = path.stat()
        return cls(name=path.relative_to(top).as_posix(), path=path, size=at.st_size, changed=at.st_mtime_ns)

    def is_settled(self, now: float, seconds: float) -> bool:
        """Whether it has not changed for so many seconds; a time in the future counts as settled.

        Args:
            now: Seconds since 1970.
            seconds: How long it must lie untouched.
        """
        age = now - self.changed / 1e9
        return age < 0 or age >= seconds

    def is_as_found(self) -> bool:
        """Whether nobody has changed it since it was found."""
        try:
            at = self.path.stat()
        except OSError:
            return False
        return (at.st_size, at.st_mtime_ns) == (self.size, self.changed)


def find(patterns: Sequence[str], base: Path, *, where: str) -> list[Found]:
    """Return the files that match, by name.

    Args:
        patterns: Paths with `*`, `?`, `[…]` and `**`, relative to ``base``.
        base: A folder.
        where: What an error calls the connection.

    Raises:
        ConfigError: A folder does not exist: a share that is not mounted is no empty folder.
    """
    found: dict[Path, Found] = {}
    wholes = [base / pattern for pattern in patterns]
    top = Path(os.path.commonpath([_fixed(whole) for whole in wholes])) if wholes else base
    for whole in wholes:
        fixed = _fixed(whole)
        if not fixed.is_dir():
            msg = f"there is no folder {fixed}"
            raise ConfigError(msg, where=where, fix="make it, mount it, or correct `files`")
        for text in glob.glob(str(whole), recursive=True):  # noqa: PTH207 (a pattern may be absolute)
            path = Path(text)
            if (
                path.is_file()
                and not path.name.startswith(_HIDDEN)
                and path.suffix.lower() not in _UNFINISHED
            ):
                found[path] = Found.of(path, top)
    return sorted(found.values(), key=lambda one: one.name)


def _fixed(pattern: Path) -> Path:
    """Return the part of a pattern before its first wildcard."""
    place = pattern
    while _MAGIC.intersection(str(place)) or (place == pattern):
        place = place.parent
    return place
