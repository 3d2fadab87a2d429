"""Finds the record that somebody means by a key, an id, a number or a name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from closedloop.store.analytical import Store

#: What can be explained, and where its name is looked up: (table, columns that name it, best first, the one shown).
PLACES: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "campaign": ("canonical.campaign", ("key", "source_id", "code", "name"), "name"),
    "account": ("canonical.account", ("key", "source_id", "name"), "name"),
    "invoice": ("canonical.document", ("key", "source_id", "number"), "number"),
    "person": ("canonical.person", ("key", "source_id", "email", "name"), None),
    "opportunity": ("canonical.opportunity", ("key", "source_id", "number", "name"), "name"),
}
_LISTED = 5
_NEAR = 0.75


def find(store: Store, kind: str, name: str) -> str:
    """Return the key of the record that ``name`` names, capitals aside.

    Raises:
        ConfigError: The kind cannot be explained, nothing has this name, or several things have it.
    """
    if kind not in PLACES:
        msg = f"{kind} cannot be explained"
        raise ConfigError(msg, where="explain", fix=f"use one of: {', '.join(PLACES)}")
    table, columns, shown = PLACES[kind]
    for column in columns:
        found = store.query(
            f"select key, {shown or 'null'} from {table} where lower({column}) = lower(?) order by 1", [name]
        )
        exact = [key for key, _ in found if key == name]
        if len(found) == 1 or exact:
            return str((exact or [found[0][0]])[0])
        if found:
            msg = f"{len(found)} have this {column.replace('_', ' ')}"
            raise ConfigError(msg, where=f"explain {kind}", fix=f"use a key: {_listed(found)}")
    if kind == "campaign" and (kept := _kept(store, name)):
        return kept
    msg = f"no {kind} has this key, id or name"
    near = _near(store, table, columns, shown, name)
    fix = f"the nearest: {_listed(near)}" if near else "names are matched whole, capitals aside"
    raise ConfigError(msg, where=f"explain {kind}", fix=fix)


def _kept(store: Store, name: str) -> str | None:
    """Return the campaign that stands for the one record of this key, id, code or name."""
    found = store.query(
        "select distinct campaign_key from canonical.campaign_record"
        " where lower($1) in (lower(key), lower(source_id), lower(code), lower(name))",
        [name],
    )
    return str(found[0][0]) if len(found) == 1 else None


def _listed(found: list[tuple[str, str | None]]) -> str:
    names = [f"{key} ({name})" if name and name != key else str(key) for key, name in found[:_LISTED]]
    return ", ".join(names) + (f" and {len(found) - _LISTED} more" if len(found) > _LISTED else "")


def _near(
    store: Store, table: str, columns: tuple[str, ...], shown: str | None, name: str
) -> list[tuple[str, str | None]]:
    """Return the records with the most similar names; people by their keys alone."""
    if not name.strip():
        return []
    score = f"greatest({', '.join(f'''jaro_winkler_similarity(lower(coalesce({c}, '')), lower($1))''' for c in columns)})"
    found = store.query(
        f"select key, {shown or 'null'} from {table} where {score} >= {_NEAR} order by {score} desc, key limit 3",
        [name],
    )
    return [(str(key), text) for key, text in found]


def known(name: str, names: Iterable[str], *, what: str) -> str:
    """Return ``name`` if it is one of ``names``.

    Raises:
        ConfigError: It is not; the nearest are named.
    """
    every = list(names)
    if name in every:
        return name
    near = (
        [one for one in every if name and name in one] or difflib.get_close_matches(name, every, n=3) or every
    )
    msg = f"{what} has no figure {name}" if every else f"{what} has no figures of its own"
    raise ConfigError(
        msg, where="--measure", fix=f"use: {', '.join(near)}" if every else "leave --measure out"
    )
