"""Who stands behind what the admin says is an event: members of a segment, readers of a mailing, events of a member.

Only what `campaigns` names is read: who opened which newsletter is nobody's attendance.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import MissingObjectError, StreamError
from closedloop.kit.stream import Page, from_iso, iso
from tap_mailchimp.base import MailchimpStream
from tap_mailchimp.client import AGAIN, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_mailchimp.client import Row

#: Fewer members than this are asked one by one: a batch takes some seconds at least.
_FEW, _BATCH = 20, 500


class SegmentMemberStream(MailchimpStream):
    """The members of the tags and segments that stand for an event; those who have opted out were there all the same."""

    _INCLUDED = dict.fromkeys(("include_cleaned", "include_transactional", "include_unsubscribed"), "true")

    def rows(self) -> Iterator[list[Row]]:
        """Yield the members of the segments."""
        for audience in self.audiences():
            for page in self.api.listing(f"/lists/{audience['id']}/segments", "segments"):
                for segment in page.rows:
                    if self.mapped.of(segment.get("id"), segment.get("name")):
                        yield from self._of_segment(str(audience["id"]), str(segment.get("id")))

    def _of_segment(self, audience: str, segment: str) -> Iterator[list[Row]]:
        path = f"/lists/{audience}/segments/{segment}/members"
        for page in self.api.listing(path, "members", self._INCLUDED):
            yield [{**row, "segment_id": segment, "list_id": audience} for row in page.rows]

    def key_of(self, row: Row) -> str:
        """Return the key of a membership."""
        return f"{row.get('segment_id')}/{row.get('id')}"

    def prepared(self, row: Row) -> Row:
        """Return a membership with its key."""
        return {**row, "member_id": row.get("id"), "key": self.key_of(row)}


class ActivityStream(MailchimpStream):
    """Who opened and clicked in the mailings that stand for an event.

    Counters move on for weeks without a stamp: a mailing is read again once a day, so many days after it was sent.
    """

    def pages(self) -> Iterator[Page]:
        """Yield the readers of the mailings that are due."""
        known: dict[str, list[Any]] = dict(self.stream_state.get("mailings") or {})
        left: dict[str, list[Any]] = {}
        now = self._tap.source_now()
        for mailing in self._mailings():
            key = str(mailing.get("id"))
            before = known.get(key)
            if before is not None and not self._is_due(mailing, before, now):
                left[key] = before
                continue
            total = 0
            for rows in self._of_mailing(key):
                total += len(rows)
                batch = self.converted(rows)
                yield Page(records=batch.records, bad=batch.bad)
            left[key] = [total, iso(now)[:10]]
        self._count = sum(total for total, _ in left.values())
        yield Page(records=[], state={"mailings": left} if left else {})

    def _is_due(self, mailing: Row, before: list[Any], now: datetime) -> bool:
        if before[1] == iso(now)[:10]:
            return False
        sent = mailing.get("send_time")
        days = timedelta(days=int(self.config.get("report_days", 30)))
        return not sent or now - from_iso(str(sent)) <= days

    def _mailings(self) -> Iterator[Row]:
        """Yield the mailings that were sent and stand for an event."""
        if not self.mapped.campaigns:
            return
        params = {"sort_field": "create_time", "sort_dir": "ASC", "status": "sent"}
        for page in self.api.listing("/campaigns", "campaigns", params):
            for row in page.rows:
                title = (row.get("settings") or {}).get("title")
                if self.mapped.of(row.get("id"), row.get("web_id"), title):
                    yield row

    def _of_mailing(self, mailing: str) -> Iterator[list[Row]]:
        for page in self.api.listing(f"/reports/{mailing}/email-activity", "emails", id_="email_id"):
            yield page.rows

    def rows(self) -> Iterator[list[Row]]:
        """Yield the readers of all mailings that stand for an event."""
        for mailing in self._mailings():
            yield from self._of_mailing(str(mailing.get("id")))

    def key_of(self, row: Row) -> str:
        """Return the key of a reader of a mailing."""
        return f"{row.get('campaign_id')}/{row.get('email_id')}"

    def prepared(self, row: Row) -> Row:
        """Return a reader with how often and when first they opened and clicked."""
        found: Row = {**row, "key": self.key_of(row), "bounced": False}
        for name, column in (("open", "open"), ("click", "click")):
            times = [
                str(one.get("timestamp")) for one in row.get("activity") or () if one.get("action") == name
            ]
            found |= {f"{column}s": len(times), f"first_{column}": min(times, default=None)}
        return found | {"bounced": any(one.get("action") == "bounce" for one in row.get("activity") or ())}


class MemberEventStream(MailchimpStream):
    """What other systems reported of members, such as that somebody watched a webinar.

    There is no listing of them: every member is asked, in batches, once a day. Read only where it is selected.
    """

    def pages(self) -> Iterator[Page]:
        """Yield the events, once a day."""
        today = iso(self._tap.source_now())[:10]
        if self.stream_state.get("read_on") == today:
            self._count = self.stream_state.get("total")
            return
        count = 0
        for rows in self.rows():
            count += len(rows)
            batch = self.converted(rows)
            yield Page(records=batch.records, bad=batch.bad)
        self._count = count
        yield Page(records=[], state={"read_on": today, "total": count})

    def rows(self) -> Iterator[list[Row]]:
        """Yield the events of every member.

        Raises:
            StreamError: Mailchimp refused one of the questions.
        """
        for audience in self.audiences():
            path = f"/lists/{audience['id']}/members"
            asked = {"fields": "members.id,members.email_address,total_items"}
            for page in self.api.listing(path, "members", asked):
                for start in range(0, len(page.rows), _BATCH):
                    yield from self._of_members(str(audience["id"]), page.rows[start : start + _BATCH])

    def _of_members(self, audience: str, members: list[Row]) -> Iterator[list[Row]]:
        paths = [f"/lists/{audience}/members/{member.get('id')}/events" for member in members]
        if len(members) < _FEW:
            for path, member in zip(paths, members, strict=True):
                yield self._named(audience, member, self._all(path))
            return
        params = {"count": str(PAGE)}
        for place, status, answer in self.api.batch([(path, params) for path in paths]):
            if status == 404:  # noqa: PLR2004 (deleted meanwhile)
                continue
            if status >= 400:  # noqa: PLR2004
                message = f"Mailchimp refused a question in a batch ({status})"
                raise StreamError(message, where=self.name, fix=AGAIN)
            rows = answer.get("events") or []
            if len(rows) < int(answer.get("total_items") or 0):
                rows = self._all(paths[place])
            yield self._named(audience, members[place], rows)

    def _all(self, path: str) -> list[Row]:
        try:
            return [row for page in self.api.listing(path, "events", id_="occurred_at") for row in page.rows]
        except MissingObjectError:
            return []

    @staticmethod
    def _named(audience: str, member: Row, rows: list[Row]) -> list[Row]:
        whose = {
            "list_id": audience,
            "member_id": member.get("id"),
            "email_address": member.get("email_address"),
        }
        return [{**row, **whose} for row in rows]

    def key_of(self, row: Row) -> str:
        """Return a key made of all that an event says: Mailchimp gives it none."""
        said = [row.get(name) for name in ("list_id", "member_id", "name", "occurred_at", "properties")]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]

    def prepared(self, row: Row) -> Row:
        """Return an event with its key, the CRM's campaign that its name stands for, and what it makes of a member."""
        name = row.get("name")
        same_as = self.mapped.of(name)
        status = self.mapped.status(name, default="responded") if same_as else None
        return {**row, "key": self.key_of(row), "same_as": same_as, "touch_status": status}
