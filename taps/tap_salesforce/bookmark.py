"""Where a stream goes on: what its state holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from closedloop.kit.stream import from_iso
from tap_salesforce import soql

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta

#: Quarantined records that the next run tries again, all in one call.
_MOST_RETRIED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """One stream's state.

    Args:
        column: What the rows are ordered by.
        value: The newest row that came, ISO text.
        until: What was committed by this time has been seen, or will have been once the run in progress is done.
        after_id: While a run is in progress: the last row that came; `value` is its time.
        bulk: While results of a bulk job are read: which, and how far.
        counted_on: Day of the newest count.
        deleted_until: Where the log of deletions has been read to.
        quarantined: Keys of records to try again.
        fields: What was asked for, as a digest: with other fields every row must be read again.
    """

    column: str
    value: str | None = None
    until: str | None = None
    after_id: str | None = None
    bulk: Mapping[str, Any] | None = None
    counted_on: str | None = None
    deleted_until: str | None = None
    quarantined: tuple[str, ...] = ()
    fields: str | None = None

    @classmethod
    def of(cls, state: Mapping[str, Any], column: str) -> Bookmark:
        """Read a state; what another tap left in it is ignored."""
        return cls(
            column=column,
            value=state.get("replication_key_value"),
            until=state.get("until"),
            after_id=state.get("after_id"),
            bulk=state.get("bulk"),
            counted_on=state.get("counted_on"),
            deleted_until=state.get("deleted_until"),
            quarantined=tuple(state.get("quarantined") or ()),
            fields=state.get("fields"),
        )

    def state(self) -> dict[str, Any]:
        """Return what goes into the state."""
        kept = {
            "replication_key": self.column,
            "replication_key_value": self.value,
            "until": self.until,
            "after_id": self.after_id,
            "bulk": self.bulk,
            "counted_on": self.counted_on,
            "deleted_until": self.deleted_until,
            "quarantined": list(self.quarantined) or None,
            "fields": self.fields,
        }
        return {name: value for name, value in kept.items() if value is not None}

    def condition(self, *, overlap: timedelta, start: datetime | None) -> list[str]:
        """Return the condition of what has not been seen for certain.

        Args:
            overlap: Longest time for which a transaction may have been open.
            start: Where a first run begins; none: with everything.
        """
        sure = self._sure(overlap)
        if sure is None:
            return [] if start is None else [soql.compare(self.column, ">=", start)]
        if self.goes_on(overlap) and self.value and self.after_id:
            return [soql.after(self.column, from_iso(self.value), self.after_id)]
        return [soql.compare(self.column, ">=", sure)]

    def is_settled(self, overlap: timedelta) -> bool:
        """Return whether any row that still comes must be newer than the newest that came."""
        sure = self._sure(overlap)
        if self.after_id or self.bulk is not None or self.value is None or sure is None:
            return False
        return from_iso(self.value) < sure

    def goes_on(self, overlap: timedelta) -> bool:
        """Return whether a run that was stopped can go on behind its last row: no older one can still appear."""
        sure = self._sure(overlap)
        return bool(self.after_id and self.value and sure and from_iso(self.value) < sure)

    def _sure(self, overlap: timedelta) -> datetime | None:
        """Return the time before which everything was committed when we looked."""
        known = self.until or self.value
        return from_iso(known) - overlap if known else None

    def at(self, value: str | None, after_id: str, *, until: str) -> Bookmark:
        """Return the bookmark behind one row of a run in progress."""
        return replace(self, value=value, after_id=after_id, until=until, bulk=None)

    def done(self, value: str | None, *, until: str) -> Bookmark:
        """Return the bookmark of a finished run."""
        newest = max(filter(None, (self.value, value)), default=None)
        return replace(self, value=newest, until=until, after_id=None, bulk=None)

    def without(self, keys: Collection[str]) -> Bookmark:
        """Return it with these keys as the quarantined ones."""
        return replace(self, quarantined=tuple(sorted(keys)[:_MOST_RETRIED]))
