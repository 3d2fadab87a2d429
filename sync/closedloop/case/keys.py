"""Keys of a case inside the store: each says what it names, so that document 1 is never deal 1.

The models rest on keys that are unique over all entities, as those of connections are. A case writes them as it likes; they
are marked on the way in, and what comes out has them as they were written.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from closedloop.case.columns import KINDS, LINKS
from closedloop.models.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.case.sheet import Sheet

_MARK = re.compile(rf"\[(?:{'|'.join(ENTITIES)})\]!")


def inside(entity: str, key: str) -> str:
    """Return a key as the store has it."""
    return f"[{entity}]!{key}"


def outside(text: str) -> str:
    """Return a text with every key in it as the case writes it."""
    return _MARK.sub("", text)


def mark(sheets: Mapping[str, Sheet]) -> dict[str, Sheet]:
    """Return the sheets with every key as the store has it."""
    known = {name: {key for key in sheet.column("key") if key} for name, sheet in sheets.items()}
    return {name: replace(sheet, rows=_rows(sheet, known)) for name, sheet in sheets.items()}


def _rows(sheet: Sheet, known: Mapping[str, set[str]]) -> list[tuple[int, list[str | None]]]:
    columns = [_named(sheet.name, column) for column in sheet.columns]
    found = []
    for line, cells in sheet.rows:
        of = _decided(sheet, cells) if sheet.name == "decision" else columns
        marked = [_marked(cell, entities, known) for cell, entities in zip(cells, of, strict=True)]
        found.append((line, marked))
    return found


def _marked(cell: str | None, entities: tuple[str, ...], known: Mapping[str, set[str]]) -> str | None:
    """Return a cell that names a row of the first of some entities that has it; if it may be a text, as it is."""
    if cell is None or not entities:
        return cell
    for entity in entities:
        if cell in known.get(entity, ()):
            return inside(entity, cell)
    return cell if entities in _OR_TEXT.values() else inside(entities[0], cell)


#: Columns that hold a key or a text that is none.
_OR_TEXT = {"identity_key": ("touch", "person"), "opportunity_ref": ("opportunity",)}


def _named(sheet: str, column: str) -> tuple[str, ...]:
    """Return the entities whose keys a column holds; none, if it holds no key."""
    if column in _OR_TEXT:
        return _OR_TEXT[column]
    own = sheet if sheet in ENTITIES else LINKS[sheet][0][0].removesuffix("_key") if sheet in LINKS else ""
    if column in {"key", "merged_into", "parent_key"}:
        return (own,)
    last = column.removesuffix("_key").rpartition("_")[2]
    if not column.endswith("_key") or column == "repeating_key":
        return ()
    return (last,) if last in ENTITIES else (own,)


def _decided(sheet: Sheet, cells: list[str | None]) -> list[tuple[str, ...]]:
    kind = cells[sheet.columns.index("kind")] if "kind" in sheet.columns else None
    left, _, right = (kind if kind in KINDS else "").partition("_")
    place = {"left_key": left, "right_key": right}
    return [(place[column],) if place.get(column) else () for column in sheet.columns]
