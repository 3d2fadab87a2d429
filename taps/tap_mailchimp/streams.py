"""Listings that come whole with every run: the account, audiences, segments, mailings and their reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mailchimp.base import MailchimpStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_mailchimp.client import Row


class AccountStream(MailchimpStream):
    """The account."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the account."""
        yield [self.api.get("/", {"exclude_fields": "_links"})]


class AudienceStream(MailchimpStream):
    """The audiences that are read."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the audiences."""
        yield self.audiences()


class SegmentStream(MailchimpStream):
    """The segments of the audiences; a tag is a segment of the type static."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the segments."""
        for audience in self.audiences():
            for page in self.api.listing(f"/lists/{audience['id']}/segments", "segments"):
                yield page.rows

    def prepared(self, row: Row) -> Row:
        """Return a segment with the CRM's campaign that it stands for, and what its members are there."""
        names = (row.get("id"), row.get("name"))
        same_as = self.mapped.of(*names)
        status = self.mapped.status(*names, default="invited") if same_as else None
        return {**row, "same_as": same_as, "touch_status": status}


class CampaignStream(MailchimpStream):
    """The mailings, which Mailchimp calls campaigns."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the mailings, oldest first."""
        params = {"sort_field": "create_time", "sort_dir": "ASC"}
        for page in self.api.listing("/campaigns", "campaigns", params):
            yield page.rows

    def prepared(self, row: Row) -> Row:
        """Return a mailing with the CRM's campaign that it was for."""
        title = (row.get("settings") or {}).get("title")
        return {**row, "same_as": self.mapped.of(row.get("id"), row.get("web_id"), title)}


class ReportStream(MailchimpStream):
    """The counters of the mailings that were sent. They move on for weeks and stamp nothing: all come."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the reports."""
        for page in self.api.listing("/reports", "reports"):
            yield page.rows
