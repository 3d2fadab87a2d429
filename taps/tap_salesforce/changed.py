"""How the objects that know when a row last changed are read.

What changed is asked for in the order of (`SystemModstamp`, `Id`), deleted and archived rows included, from some minutes
before the moment until which the last run is sure to have seen everything: a long transaction commits rows whose stamp
lies in the past. A query says how many rows it has; when fewer or more came, the stream fails and its bookmark goes back.
After each page the bookmark names the last row, so a run that was stopped goes on behind it.

For our own core the newest stamp is asked for first. Where it is the bookmark's, and too old for an open transaction to
slip a row beneath it, that one call was the run. Rows are counted once a day, and whenever newer ones came.

A field that appears (the admin made it, mapped it, or let us see it) moves no stamp: where other fields are asked for than
at the last time, every row is read again.

Beyond `bulk_threshold` rows the query goes to Bulk. Its rows come in no order, so the bookmark moves after the last page.

A row that was deleted, or lost a merge, comes as a tombstone. Rows that left the recycle bin are found once a day in the
log of deletions, which goes back 15 days; what is older, and what leaves no trace, shows in the count of the day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, from_iso
from closedloop.log import get_logger
from tap_salesforce import deletions, soql
from tap_salesforce.batch import Batch, converted
from tap_salesforce.bookmark import Bookmark
from tap_salesforce.bulk import GoneJobError, NoBulkError
from tap_salesforce.carried import bulk_pages, digest
from tap_salesforce.catalog import DELETED_AT
from tap_salesforce.faults import HeavyQueryError, LocatorError
from tap_salesforce.streams import SalesforceStream
from tap_salesforce.values import moment, printed
from tap_salesforce.walk import AGAIN, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_salesforce.client import Listed

log = get_logger(__name__)

DEFAULT_OVERLAP = 600


class ChangedStream(SalesforceStream):
    """An object that can be asked for what changed."""

    count_column: ClassVar[str | None] = "CreatedDate"

    #: First page of the query for what changed, where it has been asked for already.
    _first: Listed | None = None
    #: Until when that query is sure to have seen everything, ISO text.
    until: str = ""
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
        return digest(self.columns.fields)

    def done(self, value: str | None, *, until: str | None = None, mark: Bookmark | None = None) -> Bookmark:
        """Return the bookmark once everything was read with the fields that are asked for now.

        Args:
            value: Newest stamp that came.
            until: Until when everything was surely seen; none: as this read found it.
            mark: What it moves on from; none: what the run found.
        """
        return replace((mark or self.bookmark).done(value, until=until or self.until), fields=self._fields)

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
        self.until = self.until or until
        return newest

    def _open(self) -> Listed | None:
        """Return the first page; none where the query does not fit into an address or is too heavy for one."""
        if self._first is None:
            where = self.where()
            self.until = self.until or printed(self._tap.source_now() - self._tap.lag)
            if self.salesforce.is_too_long(self.select(where)):
                return None
            try:
                self._first = self.ask(where)
            except HeavyQueryError as error:
                log.info("query.heavy", stream=self.name, reason=error.message)
        return self._first

    def where(self) -> list[str]:
        """Return the condition of what may have changed since the bookmark."""
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
                yield from bulk_pages(self, resumed=self.bookmark.bulk)
            except GoneJobError as error:
                log.info("bulk.gone", stream=self.name, reason=error.message)
                self._mark = replace(self.bookmark, bulk=None)
            else:
                return
        yield from self._changed()

    def _changed(self) -> Iterator[Page]:
        if self._is_unchanged:
            yield Page(records=[], state=self.done(None).state())
            return
        first = self._open()
        if first is not None and (self.threshold == 0 or first.total <= self.threshold):
            yield from self._rest_pages(first)
            return
        if first is None and self._nothing_changed():
            yield Page(records=[], state=self.done(None).state())
            return
        try:
            yield from bulk_pages(self)
        except NoBulkError as error:
            if first is None:
                raise
            log.info("bulk.refused", stream=self.name, reason=error.message)
            yield from self._rest_pages(first)

    def _nothing_changed(self) -> bool:
        """Spare a job where there is nothing to read."""
        query = soql.count(self.name, where=self.where())
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
                    mark = self.done(batch.newest, mark=mark) if is_last else self._behind(batch, mark)
                    yield self.page_of(batch, mark)
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

    def page_of(self, batch: Batch, mark: Bookmark) -> Page:
        """Return the page of some rows, with the bookmark that holds once they are written."""
        newest = batch.newest
        self._has_moved |= (newest or "") > (self.bookmark.value or "")
        return Page(records=batch.records, bad=batch.bad, state=mark.state(), cursor=newest)

    def _behind(self, batch: Batch, mark: Bookmark) -> Bookmark:
        """Return the bookmark behind the last row; one that changed while we read says nothing about the others."""
        settled = [record for record in batch.records if record[self.cursor] < self.until]
        if not settled:
            return mark
        last = settled[-1]
        return mark.at(last[self.cursor], last["Id"], until=self.until)

    def _rest_of(self, mark: Bookmark) -> list[str]:
        if mark.after_id is None or mark.value is None:
            return self.where()
        return [soql.after(self.cursor, from_iso(mark.value), mark.after_id)]

    def _out_of_order(self, batch: Batch, mark: Bookmark) -> StreamError | None:
        times = [at for at in batch.times if at < self.until]
        before = mark.value if mark.after_id and mark.value else ""
        if times == sorted(times) and (not times or times[0] >= before):
            return None
        return StreamError("the page is not in the order asked for", where=self.name, fix=AGAIN)

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
        if not self.everything or DELETED_AT not in self._columns or not self.org.keeps_deletions(self.name):
            return
        if deletions.is_due(mark, now):
            self._mark = replace(mark, deleted_until=printed(now))
            yield from deletions.tombstones(
                self.salesforce, self.name, mark=mark, now=now, overlap=self.overlap
            )

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows had been made by ``until`` and not deleted: once a day, and when rows came."""
        today = until.date().isoformat()
        is_same = (
            not self._has_moved and self.bookmark.value is not None
        )  # of nothing, only the count is a proof
        if self._is_reading and is_same and self.stream_state.get("counted_on") == today:
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
