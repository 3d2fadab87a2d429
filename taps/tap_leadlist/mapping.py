"""Which column holds what: as the admin said, or guessed from the headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_leadlist.refusal import RefusedFileError
from tap_leadlist.words import HEADINGS, meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_leadlist.header import Header

#: Field → place of its column.
Columns = dict[str, int]

FIELDS = tuple(HEADINGS)
#: Without any of these a row is nobody.
IDENTITY = ("email", "name", "first_name", "last_name", "phone", "mobile", "company", "id")


def stated(header: Header, columns: Mapping[str, object]) -> Columns:
    """Return the places of the columns that the admin named.

    Args:
        header: The headings.
        columns: Field to heading, to the place counted from 1, or to a list of such, of which the first that is there
            counts: files of several layouts may lie in one folder.

    Raises:
        RefusedFileError: None of those that say who somebody is are there.
    """
    places = {name.casefold(): place for place, name in enumerate(header.names)}
    found: Columns = {}
    for field, names in columns.items():
        for name in names if isinstance(names, list) else [names]:
            place = _place(name, places, len(header.names))
            if place is not None:
                found[field] = place
                break
    if not any(field in found for field in IDENTITY):
        raise RefusedFileError(
            "none of the columns that `columns` names is here",
            shown=_listed(header),
            fix="correct `columns`, or put files of another layout into a connection of their own",
        )
    return found


def guessed(header: Header) -> Columns:
    """Return the places of the columns whose headings say what they hold.

    Raises:
        RefusedFileError: None says who somebody is, or two columns are as likely.
    """
    best: dict[str, list[tuple[int, int]]] = {}
    for place, name in enumerate(header.texts):
        known = meaning(name)
        if known is not None:
            best.setdefault(known[0], []).append((known[1], place))
    found: Columns = {}
    for field, offers in best.items():
        surest = min(offers)[0]
        places = [place for rank, place in offers if rank == surest]
        if len(places) > 1:
            names = ", ".join(f"`{header.names[place]}`" for place in places)
            msg = f"{names} may each be the {field}"
            raise RefusedFileError(
                msg, fix=f"name the right one in the settings: {block(header, {**found, field: places[0]})}"
            )
        found[field] = places[0]
    if not any(field in found for field in IDENTITY):
        raise RefusedFileError(
            "no column says who came",
            shown=_listed(header),
            fix="name them in the settings: `columns: {email: …, name: …}`",
        )
    return found


def block(header: Header, columns: Columns) -> str:
    """Return the line of YAML that confirms a mapping."""
    pairs = ", ".join(f"{field}: {_quoted(header.names[place])}" for field, place in columns.items())
    return f"columns: {{{pairs}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _place(name: object, places: Mapping[str, int], width: int) -> int | None:
    if isinstance(name, int) and not isinstance(name, bool):
        return name - 1 if 0 < name <= width else None
    return places.get(" ".join(str(name).split()).casefold())


def _listed(header: Header) -> str:
    return f"there are: {', '.join(header.names[:20])}"
