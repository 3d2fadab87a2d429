"""Rows that became records, and those that could not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.kit.stream import BadRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_salesforce.columns import Columns


@dataclass(slots=True, kw_only=True)
class Batch:
    """The rows of one page.

    Args:
        cursor: Column that says when a row last changed; none: nothing does.
        records: Ready to be written.
        bad: Those that could not be read.
    """

    cursor: str | None
    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)

    @property
    def times(self) -> list[str]:
        """When each record last changed, in the order in which they came."""
        return [record[self.cursor] for record in self.records] if self.cursor else []

    @property
    def newest(self) -> str | None:
        """The last of those times."""
        return max(self.times, default=None)

    @property
    def refused(self) -> set[str]:
        """Keys of those that could not be read."""
        return {bad.key for bad in self.bad if bad.key}


def converted(columns: Columns, rows: Iterable[dict[str, Any]], *, cursor: str | None) -> Batch:
    """Turn rows into records; one that cannot be read does not touch its neighbours."""
    batch = Batch(cursor=cursor)
    for row in rows:
        try:
            batch.records.append(columns.record(row))
        except ValueError as error:
            key = str(row.get("Id") or "")
            batch.bad.append(BadRecord(key=key, reason=str(error), record=row))
    return batch
