"""The people that Marketo knows.

Leads cannot be listed: they are asked for by id, 300 at once, or extracted in bulk by the day they were made. So either
those are read who are members of a program, or all since a day. Changes are activities: of fields, new leads, deletions,
merges. A lead that is asked for by its id and does not come is asked for alone before it counts as deleted.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError
from closedloop.kit.policy import MissingObjectError, StreamError
from closedloop.kit.stream import Page, from_iso, iso
from closedloop.log import get_logger
from tap_marketo.base import MarketoStream
from tap_marketo.bulk import Bulk, GoneJobError
from tap_marketo.catalog import DELETED, MERGE
from tap_marketo.client import MOST_IDS, REST
from tap_marketo.faults import AGAIN, NoBulkError
from tap_marketo.salesforce import full_id
from tap_marketo.values import moment
from tap_marketo.windows import span, windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_marketo.client import Row

log = get_logger(__name__)

_KNOWN, _MEMBERS_UNTIL, _REFRESHED, _COLUMNS = "known", "members_until", "refreshed_at", "columns"
_BEGAN, _WINDOW, _JOB = "began", "window", "job"


class LeadStream(MarketoStream):
    """Leads."""

    _is_empty = False

    @property
    def reads_all(self) -> bool:
        """Whether every lead is wanted, not only who is a member."""
        return bool(self.config.get("leads", "members") == "all")

    def pages(self) -> Iterator[Page]:
        """Yield the leads that are new to us or changed."""
        until = self.stamp()
        if self.reads_all:
            yield from self._all(until)
        else:
            yield from self._members(until)

    def _left(self, value: str | None, **more: Any) -> dict[str, Any]:
        return self.marked(value, **{_COLUMNS: self._digest, **more})

    @property
    def _digest(self) -> str:
        """What is asked for, in a few characters: other fields mean that all must be read again."""
        plain = repr(
            (
                self.config.get("leads"),
                self.config.get("crm_connection"),
                sorted(self.ours.lead_fields.items()),
            )
        )
        return hashlib.sha256(plain.encode()).hexdigest()[:12]

    @property
    def held(self) -> Mapping[str, Any]:
        """What an earlier run left; of what is asked for now."""
        held = super().held
        if held.get(_COLUMNS) in {None, self._digest}:
            return held
        return {_KNOWN: held.get(_KNOWN), _MEMBERS_UNTIL: held.get(_MEMBERS_UNTIL)}

    # Members

    def _members(self, until: str) -> Iterator[Page]:
        held = self.held
        known = unpacked(held.get(_KNOWN))
        refreshed = held.get(_REFRESHED)
        is_due = self.is_due(refreshed, float(self.config.get("leads_hours", 168)))
        wanted, members_until = self._wanted(held.get(_MEMBERS_UNTIL), is_due=is_due)
        gone = self._gone(known)
        since = self.opens_at()
        changed = {self._lead_of(row) for row in self._changes(since)} & known if since else set()
        ids = known | wanted if is_due else (wanted - known) | changed
        ids = (ids | {one["merged_into"] for one in gone if one.get("merged_into")}) - {
            one["id"] for one in gone
        }
        known -= {str(one["id"]) for one in gone}
        if gone:
            yield Page(records=gone)
        for page in self._by_id(sorted(ids, key=int)):
            known |= {record["id"] for record in page.records if not record[DELETED]}
            known |= {bad.key for bad in page.bad}  # to be tried again with all known ones
            known -= {record["id"] for record in page.records if record[DELETED]}
            more = {_KNOWN: packed(known), _MEMBERS_UNTIL: held.get(_MEMBERS_UNTIL), _REFRESHED: refreshed}
            yield Page(records=page.records, bad=page.bad, state=self._left(self.bookmark, **more))
        self._is_empty = not known
        more = {
            _KNOWN: packed(known) or None,
            _MEMBERS_UNTIL: members_until,
            _REFRESHED: until if is_due else refreshed,
        }
        yield Page(records=[], state=self._left(until, **more), cursor=until)

    def _wanted(self, held_until: str | None, *, is_due: bool) -> tuple[set[str], str | None]:
        """Return the leads of members that may be new to us, and up to when that holds.

        Those that this run has read are taken from there, unless earlier ones were missed in between.
        """
        seen = self.ours.seen
        if seen is None and held_until is not None and not is_due:
            return set(), held_until
        if seen is not None and not seen.is_torn and (seen.opens is None or (held_until or "") >= seen.opens):
            return seen.ids, seen.until
        until = seen.until if seen else self.stamp()
        return self.ours.member_leads(), until

    # All

    def _all(self, until: str) -> Iterator[Page]:
        since = self.bookmark
        if since is None:
            since = self.held.get(_BEGAN) or until
            try:
                yield from self._extracted(since)
            except NoBulkError as error:
                log.warning("bulk.not_used", stream=self.name, reason=error.message)
                since = self.ours.start_date
            yield Page(records=[], state=self._left(since))
        opens = from_iso(since) - self.overlap
        gone = self._gone(None, opens)
        if gone:
            yield Page(records=gone)
        changed = {self._lead_of(row) for row in self._changes(opens)}
        changed |= {str(one["merged_into"]) for one in gone if one.get("merged_into")}
        ids = changed - {one["id"] for one in gone} - {""}
        yield from self._by_id(sorted(ids, key=int))
        yield Page(records=[], state=self._left(until), cursor=until)

    def _extracted(self, began: str) -> Iterator[Page]:
        """Yield all leads made since the start date, window by window; each is a place to resume from."""
        if not self.ours.may_bulk:
            raise NoBulkError("bulk: never")
        if not self.config.get("start_date"):
            raise ConfigError(
                "leads: all needs a start_date",
                where=self._tap.where,
                fix="set start_date, or leads: members",
            )
        opens = self.held.get(_WINDOW) or self.ours.start_date
        job: str | None = self.held.get(_JOB)
        for start, end in windows(from_iso(opens), from_iso(began)):
            yield from self._window(start, end, began, job)
            job = None
            yield Page(records=[], state=self._left(None, **{_BEGAN: began, _WINDOW: iso(end)}))

    def _window(self, start: datetime, end: datetime, began: str, job: str | None) -> Iterator[Page]:
        bulk = Bulk(
            marketo=self.marketo,
            kind="leads",
            fields=("id", *self.ours.asked_fields),
            patience=self.ours.bulk_patience,
            job=job,
        )
        if job is None:
            job = bulk.start({"createdAt": span(start, end)})
            yield Page(records=[], state=self._left(None, **{_BEGAN: began, _WINDOW: iso(start), _JOB: job}))
        try:
            for rows in bulk.rows():
                yield self._page(rows)
        except GoneJobError:
            yield Page(records=[], state=self._left(None, **{_BEGAN: began, _WINDOW: iso(start)}))
            raise

    # What both have

    def _changes(self, since: datetime) -> Iterator[Row]:
        return self.marketo.changed_leads(since, self.ours.asked_fields)

    @staticmethod
    def _lead_of(row: Row) -> str:
        lead = str(row.get("leadId") or "")
        return lead if lead.isdigit() else ""

    def _gone(self, known: set[str] | None, since: datetime | None = None) -> list[dict[str, Any]]:
        """Return tombstones of leads that were merged into others or deleted, of the known ones where that is said."""
        since = since or self.opens_at()
        if since is None:
            return []
        found: dict[str, dict[str, Any]] = {}
        for row in self.marketo.deleted_leads(since):
            lead = self._lead_of(row)
            found[lead] = {"id": lead, DELETED: self._time_of(row)}
        for row in self.marketo.activities(since, [MERGE]):
            for lead in losers(row):
                at = self._time_of(row)
                found[lead] = {"id": lead, DELETED: at, "merged_into": self._lead_of(row) or None}
        return [one for lead, one in found.items() if lead and (known is None or lead in known)]

    def _time_of(self, row: Row) -> str:
        """Return the time of an activity, or now where it has none."""
        try:
            return moment(row.get("activityDate")) or self.stamp()
        except ValueError:
            return self.stamp()

    def _by_id(self, ids: Sequence[str]) -> Iterator[Page]:
        for start in range(0, len(ids), MOST_IDS):
            asked = ids[start : start + MOST_IDS]
            page = self._page(self._found(asked))
            there = {record["id"] for record in page.records} | {bad.key for bad in page.bad}
            page.records.extend(self._missing([lead for lead in asked if lead not in there]))
            yield page

    def _found(self, ids: Sequence[str]) -> Iterator[Row]:
        path = f"{REST}/leads.json"
        params = {
            "filterType": "id",
            "filterValues": ",".join(ids),
            "fields": ",".join(("id", *self.ours.asked_fields)),
            "batchSize": str(self.marketo.page_size),
        }
        token: str | None = None
        while True:
            page = self.marketo.get(path, {**params, **({"nextPageToken": token} if token else {})})
            yield from page.rows
            if page.token is None:
                return
            if page.token == token:
                raise StreamError("no progress: Marketo repeated a page", where=self.name, fix=AGAIN)
            token = page.token

    def _missing(self, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield tombstones of leads that are not there.

        Raises:
            StreamError: One was kept from us.
        """
        for lead in ids:
            try:
                rows = self.marketo.get(f"{REST}/lead/{lead}.json", {"fields": "id"}).rows
            except MissingObjectError:
                rows = []
            if rows:
                message = "incomplete: Marketo left out a lead that it has"
                raise StreamError(message, where=self.name, fix=AGAIN)
            yield {"id": lead, DELETED: self.stamp()}

    def _page(self, rows: Iterable[Row]) -> Page:
        batch = self.converted(self._lead(row) for row in rows)
        return Page(records=batch.records, bad=batch.bad)

    def _lead(self, row: Row) -> Row:
        """Return a lead by our columns; a field that was asked for and is missing is empty."""
        own = {column: row.get(name) for column, name in self.ours.lead_fields.items()}
        crm = self.config.get("crm_connection")
        contact, lead = full_id(own.get("sfdcContactId")), full_id(own.get("sfdcLeadId"))
        stated = f"Contact/{contact}" if contact else f"Lead/{lead}" if lead else None
        return {
            **own,
            "id": row.get("id"),
            "merged_into": None,
            "crm_person_key": f"{crm}:{stated}" if crm and stated else None,
        }

    def source_count(self, until: datetime) -> int | None:
        """Return that there is nothing, where the read has shown it; else Marketo cannot say."""
        del until
        return 0 if self._is_empty else None


def losers(row: Row) -> list[str]:
    """Return the leads that a merge took away; where it names them is from memory."""
    given = row.get("attributes") or []
    named = {str(one.get("name")).lower(): one.get("value") for one in given if isinstance(one, dict)}
    value = named.get("merge ids")
    parts = value if isinstance(value, list) else str(value or "").strip("[]").split(",")
    own = str(row.get("leadId"))
    return [
        lead for lead in (str(part).strip().strip('"') for part in parts) if lead.isdigit() and lead != own
    ]


def packed(ids: Iterable[str]) -> str:
    """Return ids as text that is short where they are close together: each as the distance to the one before."""
    found, before = list[str](), 0
    for key in sorted(int(one) for one in ids if one.isdigit()):
        found.append(str(key - before))
        before = key
    return " ".join(found)


def unpacked(value: Any) -> set[str]:
    """Return the ids of a packed text."""
    found, key = set[str](), 0
    for step in str(value or "").split():
        key += int(step)
        found.add(str(key))
    return found
