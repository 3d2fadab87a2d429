"""Order, offset and limit of a search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.errors import database_error, user_error, value_error

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Row
    from closedloop.sandbox.odoo.schema import Model

TERM = re.compile(r"\s*([a-z0-9_]+)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*", re.IGNORECASE)
LEAF = 3


def sort_rows(model: Model, rows: list[Row], order: str) -> list[Row]:
    """Return the rows in the order that ``order`` asks for; empty values as PostgreSQL places them.

    Raises:
        OdooError: The text is no order, or names an unknown field.
    """
    for name, descending, nulls in reversed(_terms(model, order)):
        empty_last = (nulls or ("first" if descending else "last")) == "last"
        known = sorted(
            (row for row in rows if row.get(name) is not None), key=lambda row: row[name], reverse=descending
        )
        empty = [row for row in rows if row.get(name) is None]
        rows = known + empty if empty_last else empty + known
    return rows


def _terms(model: Model, order: str) -> list[tuple[str, bool, str | None]]:
    terms = []
    for part in order.split(","):
        match = TERM.fullmatch(part)
        if match is None:
            message = (
                f'Invalid "order" specified ({order}). A valid "order" specification is a comma-separated list of '
                "valid field names (optionally followed by asc/desc for the direction)"
            )
            raise user_error(message)
        name, direction, nulls = match.groups()
        if name not in model.fields:
            message = f"Invalid field {name!r} on model {model.name!r}"
            raise value_error(message)
        terms.append((name, (direction or "").lower() == "desc", nulls.lower() if nulls else None))
    return terms


def check_limits(offset: Any, limit: Any) -> tuple[int, int | None]:
    """Return offset and limit as numbers; no limit is ``None``.

    Raises:
        OdooError: Not a number, or negative: the database driver's error.
    """
    for value in (offset, limit):
        if value and not isinstance(value, int):
            message = f'invalid input syntax for type bigint: "{value}"\n'
            raise database_error("errors.InvalidTextRepresentation", message)
    if limit and limit < 0:
        raise database_error("errors.InvalidRowCountInLimitClause", "LIMIT must not be negative\n")
    return offset or 0, limit or None


def id_floor(domain: object) -> int | None:
    """Return the highest id that ``domain`` rules out from below, so that deep pages need no scan from the start."""
    known = [floor for leaf in _insisted(domain) if (floor := _floor(leaf)) is not None]
    return max(known) if known else None


def ids_named(domain: object) -> set[int] | None:
    """Return the ids of which ``domain`` wants one, so that nobody else is looked at; none where it names none."""
    for name, operator, value in _insisted(domain):
        if name == "id" and operator in {"=", "in"}:
            values = value if isinstance(value, list | tuple) else [value]
            return {one for one in values if isinstance(one, int)}
    return None


def _insisted(domain: object) -> list[Any]:
    """Return the conditions that every match must meet."""
    if not isinstance(domain, list) or "|" in domain or "!" in domain:
        return []
    return [leaf for leaf in domain if isinstance(leaf, list | tuple) and len(leaf) == LEAF]


def _floor(leaf: Any) -> int | None:
    name, operator, value = leaf
    if name != "id" or not isinstance(value, int):
        return None
    return {">": value, ">=": value - 1}.get(operator)
