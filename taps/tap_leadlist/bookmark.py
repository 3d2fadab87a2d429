"""What is remembered of each file from run to run, small enough to be said after every file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_leadlist.folder import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One file as it was read last.

    Args:
        size: Bytes.
        changed: When it had last changed, nanoseconds since 1970.
        digest: Of its bytes.
        options: Of the options under which it was read.
        event: What its name said the event was.
        read_at: The version of its rows, ISO text.
        rows: Records that it gave.
        times: How often it was read; rows of earlier readings may be left.
        bad: Lines that could not be used: ``12-15,20``.
        twin: The file of the same content that was read in its place.
    """

    size: int
    changed: int
    digest: str
    options: str
    event: str
    read_at: str
    rows: int = 0
    times: int = 1
    bad: str = ""
    twin: str | None = None

    def is_same(self, found: Found, options: str) -> bool:
        """Whether the file lies there as it was read, to be read in the same way."""
        return (self.size, self.changed, self.options) == (found.size, found.changed, options)


def load(state: Mapping[str, Any]) -> dict[str, Seen]:
    """Return the files that a bookmark tells of."""
    return {name: Seen(**entry) for name, entry in (state.get("files") or {}).items()}


def packed(lines: Iterable[int]) -> str:
    """Return ascending numbers as ranges."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and parts[-1][1] == line - 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def unpacked(text: str) -> Iterator[int]:
    """Yield the numbers of `packed`."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
