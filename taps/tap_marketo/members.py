"""Who is a member of which program, and with what status.

Members cannot be listed by change over all programs. A change of a status is an activity: it names program and person,
and those members are asked for again. Programs that ended lately, or have not, are read whole once a day besides.
A member that is asked for by its id and does not come is no member any more.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, iso
from tap_marketo.base import MarketoStream
from tap_marketo.bulk import Bulk
from tap_marketo.catalog import CHANGE_STATUS, DELETED
from tap_marketo.client import MOST_IDS, REST
from tap_marketo.faults import AGAIN, TooManyError
from tap_marketo.values import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_marketo.client import Row

_COUNTED_ON, _PROGRAMS, _UNFINISHED = "counted_on", "programs", "unfinished"
_DAY = 24
#: Fields of a member besides those that identify it.
_FIELDS = (
    "statusName",
    "statusReason",
    "reachedSuccess",
    "reachedSuccessDate",
    "membershipDate",
    "acquiredBy",
    "isExhausted",
    "nurtureCadence",
    "createdAt",
    "updatedAt",
)


@dataclass(slots=True, kw_only=True)
class Seen:
    """The members that a run has read.

    Args:
        opens: Those that changed since then; none: all.
        until: Moment up to which this holds.
        is_torn: Whether an earlier run had read some that are not among these.
        ids: Their leads.
    """

    opens: str | None
    until: str
    is_torn: bool
    ids: set[str] = field(default_factory=set)


class MemberStream(MarketoStream):
    """The members of the programs that are campaigns."""

    count_column: ClassVar[str | None] = "membershipDate"
    _is_empty = False

    def pages(self) -> Iterator[Page]:
        """Yield the members of programs that are read whole, and those whose status changed."""
        until, today = self.stamp(), self.stamp()[:10]
        programs = self.ours.campaigns()
        days: dict[str, str] = dict(self.held.get(_PROGRAMS) or {})
        opens = self.bookmark
        seen = Seen(opens=opens, until=until, is_torn=bool(self.held.get(_UNFINISHED)))
        changed = self._changed() if opens else {}
        counted_on = self.stream_state.get(_COUNTED_ON)
        left = {key: day for key, day in days.items() if key in {str(row.get("id")) for row in programs}}
        for program in programs:
            key = str(program.get("id"))
            if self._is_read_whole(program, days.get(key), today):
                found = self._whole(program)
                left[key] = today
            elif key in changed:
                found = self._some(program, sorted(changed[key], key=int))
            else:
                continue
            for page in found:
                seen.ids |= {record["leadId"] for record in page.records if not record[DELETED]}
                yield page
            state = self.marked(opens, programs=dict(left), counted_on=counted_on, unfinished=True)
            yield Page(records=[], state=state)
        self.ours.seen = seen
        self._is_empty = not left or (opens is None and not seen.ids)
        state = self.marked(until, programs=left or None, counted_on=counted_on)
        yield Page(records=[], state=state, cursor=until)

    def _is_read_whole(self, program: Row, read_on: str | None, today: str) -> bool:
        """Whether a program is new to us, or is watched and was not read today."""
        if read_on is None or read_on == today:
            return read_on is None
        try:
            ended = instant(program.get("endDate") or program.get("startDate"))
        except ValueError:
            ended = None
        days = timedelta(days=int(self.config.get("member_days", 30)))
        return ended is None or self.now() - ended <= days

    def _changed(self) -> dict[str, set[str]]:
        """Return the leads whose status changed, by program."""
        found: dict[str, set[str]] = defaultdict(set)
        since = self.opens_at()
        for row in self.marketo.activities(since, [CHANGE_STATUS]) if since else ():
            lead, program = str(row.get("leadId") or ""), str(row.get("primaryAttributeValueId") or "")
            if lead.isdigit():
                found[program].add(lead)
        return found

    # Members of one program

    def _whole(self, program: Row) -> Iterator[Page]:
        try:
            for rows in self._listed(program, *self._everybody(program)):
                yield self._page(program, rows)
        except TooManyError:
            if not self.ours.may_bulk:
                raise
            for rows in self._extracted(program):
                yield self._page(program, rows)

    def _some(self, program: Row, leads: Sequence[str]) -> Iterator[Page]:
        for start in range(0, len(leads), MOST_IDS):
            asked = leads[start : start + MOST_IDS]
            rows = [row for rows in self._listed(program, "leadId", asked) for row in rows]
            there = {str(row.get("leadId")) for row in rows}
            gone = [lead for lead in asked if lead not in there and not self._is_there(program, lead)]
            page = self._page(program, rows)
            page.records.extend(self._removed(program, lead) for lead in gone)
            yield page

    def _is_there(self, program: Row, lead: str) -> bool:
        """Ask once more for one that did not come.

        Raises:
            StreamError: It was kept from us.
        """
        if any(self._listed(program, "leadId", [lead])):
            message = "incomplete: Marketo left out a member that it has"
            raise StreamError(message, where=self.name, fix=AGAIN)
        return False

    def _removed(self, program: Row, lead: str) -> dict[str, Any]:
        return {
            "key": f"{program.get('id')}/{lead}",
            "programId": str(program.get("id")),
            "leadId": lead,
            DELETED: self.stamp(),
        }

    def _page(self, program: Row, rows: Iterable[Row]) -> Page:
        batch = self.converted(self._member(program, row) for row in rows)
        return Page(records=batch.records, bad=batch.bad)

    def _member(self, program: Row, row: Row) -> Row:
        key, lead, channel = program.get("id"), row.get("leadId"), program.get("channel")
        has_success = row.get("reachedSuccess") in {True, "true"}
        return {
            **row,
            "key": f"{key}/{lead}" if lead else None,
            "programId": key,
            "channel": channel,
            "touch_status": self.ours.statuses.meaning(
                row.get("statusName"), channel=channel, has_success=has_success
            ),
        }

    def _everybody(self, program: Row) -> tuple[str, Sequence[str]]:
        """Return a filter that leaves nobody out; one filter there must be."""
        if "reachedSuccess" in self._searchable:
            return "reachedSuccess", ("true", "false")
        return "statusName", self.ours.status_names(program.get("channel"))

    def _listed(
        self, program: Row, kind: str, values: Sequence[str], *, size: int | None = None
    ) -> Iterator[list[Row]]:
        """Yield members that have one of some values, page by page; a page without any is none.

        Raises:
            StreamError: A page came twice.
        """
        path = f"{REST}/programs/{program.get('id')}/members.json"
        params = {
            "filterType": kind,
            "filterValues": ",".join(values),
            "fields": ",".join(self._fields),
            "batchSize": str(size or self.marketo.page_size),
        }
        seen, token = set[str](), None
        while True:
            page = self.marketo.get(path, {**params, **({"nextPageToken": token} if token else {})})
            ids = {str(row.get("leadId")) for row in page.rows}
            if (ids and ids <= seen) or (page.token is not None and page.token == token):
                raise StreamError("no progress: Marketo repeated a page", where=self.name, fix=AGAIN)
            seen |= ids
            if page.rows:
                yield page.rows
            if page.token is None:
                return
            token = page.token

    def _extracted(self, program: Row) -> Iterator[list[Row]]:
        """Yield the members of a program that has more of them than a page-by-page read may have."""
        job = Bulk(
            marketo=self.marketo,
            kind="program/members",
            fields=("leadId", *self._fields),
            patience=self.ours.bulk_patience,
        )
        job.start({"programId": int(str(program.get("id")))})
        yield from job.rows()

    @cached_property
    def _description(self) -> Row:
        rows = self.marketo.get(f"{REST}/programs/members/describe.json").rows
        return rows[0] if rows else {}

    @property
    def _searchable(self) -> set[str]:
        return {str(name) for names in self._description.get("searchableFields") or () for name in names}

    @property
    def _fields(self) -> list[str]:
        there = {
            str(one.get("name")) for one in self._description.get("fields") or () if isinstance(one, dict)
        }
        return [name for name in _FIELDS if name in there] if there else list(_FIELDS)

    # Proof

    def everybody(self, *, size: int | None = None) -> Iterator[Row]:
        """Yield every member of every program that is a campaign."""
        for program in self.ours.campaigns():
            try:
                for rows in self._listed(program, *self._everybody(program), size=size):
                    yield from (self._member(program, row) for row in rows)
            except TooManyError:
                if not self.ours.may_bulk:
                    raise
                for rows in self._extracted(program):
                    yield from (self._member(program, row) for row in rows)

    def source_count(self, until: datetime) -> int | None:
        """Return how many members there were, once a day: a second reading in pages of another size counts them."""
        if self._is_empty:
            return 0
        counted_on = self.stream_state.get(_COUNTED_ON)
        if not self.is_due(counted_on, _DAY):
            return None
        bound, count = iso(until), 0
        for row in self.everybody(size=max(1, self.marketo.page_size - 1)):
            record = self.converted([row]).records
            count += bool(record and record[0]["membershipDate"] and record[0]["membershipDate"] <= bound)
        self.stream_state[_COUNTED_ON] = self.stamp()
        return count

    _listed_keys: int | None = None

    def keys(self) -> Iterator[str]:
        """Yield the key of every member."""
        found = sorted({str(row["key"]) for row in self.everybody()})
        self._listed_keys = len(found)
        yield from found

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many members there were when their keys were listed."""
        del last_id
        return self._listed_keys
