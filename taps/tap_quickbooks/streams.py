"""How a stream of QuickBooks is read.

In full: by ascending time of the last change, each page from the newest time that the page before it reached. An
offset into a listing slips when a row moves while we read; a time does not: a changed row moves to the end and is met
again there. Rows of the same second are asked for again and dropped by id; only where a whole page has one time does
an offset step through it.

What changed since the bookmark comes from change data capture, one call for all streams, also what was deleted. It reaches back 30 days and
holds 1,000 objects; where it could fall short, the stream asks for its own window instead.

Before the bookmark moves, QuickBooks is asked to count the window. If it has more rows there than it listed, the
listing was not whole: the bookmark stays, the stream fails, and the next run reads the window again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import BadRecord, ClosedloopStream, Page, from_iso, iso
from tap_quickbooks import heads
from tap_quickbooks.heads import CURSOR, Asked, both, changed
from tap_quickbooks.records import Records
from tap_quickbooks.values import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_quickbooks.catalog import Entity
    from tap_quickbooks.client import QuickBooks
    from tap_quickbooks.records import Row
    from tap_quickbooks.tap import TapQuickBooks

COLUMN = "last_updated_time"
#: Column that marks a row as deleted at the source.
DELETED = "_sdc_deleted_at"
_TOMBSTONE = {DELETED: {"type": ["string", "null"], "format": "date-time"}}
#: Quarantined records tried again at the next run.
_MOST_RETRIED = 200
_FIX = "run again; if it persists, ask Intuit with the request ids in the log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a stream stands.

    Args:
        value: Newest change that is held (ISO text).
        through: When the last reading that was whole began: all rows changed before it are held.
        opened: Inside a window: when it was opened, by QuickBooks' clock.
        reached: Inside a window: the time up to which rows are written.
        tied: Inside a window: ids of the rows written that have just this time.
        rows: Inside a window: rows received.
        quarantined: Ids that could not be read and are tried again.
    """

    value: str | None = None
    through: str | None = None
    opened: str | None = None
    reached: str | None = None
    tied: tuple[str, ...] = ()
    rows: int = 0
    quarantined: tuple[str, ...] = ()

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Bookmark:
        """Return the bookmark in a stream's state."""
        return cls(
            value=state.get("replication_key_value"),
            through=state.get("through"),
            opened=state.get("opened"),
            reached=state.get("reached"),
            tied=tuple(state.get("tied", ())),
            rows=state.get("rows", 0),
            quarantined=tuple(state.get("quarantined", ())),
        )

    def state(self) -> dict[str, Any]:
        """Return it as a stream's state."""
        state = {
            "replication_key": COLUMN,
            "replication_key_value": self.value,
            "through": self.through,
            "opened": self.opened,
            "reached": self.reached,
            "tied": list(self.tied) or None,
            "rows": self.rows or None,
            "quarantined": list(self.quarantined) or None,
        }
        return {name: value for name, value in state.items() if value is not None}


@dataclass(slots=True, kw_only=True)
class _Batch:
    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)


class QuickBooksStream(ClosedloopStream):
    """A stream of QuickBooks with whatever rows; its own time bounds the count."""

    primary_keys = ("id",)
    _tap: TapQuickBooks

    def __init__(
        self, tap: TapQuickBooks, name: str, *, mapping: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        self.records = Records(name, mapping or {})
        properties = {**self.records.schema["properties"], **more}
        super().__init__(tap, name=name, schema={**self.records.schema, "properties": properties})

    @property
    def api(self) -> QuickBooks:
        """The company."""
        return self._tap.api

    @cached_property
    def count_until(self) -> datetime:
        """Bound of the count, the same for all streams of a run."""
        return self._tap.until

    def converted(self, rows: list[Row]) -> _Batch:
        """Return rows as records, those that cannot be read apart."""
        batch = _Batch()
        for row in rows:
            try:
                batch.records.append(self.records.of(row))
            except ValueError as error:
                batch.bad.append(BadRecord(key=str(row.get("Id") or ""), reason=str(error), record=row))
        return batch


class EntityStream(QuickBooksStream):
    """An entity that is read by change."""

    replication_key = COLUMN
    count_column: ClassVar[str | None] = "create_time"

    def __init__(self, tap: TapQuickBooks, name: str, entity: Entity, *, mapping: Mapping[str, str]) -> None:
        self.entity = entity
        self._was_read_in_full = False
        self._head_is_fresh = True
        super().__init__(tap, name, mapping=mapping, **_TOMBSTONE)

    def converted(self, rows: list[Row]) -> _Batch:
        """Return rows as records that are not deleted, those that cannot be read apart."""
        batch = super().converted(rows)
        for record in batch.records:
            record[DELETED] = None
        return batch

    @property
    def bookmark(self) -> Bookmark:
        """Where the stream stands."""
        if self.replication_method != "INCREMENTAL":
            return Bookmark()
        return Bookmark.of(self.stream_state)

    def since(self, mark: Bookmark | None = None) -> datetime | None:
        """Return the start of the window: the bookmark less the overlap; none: everything."""
        found = mark or self.bookmark
        value = found.through or found.value
        if value is None:
            return None
        return from_iso(value) - timedelta(seconds=int(self.config.get("overlap_seconds", 300)))

    @property
    def asked(self) -> Asked:
        """What is asked about the stream before it is read."""
        return Asked(entity=self.entity, until=self.count_until, since=self.since())

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark."""
        mark = self.bookmark
        if mark.quarantined:
            page, mark = self._again(mark)
            yield page
        captured = self._captured(mark)
        if captured is not None:
            yield captured
            return
        self._was_read_in_full = True
        cut_short = mark.reached is not None
        yield from self._window(mark)
        if cut_short:  # what changed since that window was opened
            yield from self._window(Bookmark.of(self.stream_state))

    def _captured(self, mark: Bookmark) -> Page | None:
        """Return the changes that change data capture knows; none if it could be short of some."""
        since = self.since(mark)
        if since is None or mark.reached is not None:
            return None
        found = self._tap.changes
        if found is None or self.entity.name not in found.rows:
            return None
        rows = [row for row in found.rows[self.entity.name] if _time(row) >= since]
        if self._tap.protocol:
            head = self._tap.head(self)
            until = self.count_until
            if sum(_time(row) < until for row in rows) < (head.window or 0):
                return None
            if (head.newest or "") > max(filter(None, (mark.value, heads.newest_of(rows))), default=""):
                return None
        batch = self.converted(rows)
        batch.records += self._tombstones(found.deleted[self.entity.name], since)
        newest = heads.newest_of(rows)
        reached = min(newest, iso(self._tap.opened)) if newest else None
        left = Bookmark(
            value=max(filter(None, (mark.value, reached)), default=None),
            through=iso(self._tap.opened),
            quarantined=_retried(mark.quarantined, batch),
        )
        return Page(records=batch.records, bad=batch.bad, state=left.state(), cursor=newest)

    def _tombstones(self, stubs: list[Row], since: datetime) -> Iterator[dict[str, Any]]:
        """Yield a record for each deletion: only its key and when; what we hold of the object stays with it."""
        for stub in stubs:
            text = moment((stub.get("MetaData") or {}).get("LastUpdatedTime"))
            at = from_iso(text) if text else self._tap.opened
            if at >= since and stub.get("Id"):
                yield {"id": str(stub["Id"]), DELETED: iso(at)}

    def _window(self, mark: Bookmark) -> Iterator[Page]:
        since, limit = self.since(mark), self._tap.page_size
        opened = mark.opened or iso(self._tap.source_now())
        inside = replace(mark, opened=opened)
        at, seen, start = from_iso(mark.reached) if mark.reached else since, set(mark.tied), 1
        while True:
            rows = self.api.rows(
                self.entity.name, where=changed(self.entity, at), order=CURSOR, start=start, limit=limit
            )
            self._check_progress(rows, at, is_step=start > 1, seen=seen)
            fresh = [row for row in rows if row.get("Id") not in seen]
            batch = self.converted(fresh)
            last = _time(rows[-1]) if rows else None
            if last is not None and last == at:
                start, seen = start + len(rows), seen | {str(row.get("Id")) for row in rows}
            elif last is not None:
                start, at = 1, last
                seen = {str(row.get("Id")) for row in rows if _time(row) == last}
            inside = replace(
                inside,
                reached=iso(at) if at is not None else None,
                tied=tuple(sorted(seen)),
                rows=inside.rows + len(fresh),
                quarantined=_retried(inside.quarantined, batch),
            )
            newest = heads.newest_of(rows)
            if len(rows) < limit:
                break
            yield Page(records=batch.records, bad=batch.bad, state=inside.state(), cursor=newest)
        fault = self._is_whole(since, inside)
        reached = min(inside.reached or "", opened) if inside.reached else None
        value = max(filter(None, (mark.value, reached)), default=None) if fault is None else mark.value
        through = opened if fault is None else mark.through
        left = Bookmark(value=value, through=through, quarantined=inside.quarantined)
        yield Page(records=batch.records, bad=batch.bad, state=left.state(), cursor=newest or inside.reached)
        if fault is not None:
            raise fault

    def _check_progress(self, rows: list[Row], at: datetime | None, *, is_step: bool, seen: set[str]) -> None:
        repeated = is_step and bool(rows) and all(str(row.get("Id")) in seen for row in rows)
        if repeated or (at is not None and any(_time(row) < at for row in rows)):
            message = f"no progress: QuickBooks repeated a page of {self.entity.name}"
            raise StreamError(message, where=self.name, fix=_FIX)

    def _is_whole(self, since: datetime | None, inside: Bookmark) -> StreamError | None:
        """Return what is wrong with the listing of a window, if anything is."""
        if not self._tap.protocol:
            return None
        until = from_iso(inside.opened or "") - self._tap.lag
        counted = self.api.count(self.entity.name, changed(self.entity, since, until))
        if counted <= inside.rows:
            return None
        message = f"incomplete: QuickBooks counts {counted} of {self.entity.name} and lists {inside.rows}"
        return StreamError(message, where=self.name, fix=_FIX)

    def _again(self, mark: Bookmark) -> tuple[Page, Bookmark]:
        """Read the quarantined records once more."""
        ids = ", ".join(f"'{_escaped(one)}'" for one in mark.quarantined)
        where = both(self.entity.every, f"Id IN ({ids})")
        batch = self.converted(self.api.rows(self.entity.name, where=where, limit=len(mark.quarantined)))
        left = replace(mark, quarantined=_retried((), batch))
        return Page(records=batch.records, bad=batch.bad, state=left.state()), left

    def source_cursor(self) -> str | None:
        """Return the newest change that QuickBooks knows; asked again, it is looked up again."""
        if self._head_is_fresh:
            self._head_is_fresh = False
            return self._tap.head(self).newest
        return heads.newest(self.api, self.entity)

    def source_count(self, until: datetime) -> int:
        """Return how many rows QuickBooks has that were created up to ``until``."""
        if self._tap.protocol and not self._was_read_in_full and not self._head_is_fresh:
            return self._tap.head(self).count
        return self.api.count(self.entity.name, heads.born_until(self.entity, until))

    def source_total(self, last_id: str | None) -> int:
        """Return how many rows QuickBooks has."""
        del last_id
        return self.api.count(self.entity.name, self.entity.every)

    def keys(self) -> Iterator[str]:
        """Yield the id of every row."""
        seen: set[str] = set()
        limit = self._tap.page_size
        while True:
            start = len(seen) + 1
            rows = self.api.rows(
                self.entity.name, where=self.entity.every, order="Id", start=start, limit=limit
            )
            fresh = [key for key in (str(row.get("Id")) for row in rows) if key not in seen]
            if rows and not fresh:
                message = f"no progress: QuickBooks repeated a page of {self.entity.name}"
                raise StreamError(message, where=self.name)
            seen.update(fresh)
            yield from fresh
            if len(rows) < limit:
                return


class SingleStream(QuickBooksStream):
    """An entity of one row, read whole each time."""

    def __init__(self, tap: TapQuickBooks, name: str, entity: str) -> None:
        self.entity = entity
        super().__init__(tap, name)

    def pages(self) -> Iterator[Page]:
        """Yield the row."""
        batch = self.converted(self._tap.single(self.entity))
        yield Page(records=batch.records, bad=batch.bad)

    def source_count(self, until: datetime) -> int:
        """Return how many rows there are."""
        del until
        return len(self._tap.single(self.entity))

    def source_total(self, last_id: str | None) -> int:
        """Return how many rows there are."""
        del last_id
        return len(self._tap.single(self.entity))

    def keys(self) -> Iterator[str]:
        """Yield the row's id."""
        for row in self._tap.single(self.entity):
            yield str(row.get("Id"))


def _time(row: Row) -> datetime:
    """Return when a row last changed.

    Raises:
        StreamError: It does not say: the next page cannot be asked for.
    """
    try:
        text = moment((row.get("MetaData") or {}).get("LastUpdatedTime"))
    except (ValueError, AttributeError):
        text = None
    if text is None:
        raise StreamError("an object of QuickBooks does not say when it last changed")
    return from_iso(text)


def _retried(ids: tuple[str, ...], batch: _Batch) -> tuple[str, ...]:
    more = {record.key for record in batch.bad if record.key}
    return tuple(sorted({*ids, *more})[:_MOST_RETRIED])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
