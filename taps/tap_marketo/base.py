"""What all of our streams have: a subscription, columns, a bookmark, bad records set aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from closedloop.kit.stream import BadRecord, ClosedloopStream, from_iso, iso
from tap_marketo.catalog import DELETED, STREAMS, schema
from tap_marketo.values import CONVERTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_marketo.client import Marketo, Row
    from tap_marketo.tap import TapMarketo


@dataclass(slots=True, kw_only=True)
class Batch:
    """Some records, and those that could not be read."""

    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)


class MarketoStream(ClosedloopStream):
    """Base of our streams."""

    replication_key: str | None = None

    def __init__(self, tap: TapMarketo, name: str) -> None:
        super().__init__(tap, schema=schema(name), name=name)
        self.source = STREAMS[name]
        self.primary_keys = (self.source.key,)
        self.replication_key = self.source.cursor
        self.overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 3600)))
        self._converters = {column: CONVERTERS[kind] for column, kind in self.source.columns.items()}

    @property
    def ours(self) -> TapMarketo:
        """The tap."""
        tap: TapMarketo = self._tap  # type: ignore[assignment] # ours, not the SDK's
        return tap

    @property
    def marketo(self) -> Marketo:
        """The subscription."""
        return self.ours.marketo

    @property
    def held(self) -> Mapping[str, Any]:
        """What an earlier run left; nothing for a full read."""
        is_full = self.replication_key is not None and self.replication_method != "INCREMENTAL"
        return {} if is_full else self.stream_state

    @property
    def bookmark(self) -> str | None:
        """All changes before it are held; none: nothing is."""
        found: str | None = self.held.get("replication_key_value")
        return found

    def opens_at(self) -> datetime | None:
        """Return where reading by change begins."""
        return from_iso(self.bookmark) - self.overlap if self.bookmark else None

    def marked(self, value: str | None, **more: Any) -> dict[str, Any]:
        """Return a state with a bookmark."""
        state = {"replication_key": self.replication_key, "replication_key_value": value, **more}
        return {name: one for name, one in state.items() if one is not None}

    def is_due(self, at: str | None, hours: float) -> bool:
        """Return whether so much time has passed, by Marketo's clock, since a moment of an earlier run."""
        return at is None or self.now() - from_iso(at) >= timedelta(hours=hours)

    def now(self) -> datetime:
        """Return Marketo's time."""
        return self._tap.source_now()

    def stamp(self) -> str:
        """Return Marketo's time as ISO text."""
        return iso(self.now())

    def source_cursor(self) -> str | None:
        """Return the bookmark: Marketo cannot be asked for its newest row, and a read goes on until it has no more."""
        return self.bookmark

    def converted(self, rows: Iterable[Row]) -> Batch:
        """Return rows as records."""
        batch = Batch()
        for row in rows:
            try:
                batch.records.append(self.record(row))
            except ValueError as error:
                key = row.get(self.source.key) or row.get("id")
                batch.bad.append(BadRecord(key=str(key or ""), reason=str(error), record=row))
        return batch

    def record(self, row: Row) -> dict[str, Any]:
        """Return a record with every column.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, never the value.
        """
        record, column = dict[str, Any](), ""
        try:
            for column, convert in self._converters.items():
                value = row.get(column)
                record[column] = None if value is None else convert(value)
        except ValueError as error:
            message = f"{column}: {error}"
            raise ValueError(message) from None
        if record[self.source.key] is None:
            message = f"{self.source.key}: there is none"
            raise ValueError(message)
        if self.source.deletes:
            record[DELETED] = None
        return record
