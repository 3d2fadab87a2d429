"""Orders and attendees, which can be asked for by what changed.

The first reading goes over the whole of an organization, or, where that is more than the calls of one run, event by
event, each of which is a place to resume from. Afterwards the organization is asked for what changed on or after the
last reading began, less an overlap: Eventbrite shows a change up to some minutes late, and in which order is not
documented, so that the bookmark moves only when all has come.

A listing leaves deleted rows out, as far as known. Another one has them: what only that one shows is deleted. Whether
a check-in counts as a change is not documented either: attendees of events that are on or ended lately are read again
once a day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.columns import DELETED
from closedloop.kit.policy import MissingObjectError, RecordError
from closedloop.kit.stream import Page, from_iso, iso
from tap_eventbrite.account import place
from tap_eventbrite.base import Batch, EventbriteStream
from tap_eventbrite.catalog import COSTS, CURSOR
from tap_eventbrite.money import majors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_eventbrite.client import Row
    from tap_eventbrite.tap import TapEventbrite

#: Quarantined records tried again at the next run, one call each.
_MOST_RETRIED = 20
_FEW_DAYS = timedelta(days=3)
_READ_UNTIL, _BEGUN, _SINCE, _WATCHED = "read_until", "begun", "since", "watched_on"


class ChangedStream(EventbriteStream):
    """A listing of an organization that can be asked for what changed."""

    replication_key = CURSOR
    count_column: ClassVar[str | None] = CURSOR
    #: Whether events that are on or ended lately are read again.
    is_watched: ClassVar[bool] = False

    def __init__(self, tap: TapEventbrite, name: str) -> None:
        super().__init__(tap, name)
        self._overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 900)))
        self._refused: set[str] = set()

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark.

        Raises:
            StreamError: A listing is not whole, or does not advance.
        """
        held = dict(self.stream_state) if self.replication_method == "INCREMENTAL" else {}
        self._refused = set()
        yield self._page(self._again(held.get("quarantined") or ()))
        begun = held.get(_BEGUN) or iso(self._tap.source_now())
        since = self._opens_at(held)
        watched = held.get(_WATCHED)
        if _READ_UNTIL in held or not self._fits(since):
            for batch, until in self._by_event(since, held.get(_READ_UNTIL, "")):
                mark = {_BEGUN: begun, _SINCE: since and iso(since), _READ_UNTIL: until, _WATCHED: watched}
                before = {name: held.get(name) for name in ("replication_key", "replication_key_value")}
                yield self._page(batch, state={**before, **mark})
        else:
            for batch in self._of_organizations(since):
                yield self._page(batch)
        if since is not None and self.is_watched and watched != begun[:10]:
            for batch in self._lately():
                yield self._page(batch)
        read_on = begun[:10] if self.is_watched else None
        mark = {"replication_key": CURSOR, "replication_key_value": begun, _WATCHED: read_on}
        yield self._page(Batch(), state=mark)

    def _opens_at(self, held: Mapping[str, Any]) -> datetime | None:
        if _READ_UNTIL in held:
            return from_iso(held[_SINCE]) if held.get(_SINCE) else None
        mark = held.get("replication_key_value")
        if mark:
            return from_iso(mark) - self._overlap
        start = self.config.get("start_date")
        return from_iso(start) if start else None

    def _page(self, batch: Batch, *, state: Mapping[str, Any] | None = None) -> Page:
        self._refused |= {self.address(bad.record) for bad in batch.bad} - {""}
        newest = max((record[CURSOR] for record in batch.records if record[CURSOR]), default=None)
        if state is not None:
            refused = sorted(self._refused)[:_MOST_RETRIED]
            state = {
                name: value for name, value in {**state, "quarantined": refused or None}.items() if value
            }
        return Page(records=batch.records, bad=batch.bad, state=state, cursor=newest)

    def _asked(self, since: datetime | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {
            **(self.source.params if more is None else more),
            **({"changed_since": iso(since)} if since else {}),
        }

    def _fits(self, since: datetime | None) -> bool:
        """Return whether the organizations can be read whole with the calls that are left: what changed in a few days can."""
        if since is not None and self._tap.source_now() - since < _FEW_DAYS:
            return True
        api, pages = self.account.api, 0
        for path in self.account.paths(self.name):
            found = api.page(path, self.name, self._asked(since))
            pages += (found.total or 0) // found.size + 1
        return pages <= api.calls_left - _SPARE

    def _of_organizations(self, since: datetime | None) -> Iterator[Batch]:
        for path in self.account.paths(self.name):
            yield from self._listed(path, since)

    def _by_event(self, since: datetime | None, read_until: str) -> Iterator[tuple[Batch, str]]:
        for event in self.account.events():
            if place(event) <= read_until:
                continue
            whole = Batch()
            try:
                for batch in self._listed(f"/events/{event.get('id')}/{self.name}/", since):
                    whole.records += batch.records
                    whole.bad += batch.bad
            except MissingObjectError:
                pass  # deleted meanwhile, or merged into another one: the listing of events tells
            yield whole, place(event)

    def _lately(self) -> Iterator[Batch]:
        days = timedelta(days=int(self.config.get("watched_days", 7)))
        for event in self.account.lately(days):
            yield from self._listed(f"/events/{event.get('id')}/{self.name}/", None)

    def _listed(self, path: str, since: datetime | None) -> Iterator[Batch]:
        """Yield a listing, and of what changed also what only the listing with deleted rows shows."""
        listed = set[str]()
        for page in self.account.api.listing(path, self.name, self._asked(since)):
            listed |= {str(row.get("id")) for row in page.rows}
            yield self.converted(page.rows)
        if since is None:
            return
        for page in self.account.api.listing(path, self.name, self._asked(since, self.source.gone)):
            gone = [row for row in page.rows if str(row.get("id")) not in listed]
            yield self.converted({**row, DELETED: row.get(CURSOR)} for row in gone)

    def address(self, row: Mapping[str, Any]) -> str:
        """Return where one row can be asked for."""
        return f"/{self.name}/{row['id']}/" if row.get("id") else ""

    def _again(self, addresses: Sequence[str]) -> Batch:
        """Read the quarantined records once more, one by one; what is gone is given up."""
        rows: list[Row] = []
        for address in addresses:
            try:
                rows.append(self.account.api.get(address))
            except (MissingObjectError, RecordError):
                continue
        return self.converted(rows)

    def prepared(self, row: Row) -> Row:
        """Return a row with the parts of its price."""
        return {**row, **majors(row.get("costs") or {}, COSTS)}

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows had last changed before ``until``: all that are listed, less those changed since."""
        api, count = self.account.api, 0
        for path in self.account.paths(self.name):
            total = api.total(path, self.name, self._asked(self._start))
            later = api.total(path, self.name, self._asked(until))
            if total is None or later is None:
                return None
            count += total - later
        return count

    @property
    def _start(self) -> datetime | None:
        start = self.config.get("start_date")
        return from_iso(start) if start else None

    def rows(self) -> Iterator[list[Row]]:
        """Yield all rows that are listed."""
        for path in self.account.paths(self.name):
            for page in self.account.api.listing(path, self.name, self._asked(self._start)):
                yield page.rows


#: Calls kept for what a reading needs besides its pages.
_SPARE = 20


class OrderStream(ChangedStream):
    """The orders: who bought how many tickets."""


class AttendeeStream(ChangedStream):
    """The attendees, one a ticket."""

    is_watched = True

    def address(self, row: Mapping[str, Any]) -> str:
        """Return where an attendee can be asked for."""
        event, key = row.get("event_id"), row.get("id")
        return f"/events/{event}/attendees/{key}/" if event and key else ""

    def prepared(self, row: Row) -> Row:
        """Return an attendee with the time of the check-in.

        Eventbrite states none: the best that there is is when the ticket's barcode was used.
        """
        used = [
            one["changed"]
            for one in row.get("barcodes") or ()
            if isinstance(one, dict) and one.get("status") == "used" and one.get("changed")
        ]
        at = min(used, default=None) if row.get("checked_in") else None
        return {**super().prepared(row), "checked_in_at": at}
