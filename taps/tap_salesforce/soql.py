"""SOQL, written: every name is checked and every value escaped, whatever the settings hold.

Escapes and literals: Salesforce's SOQL and SOSL reference, quoted string escape sequences and date formats.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from tap_salesforce.values import printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_PATH = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern}){{0,4}}")
_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)


def name(text: str) -> str:
    """Return the name of an object or a field, or of a parent's field.

    Raises:
        ConfigError: It is none: it would change the query.
    """
    if not isinstance(text, str) or not _PATH.fullmatch(text):
        shown = re.sub(r"[^\w.]", "?", str(text))[:60]
        message = f"{shown!r} is not the name of an object or a field"
        raise ConfigError(message, fix="write API names only, for instance Expected_Attendees__c")
    return text


def literal(text: str) -> str:
    """Return text as a SOQL literal."""
    return "'" + text.translate(_ESCAPES) + "'"


def instant(moment: datetime) -> str:
    """Return an aware time as a SOQL literal."""
    return printed(moment)


def select(
    fields: Sequence[str],
    entity: str,
    *,
    where: Iterable[str] = (),
    order: Sequence[str] = (),
    limit: int = 0,
) -> str:
    """Return a query.

    Args:
        fields: Names.
        entity: The object.
        where: Conditions that must all hold, each made by this module.
        order: Names to sort by, ascending unless ``DESC`` follows.
        limit: Most rows; 0: all.
    """
    conditions = list(where)
    parts = [f"SELECT {', '.join(map(name, fields))} FROM {name(entity)}", _where(conditions)]
    if order:
        parts.append("ORDER BY " + ", ".join(order))
    if limit:
        parts.append(f"LIMIT {int(limit)}")
    return " ".join(part for part in parts if part)


def count(entity: str, *, where: Iterable[str] = ()) -> str:
    """Return the query that counts."""
    return f"SELECT COUNT() FROM {name(entity)} {_where(list(where))}".rstrip()


def compare(field: str, operator: str, moment: datetime) -> str:
    """Return the condition that a field stands so to an instant."""
    return f"{name(field)} {operator} {instant(moment)}"


def after(field: str, moment: datetime, key: str) -> str:
    """Return the condition of everything behind one row in the order of ``field`` and id."""
    at, own = instant(moment), name(field)
    return f"({own} > {at} OR ({own} = {at} AND Id > {literal(key)}))"


def among(field: str, values: Iterable[str]) -> str:
    """Return the condition that a field has one of some values."""
    return f"{name(field)} IN ({', '.join(map(literal, values))})"


def flag(field: str, *, value: bool) -> str:
    """Return the condition that a boolean is so."""
    return f"{name(field)} = {str(value).lower()}"


def _where(conditions: list[str]) -> str:
    return "WHERE " + " AND ".join(conditions) if conditions else ""
