"""Streams that few need, and that cost a call a form or a list: submissions, and who is on which list."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page
from tap_hubspot.base import AGAIN, HubspotStream
from tap_hubspot.client import LIST_PAGE, listed
from tap_hubspot.values import instant, iso_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_hubspot.client import Row

_SUBMISSIONS_PAGE, _MEMBERS_PAGE = 50, 250
_READ_UNTIL = "read_until"
#: Lists of contacts.
_CONTACTS = "0-1"
_FIELDS = ("email", "firstname", "lastname", "company", "phone")


class SubmissionStream(HubspotStream):
    """What people sent by forms, newest first: each form is left where the last run began."""

    def source_cursor(self) -> str | None:
        """Return up to when the forms were read."""
        return self.stream_state.get(_READ_UNTIL)

    def pages(self) -> Iterator[Page]:
        """Yield the submissions since the last run."""
        since = instant(self.stream_state.get(_READ_UNTIL))
        opens = since - self.overlap if since else None
        count = 0
        for form in self._forms():
            for rows in self._submissions(form, opens):
                batch = self.converted(rows)
                count += len(batch.records)
                yield Page(records=batch.records, bad=batch.bad)
        self.counted = count if opens is None else None
        yield Page(records=[], state={_READ_UNTIL: self.until}, cursor=self.until)

    def _forms(self) -> Iterator[str]:
        params = {"limit": str(LIST_PAGE)}
        for page in self.hubspot.all(self.hubspot.paths.forms, params, scope=self.source.scope):
            yield from (str(row.get("id")) for row in page.rows)

    def _submissions(self, form: str, opens: datetime | None) -> Iterator[list[Row]]:
        params = {"limit": str(_SUBMISSIONS_PAGE)}
        for page in self.hubspot.all(self.hubspot.paths.submissions(form), params, scope=self.source.scope):
            fresh = [row for row in page.rows if opens is None or _submitted(row) >= opens]
            yield [_submission(form, row) for row in fresh]
            if len(fresh) < len(page.rows):
                return

    def keys(self) -> Iterator[str]:
        """Yield the key of every submission."""
        rows = [row for form in self._forms() for page in self._submissions(form, None) for row in page]
        self.counted = len(rows)
        yield from (row["key"] for row in rows)


def _submitted(row: Row) -> datetime:
    found = instant(row.get("submittedAt"))
    if found is None:
        message = "a submission without its time"
        raise StreamError(message)
    return found


def _submission(form: str, row: Row) -> Row:
    values = row.get("values") or []
    given = {str(one.get("name")): one.get("value") for one in values if isinstance(one, dict)}
    plain = json.dumps([row.get("submittedAt"), values], sort_keys=True)
    own = row.get("conversionId") or hashlib.sha256(plain.encode()).hexdigest()[:24]
    fields: dict[str, Any] = {name: given.get(name) for name in _FIELDS}
    return {
        **fields,
        "key": f"{form}/{own}",
        "form_id": form,
        "submitted_at": row.get("submittedAt"),
        "page_url": row.get("pageUrl"),
        "values": values,
    }


class MembershipStream(HubspotStream):
    """Which contacts are on which list. Who left a list is not told: each list is read whole."""

    def pages(self) -> Iterator[Page]:
        """Yield the members of each list of contacts."""
        count = 0
        for rows in self._rows():
            batch = self.converted(rows)
            count += len(batch.records)
            yield Page(records=batch.records, bad=batch.bad)
        self.counted = count
        yield Page(records=[], state={_READ_UNTIL: iso_ms(self.count_until + timedelta(0))})

    def _rows(self) -> Iterator[list[Row]]:
        for key in self._lists():
            path = f"{self.hubspot.paths.lists}/{key}/memberships/join-order"
            count, total = 0, None
            for page in self.hubspot.all(path, {"limit": str(_MEMBERS_PAGE)}, scope=self.source.scope):
                count, total = count + len(page.rows), page.total
                yield [_member(key, row) for row in page.rows]
            if total is not None and count < total:
                message = f"incomplete: HubSpot counts {total} members of a list and listed {count}"
                raise StreamError(message, where=self.name, fix=AGAIN)

    def _lists(self) -> Iterator[str]:
        chosen, offset = {str(key) for key in self.config.get("lists") or ()}, 0
        while True:
            body = {
                "query": "",
                "count": LIST_PAGE,
                "offset": offset,
                "processingTypes": [],
                "listIds": [],
                "additionalProperties": [],
            }
            answer = self.hubspot.post(f"{self.hubspot.paths.lists}/search", body, scope=self.source.scope)
            rows = listed(answer, "lists").rows
            for row in rows:
                names = {str(row.get("listId")), str(row.get("name"))}
                if row.get("objectTypeId") == _CONTACTS and (not chosen or names & chosen):
                    yield str(row.get("listId"))
            offset += len(rows)
            if not answer.get("hasMore") or not rows:
                return

    def keys(self) -> Iterator[str]:
        """Yield the key of every membership."""
        found = [row["key"] for rows in self._rows() for row in rows]
        self.counted = len(found)
        yield from found


def _member(key: str, row: Row) -> Row:
    record = row.get("recordId")
    return {
        "key": f"{key}/{record}",
        "list_id": key,
        "object_type_id": _CONTACTS,
        "record_id": record,
        "membership_timestamp": row.get("membershipTimestamp"),
    }
