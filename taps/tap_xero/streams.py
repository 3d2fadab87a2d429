"""How the listings of Xero are read.

Small ones come whole with every run. The large ones are asked for by what changed since the bookmark
(`If-Modified-Since`), in the order of `UpdatedDateUTC`. Page numbers cannot be trusted there: a row that somebody edits
while we read moves to the end, every later row moves up one place, and the next page begins one row too late. So each
page is the first page of what changed since the page before it; only where one second fills a whole page its further
pages are asked for by number. That also makes every page a place to resume from.

Xero says how many rows a listing has. Between two pages that number may shrink by no more than what we received, and on
the last page nothing may be left: otherwise a row was kept from us, the bookmark stays before it, and the stream fails.
The bookmark therefore follows one page behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import MissingObjectError, RecordError, StreamError
from closedloop.kit.stream import BadRecord, ClosedloopStream, Page, from_iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_xero.catalog import Endpoint
    from tap_xero.client import Listed, Xero
    from tap_xero.columns import Columns
    from tap_xero.tap import TapXero

CURSOR = "updated_date_utc"
_CHANGED = "UpdatedDateUTC"
#: Xero keeps milliseconds and is asked in seconds; whether the second itself is included is not documented.
_STEP = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Quarantined records tried again at the next run, one call each.
_MOST_RETRIED = 20
_AGAIN = "run again; if it persists, ask Xero's support"


@dataclass(slots=True, kw_only=True)
class _Batch:
    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)

    @property
    def newest(self) -> str | None:
        return max((record[CURSOR] for record in self.records if record[CURSOR]), default=None)

    @property
    def keys(self) -> set[str]:
        return {bad.key for bad in self.bad}


class XeroStream(ClosedloopStream):
    """A listing that comes whole."""

    replication_key: str | None = None

    def __init__(self, tap: TapXero, name: str, endpoint: Endpoint, *, columns: Columns) -> None:
        super().__init__(tap, schema=columns.schema, name=name)
        self.endpoint = endpoint
        self.primary_keys = (endpoint.id,)
        self._columns_of = columns
        self._count: int | None = None
        self._page_size = int(self.config.get("page_size", 1000))

    @property
    def xero(self) -> Xero:
        """The organisation."""
        xero: Xero = self._tap.xero  # type: ignore[attr-defined] # our tap, not the SDK's
        return xero

    def pages(self) -> Iterator[Page]:
        """Yield the listing."""
        rows = self.ask().rows
        batch = self._converted(rows)
        self._count = len(rows)
        yield Page(records=batch.records, bad=batch.bad)

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows the listing has."""
        del until
        return len(self.ask().rows) if self._count is None else self._count

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many rows the listing had when its keys were read."""
        del last_id
        return self._count

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        rows = self.ask().rows
        self._count = len(rows)
        yield from sorted({str(record[self.endpoint.id]) for record in self._converted(rows).records})

    def ask(
        self,
        *,
        since: datetime | None = None,
        page: int | None = None,
        size: int | None = None,
        order: str = f"{_CHANGED} ASC",
        key: str = "",
    ) -> Listed:
        """Ask for one page, or one record by its key."""
        params = dict(self.endpoint.params) if not key else {}
        if page is not None:
            params |= {
                "page": str(page),
                "pageSize": str(size or self._page_size),
                "order": order,
            }
        path = f"{self.endpoint.path}/{key}" if key else self.endpoint.path
        return self.xero.list(
            path,
            self.endpoint.key,
            params=params,
            since=since,
            scope=self.endpoint.scope,
            is_optional=self.endpoint.optional,
        )

    def _converted(self, rows: list[dict[str, Any]]) -> _Batch:
        batch = _Batch()
        for row in rows:
            try:
                batch.records.append(self._columns_of.record(row))
            except ValueError as error:
                key = row.get(self._id_at_source)
                batch.bad.append(BadRecord(key=str(key or ""), reason=str(error), record=row))
        return batch

    @property
    def _id_at_source(self) -> str:
        singular = self.endpoint.key.removesuffix("s")
        return f"{singular}ID"


@dataclass(slots=True, kw_only=True)
class _Window:
    """What changed since one moment.

    Args:
        since: The moment; none: everything.
        page: Page asked for next.
        total: Rows it had at its first page.
        rows: Rows received of it.
        last: Their times.
    """

    since: datetime | None
    page: int = 1
    total: int | None = None
    rows: int = 0
    times: list[datetime] = field(default_factory=list)


class ChangedStream(XeroStream):
    """A listing that can be asked for what changed."""

    replication_key = CURSOR
    count_column: ClassVar[str | None] = CURSOR

    def __init__(self, tap: TapXero, name: str, endpoint: Endpoint, *, columns: Columns) -> None:
        super().__init__(tap, name, endpoint, columns=columns)
        self._overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 300)))
        self._first: Listed | None = None
        self._is_empty = False

    @property
    def _start(self) -> datetime | None:
        start = self.config.get("start_date")
        return from_iso(start) if start else None

    @property
    def _bookmark(self) -> str | None:
        if self.replication_method != "INCREMENTAL":
            return None
        return self.stream_state.get("replication_key_value")

    def _opens_at(self) -> datetime | None:
        mark = self._bookmark
        return from_iso(mark) - self._overlap if mark else self._start

    def source_cursor(self) -> str | None:
        """Return the newest change, where the first page already shows it: it is kept for the read.

        The window reaches back over the row that the bookmark is of. If that is not there, Xero is asked for its
        newest row of all: older than the bookmark, it tells of a copy of earlier.
        """
        self._first = self.ask(since=self._opens_at(), page=1)
        if len(self._first.rows) >= self._page_size:
            return None
        newest = self._converted(self._first.rows).newest
        if newest is None and self._bookmark is not None:
            last = self.ask(since=self._start, page=1, size=1, order=f"{_CHANGED} DESC")
            return self._converted(last.rows).newest
        return max(filter(None, (self._bookmark, newest)), default=None)

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark.

        Raises:
            StreamError: The listing is not whole, or does not advance.
        """
        quarantined = set(self.stream_state.get("quarantined", ()))
        again = self._again(sorted(quarantined)) if quarantined else _Batch()
        quarantined = again.keys
        if again.records or again.bad:
            yield Page(records=again.records, bad=again.bad)
        confirmed, before = self._bookmark, set[str]()
        window = _Window(since=self._opens_at())
        earlier: _Window | None = None
        while True:
            found = self._next(window)
            batch = self._converted(found.rows)
            self._check(found, batch, window, earlier, before)
            quarantined |= batch.keys
            newest = max(filter(None, (batch.newest, confirmed)), default=None)
            last = self._is_last(found, window)
            window.rows += len(found.rows)
            window.times += [from_iso(record[CURSOR]) for record in batch.records if record[CURSOR]]
            fault = self._left(found, window) if last else None
            value = newest if last and fault is None else confirmed
            yield Page(
                records=batch.records, bad=batch.bad, state=self._state(value, quarantined), cursor=newest
            )
            if fault is not None:
                raise fault
            if last:
                self._is_empty = newest is None and not quarantined
                return
            confirmed, before = newest, {str(row.get(self._id_at_source)) for row in found.rows}
            window, earlier = _after(window, newest)

    def _next(self, window: _Window) -> Listed:
        first, self._first = self._first, None
        if first is not None and window.page == 1 and window.since == self._opens_at():
            return first
        return self.ask(since=window.since, page=window.page)

    def _state(self, value: str | None, quarantined: set[str]) -> Mapping[str, Any]:
        counted = self.stream_state.get("counted_on")
        state = {
            "replication_key": CURSOR,
            "replication_key_value": value,
            "counted_on": counted,
            "quarantined": sorted(quarantined - {""})[:_MOST_RETRIED] or None,
        }
        return {name: value for name, value in state.items() if value is not None}

    def _is_last(self, found: Listed, window: _Window) -> bool:
        if found.pages is not None:
            return window.page >= found.pages
        return len(found.rows) < self._page_size

    def _check(
        self, found: Listed, batch: _Batch, window: _Window, earlier: _Window | None, before: set[str]
    ) -> None:
        ids = {str(row.get(self._id_at_source)) for row in found.rows}
        times = [record[CURSOR] for record in batch.records if record[CURSOR]]
        # The first page of a window begins with rows that we have, but none from before the window.
        is_old = bool(times and window.since) and from_iso(min(times)) < (window.since or _EPOCH)
        if is_old or (ids and window.page > 1 and ids <= before):
            raise StreamError("no progress: Xero repeated a page", where=self.name, fix=_AGAIN)
        if times != sorted(times):
            raise StreamError("the page is not in the order asked for", where=self.name, fix=_AGAIN)
        if not self._is_last(found, window) and len(found.rows) < self._page_size:
            raise StreamError("incomplete: a page came short", where=self.name, fix=_AGAIN)
        if window.page > 1:
            return
        window.total = found.total
        if earlier is None or earlier.total is None or found.total is None or window.since is None:
            return
        passed = earlier.rows - sum(1 for moment in earlier.times if moment > window.since)
        if earlier.total - found.total > passed:
            missing = earlier.total - found.total - passed
            msg = f"incomplete: Xero listed {missing} rows fewer than it counts"
            raise StreamError(msg, where=self.name, fix=_AGAIN)

    def _left(self, found: Listed, window: _Window) -> StreamError | None:
        if found.total is None or window.rows >= found.total:
            return None
        message = f"incomplete: Xero counts {found.total} rows and listed {window.rows}"
        return StreamError(message, where=self.name, fix=_AGAIN)

    def _again(self, keys: list[str]) -> _Batch:
        """Read the quarantined records once more, one by one; what is gone is given up."""
        rows: list[dict[str, Any]] = []
        for key in keys:
            try:
                rows += self.ask(key=key).rows
            except (MissingObjectError, RecordError):
                continue
        return self._converted(rows)

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows had last changed before ``until``, once a day: it costs two calls.

        Where Xero has none at all, the read has shown it.
        """
        if self._is_empty:
            return 0
        today = until.date().isoformat()
        if self.stream_state.get("counted_on") == today:
            return None
        later = self.ask(since=until, page=1, size=1).total
        total = self.ask(since=self._start, page=1, size=1).total
        if later is None or total is None:
            return None
        self.stream_state["counted_on"] = today
        return total - later

    def keys(self) -> Iterator[str]:
        """Yield the key of every row, by page: rows that move meanwhile show as a count that does not agree."""
        found, page = set[str](), 1
        while True:
            listed = self.ask(since=self._start, page=page)
            found |= {str(row.get(self._id_at_source)) for row in listed.rows}
            self._count = listed.total if listed.total is not None else len(found)
            if self._is_last(listed, _Window(since=None, page=page)) or not listed.rows:
                break
            page += 1
        yield from sorted(found)


def _after(window: _Window, newest: str | None) -> tuple[_Window, _Window | None]:
    """Return the window to go on with, and the one whose rows it must account for."""
    moment = from_iso(newest) if newest else None
    since = (moment.replace(microsecond=0) - _STEP).astimezone(UTC) if moment else None
    if since is None or (window.since is not None and since <= window.since):
        window.page += 1
        return window, None
    return _Window(since=since), window
