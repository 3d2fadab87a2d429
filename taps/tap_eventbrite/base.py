"""What all of our streams have: an account, columns, bad records set aside."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.kit.stream import BadRecord, ClosedloopStream, Page
from tap_eventbrite.catalog import STREAMS, columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_eventbrite.account import Account
    from tap_eventbrite.client import Row
    from tap_eventbrite.tap import TapEventbrite


@dataclass(slots=True, kw_only=True)
class Batch:
    """Some records, and those that could not be read."""

    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)


class EventbriteStream(ClosedloopStream):
    """A listing that comes whole with every run."""

    replication_key: str | None = None

    def __init__(self, tap: TapEventbrite, name: str) -> None:
        self.cols = columns(name)
        super().__init__(tap, schema=self.cols.schema, name=name)
        self.source = STREAMS[name]
        self.primary_keys = ("id",)
        self._count: int | None = None

    @property
    def account(self) -> Account:
        """What the token opens."""
        account: Account = self._tap.account  # type: ignore[attr-defined] # our tap, not the SDK's
        return account

    @abc.abstractmethod
    def rows(self) -> Iterator[list[Row]]:
        """Yield the listing's rows, page by page."""

    def prepared(self, row: Row) -> Row:
        """Return a row with what its columns need besides Eventbrite's own fields.

        Raises:
            ValueError: A value is not what it should be.
        """
        return row

    def pages(self) -> Iterator[Page]:
        """Yield the listing."""
        count = 0
        for rows in self.rows():
            count += len(rows)
            batch = self.converted(rows)
            yield Page(records=batch.records, bad=batch.bad)
        self._count = count

    def converted(self, rows: Iterable[Row]) -> Batch:
        """Return rows as records."""
        batch = Batch()
        for row in rows:
            try:
                batch.records.append(self.cols.record(self.prepared(row)))
            except ValueError as error:
                batch.bad.append(BadRecord(key=str(row.get("id") or ""), reason=str(error), record=row))
        return batch

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows the listing has."""
        del until
        if self._count is None:
            self._count = sum(len(rows) for rows in self.rows())
        return self._count

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many rows there were when the keys were listed."""
        del last_id
        return self._count

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        found = [str(row.get("id")) for rows in self.rows() for row in rows]
        self._count = len(found)
        yield from sorted(set(found))
