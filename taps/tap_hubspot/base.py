"""What all of our streams have: an account, columns, a bookmark, bad records set aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from closedloop.kit.stream import BadRecord, ClosedloopStream, from_iso
from tap_hubspot.values import iso_ms

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_hubspot.changed import Changed
    from tap_hubspot.client import Hubspot, Row
    from tap_hubspot.columns import Columns
    from tap_hubspot.kinds import Source
    from tap_hubspot.tap import TapHubspot

AGAIN = "run again; if it persists, ask HubSpot's support"


@dataclass(slots=True, kw_only=True)
class Batch:
    """Some records, and those that could not be read."""

    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)


class HubspotStream(ClosedloopStream):
    """Base of our streams."""

    replication_key: str | None = None

    def __init__(self, tap: TapHubspot, name: str, source: Source, *, columns: Columns) -> None:
        super().__init__(tap, schema=columns.schema, name=name)
        self.source = source
        self.primary_keys = (source.key,)
        self.replication_key = source.cursor
        self.selected_by_default = source.default
        self.cols = columns
        self.counted: int | None = None
        self.overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 300)))

    @property
    def hubspot(self) -> Hubspot:
        """The account."""
        hubspot: Hubspot = self._tap.hubspot  # type: ignore[attr-defined] # our tap, not the SDK's
        return hubspot

    @property
    def changed(self) -> Changed:
        """What the streams of records have seen in this run."""
        changed: Changed = self._tap.changed  # type: ignore[attr-defined]
        return changed

    @property
    def until(self) -> str:
        """Newest moment of which HubSpot's search surely knows everything, ISO text with milliseconds."""
        return iso_ms(self.count_until)

    def is_due(self, name: str, hours: float) -> bool:
        """Return whether so much time has passed, by HubSpot's clock, since what the state calls ``name``."""
        at = self.stream_state.get(name)
        return at is None or self._now() - from_iso(at) >= timedelta(hours=hours)

    def _now(self) -> datetime:
        return self.count_until + self._tap.lag

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows there are, where this run has counted them."""
        del until
        return self.counted

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many rows there were when the keys were listed."""
        del last_id
        return self.counted

    def converted(self, rows: Iterable[Row]) -> Batch:
        """Return rows as records."""
        batch = Batch()
        for row in rows:
            try:
                batch.records.append(self.cols.record(row))
            except ValueError as error:
                key = row.get(self.source.key) or row.get("id")
                batch.bad.append(BadRecord(key=str(key or ""), reason=str(error), record=row))
        return batch
