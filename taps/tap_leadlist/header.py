"""Finds the row of headings: below a preamble, over two rows, under headings that span several columns."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_leadlist.words import meaning, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A row of headings is looked for in so many rows.
SEARCHED = 40
_DATA = re.compile(r"@|\d{3}|\d[./:-]\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The headings of a list.

    Args:
        names: One a column, each another; a column without a heading is called after its place.
        rows: How many rows come before the first row of data.
        texts: The headings as they stand there, before they were told apart.
    """

    names: tuple[str, ...]
    rows: int
    texts: tuple[str, ...]


def find(rows: Sequence[Sequence[str]]) -> Header | None:
    """Return the headings among the first rows of a list; none if nothing there is one that we know."""
    scores = [_score(row) for row in rows[:SEARCHED]]
    best = max(scores, default=0)
    if not best:
        return None
    place = scores.index(best)
    return at(rows, place)


def at(rows: Sequence[Sequence[str]], place: int) -> Header:
    """Return the headings in one row, completed by the rows around it.

    Args:
        rows: The first rows of a list.
        place: Of the headings, counted from 0.
    """
    names, last = list(rows[place]), place
    if place + 1 < len(rows) and _continues(names, rows[place + 1]):
        names, last = _joined(names, rows[place + 1]), place + 1
    if place and _spans(rows[place - 1], names):
        above = _spread(rows[place - 1], len(names))
        names = _told_apart(above, names)
    return Header(names=_unique(names), rows=last + 1, texts=tuple(" ".join(name.split()) for name in names))


def numbered(width: int) -> Header:
    """Return headings for a list that has none: the places of its columns."""
    names = tuple(f"column {n}" for n in range(1, width + 1))
    return Header(names=names, rows=0, texts=names)


def _score(row: Sequence[str]) -> int:
    if any(_DATA.search(cell) for cell in row):
        return 0
    fields = {found[0] for cell in row if (found := meaning(cell))}
    filled = sum(bool(cell.strip()) for cell in row)
    return 0 if not fields or filled > 3 * len(fields) + 12 else len(fields)


def _continues(names: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the row below is part of the headings: it names what this one leaves open, and holds no data."""
    if any(_DATA.search(cell) for cell in below) or not any(cell.strip() for cell in below):
        return False
    known = {found[0] for name in names if (found := meaning(name))}
    added = {found[0] for cell in below if (found := meaning(cell))} - known
    return bool(added) and any(
        cell.strip()
        and (place >= len(names) or not names[place].strip() or meaning(f"{names[place]} {cell}"))
        for place, cell in enumerate(below)
    )


def _joined(names: Sequence[str], below: Sequence[str]) -> list[str]:
    width = max(len(names), len(below))
    pairs = zip(_padded(names, width), _padded(below, width), strict=True)
    return [_better(upper, lower) for upper, lower in pairs]


def _better(upper: str, lower: str) -> str:
    whole = f"{upper} {lower}".strip()
    return lower if lower.strip() and meaning(lower) and not meaning(whole) else whole


def _spans(above: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the row above holds headings of several columns each: two at least, fewer than the columns, no data."""
    filled = [cell for cell in above if cell.strip()]
    return (
        1 < len(filled) < sum(bool(name.strip()) for name in names)
        and len(above) > 1
        and not any(_DATA.search(cell) or len(cell) > 40 for cell in filled)  # noqa: PLR2004 (a heading, no sentence)
    )


def _spread(above: Sequence[str], width: int) -> list[str]:
    spread, held = [], ""
    for cell in _padded(above, width):
        held = cell.strip() or held
        spread.append(held)
    return spread


def _told_apart(above: Sequence[str], names: Sequence[str]) -> list[str]:
    """Put the spanning heading in front of those that stand in the row more than once."""
    times = Counter(plain(name) for name in names)
    return [
        f"{over} {name}".strip() if times[plain(name)] > 1 else name
        for over, name in zip(above, names, strict=True)
    ]


def _padded(row: Sequence[str], width: int) -> list[str]:
    return [*row, *[""] * (width - len(row))]


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    found = []
    for place, name in enumerate(names, start=1):
        text = " ".join(name.split()) or f"column {place}"
        seen[text.casefold()] += 1
        again = seen[text.casefold()]
        found.append(text if again == 1 else f"{text} ({again})")
    return tuple(found)
