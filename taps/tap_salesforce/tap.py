"""The tap: its org, streams and checks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.clock import system_clock
from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit.pace import Budget
from closedloop.kit.policy import AccessError, StreamError
from closedloop.kit.tap import ClosedloopTap
from tap_salesforce import consent, soql
from tap_salesforce.catalog import DEFAULT_MAPPINGS, ENTITIES, Entity
from tap_salesforce.changed import ChangedStream
from tap_salesforce.checks import checks
from tap_salesforce.client import NOT_HERE
from tap_salesforce.columns import Columns
from tap_salesforce.connect import connected, kept_in
from tap_salesforce.describe import Description, Descriptions, checked
from tap_salesforce.settings import settings_schema
from tap_salesforce.statuses import Statuses
from tap_salesforce.streams import SalesforceStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from closedloop.kit.login import Consent, Granted
    from closedloop.kit.stream import Check, ClosedloopStream
    from tap_salesforce.client import Salesforce


class TapSalesforce(ClosedloopTap):
    """Reads campaigns and members, leads, contacts, accounts, opportunities and activities from Salesforce.

    The user needs, in one permission set: API Enabled; Read and View All on
    Campaign, Lead, Contact, Account, Opportunity and Case (members, statuses, contact roles and history follow their
    parents); Read Access to the fields that the settings map; for tasks and events of others View All Data or sharing that
    shows them. A token user of the client credentials flow is named in the app's policies. Fields hidden from the user
    are null, or a named failure where a stream cannot do without them. Formula fields change without moving a row's
    stamp: their new value comes with the row's next change.
    """

    name = "tap-salesforce"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    secret_settings = ("client_secret", "private_key", "refresh_token", "access_token", "token_key")
    # No BATCH: our pages are faster. No ACTIVATE_VERSION: deletions come as tombstones.
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
    def salesforce(self) -> Salesforce:
        """The org.

        Raises:
            ConfigError: A setting is missing or wrong.
        """
        return connected(self.config, where=self.where)

    @cached_property
    def descriptions(self) -> Descriptions:
        """What the org has."""
        return Descriptions(self.salesforce, folder=kept_in(self.config), clock=system_clock())

    @cached_property
    def statuses(self) -> Statuses:
        """What the statuses of members mean."""
        return Statuses(self.config.get("member_statuses") or {}, where=self.where)

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.salesforce.http.request_count, self.salesforce.http.byte_count

    def budget(self) -> Budget | None:
        """Return what is left of the day's calls."""
        sf = self.salesforce
        return None if sf.left is None else Budget(left=sf.left, allowed=sf.allowed)

    def source_now(self) -> datetime:
        """Return Salesforce's own time."""
        return self.salesforce.now()

    def wanted(self) -> set[str]:
        """Return the streams that the catalog selects; none: it selects nothing in particular."""
        return self._wanted_streams()

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return a stream for every object that we know; what is wrong with one shows when it is its turn."""
        wanted = self._wanted_streams()
        return [
            self._discovered(name, entity, is_wanted=not wanted or name in wanted)
            for name, entity in ENTITIES.items()
        ]

    def _discovered(self, name: str, entity: Entity, *, is_wanted: bool) -> SalesforceStream:
        description: Description | None = None
        fault: StreamError | None = None
        if is_wanted:
            try:
                description = self._described(name)
            except StreamError as error:
                fault = error
        columns = self._columns_of(name, description)
        kind = ChangedStream if columns.cursor else SalesforceStream
        return kind(self, name, entity, columns=columns, fault=fault)

    def _described(self, name: str) -> Description:
        """Return what the org has of an object.

        Raises:
            AccessError: The user may not see a field that the stream cannot do without.
        """
        entity = ENTITIES[name]
        wanted = {"Id", *entity.needed, *self.own_fields(name), *self.written(name)}
        found = self.descriptions.of(name, wanted=wanted, is_optional=entity.optional)
        needed = [field for field in entity.needed if not found.has(field)]
        if needed:
            names = ", ".join(f"{name}.{field}" for field in needed)
            fix = "give the user's permission set 'Read Access' to the field, or leave the stream out"
            msg = f"the user may not see {names}"
            raise AccessError(msg, where=self.where, fix=fix)
        return found

    def _columns_of(self, name: str, description: Description | None) -> Columns:
        return Columns(
            name,
            ENTITIES[name],
            description=description,
            mapping=self.mapping(name),
            written=self.written(name),
            extra=self.further(name),
            statuses=self.statuses,
            currency=self.config.get("currency"),
        )

    def described_again(self, name: str) -> Columns | None:
        """Return the columns of an object as it is now; none where the description is fresh already.

        Raises:
            AccessError: A field that the stream cannot do without is hidden by now.
        """
        return self._columns_of(name, self._described(name)) if self.descriptions.forget(name) else None

    def insist_on_written(self, name: str) -> None:
        """Do nothing if an object has every field that figures are written to: without it they would look emptied.

        Raises:
            ConfigError: One is gone.
        """
        found = self._described(name)
        gone = [field for field in self.written(name) if not found.has(field)]
        if gone:
            message = f"{name} does not show {', '.join(gone)} any more, which figures are written to: renamed, deleted or hidden"
            raise ConfigError(message, where=self.where, fix="give the field back, or map its new name")

    def keeps_deletions(self, name: str) -> bool:
        """Return whether Salesforce keeps a log of deletions of an object."""
        return self._described(name).replicateable

    def mapping(self, name: str) -> Mapping[str, str]:
        """Return column to field for an object, the admin's choice before the usual one."""
        setting = ENTITIES[name].mapping
        return {**DEFAULT_MAPPINGS[setting], **self.own_mapping(setting)} if setting else {}

    def own_mapping(self, setting: str) -> Mapping[str, str]:
        """Return what the admin maps in one setting.

        Raises:
            ConfigError: There is no such column, or a name is none.
        """
        own: Mapping[str, str] = self.config.get(setting) or {}
        unknown = sorted(own.keys() - DEFAULT_MAPPINGS[setting].keys())
        if unknown:
            message = f"{setting}: no such column: " + ", ".join(unknown)
            fix = "choose from: " + ", ".join(sorted(DEFAULT_MAPPINGS[setting]))
            raise ConfigError(message, where=self.where, fix=fix)
        return {column: self._name(source, setting) for column, source in own.items()}

    def own_fields(self, name: str) -> list[str]:
        """Return the fields of an object that the settings name."""
        setting = ENTITIES[name].mapping
        return [*(self.own_mapping(setting).values() if setting else ()), *self.further(name)]

    def further(self, name: str) -> Sequence[str]:
        """Return the further fields of an object that the settings ask for."""
        found = (self.config.get("extra_fields") or {}).get(name, ())
        return [self._name(field, "extra_fields") for field in found]

    def written(self, name: str) -> Sequence[str]:
        """Return the fields of an object that closedloop writes."""
        found = (self.config.get("closedloop_fields") or {}).get(name, ())
        return [self._name(field, "closedloop_fields") for field in found]

    def _name(self, text: str, setting: str) -> str:
        try:
            return soql.name(text)
        except ConfigError as error:
            message = f"{setting}: {error.message}"
            raise ConfigError(message, where=self.where, fix=error.fix) from None

    def prepare(self) -> None:
        """Refuse what cannot be right before anything is read.

        Raises:
            ConfigError: A selected stream, an object or a field of the settings does not exist.
        """
        super().prepare()
        self.source_now()  # asked for here, it is no call of any stream's
        unknown = sorted((self.config.get("extra_fields") or {}).keys() - ENTITIES.keys())
        if unknown:
            raise self._no_such_stream(*unknown)
        for stream in self.chosen():
            if isinstance(stream, SalesforceStream) and stream.fault is None:
                self.check_own_fields(stream.name)

    def check_own_fields(self, name: str) -> None:
        """Refuse fields of the settings that an object does not have.

        Raises:
            ConfigError: One is missing, or is no time where a time is needed.
        """
        found, setting = self._described(name), ENTITIES[name].mapping
        own = self.own_mapping(setting) if setting else {}
        try:
            checked(found, name, list(own.values()), setting=setting or "")
            checked(found, name, self.further(name), setting="extra_fields")
        except ConfigError as error:
            raise ConfigError(error.message, where=self.where, fix=error.fix) from None
        scan = found.fields.get(own.get("occurred_at", ""))
        if scan is not None and scan.type != "datetime":
            msg = (
                f"{setting}.occurred_at: {own['occurred_at']} is of the type {scan.type}, not a date and time"
            )
            raise ConfigError(msg, where=self.where, fix="map a Date/Time field")

    def may_skip(self, stream: ClosedloopStream, error: ClosedloopError) -> str | None:
        """Leave out an optional object that the org lacks or does not show."""
        entity = ENTITIES[stream.name]
        return entity.why_absent if entity.optional and isinstance(error, NOT_HERE) else None

    def consent(self) -> Consent:
        """Return what the org's consent page is told."""
        return consent.consent(self.config, self.where)

    def keep(self, granted: Granted) -> str:
        """Keep the tokens where every later login of this connection finds them.

        Raises:
            ConfigError: They open another org than the settings name.
        """
        return consent.keep(self.config, granted, self.where)

    def checks(self) -> Iterator[Check]:
        """Yield login, permissions, fields, statuses and quota."""
        return checks(self)
