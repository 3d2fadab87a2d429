"""The tap: connection, streams and checks."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.policy import StreamError
from closedloop.kit.redact import redactor
from closedloop.kit.stream import Check
from closedloop.kit.tap import ClosedloopTap
from tap_mailchimp import mapped, members, streams
from tap_mailchimp.catalog import PERSON_FIELDS, STREAMS
from tap_mailchimp.client import PAGE, URL, Mailchimp
from tap_mailchimp.mapping import Campaigns, plain
from tap_mailchimp.settings import settings_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from closedloop.kit.stream import ClosedloopStream
    from tap_mailchimp.base import MailchimpStream
    from tap_mailchimp.client import Row

_KINDS: Mapping[str, type[MailchimpStream]] = {
    "account": streams.AccountStream,
    "audiences": streams.AudienceStream,
    "segments": streams.SegmentStream,
    "members": members.MemberStream,
    "campaigns": streams.CampaignStream,
    "reports": streams.ReportStream,
    "segment_members": mapped.SegmentMemberStream,
    "email_activity": mapped.ActivityStream,
    "member_events": mapped.MemberEventStream,
}


class TapMailchimp(ClosedloopTap):
    """Reads audiences, members with their consent, segments, mailings and who clicked from Mailchimp."""

    name = "tap-mailchimp"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    secret_settings = ("api_key", "access_token")
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

    @cached_property
    def api(self) -> Mailchimp:
        """The account.

        Raises:
            ConfigError: There is no credential.
        """
        config = self.config
        http = HttpClient(
            base_url=self._url(),
            headers={
                "User-Agent": "closedloop",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
            authenticate=self._credential(),
            where=self.where,
            timeout=(10.0, float(config.get("timeout_seconds", 130))),
        )
        return Mailchimp(http=http, size=int(config.get("page_size", PAGE)), where=self.where)

    def _url(self) -> str:
        config = self.config
        own = f"https://{config['data_center']}.api.mailchimp.com" if config.get("data_center") else URL
        return str(config.get("url") or own).rstrip("/").removesuffix("/3.0")

    def _credential(self) -> Any:
        token, key = self.config.get("access_token"), self.config.get("api_key")
        if not token and not key:
            fix = "tap-mailchimp --about lists the settings"
            raise ConfigError("not set: api_key, or instead of it access_token", where=self.where, fix=fix)
        word = f"Bearer {token}"
        if not token:
            pair = base64.b64encode(f"closedloop:{key}".encode()).decode()
            redactor.add(pair)
            word = f"Basic {pair}"
        return lambda _refused: {"Authorization": word}

    @cached_property
    def mapped(self) -> Campaigns:
        """What stands for an event."""
        config = self.config
        return Campaigns(
            campaigns=config.get("campaigns") or {}, statuses=config.get("statuses") or {}, where=self.where
        )

    @cached_property
    def audiences(self) -> list[Row]:
        """The audiences that are read, asked for once in a run.

        Raises:
            ConfigError: One that the settings name does not exist.
        """
        pages = self.api.listing("/lists", "lists", {"sort_field": "date_created", "sort_dir": "ASC"})
        found = {str(row.get("id")): row for page in pages for row in page.rows}
        wanted = {plain(name) for name in self.config.get("audiences") or ()}
        kept = [
            row
            for row in found.values()
            if not wanted or wanted & {plain(row.get("id")), plain(row.get("name"))}
        ]
        missing = wanted - {plain(row.get(name)) for row in kept for name in ("id", "name")}
        if missing:
            message = "no such audience: " + ", ".join(sorted(missing))
            fix = "choose from: " + ", ".join(str(row.get("name")) for row in found.values())
            raise ConfigError(message, where=self.where, fix=fix)
        return kept

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.api.http.request_count, self.api.http.byte_count

    def source_now(self) -> datetime:
        """Return Mailchimp's own time."""
        if self.api.http.server_time is None:
            self.api.get("/ping")
        return self.api.now()

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return the streams; Mailchimp has the same for everybody.

        Raises:
            ConfigError: A setting names what there is not.
        """
        unknown = sorted((self.config.get("person_fields") or {}).keys() - PERSON_FIELDS.keys())
        if unknown:
            message = "person_fields: no such column: " + ", ".join(unknown)
            raise ConfigError(message, where=self.where, fix="choose from: " + ", ".join(PERSON_FIELDS))
        _ = self.mapped
        return [_KINDS[name](self, name) for name in STREAMS]

    def checks(self) -> Iterator[Check]:
        """Yield credential, audiences, permissions and the campaigns that the settings map."""
        account = self.api.get("/")
        yield Check(name="login", ok=True, message=f"account {account.get('account_name')}")
        names = ", ".join(str(row.get("name")) for row in self.audiences)
        yield Check(name="audiences", ok=bool(names), message=names or "there is none", fix=None)
        wanted = self._wanted_streams()
        for name in sorted(wanted - STREAMS.keys()):
            yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")
        yield from (self._permission(name) for name in ("campaigns", "reports"))
        yield from self._campaigns()

    def _permission(self, name: str) -> Check:
        try:
            count = self.api.total(f"/{name}", name)
        except StreamError as error:
            return Check(name=f"permission:{name}", ok=False, message=error.message, fix=error.fix)
        message = f"{count} records" if count else "readable, but empty"
        return Check(name=f"permission:{name}", ok=True, message=message)

    def _campaigns(self) -> Iterator[Check]:
        """A mapping that fits nothing links nothing, and nobody would see it; names of events cannot be listed."""
        known: dict[str, str] = {}
        for stream in ("segments", "campaigns") if self.mapped.campaigns else ():
            for rows in self.streams[stream].rows():  # type: ignore[attr-defined] # our stream, not the SDK's
                for row in rows:
                    title = row.get("name") or (row.get("settings") or {}).get("title")
                    known |= dict.fromkeys((plain(row.get("id")), plain(title)), stream)
        for name, campaign in self.mapped.campaigns.items():
            found = known.get(plain(name))
            yield Check(
                name=f"campaigns:{name}",
                ok=found is not None,
                message=f"of the {found}, is {campaign}"
                if found
                else "no tag, segment or mailing is called so",
                fix=None if found else "correct it, or select member_events if it is the name of an event",
                required=False,
            )
