"""The organizations of a token and their events, asked for once in a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.kit.columns import moment
from closedloop.kit.stream import from_iso
from tap_eventbrite.catalog import STREAMS
from tap_eventbrite.faults import ExpansionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from tap_eventbrite.client import Eventbrite, Row

#: What comes with each event.
_EXPANDED = {"expand": "ticket_classes,format"}


@dataclass(slots=True, kw_only=True)
class Account:
    """What one token opens.

    Args:
        api: Eventbrite.
        wanted: Ids of the organizations that are read; none: all.
        where: What errors call this connection.
    """

    api: Eventbrite
    wanted: Sequence[str] = ()
    where: str | None = None
    _organizations: list[Row] | None = None
    _events: list[Row] | None = None
    #: Why the events came without what belongs to them.
    unexpanded: ExpansionError | None = field(default=None)

    def organizations(self) -> list[Row]:
        """Return the organizations.

        Raises:
            ConfigError: One that the settings name is not among them, or there is none.
        """
        if self._organizations is None:
            pages = self.api.listing("/users/me/organizations/", "organizations")
            found = {str(row.get("id")): row for page in pages for row in page.rows}
            missing = [key for key in self.wanted if key not in found]
            if missing or not found:
                message = "the token's user belongs to no such organization: " + ", ".join(missing)
                fix = "choose from: " + ", ".join(f"{key} ({row.get('name')})" for key, row in found.items())
                raise ConfigError(
                    message if missing else "the token's user belongs to no organization",
                    where=self.where,
                    fix=fix if found else "give a token of somebody who belongs to one",
                )
            self._organizations = [row for key, row in found.items() if not self.wanted or key in self.wanted]
        return self._organizations

    def paths(self, name: str) -> Iterator[str]:
        """Yield the address of a listing in each organization."""
        for row in self.organizations():
            yield f"/organizations/{row['id']}/{name}/"

    def events(self) -> list[Row]:
        """Return the events with their formats and ticket classes, oldest first; the parents of series are left out."""
        if self._events is None:
            try:
                self._events = self._listed(_EXPANDED)
            except ExpansionError as error:
                self.unexpanded = error
                self._events = self._listed({})
        return self._events

    def _listed(self, more: dict[str, str]) -> list[Row]:
        params = {**STREAMS["events"].params, **more}
        found: dict[str, Row] = {}
        for path in self.paths("events"):
            for page in self.api.listing(path, "events", params):
                found |= {str(row.get("id")): row for row in page.rows}
        return sorted(found.values(), key=place)

    def lately(self, days: timedelta) -> list[Row]:
        """Return the events that are on now or ended within ``days``."""
        now = self.api.now()
        found = []
        for row in self.events():
            start, end = time_of(row, "start"), time_of(row, "end")
            if start is not None and start <= now and (end is None or now - end <= days):
                found.append(row)
        return found


def place(event: Row) -> str:
    """Return what orders events: an event made later stands later."""
    return f"{event.get('created') or ''} {event.get('id')}"


def time_of(event: Row, name: str) -> datetime | None:
    """Return when an event starts or ends; none where that cannot be read."""
    try:
        found = moment((event.get(name) or {}).get("utc"))
    except (AttributeError, ValueError):
        return None
    return from_iso(found) if found else None
