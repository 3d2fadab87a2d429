"""How the objects that know when a row last changed are read.

What changed is asked for in the order of (`SystemModstamp`, `Id`), deleted and archived rows included, from some minutes
before the moment until which the last run is sure to have seen everything: a long transaction commits rows whose stamp
lies in the past. A query says how many rows it has; when fewer or more came, the stream fails and its bookmark goes back.
After each page the bookmark names the last row, so a run that was stopped goes on behind it.

A field that appears (the admin made it, mapped it, or let us see it) moves no stamp: where other fields are asked for than
at the last time, every row is read again.

Beyond `bulk_threshold` rows the query goes to Bulk. Its rows come in no order, so the bookmark moves after the last page.

A row that was deleted, or lost a merge, comes as a tombstone. Rows that left the recycle bin are found once a day in the
log of deletions, which goes back 15 days; what is older, and what leaves no trace, shows in the count of the day.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, from_iso
from closedloop.log import get_logger
from tap_salesforce import soql
from tap_salesforce.batch import Batch, converted
from tap_salesforce.bookmark import Bookmark
from tap_salesforce.bulk import GoneJobError, NoBulkError
from tap_salesforce.catalog import DELETED_AT
from tap_salesforce.faults import HeavyQueryError, LocatorError
from tap_salesforce.streams import SalesforceStream
from tap_salesforce.values import moment, printed
from tap_salesforce.walk import AGAIN, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_salesforce.bulk import Bulk
    from tap_salesforce.client import Listed

log = get_logger(__name__)

DEFAULT_OVERLAP = 600
_DAY = timedelta(days=1)
#: How far back the log of deletions goes, less the time for asking.
_HORIZON = timedelta(days=15) - timedelta(hours=1)


class ChangedStream(SalesforceStream):
    """An object that can be asked for what changed."""

    count_column: ClassVar[str | None] = "CreatedDate"

    #: First page of the query for what changed, where it has been asked for already.
    _first: Listed | None = None
    #: Until when that query is sure to have seen everything.
    _until: str = ""
    _mark: Bookmark | None = None
    _is_reading = False
    _is_unchanged = False
    _has_moved = False
    _is_again = False

    @property
    def cursor(self) -> str:
        """Column that says when a row last changed."""
        return self.replication_key or "SystemModstamp"

    @property
    def overlap(self) -> timedelta:
        """Longest time for which a transaction may have been open."""
        return timedelta(seconds=int(self.config.get("overlap_seconds", DEFAULT_OVERLAP)))

    @property
    def start(self) -> datetime | None:
        """Where a first run begins."""
        start = self.config.get("start_date")
        return from_iso(start) if start else None

    @property
    def bookmark(self) -> Bookmark:
        """The state as the run found it."""
        if self._mark is None:
            is_whole = self.replication_method != "INCREMENTAL"
            mark = Bookmark.of({} if is_whole else self.stream_state, self.cursor)
            self.select()
            self._is_again = mark.fields not in {None, self._fields}
            self._mark = replace(mark, after_id=None) if self._is_again else mark
        return self._mark

    @property
    def _fields(self) -> str:
        return _digest(self.columns.fields)

    def source_cursor(self) -> str | None:
        """Return the newest change at the source, asked apart from what the read will list.

        Where it is no newer than the bookmark, and too old for a transaction of its time to be still open, nothing has
        changed, and this was the only call.
        """
        if self.fault is not None:
            raise self.fault
        mark = self.bookmark
        is_recent = bool(mark.value and mark.after_id is None and mark.bulk is None) and not self._is_again
        if not self._is_reading and is_recent and not mark.is_settled(self.overlap):
            # Rows changed shortly before the last run: they are read again, and where no newer one comes, that is all.
            first = self._open()
            newest = converted(self.columns, first.rows, cursor=self.cursor).newest if first else None
            if first and first.next is None and (newest or "") <= (mark.value or ""):
                return mark.value
        until = printed(self._tap.source_now() - self._tap.lag)
        query = soql.select([self.cursor], self.name, order=[f"{self.cursor} DESC"], limit=1)
        rows = self.salesforce.query(query, entity=self.name, everything=self.everything).rows
        newest = moment(rows[0].get(self.cursor)) if rows else None
        is_settled = mark.is_settled(self.overlap) and not self._is_again
        self._is_unchanged = is_settled and (newest or "") <= (mark.value or "")
        self._until = self._until or until
        return newest

    def _open(self) -> Listed | None:
        """Return the first page; none where the query does not fit into an address or is too heavy for one."""
        if self._first is None:
            where = self._where()
            self._until = self._until or printed(self._tap.source_now() - self._tap.lag)
            if self.salesforce.is_too_long(self.select(where)):
                return None
            try:
                self._first = self.ask(where)
            except HeavyQueryError as error:
                log.info("query.heavy", stream=self.name, reason=error.message)
        return self._first

    def _where(self) -> list[str]:
        mark = self.bookmark
        known = Bookmark(column=self.cursor) if self._is_again else mark
        return known.condition(overlap=self.overlap, start=self.start)

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark.

        Raises:
            StreamError: The listing is not whole, or does not advance.
        """
        self._is_reading = True
        self.select()
        yield from self._tried_again()
        yield from self._log_of_deletions()
        if self.bookmark.bulk is not None:
            try:
                yield from self._bulk_pages(resumed=self.bookmark.bulk)
            except GoneJobError as error:
                log.info("bulk.gone", stream=self.name, reason=error.message)
                self._mark = replace(self.bookmark, bulk=None)
            else:
                return
        yield from self._changed()

    def _changed(self) -> Iterator[Page]:
        if self._is_unchanged:
            yield Page(records=[], state=self._done(self.bookmark, None, until=self._until).state())
            return
        first = self._open()
        if first is not None and (self.threshold == 0 or first.total <= self.threshold):
            yield from self._rest_pages(first)
            return
        if first is None and self._nothing_changed():
            yield Page(records=[], state=self._done(self.bookmark, None, until=self._until).state())
            return
        try:
            yield from self._bulk_pages()
        except NoBulkError as error:
            if first is None:
                raise
            log.info("bulk.refused", stream=self.name, reason=error.message)
            yield from self._rest_pages(first)

    def _done(self, mark: Bookmark, value: str | None, *, until: str) -> Bookmark:
        return replace(mark.done(value, until=until), fields=self._fields)

    def _nothing_changed(self) -> bool:
        """Spare a job where there is nothing to read."""
        query = soql.count(self.name, where=self._where())
        try:
            return self.salesforce.count(query, entity=self.name, everything=self.everything) == 0
        except HeavyQueryError:
            return False

    def _rest_pages(self, first: Listed) -> Iterator[Page]:
        origin = self.bookmark
        mark = origin if origin.goes_on(self.overlap) else replace(origin, after_id=None)
        mark = replace(mark, fields=self._fields)
        walk = Walk(salesforce=self.salesforce, entity=self.name)
        lost: Bookmark | None = None
        while True:
            try:
                for listed in walk.pages(first):
                    batch = converted(self.columns, listed.rows, cursor=self.cursor)
                    is_last = listed.next is None
                    fault = self._out_of_order(batch, mark) or (walk.fault() if is_last else None)
                    if fault is not None:
                        raise fault
                    mark = mark.without({*mark.quarantined, *batch.refused})
                    if is_last:
                        mark = self._done(mark, batch.newest, until=self._until)
                    else:
                        mark = self._behind(batch, mark)
                    yield self._page(batch, mark)
            except LocatorError:
                if lost == mark:  # not one page came since the last time
                    raise
                lost = mark
                first = self.ask(self._rest_of(mark))
            except StreamError:
                yield Page(records=[], state=origin.state())
                raise
            else:
                return

    def _page(self, batch: Batch, mark: Bookmark) -> Page:
        newest = batch.newest
        self._has_moved |= (newest or "") > (self.bookmark.value or "")
        return Page(records=batch.records, bad=batch.bad, state=mark.state(), cursor=newest)

    def _behind(self, batch: Batch, mark: Bookmark) -> Bookmark:
        """Return the bookmark behind the last row; one that changed while we read says nothing about the others."""
        settled = [record for record in batch.records if record[self.cursor] < self._until]
        if not settled:
            return mark
        last = settled[-1]
        return mark.at(last[self.cursor], last["Id"], until=self._until)

    def _rest_of(self, mark: Bookmark) -> list[str]:
        if mark.after_id is None or mark.value is None:
            return self._where()
        return [soql.after(self.cursor, from_iso(mark.value), mark.after_id)]

    def _out_of_order(self, batch: Batch, mark: Bookmark) -> StreamError | None:
        times = [at for at in batch.times if at < self._until]
        before = mark.value if mark.after_id and mark.value else ""
        if times == sorted(times) and (not times or times[0] >= before):
            return None
        return StreamError("the page is not in the order asked for", where=self.name, fix=AGAIN)

    def _bulk_pages(self, resumed: Mapping[str, Any] | None = None) -> Iterator[Page]:
        """Yield the results of a bulk job: a new one, or the one that an earlier run began to read."""
        origin = replace(self.bookmark, bulk=None)
        held: dict[str, Any] = dict(resumed or {"until": self._until, "rows": 0})
        job = self.bulk(self.columns.fields)
        try:
            if resumed is None:
                job = self.again(partial(self._begun, self._where()))
                held |= {"job": job.job, "fields": _digest(job.fields)}
                yield Page(records=[], state=replace(origin, bulk=held).state())
            job.take_up(held["job"], held.get("header"), is_same=held.get("fields") == _digest(job.fields))
            job.wait()
            yield from self._results(job, origin, held)
        except (GoneJobError, NoBulkError):
            raise
        except StreamError:
            yield Page(records=[], state=origin.state())
            raise

    def _begun(self, where: list[str]) -> Bulk:
        query = self.select(where).partition(" ORDER BY ")[0]  # sorting slows a job down and promises nothing
        job = self.bulk(self.columns.fields)
        job.start(query, everything=self.everything)
        return job

    def _results(self, job: Bulk, mark: Bookmark, held: dict[str, Any]) -> Iterator[Page]:
        seen: set[int] = set()
        while True:
            results = job.page(held.get("locator"))
            batch = converted(self.columns, self._unseen(results.rows, seen), cursor=self.cursor)
            batch.records.sort(key=lambda record: (record[self.cursor], record["Id"]))
            came = len(batch.records) + len(batch.bad)
            if results.rows and not came:
                raise StreamError("no progress: Salesforce repeated a page", where=self.name, fix=AGAIN)
            held["rows"] += came
            held["newest"] = max(filter(None, (held.get("newest"), batch.newest)), default=None)
            held |= {"locator": results.next, "header": job.header}
            if results.next is None and job.total is not None and held["rows"] < job.total:
                msg = f"incomplete: Salesforce counts {job.total} rows and listed {held['rows']}"
                raise StreamError(msg, where=self.name, fix=AGAIN)
            mark = mark.without({*mark.quarantined, *batch.refused})
            going = replace(mark, bulk=dict(held))
            done = self._done(mark, held["newest"], until=held["until"])
            yield self._page(batch, going if results.next else done)
            if results.next is None:
                return

    def _unseen(self, rows: list[dict[str, Any]], seen: set[int]) -> Iterator[dict[str, Any]]:
        for row in rows:
            known = hash((row.get("Id"), row.get(self.cursor)))
            if known not in seen:
                seen.add(known)
                yield row

    def _tried_again(self) -> Iterator[Page]:
        """Read the quarantined records once more; what is gone is given up."""
        mark = self.bookmark
        if not mark.quarantined:
            return
        listed = self.ask([soql.among("Id", mark.quarantined)])
        batch = converted(self.columns, listed.rows, cursor=self.cursor)
        self._mark = mark.without(batch.refused)
        yield Page(records=batch.records, bad=batch.bad)

    def _log_of_deletions(self) -> Iterator[Page]:
        """Once a day: yield tombstones for what left the recycle bin since."""
        mark, now = self.bookmark, self._tap.source_now()
        if not self.everything or not self.org.keeps_deletions(self.name) or DELETED_AT not in self._columns:
            return
        asked = from_iso(mark.deleted_until) if mark.deleted_until else None
        if asked is not None and now - asked < _DAY:
            return
        self._mark = replace(mark, deleted_until=printed(now))
        if asked is None or mark.value is None:  # nothing is held that could be gone
            return
        if now - asked > _HORIZON:
            log.warning(
                "deletions.too_old", stream=self.name, since=mark.deleted_until, next="the count shows them"
            )
        try:
            found = self.salesforce.deleted(self.name, max(asked - self.overlap, now - _HORIZON), now)
        except StreamError as error:
            log.info("deletions.refused", stream=self.name, reason=error.message)
            return
        rows = [row for row in found["deletedRecords"] if isinstance(row, dict) and row.get("id")]
        yield Page(
            records=[{"Id": str(row["id"]), DELETED_AT: moment(row.get("deletedDate"))} for row in rows]
        )

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows had been made by ``until`` and not deleted: once a day, and when rows came."""
        today = until.date().isoformat()
        if self._is_reading and not self._has_moved and self.stream_state.get("counted_on") == today:
            return None
        where = [soql.compare("CreatedDate", "<=", until.replace(microsecond=0))]
        if self.start is not None:
            where.append(soql.compare(self.cursor, ">=", self.start))
        try:
            count = self.count(where)
        except HeavyQueryError as error:
            log.info("count.heavy", stream=self.name, reason=error.message)
            return None
        self.stream_state["counted_on"] = today
        return count


def _digest(fields: Sequence[str]) -> str:
    return hashlib.sha256(",".join(fields).encode()).hexdigest()[:16]
