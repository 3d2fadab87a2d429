"""Small listings, which come whole with every run: organizations, organizers, events and their ticket classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_eventbrite.base import EventbriteStream
from tap_eventbrite.kinds import campaign_of, kind_of, plain
from tap_eventbrite.money import majors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_eventbrite.client import Row


class OrganizationStream(EventbriteStream):
    """The organizations that are read."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the organizations."""
        yield self.account.organizations()


class OrganizerStream(EventbriteStream):
    """Who gives the events: profiles of an organization, not its users."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the organizers."""
        for organization in self.account.organizations():
            path = f"/organizations/{organization['id']}/organizers/"
            for page in self.account.api.listing(path, "organizers"):
                yield [{**row, "organization_id": organization["id"]} for row in page.rows]


class EventStream(EventbriteStream):
    """The events. What changed cannot be asked for: all come, in the order in which they were made."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the events."""
        yield self.account.events()

    def prepared(self, row: Row) -> Row:
        """Return an event with its kind, its campaign in the CRM and what its capacity stands for."""
        is_expected = self.config.get("capacity_is_expected")
        return {
            **row,
            "kind": kind_of(row, self.config.get("event_kinds") or {}),
            "same_as": campaign_of(row, self.config.get("campaigns") or {}),
            "format_name": (row.get("format") or {}).get("name"),
            "expected_attendees": row.get("capacity") if is_expected else None,
        }


class TicketClassStream(EventbriteStream):
    """The classes of tickets, which come with the events."""

    def rows(self) -> Iterator[list[Row]]:
        """Yield the ticket classes.

        Raises:
            ExpansionError: Eventbrite could not give them.
        """
        events = self.account.events()
        if self.account.unexpanded is not None:
            raise self.account.unexpanded
        for event in events:
            yield [{**row, "event_id": event.get("id")} for row in event.get("ticket_classes") or ()]

    def prepared(self, row: Row) -> Row:
        """Return a ticket class with its prices, and whether who holds one is a guest."""
        left_out = {plain(name) for name in self.config.get("ticket_classes_left_out") or ()}
        names = {plain(str(row.get(name) or "")) for name in ("id", "name")}
        return {
            **row,
            **majors(row, ("cost", "fee", "tax")),
            "is_guest": not names & left_out,
        }
