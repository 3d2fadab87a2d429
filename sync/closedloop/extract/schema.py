"""What a SCHEMA message says, as columns of a landed table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.store.names import OWN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TYPES = {"integer": "BIGINT", "boolean": "BOOLEAN", "number": "DOUBLE", "object": "JSON", "array": "JSON"}
_FORMATS = {"date-time": "TIMESTAMPTZ", "date": "DATE"}


class SchemaError(Exception):
    """A SCHEMA message that no table can be made of; its text says why."""


@dataclass(slots=True, kw_only=True, frozen=True)
class Column:
    """One property of a stream.

    Args:
        source: The property's name in the records.
        name: The column's name: the same, unless the table could not hold it beside another.
        type: DuckDB type.
        is_decimal: Whether it is money: text that must stay exact.
    """

    source: str
    name: str
    type: str
    is_decimal: bool = False


@dataclass(slots=True, kw_only=True, frozen=True)
class StreamSchema:
    """One stream's table.

    Args:
        stream: Its name, which is the table's name.
        columns: In the order of the message.
        keys: Names of the key's columns; empty if the tap declares none.
        cursor: Name of the column that the stream's bookmark follows, if the tap says so.
    """

    stream: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    cursor: str | None = None

    @property
    def renames(self) -> dict[str, str]:
        """Properties whose column has another name."""
        return {column.source: column.name for column in self.columns if column.source != column.name}

    @property
    def decimals(self) -> frozenset[str]:
        """Properties that hold money."""
        return frozenset(column.source for column in self.columns if column.is_decimal)


def read_schema(message: Mapping[str, Any]) -> StreamSchema:
    """Return the table a SCHEMA message describes.

    Raises:
        SchemaError: It has no stream, no properties, or a key that is no property.
    """
    stream = message.get("stream")
    if not isinstance(stream, str) or not stream:
        raise SchemaError("SCHEMA without a stream")
    if stream != stream.strip() or "\x00" in stream:
        raise SchemaError("a stream's name may not begin or end with a space")
    schema = message.get("schema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not properties:
        raise SchemaError("SCHEMA without properties")
    columns = tuple(_columns(properties))
    names = {column.source: column.name for column in columns}
    keys = message.get("key_properties") or []
    if missing := [key for key in keys if key not in names]:
        reason = f"the key {', '.join(map(str, missing))} is not among the properties"
        raise SchemaError(reason)
    cursors = message.get("bookmark_properties") or []
    cursor = names.get(cursors[0]) if isinstance(cursors, list) and cursors else None
    return StreamSchema(stream=stream, columns=columns, keys=tuple(names[key] for key in keys), cursor=cursor)


def _columns(properties: Mapping[str, Any]) -> Iterable[Column]:
    # DuckDB's names ignore case, and three columns are ours: a second `Name` becomes `Name_2`.
    taken = {name.lower() for name in OWN_COLUMNS}
    for source, definition in properties.items():
        base = source.replace("\x00", "") or "unnamed"
        name, number = base, 1
        while name.lower() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.lower())
        kind, is_decimal = _type(definition if isinstance(definition, dict) else {})
        yield Column(source=source, name=name, type=kind, is_decimal=is_decimal)


def _type(definition: Mapping[str, Any]) -> tuple[str, bool]:
    variants = [one for one in _variants(definition) if one.get("type") != "null"]
    if any(one.get("format") == "singer.decimal" for one in variants):
        return "VARCHAR", True
    kinds = {_simple(one) for one in variants}
    if len(kinds) == 1:
        return kinds.pop(), False
    return (
        "DOUBLE" if kinds == {"BIGINT", "DOUBLE"} else "JSON" if "JSON" in kinds or not kinds else "VARCHAR"
    ), False


def _variants(definition: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Yield the definition once for each type it allows."""
    choices = definition.get("anyOf") or definition.get("oneOf")
    if isinstance(choices, list):
        for choice in choices:
            yield from _variants(choice if isinstance(choice, dict) else {})
        return
    kinds = definition.get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        yield {**definition, "type": kind}


def _simple(definition: Mapping[str, Any]) -> str:
    kind = definition.get("type")
    if kind == "string":
        return _FORMATS.get(str(definition.get("format")), "VARCHAR")
    return _TYPES.get(str(kind), "JSON")
