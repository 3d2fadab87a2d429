"""The world's attendance as badge-scan files: one list for each event, in the shapes that scanners and webinars write.

Each file is called after its event's code. What one program does, the next does otherwise: encodings, delimiters, a preamble,
names in one column, a workbook, a total below. What is told is the same in all of them.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from closedloop.sandbox.world import Event, Registration, World

LABELS = {"registered": "Registered", "attended": "Attended", "no_show": "No Show", "cancelled": "Cancelled"}
HEADINGS = (
    "Badge ID",
    "First Name",
    "Last Name",
    "Email",
    "Company",
    "Phone",
    "Attendance Status",
    "Scan Time",
)
_NAME = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How one program writes its lists.

    Args:
        ending: Of the file's name.
        delimiter: Between cells.
        encoding: Of the text.
        has_preamble: Lines of its own stand above the headings.
        has_one_name: First and last name share a column.
        has_total: The number of people stands below.
    """

    ending: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    has_preamble: bool = False
    has_one_name: bool = False
    has_total: bool = False


PLAIN = Style()
STYLES = (
    PLAIN,
    Style(delimiter=";", encoding="utf-8-sig", has_one_name=True),
    Style(ending="xlsx", has_preamble=True),
    Style(delimiter="\t", encoding="utf-16", ending="txt"),
    Style(delimiter="|", has_total=True, has_preamble=True),
    Style(ending="xlsx", has_one_name=True, has_total=True),
)


def write(world: World, folder: Path, *, styles: Sequence[Style] = STYLES) -> dict[str, str]:
    """Write a list for every event that somebody was at, or was to be.

    Args:
        world: What was generated.
        folder: Where to; it is made.
        styles: Taken in turns.

    Returns:
        File name → key of the event.
    """
    folder.mkdir(parents=True, exist_ok=True)
    guests: dict[str, list[Registration]] = {}
    for registration in world.registrations:
        guests.setdefault(registration.event, []).append(registration)
    written = {}
    for place, event in enumerate(one for one in world.events if one.key in guests):
        style = styles[place % len(styles)]
        name = f"{event.code}.{style.ending}"
        (folder / name).write_bytes(listed(event, guests[event.key], style))
        written[name] = event.key
    return written


def listed(event: Event, guests: Sequence[Registration], style: Style) -> bytes:
    """Return one event's list as a file."""
    rows = [list(HEADINGS), *(_row(one) for one in guests)]
    if style.has_one_name:
        rows = [_one_name(row, place) for place, row in enumerate(rows)]
    if style.has_preamble:
        rows = [[f"Leads of {event.name}"], [f"{len(guests)} people"], [], *rows]
    if style.has_total:
        rows.append([f"Total: {len(guests)}"])
    make: Callable[[list[list[str]], Style], bytes] = _book if style.ending == "xlsx" else _text
    return make(rows, style)


def _row(one: Registration) -> list[str]:
    first, _, last = one.name.rpartition(" ")
    when = one.scanned_at.strftime("%Y-%m-%d %H:%M:%S") if one.scanned_at else ""
    return [
        one.key,
        first,
        last,
        one.email or "",
        one.company or "",
        one.phone or "",
        LABELS[one.status],
        when,
    ]


def _one_name(row: list[str], place: int) -> list[str]:
    name = f"{row[_NAME]} {row[_NAME + 1]}".strip() if place else "Full Name"
    return [*row[:_NAME], name, *row[_NAME + 2 :]]


def _text(rows: list[list[str]], style: Style) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=style.delimiter).writerows(rows)
    return out.getvalue().encode(style.encoding)


def _book(rows: list[list[str]], _style: Style) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("Leads")
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
