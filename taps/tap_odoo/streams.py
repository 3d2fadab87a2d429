"""How a stream of Odoo is read: by ascending id, inside the window of what changed since the bookmark.

Not by the keyset `(write_date, id)`: the database keeps microseconds and prints seconds, so the page after
`12:00:07, id 40` would have to ask for rows *of that printed second* with a larger id, and a row of the same second
with a smaller id, but later microseconds, would be skipped. Inside a fixed window ids cannot lie.

The window opens `overlap` before the bookmark, because `write_date` is the start of a transaction that may commit
minutes later. The next bookmark is the newest `write_date` seen, but never later than the moment this window was
opened: a row changed while we read, behind our back, must fall into the next window.

Before the bookmark moves, Odoo is asked to count the window. If it has more rows there than it listed, the listing
was not whole: the bookmark stays, the stream fails, and the next run reads the window again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from closedloop.kit.stream import BadRecord, ClosedloopStream, Page, from_iso, iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_odoo.catalog import Lookup, Model
    from tap_odoo.client import Domain, Odoo, Row
    from tap_odoo.columns import Columns
    from tap_odoo.tap import TapOdoo

CURSOR = "write_date"
#: Ids are small: a page of them holds more.
_IDS_PER_ROW = 10
#: Quarantined records tried again at the next run.
_MOST_RETRIED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a stream stands.

    Args:
        value: All rows written before it are held (ISO text); none: nothing is.
        after_id: Inside a window: the last id written.
        window_start: Inside a window: when it was opened, by the server's clock.
        window_newest: Inside a window: newest `write_date` seen.
        window_rows: Inside a window: rows received.
        quarantined: Ids that could not be read and are tried again.
    """

    value: str | None = None
    after_id: int | None = None
    window_start: str | None = None
    window_newest: str | None = None
    window_rows: int | None = None
    quarantined: tuple[int, ...] = ()

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Bookmark:
        """Return the bookmark in a stream's state."""
        return cls(
            value=state.get("replication_key_value"),
            after_id=state.get("after_id"),
            window_start=state.get("window_start"),
            window_newest=state.get("window_newest"),
            window_rows=state.get("window_rows"),
            quarantined=tuple(state.get("quarantined", ())),
        )

    def state(self) -> dict[str, Any]:
        """Return it as a stream's state."""
        state = {
            "replication_key": CURSOR,
            "replication_key_value": self.value,
            "after_id": self.after_id,
            "window_start": self.window_start,
            "window_newest": self.window_newest,
            "window_rows": self.window_rows,
            "quarantined": list(self.quarantined) or None,
        }
        return {name: value for name, value in state.items() if value is not None}


@dataclass(slots=True, kw_only=True)
class _Batch:
    records: list[dict[str, Any]] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)


class OdooStream(ClosedloopStream):
    """A model of Odoo."""

    primary_keys: ClassVar[tuple[str, ...]] = ("id",)
    replication_key = CURSOR
    count_column = "create_date"

    def __init__(
        self, tap: TapOdoo, name: str, model: Model, *, columns: Columns, fault: StreamError | None = None
    ) -> None:
        super().__init__(tap, schema=columns.schema, name=name)
        self.model = model
        self._columns_of = columns
        self._fault = fault
        self._known: dict[str, dict[int, Row]] = {}
        self._page_size = int(self.config.get("page_size", 1000))
        self._overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 300)))

    @property
    def odoo(self) -> Odoo:
        """The database."""
        odoo: Odoo = self._tap.odoo  # type: ignore[attr-defined] # our tap, not the SDK's
        return odoo

    @property
    def domain(self) -> Domain:
        """Rows that belong to the stream."""
        start = self.config.get("start_date")
        since = [[CURSOR, ">=", _odoo_time(from_iso(start))]] if start else []
        return [*(list(term) for term in self.model.domain), *since]

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark; after a window that was cut short, also what changed since then."""
        if self._fault is not None:
            raise self._fault
        mark = Bookmark.of(self.stream_state) if self.replication_method == "INCREMENTAL" else Bookmark()
        if mark.quarantined:
            page, mark = self._again(mark)
            yield page
        cut_short = mark.after_id is not None
        while True:
            yield from self._window(mark)
            if not cut_short:
                return
            mark, cut_short = Bookmark.of(self.stream_state), False

    def _window(self, mark: Bookmark) -> Iterator[Page]:
        window = [*self.domain, *([[CURSOR, ">=", self._opens_at(mark.value)]] if mark.value else [])]
        opened = mark.window_start or iso(self.odoo.now())
        inside = replace(
            mark,
            after_id=mark.after_id or 0,
            window_start=opened,
            window_newest=mark.window_newest,
            window_rows=mark.window_rows or 0,
        )
        while True:
            rows = self._rows([*window, ["id", ">", inside.after_id]], limit=self._page_size)
            self._check_progress(rows, inside.after_id or 0)
            batch = self._converted(rows)
            inside = _advanced(inside, rows, batch)
            if len(rows) < self._page_size:
                break
            yield Page(
                records=batch.records, bad=batch.bad, state=inside.state(), cursor=inside.window_newest
            )
        whole = self._is_whole(window, inside)
        newest = inside.window_newest
        value = max(filter(None, (mark.value, min(newest, opened) if newest else None)), default=None)
        left = Bookmark(value=value if whole is None else mark.value, quarantined=inside.quarantined)
        yield Page(records=batch.records, bad=batch.bad, state=left.state(), cursor=newest)
        if whole is not None:
            raise whole

    def _opens_at(self, value: str) -> str:
        return _odoo_time(from_iso(value) - self._overlap)

    def _is_whole(self, window: Domain, inside: Bookmark) -> StreamError | None:
        """Return what is wrong with the listing of a window, if anything is.

        Only rows older than the lag are counted: a transaction still open when we passed may add younger ones.
        """
        if not self._tap.protocol:
            return None
        until = from_iso(inside.window_start or "") - self._tap.lag
        counted = self.odoo.count(self.model.name, [*window, [CURSOR, "<", _odoo_time(until)]])
        if counted <= (inside.window_rows or 0):
            return None
        message = (
            f"incomplete: Odoo counts {counted} rows of {self.model.name} and lists {inside.window_rows}"
        )
        return StreamError(message, where=self.name, fix="run again; if it persists, see Odoo's own log")

    def _again(self, mark: Bookmark) -> tuple[Page, Bookmark]:
        """Read the quarantined records once more."""
        ids = list(mark.quarantined)
        batch = self._converted(self._rows([*self.domain, ["id", "in", ids]], limit=len(ids)))
        still = _retried((), batch)
        left = replace(mark, quarantined=still)
        return Page(records=batch.records, bad=batch.bad, state=left.state(), cursor=_newest(batch)), left

    def _rows(self, domain: Domain, *, limit: int) -> list[Row]:
        return self.odoo.read(
            self.model.name, domain, self._columns_of.fields, limit=limit, names=self.model.names
        )

    def _check_progress(self, rows: list[Row], after: int) -> None:
        last = after
        for row in rows:
            key = row.get("id")
            if not isinstance(key, int):
                continue  # quarantined with the page
            if key <= last:
                message = f"no progress: Odoo repeated a page ({self.model.name}, id {key} after {last})"
                raise StreamError(
                    message, where=self.name, fix="run again; if it persists, see Odoo's own log"
                )
            last = key
        if len(rows) >= self._page_size and not isinstance(rows[-1].get("id"), int):
            message = "a page ends with a row without id: the next page cannot be asked for"
            raise StreamError(message, where=self.name)

    def _converted(self, rows: list[Row]) -> _Batch:
        batch = _Batch()
        record_of = self._columns_of.record
        for row in rows:
            try:
                batch.records.append(record_of(row))
            except ValueError as error:
                batch.bad.append(BadRecord(key=str(row.get("id") or ""), reason=str(error), record=row))
        for lookup in self.model.lookups:
            self._look_up(lookup, batch.records)
        return batch

    def _look_up(self, lookup: Lookup, records: list[dict[str, Any]]) -> None:
        known = self._known.setdefault(lookup.model, {}) if lookup.keep else {}
        wanted = {record[lookup.column] for record in records if record[lookup.column]} - known.keys()
        if wanted:
            known |= self._looked_up(lookup, sorted(wanted))
        for record in records:
            row = known.get(record[lookup.column])
            for name, column in lookup.columns.items():
                self._columns_of.fill(record, column, row.get(name) if row else None)

    def _looked_up(self, lookup: Lookup, ids: list[int]) -> dict[int, Row]:
        fields = list(lookup.columns)
        try:
            found = self.odoo.read(lookup.model, [["id", "in", ids]], fields, limit=len(ids))
        except (AccessError, MissingObjectError):
            if lookup.required:
                raise
            return {key: {} for key in ids}  # known to be unknown: not asked again
        return {row["id"]: row for row in found}

    def source_cursor(self) -> str | None:
        """Return the newest `write_date` in the database.

        Rows that Odoo's own installation inserts have none, and PostgreSQL sorts those first: they are left out.
        """
        if self._fault is not None:
            raise self._fault
        dated = [*self.domain, [CURSOR, ">=", "1970-01-01 00:00:00"]]
        rows = self.odoo.read(self.model.name, dated, [CURSOR], limit=1, order=f"{CURSOR} desc")
        return iso(from_iso(rows[0][CURSOR])) if rows else None

    def source_count(self, until: datetime) -> int:
        """Return how many rows the database has that were created up to ``until``.

        Asked as "before the next second": the database compares microseconds that we never see.
        """
        before = [self.count_column, "<", _odoo_time(until + timedelta(seconds=1))]
        return self.odoo.count(self.model.name, [*self.domain, before])

    def source_total(self, last_id: str | None) -> int:
        """Return how many rows the database has up to an id."""
        return self.odoo.count(self.model.name, [*self.domain, ["id", "<=", int(last_id or 0)]])

    def keys(self) -> Iterator[str]:
        """Yield the id of every row."""
        after, limit = 0, self._page_size * _IDS_PER_ROW
        while True:
            ids = self.odoo.ids(self.model.name, [*self.domain, ["id", ">", after]], limit=limit)
            if ids and ids[0] <= after:
                message = "no progress: Odoo repeated a page of ids"
                raise StreamError(message, where=self.name)
            yield from map(str, ids)
            if len(ids) < limit:
                return
            after = ids[-1]


def _newest(batch: _Batch) -> str | None:
    return max((record[CURSOR] for record in batch.records if record[CURSOR]), default=None)


def _advanced(inside: Bookmark, rows: list[Row], batch: _Batch) -> Bookmark:
    newest = max(filter(None, (inside.window_newest, _newest(batch))), default=None)
    return replace(
        inside,
        after_id=rows[-1]["id"] if rows and isinstance(rows[-1].get("id"), int) else inside.after_id,
        window_newest=newest,
        window_rows=(inside.window_rows or 0) + len(rows),
        quarantined=_retried(inside.quarantined, batch),
    )


def _retried(ids: tuple[int, ...], batch: _Batch) -> tuple[int, ...]:
    more = {int(record.key) for record in batch.bad if record.key.isdigit()}
    return tuple(sorted({*ids, *more})[:_MOST_RETRIED])


def _odoo_time(moment: datetime) -> str:
    """Return a time as Odoo writes it in a domain: naive UTC."""
    return iso(moment).replace("T", " ").removesuffix("Z")
