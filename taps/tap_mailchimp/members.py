"""The members of the audiences: what changed since the bookmark, audience by audience.

Offsets cannot be trusted while members change: a row that moves to the end pulls every later row one place forward. So
each page is the first page of what changed since the page before it, in the order of the last change; only where one
second fills a whole page its further pages are asked for by offset. That also makes every page a place to resume from.

Mailchimp says how many rows a listing has. Between two pages that number may shrink by no more than what we received,
and on the last page nothing may be left: otherwise a row was kept from us, and the stream fails before its bookmark.
Archived members come only where they are asked for; members deleted for good are missing in the count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, from_iso, iso
from tap_mailchimp.base import MailchimpStream
from tap_mailchimp.catalog import CURSOR, PERSON_FIELDS
from tap_mailchimp.client import AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_mailchimp.base import Batch
    from tap_mailchimp.client import Listed, Row
    from tap_mailchimp.tap import TapMailchimp

#: Whether the second that is asked for is included is not documented.
_STEP = timedelta(seconds=1)
#: All but the archived ones, and those.
_PASSES: Mapping[str, Mapping[str, str]] = {"live": {}, "archived": {"status": "archived"}}
#: Quarantined records tried again at the next run, one call each.
_MOST_RETRIED = 20


@dataclass(slots=True, kw_only=True)
class _Window:
    """What changed since one moment: how many rows it had at first, and the times of those received."""

    since: datetime | None
    offset: int = 0
    total: int | None = None
    times: list[datetime] = field(default_factory=list)
    rows: int = 0


class MemberStream(MailchimpStream):
    """The members."""

    replication_key = CURSOR
    count_column: ClassVar[str | None] = CURSOR

    def __init__(self, tap: TapMailchimp, name: str) -> None:
        super().__init__(tap, name)
        self._overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 300)))
        self._fields = {**PERSON_FIELDS, **(self.config.get("person_fields") or {})}
        self._marks: dict[str, str] = {}
        self._refused: set[str] = set()

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark.

        Raises:
            StreamError: A listing is not whole, or does not advance.
        """
        held = dict(self.stream_state) if self.replication_method == "INCREMENTAL" else {}
        self._marks, self._refused = dict(held.get("lists") or {}), set()
        whole = held.get("replication_key_value") if not self._marks else None
        yield self._page(self._again(held.get("quarantined") or ()), is_state=False)
        for audience in self.audiences():
            for name, params in _PASSES.items():
                place = f"{audience['id']}/{name}"
                mark = self._marks.get(place) or whole
                opens = from_iso(mark) - self._overlap if mark else self._start
                for batch, newest in self._changed(str(audience["id"]), params, opens):
                    if newest:
                        self._marks[place] = max(newest, self._marks.get(place) or "")
                    yield self._page(batch)

    @property
    def _start(self) -> datetime | None:
        start = self.config.get("start_date")
        return from_iso(start) if start else None

    def _page(self, batch: Batch, *, is_state: bool = True) -> Page:
        self._refused |= {bad.key for bad in batch.bad} - {""}
        newest = max((record[CURSOR] for record in batch.records if record[CURSOR]), default=None)
        state = {
            "replication_key": CURSOR,
            "replication_key_value": max(self._marks.values(), default=None),
            "lists": dict(sorted(self._marks.items())) or None,
            "quarantined": sorted(self._refused)[:_MOST_RETRIED] or None,
        }
        kept = {name: value for name, value in state.items() if value}
        return Page(records=batch.records, bad=batch.bad, state=kept if is_state else None, cursor=newest)

    def _changed(
        self, audience: str, params: Mapping[str, str], opens: datetime | None
    ) -> Iterator[tuple[Batch, str | None]]:
        """Yield what changed in one audience, each page with the bookmark that holds once it is written."""
        window, earlier, confirmed = _Window(since=opens), None, None
        while True:
            found = self._ask(audience, params, window)
            batch = self.converted(found.rows)
            times = [from_iso(record[CURSOR]) for record in batch.records if record[CURSOR]]
            self._check(found, times, window, earlier)
            window.rows += len(found.rows)
            window.times += times
            is_last = window.offset + len(found.rows) >= found.total or not found.rows
            newest = max((record[CURSOR] for record in batch.records if record[CURSOR]), default=confirmed)
            if is_last and window.offset + len(found.rows) < found.total:
                yield batch, confirmed
                message = f"incomplete: Mailchimp counts {found.total} members and listed {window.rows}"
                raise StreamError(message, where=self.name, fix=AGAIN)
            # The bookmark follows one page behind: the next page shows whether this one was whole.
            yield batch, newest if is_last else confirmed
            if is_last:
                return
            confirmed = newest
            window, earlier = _after(window, newest, len(found.rows))

    def _ask(self, audience: str, params: Mapping[str, str], window: _Window) -> Listed:
        asked = {"sort_field": CURSOR, "sort_dir": "ASC", **params}
        if window.since is not None:
            asked["since_last_changed"] = _utc(window.since)
        return self.api.page(f"/lists/{audience}/members", "members", asked, offset=window.offset)

    def _check(self, found: Listed, times: list[datetime], window: _Window, earlier: _Window | None) -> None:
        if times != sorted(times) or (times and window.since is not None and times[0] < window.since):
            raise StreamError("the page is not in the order asked for", where=self.name, fix=AGAIN)
        if found.rows and len(found.rows) < min(self.api.size, found.total - window.offset):
            raise StreamError("incomplete: a page came short", where=self.name, fix=AGAIN)
        if window.total is not None:
            return
        window.total = found.total
        if earlier is None or earlier.total is None or window.since is None:
            return
        passed = earlier.rows - sum(1 for moment in earlier.times if moment > window.since)
        if earlier.total - found.total > passed:
            missing = earlier.total - found.total - passed
            message = f"incomplete: Mailchimp listed {missing} members fewer than it counts"
            raise StreamError(message, where=self.name, fix=AGAIN)

    def _again(self, keys: Sequence[str]) -> Batch:
        """Read the quarantined records once more, one by one; what is gone is given up."""
        rows: list[Row] = []
        for key in keys:
            audience, _, member = key.partition("/")
            try:
                rows.append(self.api.get(f"/lists/{audience}/members/{member}", {"exclude_fields": "_links"}))
            except StreamError:
                continue
        return self.converted(rows)

    def key_of(self, row: Row) -> str:
        """Return a member's key: an address in two audiences is two members."""
        return f"{row.get('list_id')}/{row.get('id')}"

    def prepared(self, row: Row) -> Row:
        """Return a member with its key and the person's data out of the merge fields."""
        if not row.get("list_id") or not row.get("id"):
            message = "key: there is none"
            raise ValueError(message)
        merge = row.get("merge_fields") or {}
        person = {name: merge.get(tag) for name, tag in self._fields.items()}
        return {**row, **person, "key": self.key_of(row)}

    def source_count(self, until: datetime) -> int | None:
        """Return how many members had last changed before ``until``, archived ones included."""
        bounds = {"before_last_changed": _utc(until)}
        if self._start is not None:
            bounds["since_last_changed"] = _utc(self._start)
        return sum(
            self.api.total(f"/lists/{audience['id']}/members", "members", {**params, **bounds})
            for audience in self.audiences()
            for params in _PASSES.values()
        )

    def rows(self) -> Iterator[list[Row]]:
        """Yield all members, by offset: members that move meanwhile show as a count that does not agree."""
        for audience in self.audiences():
            for params in _PASSES.values():
                asked: dict[str, Any] = {"sort_field": "timestamp_opt", "sort_dir": "ASC", **params}
                for page in self.api.listing(f"/lists/{audience['id']}/members", "members", asked):
                    yield page.rows


def _utc(moment: datetime) -> str:
    """Return a time as Mailchimp prints it."""
    return iso(moment).replace("Z", "+00:00")


def _after(window: _Window, newest: str | None, count: int) -> tuple[_Window, _Window | None]:
    """Return the window to go on with, and the one whose rows it must account for."""
    since = from_iso(newest).replace(microsecond=0) - _STEP if newest else None
    if since is None or (window.since is not None and since <= window.since):
        window.offset += count
        return window, None
    return _Window(since=since), window
