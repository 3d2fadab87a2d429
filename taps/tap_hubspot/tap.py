"""The tap: connection, discovery and what may be left out."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.clock import system_clock
from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.pace import Budget
from closedloop.kit.policy import AccessError, MissingObjectError
from closedloop.kit.tap import ClosedloopTap
from tap_hubspot import associations, audience, consent, listings, marketing
from tap_hubspot.auth import Login, token_store
from tap_hubspot.catalog import ASSOCIATIONS, DEFAULT_MAPPINGS, OBJECTS, STREAMS
from tap_hubspot.changed import Changed
from tap_hubspot.checks import checks, missing_properties
from tap_hubspot.client import SEARCHES, Hubspot, search_pace
from tap_hubspot.columns import Columns
from tap_hubspot.objects import ObjectStream
from tap_hubspot.paths import NEWEST, URL, Paths
from tap_hubspot.settings import LAG_SECONDS, settings_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from closedloop.kit.login import Consent, Granted
    from closedloop.kit.stream import Check, ClosedloopStream
    from tap_hubspot.base import HubspotStream
    from tap_hubspot.kinds import Source

_KINDS: Mapping[str, type[HubspotStream]] = {
    "owners": listings.OwnerStream,
    "pipeline_stages": listings.StageStream,
    "account_info": listings.AccountStream,
    "company_currency": listings.CurrencyStream,
    "exchange_rates": listings.RateStream,
    "forms": listings.FormStream,
    "lists": listings.ListStream,
    "marketing_events": listings.MarketingEventStream,
    "campaigns": marketing.CampaignStream,
    "campaign_budget_items": marketing.BudgetItemStream,
    "campaign_spend_items": marketing.SpendItemStream,
    "campaign_assets": marketing.AssetStream,
    "participations": marketing.ParticipationStream,
    "property_history": associations.HistoryStream,
    "contact_history": associations.HistoryStream,
    "form_submissions": audience.SubmissionStream,
    "list_memberships": audience.MembershipStream,
    "subscriptions": associations.SubscriptionStream,
}


class TapHubspot(ClosedloopTap):
    """Reads companies, contacts, deals, events and campaigns from HubSpot.

    The app needs at least the scopes crm.objects.companies.read, crm.objects.contacts.read, crm.objects.deals.read,
    crm.objects.owners.read and crm.objects.marketing_events.read. Beside them, each for the streams of its name:
    crm.objects.leads.read, tickets, crm.objects.calls.read, crm.objects.meetings.read, crm.objects.emails.read,
    crm.objects.tasks.read, marketing.campaigns.read, settings.currencies.read, forms, crm.lists.read,
    communication_preferences.read: without one its streams are left out, and the run says so.

    HubSpot does not stamp a record when a calculated or rolled-up property of it changes: such a property is as old here
    as the record's last change. Base nothing on one.
    """

    name = "tap-hubspot"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    secret_settings = ("access_token", "client_secret", "refresh_token", "token_key")
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
        """How long a change may be on its way into HubSpot's search."""
        return timedelta(seconds=int(self.config.get("lag_seconds", LAG_SECONDS)))

    @cached_property
    def hubspot(self) -> Hubspot:
        """The account.

        Raises:
            ConfigError: A setting is missing.
        """
        config = self.config
        paths = Paths(version=config.get("api") or NEWEST)
        timeout = (10.0, float(config.get("timeout_seconds", 120)))
        url = config.get("url") or URL
        http = HttpClient(
            base_url=url,
            headers={"User-Agent": "closedloop", "Accept-Encoding": "gzip, deflate"},
            authenticate=self._login(url, paths, timeout).headers,
            where=self.where,
            timeout=timeout,
        )
        return Hubspot(
            http=http,
            paths=paths,
            day_reserve=int(config.get("day_reserve", 1000)),
            where=self.where,
            searching=search_pace(int(config.get("searches_a_second", SEARCHES))),
        )

    def _login(self, url: str, paths: Paths, timeout: tuple[float, float]) -> Login:
        config = self.config
        if config.get("access_token"):
            return Login(token=config["access_token"], where=self.where)
        missing = [name for name in ("client_id", "client_secret") if not config.get(name)]
        if missing:
            message = "not set: access_token, or instead of it " + ", ".join(missing)
            raise ConfigError(message, where=self.where, fix="tap-hubspot --about lists the settings")
        return Login(
            http=HttpClient(base_url=url, where=self.where, timeout=timeout),
            path=paths.token,
            client_id=config["client_id"],
            client_secret=config["client_secret"],
            store=token_store(config, self.where),
            first=config.get("refresh_token"),
            where=self.where,
            clock=system_clock(),
        )

    @cached_property
    def changed(self) -> Changed:
        """What the streams of records have seen in this run."""
        overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 300)))
        return Changed(hubspot=self.hubspot, overlap=overlap)

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.hubspot.http.request_count, self.hubspot.http.byte_count

    def budget(self) -> Budget | None:
        """Return what is left of the day's calls."""
        left = self.hubspot.day_left
        return None if left is None else Budget(left=left)

    def source_now(self) -> datetime:
        """Return HubSpot's own time."""
        return self.hubspot.now()

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return the streams; every account has the same, whatever of them it may read.

        Raises:
            ConfigError: A status is mapped to something that is none.
        """
        rules: Mapping[str, Mapping[str, str]] = self.config.get("member_statuses") or {}
        wrong = sorted({status for rule in rules.values() for status in rule.values()} - marketing.STATUSES)
        if wrong:
            message = "member_statuses: no such status: " + ", ".join(wrong)
            fix = "choose from: " + ", ".join(sorted(marketing.STATUSES))
            raise ConfigError(message, where=self.where, fix=fix)
        return [self._stream(name, source) for name, source in STREAMS.items()]

    def _stream(self, name: str, source: Source) -> ClosedloopStream:
        cols = Columns(name, mapping=self.mapping(source.mapping), written=self.written(name))
        if name in OBJECTS:
            return ObjectStream(self, name, OBJECTS[name], columns=cols)
        kind = associations.AssociationStream if name in ASSOCIATIONS else _KINDS[name]
        return kind(self, name, source, columns=cols)

    def written(self, name: str) -> tuple[str, ...]:
        """Return the properties of an object that closedloop writes."""
        fields: Mapping[str, Any] = self.config.get("closedloop_fields") or {}
        return tuple(fields.get(name) or ())

    def mapping(self, setting: str | None) -> Mapping[str, str]:
        """Return what the admin maps by a setting.

        Raises:
            ConfigError: There is no such column.
        """
        own: Mapping[str, str] = self.config.get(setting) or {} if setting else {}
        unknown = sorted(own.keys() - DEFAULT_MAPPINGS[setting].keys()) if setting else []
        if unknown:
            message = f"{setting}: no such column: " + ", ".join(unknown)
            fix = "choose from: " + ", ".join(sorted(DEFAULT_MAPPINGS[setting or ""]))
            raise ConfigError(message, where=self.where, fix=fix)
        return own

    def check_properties(self, name: str) -> None:
        """Refuse a mapped property that an object does not have: asked before all of it is read, where one is mapped.

        Raises:
            ConfigError: There is no such property.
        """
        missing = missing_properties(self, name)
        if missing:
            setting, column, source = missing[0]
            message = f"{setting}.{column}: {name} have no property {source}"
            raise ConfigError(
                message, where=self.where, fix="correct the property's name, or create it in HubSpot"
            )

    def may_skip(self, stream: ClosedloopStream, error: ClosedloopError) -> str | None:
        """Leave out an optional stream that the token or the account's subscription does not cover."""
        source = STREAMS[stream.name]
        if source.optional and isinstance(error, AccessError | MissingObjectError):
            return f"{error.message}; {error.fix}" if error.fix else error.message
        return None

    def consent(self) -> Consent:
        """Return what HubSpot's consent page is told."""
        return consent.consent(self.config, self.where)

    def keep(self, granted: Granted) -> str:
        """Keep the tokens where tap and target of this connection find them."""
        return consent.keep(self.config, granted, self.where)

    def checks(self) -> Iterator[Check]:
        """Yield credential, permissions, properties and quota."""
        yield from checks(self)

    def wanted(self) -> set[str]:
        """Return the streams that the catalog selects; empty: all."""
        return self._wanted_streams()
