"""A stream's columns: from Zendesk's record to ours. Ids become text; times are whole seconds in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_zendesk.catalog import CURSOR, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_zendesk.catalog import Endpoint

#: What is left of a ticket that was deleted for good: its requester is nobody.
_NOBODY = "-1"
#: Column that marks a row as deleted at the source.
DELETED = "_sdc_deleted_at"


class Columns:
    """Turns the records of one stream.

    Args:
        stream: Its name.
        endpoint: Where it comes from.
        escalated: Tags that mark a ticket as escalated; Zendesk has no field for it.
    """

    def __init__(self, stream: str, endpoint: Endpoint, *, escalated: Collection[str]) -> None:
        self.stream = stream
        self.schema = schema(stream)
        self._ways = {column: way.split(".") for column, way in endpoint.sources.items()}
        self._escalated = frozenset(escalated)
        self._converters = {name: _converter(column) for name, column in self.schema["properties"].items()}

    def record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record with every column of the schema; a deleted one is marked.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, never the value.
        """
        given = {**row, **{column: _at(row, way) for column, way in self._ways.items()}}
        record: dict[str, Any] = {}
        for column, convert in self._converters.items():
            try:
                record[column] = convert(given.get(column))
            except ValueError as error:
                message = f"{column}: {error}"
                raise ValueError(message) from None
        if record["id"] is None:
            message = "id: there is none"
            raise ValueError(message)
        self._mark(record, row)
        return record

    def _mark(self, record: dict[str, Any], row: Mapping[str, Any]) -> None:
        """Add what Zendesk says in other words: what was deleted, what is escalated, when it was generated."""
        if self.stream == "tickets":
            record["generated_at"] = _from_seconds(row.get("generated_timestamp"))
            record["is_escalated"] = bool(self._escalated & set(record["tags"] or ()))
            if record["status"] == "deleted":
                record[DELETED] = record["generated_at"] or record["updated_at"]
            if record["requester_id"] == _NOBODY:
                record["requester_id"] = None
        elif record.get("active") is False or record.get("permanently_deleted") or record.get("deleted"):
            record[DELETED] = record[CURSOR] or record["created_at"]


def _at(row: Any, way: list[str]) -> Any:
    for step in way:
        row = row.get(step) if isinstance(row, dict) else None
    return row


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        message = "not text"
        raise ValueError(message)  # noqa: TRY004 (one kind of error for all values)
    return str(value)


def _boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    message = "not a boolean"
    raise ValueError(message)


def _moment(value: Any) -> str | None:
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        message = "not a time"
        raise ValueError(message) from None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")


def _from_seconds(value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return datetime.fromtimestamp(value, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _nested(value: Any) -> Any:
    if value is None or isinstance(value, dict | list):
        return value
    message = "not a list or an object"
    raise ValueError(message)


def _converter(column: Mapping[str, Any]) -> Callable[[Any], Any]:
    kinds = column["type"]
    if "string" in kinds:
        return _moment if column.get("format") == "date-time" else _text
    return _boolean if "boolean" in kinds else _nested
