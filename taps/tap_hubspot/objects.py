"""Streams of CRM records: a full read by the listing, changes by the search, deletions by both.

The listing comes in the order of ids, is never late and has no end but its own; the search knows how many records there
are. So a full read ends with a comparison of the two. The search lags by moments: the bookmark never passes
``lag_seconds`` before HubSpot's own time, and each run reads ``overlap_seconds`` again.

One search, newest change first, gives an unchanged run everything: what changed, that nothing else did, and the count.
The count is compared with the one of the run before: fewer records mean that some were archived, and the archived ones
are listed (that listing cannot be asked for what is new in it); more mean that some were restored, which stamps nothing,
and everything is read again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, from_iso
from tap_hubspot.base import AGAIN, Batch, HubspotStream
from tap_hubspot.bookmark import Bookmark
from tap_hubspot.changed import Seen
from tap_hubspot.client import CAP, SEARCH_PAGE
from tap_hubspot.kinds import DELETED, CrmObject
from tap_hubspot.search import ID, Search
from tap_hubspot.values import iso_ms, millis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_hubspot.client import Listed, Row
    from tap_hubspot.columns import Columns
    from tap_hubspot.tap import TapHubspot

CURSOR = "updatedAt"
#: Properties that name the records merged into this one; ids are parted by ``;``, some with a time after ``:``.
_MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")


class ObjectStream(HubspotStream):
    """The records of one CRM object."""

    count_column: ClassVar[str | None] = "createdAt"

    def __init__(self, tap: TapHubspot, name: str, source: CrmObject, *, columns: Columns) -> None:
        super().__init__(tap, name, source, columns=columns)
        self.crm = source
        self._first: Listed | None = None
        self._is_capped = False
        self._born = "createdate" if "createdate" in source.properties else "hs_createdate"

    def search(self) -> Search:
        """Return the search of this object."""
        return Search(
            hubspot=self.hubspot,
            name=self.name,
            modified=self.crm.modified,
            properties=self.cols.properties,
            scope=self.source.scope,
        )

    @property
    def _mark(self) -> Bookmark:
        return Bookmark.of(self.stream_state) if self.replication_method == "INCREMENTAL" else Bookmark()

    def source_cursor(self) -> str | None:
        """Return the newest change of which HubSpot's search knows; its answer is kept for the read."""
        self._first = self.search().newest()
        newest = [iso_ms(self.search().time(row)) for row in self._first.rows[:1]]
        return max(filter(None, (*newest, self._mark.value)), default=None)

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark; everything, where there is none or other properties are wanted.

        Raises:
            StreamError: HubSpot gave less than it counts, or does not advance.
        """
        mark = self._mark
        first, self._first = self._first or self.search().newest(), None
        if mark.quarantined:
            page, mark = self._again(mark)
            yield page
        if mark.value is None or mark.listing_until or mark.columns != self.cols.digest:
            yield from self._everything(mark, first)
        else:
            yield from self._changes(mark, first)

    # A full read

    def _everything(self, mark: Bookmark, first: Listed) -> Iterator[Page]:
        if mark.columns != self.cols.digest:
            self._tap.check_properties(self.name)  # type: ignore[attr-defined]
            mark = mark.settled(columns=self.cols.digest)
        resumed = mark.listing_after is not None
        if not resumed:
            mark = mark.settled()  # also where a run ended behind the last page: what it counted, comes again
        inside = replace(mark, listing_until=mark.listing_until or self.until)
        ids: list[str] = []
        before: set[str] = set()
        while True:
            found = self.hubspot.listing(
                self.name, self.cols.properties, after=inside.listing_after, scope=self.source.scope
            )
            keys = [str(row.get("id") or "") for row in found.rows]
            self._check_progress(found, set(keys), before, inside)
            batch = self._converted(found.rows)
            inside = _advanced(inside, found, batch)
            ids += keys
            before = set(keys)
            yield self._page(batch, inside)
            if found.after is None:
                break
        yield from self._completed(inside, first, ids, resumed=resumed)

    def _check_progress(self, found: Listed, keys: set[str], before: set[str], inside: Bookmark) -> None:
        if (keys & before) or (found.after is not None and found.after == inside.listing_after):
            self._restart(inside)
            raise StreamError("no progress: HubSpot repeated a page", where=self.name, fix=AGAIN)

    def _restart(self, inside: Bookmark) -> None:
        """Let the next run begin the full read anew."""
        self.stream_state.clear()
        self.stream_state.update(inside.settled().state(CURSOR))

    def _completed(self, inside: Bookmark, first: Listed, ids: list[str], *, resumed: bool) -> Iterator[Page]:
        """Yield the archived records and the bookmark, once listing and search agree."""
        until = inside.listing_until or self.until
        held, gone, young = set(ids), 0, 0
        archived_until = inside.archived_until
        for batch in self._archived(None):
            for record in _archived_only(batch):
                gone += record["id"] in held
                young += (record["archivedAt"] or "") > until
                archived_until = max(archived_until or "", record["archivedAt"] or "") or None
            yield Page(records=batch.records, bad=batch.bad, cursor=inside.listing_newest)
        rows, born, total = inside.listing_rows or 0, inside.listing_young or 0, first.total or 0
        self._is_capped = total == CAP < rows
        if not self._is_capped and not rows - born - young <= total <= rows + young:
            self._restart(inside)
            message = f"incomplete: HubSpot counts {total} records and listed {rows}"
            raise StreamError(message, where=self.name, fix=AGAIN)
        count = None if self._is_capped else rows - born - gone
        value = max(filter(None, (inside.value, min(inside.listing_newest or until, until))))
        left = inside.settled(value=value, counted=count, counted_until=until, archived_until=archived_until)
        if not resumed:  # otherwise the count is of another time, and the ids are not all
            self.counted = count
            self.changed.note(self.name, Seen(opens=None, until=until, newest=value, ids=ids))
        yield Page(records=[], state=left.state(CURSOR), cursor=inside.listing_newest)

    # Changes

    def _changes(self, mark: Bookmark, first: Listed) -> Iterator[Page]:
        search, until, before = self.search(), self.until, mark
        opens = from_iso(max(mark.value or "", mark.counted_until or "")) - self.overlap
        rows = [row for row in first.rows if search.time(row) >= opens]
        reaches = len(first.rows) < SEARCH_PAGE or len(rows) < len(first.rows)
        pages = iter([rows]) if reaches else search.since(opens)
        ids, created, newest = dict[str, None](), dict[str, str](), mark.value or ""
        for page in pages:
            batch = self._converted(page, merged_until=until)
            ids |= {str(row["id"]): None for row in page}
            created |= {one["id"]: one["createdAt"] or "" for one in batch.records if not one[DELETED]}
            newest = max([newest, *(iso_ms(search.time(row)) for row in page)])
            mark = mark.with_bad(bad.key for bad in batch.bad)
            yield Page(records=batch.records, bad=batch.bad, cursor=newest)
        total = first.total or 0 if reaches else self._total()
        count = total - sum(at > until for at in created.values())
        expected = self._expected(mark, created, until)
        value = max(mark.value or "", min(newest, until))
        mark = replace(mark, value=value, counted_until=until)
        if expected is not None and count > expected:
            yield from self._everything(replace(mark, listing_until=None), self.search().newest())
            return
        archived = 0
        if expected is not None and count < expected:
            for batch, archived in self._newly_archived(before, created):  # noqa: B007 (the last is wanted)
                mark = replace(mark, archived_until=_newest_archived(mark, batch))
                yield Page(records=batch.records, bad=batch.bad, cursor=newest)
        self._is_capped = total == CAP and mark.counted is None
        self.counted = None if self._is_capped else _settled(count, expected, archived)
        self.changed.note(self.name, Seen(opens=opens, until=until, newest=newest, ids=list(ids)))
        yield Page(records=[], state=replace(mark, counted=self.counted).state(CURSOR), cursor=newest)

    def _total(self) -> int:
        return self.hubspot.count(self.name, sort=self.crm.modified, scope=self.source.scope)

    def _expected(self, mark: Bookmark, created: dict[str, str], until: str) -> int | None:
        """Return how many records there would be had none been archived or restored."""
        if mark.counted is None or mark.counted_until is None:
            return None
        return mark.counted + sum(mark.counted_until < at <= until for at in created.values())

    def _newly_archived(self, mark: Bookmark, created: dict[str, str]) -> Iterator[tuple[Batch, int]]:
        """Yield what was archived since the last time, with how many records the count has lost so far."""
        since = iso_ms(from_iso(mark.archived_until) - self.overlap) if mark.archived_until else ""
        lost = 0
        for batch in self._archived(since):
            lost += sum(
                (record["archivedAt"] or "") > (mark.archived_until or "")
                and (record["createdAt"] or "") <= (mark.counted_until or "")
                and record["id"] not in created
                for record in _archived_only(batch)
            )
            yield batch, lost

    # Both

    def _archived(self, since: str | None) -> Iterator[Batch]:
        """Yield the archived records as deleted ones; with ``since`` only those archived later."""
        after: str | None = None
        while True:
            found = self.hubspot.listing(
                self.name, self.cols.properties, after=after, archived=True, scope=self.source.scope
            )
            batch = self.converted(found.rows)
            records = [one for one in batch.records if since is None or (one["archivedAt"] or "") >= since]
            batch.records = [self._archived_record(one) for one in records]
            batch.records += self._losers_of(records)
            if batch.records or batch.bad:
                yield batch
            if found.after is None:
                return
            if found.after == after or not found.rows:
                raise StreamError("no progress: HubSpot repeated a page", where=self.name, fix=AGAIN)
            after = found.after

    def _converted(self, rows: list[Row], merged_until: str = "9") -> Batch:
        """Return records, and a mark of deletion for each record that was merged into one of them.

        Until the search has learned of a merge it counts the loser: the mark waits for a later run, which reads the
        survivor again.
        """
        batch = self.converted(rows)
        losers = self._losers_of([one for one in batch.records if (one[CURSOR] or "") <= merged_until])
        batch.records = [{**record, DELETED: None} for record in batch.records] + losers
        return batch

    def _losers_of(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return a mark of deletion for each record that was merged into one of these."""
        return [
            {"id": loser, "merged_into": record["id"], DELETED: record[CURSOR] or self.until}
            for record in records
            for loser in _losers(record)
        ]

    def _archived_record(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return an archived record as a deleted one, which does not overwrite whom it was merged into."""
        at = record["archivedAt"] or record[CURSOR] or self.until
        return {name: value for name, value in record.items() if name != "merged_into"} | {DELETED: at}

    def _page(self, batch: Batch, inside: Bookmark) -> Page:
        return Page(
            records=batch.records, bad=batch.bad, state=inside.state(CURSOR), cursor=inside.listing_newest
        )

    def _again(self, mark: Bookmark) -> tuple[Page, Bookmark]:
        """Read the quarantined records once more; what is gone is given up."""
        rows = self.hubspot.read(
            self.name, sorted(mark.quarantined), self.cols.properties, scope=self.source.scope
        )
        batch = self._converted(list(rows))
        left = replace(mark, quarantined=tuple(bad.key for bad in batch.bad))
        return Page(records=batch.records, bad=batch.bad), left

    # Sweep

    def keys(self) -> Iterator[str]:
        """Yield the id of every record that is not archived."""
        after: str | None = None
        listed, young = 0, 0
        while True:
            found = self.hubspot.listing(self.name, [ID], after=after, scope=self.source.scope)
            for row in found.rows:
                listed += 1
                young += str(row.get("createdAt") or "") > self.until
                yield str(row.get("id"))
            if found.after is None:
                break
            if found.after == after:
                raise StreamError("no progress: HubSpot repeated a page", where=self.name, fix=AGAIN)
            after = found.after
        self.counted = self._confirmed(listed, young)

    def _confirmed(self, listed: int, young: int) -> int:
        """Return what the search counts, less what it may not know yet of the last moments."""
        total = self._total()
        if listed - young <= total <= listed or total == CAP < listed:
            return listed
        if total > listed:
            fresh = sum(
                (record["archivedAt"] or "") > self.until
                for batch in self._archived(None)
                for record in _archived_only(batch)
            )
            return listed if total <= listed + fresh else total
        return total

    def source_count(self, until: datetime) -> int | None:
        """Return how many records there are that are not archived and were created up to ``until``."""
        if self.counted is not None or self._is_capped:
            return self.counted
        bound = {"propertyName": self._born, "operator": "LTE", "value": millis(until)}
        return self.hubspot.count(self.name, [bound], sort=self.crm.modified, scope=self.source.scope)


def _advanced(inside: Bookmark, found: Listed, batch: Batch) -> Bookmark:
    live = [record for record in batch.records if not record[DELETED]]
    until = inside.listing_until or ""
    newest = max([inside.listing_newest or "", *(record[CURSOR] or "" for record in live)]) or None
    return replace(
        inside.with_bad(bad.key for bad in batch.bad),
        listing_after=found.after,
        listing_newest=newest,
        listing_rows=(inside.listing_rows or 0) + len(found.rows),
        listing_young=(inside.listing_young or 0) + sum((r["createdAt"] or "") > until for r in live),
    )


def _losers(record: dict[str, Any]) -> list[str]:
    found = [
        part.partition(":")[0].strip() for name in _MERGED for part in str(record.get(name) or "").split(";")
    ]
    return [key for key in dict.fromkeys(found) if key.isdigit() and key != record["id"]]


def _archived_only(batch: Batch) -> list[dict[str, Any]]:
    return [record for record in batch.records if "archivedAt" in record]


def _newest_archived(mark: Bookmark, batch: Batch) -> str | None:
    return (
        max([mark.archived_until or "", *(one["archivedAt"] or "" for one in _archived_only(batch))]) or None
    )


def _settled(count: int, expected: int | None, archived: int) -> int:
    """Return the count without the archived records that the search still shows."""
    if expected is None:
        return count
    return min(count, expected - archived)
