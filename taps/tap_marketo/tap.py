"""The tap: settings, streams, and what several streams ask for once."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.clock import system_clock
from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.pace import Budget, Pace
from closedloop.kit.stream import iso
from closedloop.kit.tap import ClosedloopTap
from tap_marketo import checks
from tap_marketo.activities import ActivityStream
from tap_marketo.assets import ChannelStream, ProgramStream, StatusStream
from tap_marketo.auth import Login
from tap_marketo.catalog import (
    ACTIVITY_TYPES,
    CAMPAIGN_FIELDS,
    CHANGE_STATUS,
    EVENT_TYPES,
    LEAD_FIELDS,
    STREAMS,
)
from tap_marketo.client import ASSET_PAGE, REST, Marketo
from tap_marketo.leads import LeadStream
from tap_marketo.members import MemberStream
from tap_marketo.settings import settings_schema
from tap_marketo.statuses import Statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from closedloop.kit.stream import Check, ClosedloopStream
    from tap_marketo.client import Row
    from tap_marketo.members import Seen

_KINDS: Mapping[str, Callable[[TapMarketo, str], ClosedloopStream]] = {
    "channels": ChannelStream,
    "program_statuses": StatusStream,
    "programs": ProgramStream,
    "program_members": MemberStream,
    "leads": LeadStream,
    "activities": ActivityStream,
}
#: Two names of one type: the documentation's and that of the API's description.
_SAME_TYPE = {"webinar": "event with webinar", "nurture": "engagement", "program": "default"}
_TWO_YEARS = timedelta(days=730)


class TapMarketo(ClosedloopTap):
    """Reads programs, members, leads and activities from Adobe Marketo Engage."""

    name = "tap-marketo"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    secret_settings = ("client_secret",)
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        #: The members that this run has read, for the leads that come after them.
        self.seen: Seen | None = None
        self._channels: list[Row] | None = None
        super().__init__(*args, **kwargs)

    @cached_property
    def login(self) -> Login:
        """The credential.

        Raises:
            ConfigError: A setting is missing.
        """
        missing = [name for name in ("url", "client_id", "client_secret") if not self.config.get(name)]
        if missing:
            message = "not set: " + ", ".join(missing)
            raise ConfigError(message, where=self.where, fix="tap-marketo --about lists the settings")
        return Login(
            http=HttpClient(base_url=self._url, where=self.where, timeout=self._timeout),
            client_id=self.config["client_id"],
            client_secret=self.config["client_secret"],
            where=self.where,
            clock=system_clock(),
        )

    @property
    def _url(self) -> str:
        """The subscription's address; Marketo shows it with the name of one of its parts."""
        url = str(self.config["url"]).rstrip("/")
        for part in ("/rest", "/identity", "/bulk"):
            url = url.removesuffix(part)
        return url

    @property
    def _timeout(self) -> tuple[float, float]:
        return 10.0, float(self.config.get("timeout_seconds", 120))

    @cached_property
    def marketo(self) -> Marketo:
        """The subscription."""
        config = self.config
        login = self.login
        http = HttpClient(
            base_url=self._url,
            headers={"User-Agent": "closedloop", "Accept-Encoding": "gzip, deflate"},
            authenticate=login.headers,
            pace=Pace(((int(config.get("calls_in_20_seconds", 80)), 20.0),)),
            where=self.where,
            timeout=self._timeout,
        )
        return Marketo(
            http=http,
            day_limit=int(config.get("day_limit", 50_000)),
            day_reserve=int(config.get("day_reserve", 10_000)),
            page_size=int(config.get("page_size", 300)),
            where=self.where,
        )

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.marketo.http.request_count, self.marketo.http.byte_count

    def budget(self) -> Budget | None:
        """Return what is left of the day's calls."""
        left = self.marketo.known_left
        return None if left is None else Budget(left=left, allowed=self.marketo.day_limit)

    def source_now(self) -> datetime:
        """Return Marketo's own time."""
        if self.marketo.http.server_time is None:
            self.channels()
        return self.marketo.now()

    def prepare(self) -> None:
        """Find what makes a run pointless.

        Raises:
            ConfigError: A setting cannot be what it is.
        """
        super().prepare()
        self.check_settings()
        for name in STREAMS:  # the SDK's order is the alphabet's; the leads of members come after the members
            self.streams[name] = self.streams.pop(name)

    def check_settings(self) -> None:
        """Look at the settings that Marketo need not be asked about.

        Raises:
            ConfigError: One cannot be what it is.
        """
        zone = self.config.get("time_zone") or "UTC"
        if not _is_zone(zone):
            message = f"time_zone: there is no zone {zone}"
            raise ConfigError(message, where=self.where, fix="write an IANA name, such as America/Chicago")
        for setting, known in (("campaign_fields", CAMPAIGN_FIELDS), ("lead_fields", LEAD_FIELDS)):
            wrong = sorted(set(self.config.get(setting) or {}) - known.keys())
            if wrong:
                message = f"{setting}: no such column: " + ", ".join(wrong)
                raise ConfigError(message, where=self.where, fix="choose from: " + ", ".join(known))
        _ = self.statuses

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return the streams; Marketo has the same for everybody."""
        return [_KINDS[name](self, name) for name in STREAMS]

    def checks(self) -> Iterator[Check]:
        """Yield credential, permissions, fields, statuses and quota."""
        return checks.checks(self)

    def wanted(self) -> set[str]:
        """Return the streams that the catalog selects."""
        return self._wanted_streams()

    # What the settings say

    @cached_property
    def statuses(self) -> Statuses:
        """What a member's status means."""
        return Statuses(self.config.get("statuses") or {}, where=self.where)

    @property
    def campaign_fields(self) -> dict[str, str]:
        """Column of a program ← tag."""
        return {**CAMPAIGN_FIELDS, **(self.config.get("campaign_fields") or {})}

    @cached_property
    def lead_fields(self) -> dict[str, str]:
        """Column of a lead ← field."""
        return {**LEAD_FIELDS, **(self.config.get("lead_fields") or {})}

    @property
    def may_bulk(self) -> bool:
        """Whether bulk extracts may be used."""
        return bool(self.config.get("bulk", "auto") != "never")

    @property
    def bulk_after(self) -> int:
        """After so many pages activities are many."""
        return int(self.config.get("bulk_after_pages", 100))

    @property
    def bulk_patience(self) -> float:
        """Longest wait for one, in seconds."""
        return float(self.config.get("bulk_timeout_seconds", 7200))

    @property
    def start_date(self) -> str:
        """Where reading by time begins; Marketo keeps activities for about two years."""
        return self.config.get("start_date") or iso(self.source_now() - _TWO_YEARS)

    def is_campaign(self, program: Mapping[str, Any]) -> bool:
        """Return whether programs of this type are campaigns."""
        wanted: list[str] = self.config.get("program_types") or list(EVENT_TYPES)
        return "*" in wanted or _type(program.get("type")) in map(_type, wanted)

    # What Marketo says, asked for once

    def channels(self, *, size: int = ASSET_PAGE) -> list[Row]:
        """Return the channels; another size of the page is another reading."""
        if size != ASSET_PAGE:
            return [row for rows in self.marketo.assets("channels", size=size) for row in rows]
        if self._channels is None:
            self._channels = [row for rows in self.marketo.assets("channels") for row in rows]
        return self._channels

    def status_names(self, channel: Any) -> list[str]:
        """Return the names of the statuses of a channel."""
        steps = (
            row.get("progressionStatuses") or () for row in self.channels() if row.get("name") == channel
        )
        return [str(step.get("name")) for found in steps for step in found]

    def campaigns(self) -> list[Row]:
        """Return the programs that are campaigns."""
        return [row for row in self.marketo.listed_programs() if self.is_campaign(row)]

    def member_leads(self) -> set[str]:
        """Return the lead of every member of every campaign."""
        stream = self.streams["program_members"]
        return {str(row.get("leadId")) for row in stream.everybody()} - {"None"}  # type: ignore[attr-defined]

    @cached_property
    def asked_fields(self) -> list[str]:
        """The fields of leads that are asked for: those that the subscription has.

        Raises:
            ConfigError: A field that the admin named does not exist.
        """
        missing = self.missing_fields()
        if missing:
            message = "lead_fields: no such field: " + ", ".join(missing)
            raise ConfigError(message, where=self.where, fix="use the REST names of Admin > Field Management")
        return sorted(set(self.lead_fields.values()) & self._there)

    def missing_fields(self) -> list[str]:
        """Return the fields that the admin named and the subscription does not have."""
        return sorted(set((self.config.get("lead_fields") or {}).values()) - self._there)

    @cached_property
    def _there(self) -> set[str]:
        rows = self.marketo.get(f"{REST}/leads/describe.json").rows
        return {str((row.get("rest") or {}).get("name")) for row in rows}

    @cached_property
    def activity_types(self) -> dict[int, str]:
        """The types of activities that are wanted: id to name.

        Raises:
            ConfigError: A type that the admin named does not exist.
        """
        rows = self.marketo.get(f"{REST}/activities/types.json").rows
        names = {int(row["id"]): str(row.get("name")) for row in rows if str(row.get("id")).isdigit()}
        own = self.config.get("activity_types") or list(ACTIVITY_TYPES)
        wanted = {str(one).strip().lower() for one in own}
        found = {key: name for key, name in names.items() if {str(key), name.lower()} & wanted}
        if CHANGE_STATUS in names and ACTIVITY_TYPES[0].lower() in wanted:
            found[CHANGE_STATUS] = names[CHANGE_STATUS]  # under whatever name
        usual = {one.lower() for one in ACTIVITY_TYPES}
        unknown = wanted - {str(key) for key in found} - {name.lower() for name in found.values()} - usual
        if unknown:
            message = "activity_types: no such type: " + ", ".join(sorted(unknown))
            raise ConfigError(
                message, where=self.where, fix="choose from: " + ", ".join(sorted(names.values()))
            )
        return found


def _is_zone(name: str) -> bool:
    """Whether a zone exists; a machine without a list of zones cannot tell."""
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return not zoneinfo.available_timezones()
    return True


def _type(value: Any) -> str:
    plain = " ".join(str(value or "").lower().split())
    return _SAME_TYPE.get(plain, plain)
