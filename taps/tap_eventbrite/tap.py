"""The tap: connection, streams and checks."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Check
from closedloop.kit.tap import ClosedloopTap
from tap_eventbrite import changed, streams
from tap_eventbrite.account import Account
from tap_eventbrite.catalog import STREAMS
from tap_eventbrite.client import URL, Eventbrite
from tap_eventbrite.kinds import campaign_of
from tap_eventbrite.settings import LAG_SECONDS, settings_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from closedloop.kit.stream import ClosedloopStream
    from tap_eventbrite.base import EventbriteStream

_KINDS: Mapping[str, type[EventbriteStream]] = {
    "organizations": streams.OrganizationStream,
    "organizers": streams.OrganizerStream,
    "events": streams.EventStream,
    "ticket_classes": streams.TicketClassStream,
    "orders": changed.OrderStream,
    "attendees": changed.AttendeeStream,
}


class TapEventbrite(ClosedloopTap):
    """Reads events, ticket classes, orders and attendees from Eventbrite.

    The token's user needs a role in the organization that may see its events, orders and attendees.
    """

    name = "tap-eventbrite"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    secret_settings = ("access_token",)
    dynamic_catalog = False
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @property
    def lag(self) -> timedelta:
        """How long a change may be on its way into the listings."""
        return timedelta(seconds=int(self.config.get("lag_seconds", LAG_SECONDS)))

    @cached_property
    def account(self) -> Account:
        """What the token opens.

        Raises:
            ConfigError: There is no token.
        """
        config = self.config
        if not config.get("access_token"):
            raise ConfigError(
                "not set: access_token", where=self.where, fix="tap-eventbrite --about lists the settings"
            )
        http = HttpClient(
            base_url=config.get("url") or URL,
            headers={"User-Agent": "closedloop", "Accept-Encoding": "gzip, deflate"},
            authenticate=lambda _refused: {"Authorization": f"Bearer {config['access_token']}"},
            where=self.where,
            timeout=(10.0, float(config.get("timeout_seconds", 120))),
        )
        api = Eventbrite(http=http, call_limit=int(config.get("calls_a_run", 1800)), where=self.where)
        return Account(api=api, wanted=tuple(config.get("organizations") or ()), where=self.where)

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        http = self.account.api.http
        return http.request_count, http.byte_count

    def source_now(self) -> datetime:
        """Return Eventbrite's own time."""
        if self.account.api.http.server_time is None:
            self.account.api.get("/users/me/")
        return self.account.api.now()

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return the streams; Eventbrite has the same for everybody."""
        return [_KINDS[name](self, name) for name in STREAMS]

    def checks(self) -> Iterator[Check]:
        """Yield credential, organizations, permissions and the campaigns that the settings map."""
        user = self.account.api.get("/users/me/")
        yield Check(name="login", ok=True, message=f"user {user.get('id')}")
        names = ", ".join(str(row.get("name")) for row in self.account.organizations())
        yield Check(name="organizations", ok=True, message=names)
        wanted = self._wanted_streams()
        for name in sorted(wanted - STREAMS.keys()):
            yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")
        for name in ("organizers", "events", "orders", "attendees"):
            if not wanted or name in wanted:
                yield self._permission(name)
        yield from self._campaigns()

    def _permission(self, name: str) -> Check:
        check, count = f"permission:{name}", 0
        try:
            for path in self.account.paths(name):
                count += self.account.api.total(path, name, STREAMS[name].params) or 0
        except StreamError as error:
            return Check(name=check, ok=False, message=error.message, fix=error.fix)
        return Check(name=check, ok=True, message=f"{count} records" if count else "readable, but empty")

    def _campaigns(self) -> Iterator[Check]:
        """A mapping that fits no event links nothing, and nobody would see it."""
        campaigns: Mapping[str, str] = self.config.get("campaigns") or {}
        for name, campaign in campaigns.items():
            found = [row for row in self.account.events() if campaign_of(row, {name: campaign})]
            yield Check(
                name=f"campaigns:{name}",
                ok=bool(found),
                message=f"{len(found)} events are {campaign}" if found else "no event has this id or name",
                fix=None if found else "correct it: the event's id stands in its address",
                required=False,
            )
