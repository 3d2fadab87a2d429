"""The tap: settings, what all streams share, and checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.clock import system_clock
from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit.ledger import INCOME
from closedloop.kit.pace import Budget
from closedloop.kit.policy import AccessError, StreamError
from closedloop.kit.stream import Check, ClosedloopStream
from closedloop.kit.tap import ClosedloopTap
from closedloop.kit.tokens import token_folder
from closedloop.log import get_logger
from tap_quickbooks import auth, client, heads
from tap_quickbooks.auth import Session
from tap_quickbooks.catalog import DEFAULT_MAPPINGS, ENTITIES, MONTHS, RATES, RULES, SINGLES, Entity
from tap_quickbooks.client import QuickBooks
from tap_quickbooks.extras import CLASSES, RateStream, RuleStream
from tap_quickbooks.reports import MonthStream
from tap_quickbooks.settings import schema
from tap_quickbooks.streams import EntityStream, SingleStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from closedloop.kit.login import Consent, Granted
    from tap_quickbooks.client import Changes
    from tap_quickbooks.heads import Head
    from tap_quickbooks.records import Row

log = get_logger(__name__)

#: Change data capture reaches back 30 days; a day less leaves room for clocks and zones.
_REACH = timedelta(days=29)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class TapQuickBooks(ClosedloopTap):
    """Reads customers, sales documents, payments and event costs from QuickBooks Online."""

    name = "tap-quickbooks"
    config_jsonschema: ClassVar[dict[str, Any]] = schema()
    secret_settings = ("client_secret", "refresh_token", "token_key")
    dynamic_catalog = False
    # No BATCH: our pages are faster. No ACTIVATE_VERSION: deletes are found by comparing counts and keys.
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
    def api(self) -> QuickBooks:
        """The company.

        Raises:
            ConfigError: A setting is missing.
        """
        config = self.config
        self._demand("realm_id", "client_id", "client_secret")
        session = Session(
            client_id=config["client_id"],
            client_secret=config["client_secret"],
            realm_id=str(config["realm_id"]),
            folder=token_folder(config) or auth.FOLDER,
            refresh_token=config.get("refresh_token"),
            key=config.get("token_key"),
            token_url=config.get("token_url", auth.TOKEN_URL),
            where=self.where,
            clock=system_clock(),
        )
        return QuickBooks(
            session,
            url=config.get("url", client.PRODUCTION),
            where=self.where,
            timeout=float(config.get("timeout_seconds", 125)),
            max_calls=config.get("max_calls"),
            monthly=int(config.get("calls_a_month", client.MONTHLY)),
            a_second=int(config.get("calls_a_second", client.A_SECOND)),
        )

    def _demand(self, *names: str) -> None:
        missing = [name for name in names if not self.config.get(name)]
        if missing:
            message = "not set: " + ", ".join(missing)
            raise ConfigError(message, where=self.where, fix="tap-quickbooks --about lists the settings")

    def consent(self) -> Consent:
        """Return what Intuit's consent page is told."""
        self._demand("client_id", "client_secret")
        return auth.consent(self.config, self.where)

    def keep(self, granted: Granted) -> str:
        """Keep the tokens under the company that was chosen.

        Raises:
            ConfigError: It is another one than the settings name.
        """
        return auth.keep(self.config, granted, self.where)

    @property
    def page_size(self) -> int:
        """Rows a query."""
        return int(self.config.get("page_size", client.MOST_ROWS))

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.api.http.request_count, self.api.http.byte_count

    def budget(self) -> Budget | None:
        """Return what is left of the month's calls."""
        return Budget(
            left=max(0, self.api.monthly - self.api.used()), allowed=self.api.monthly, window="month"
        )

    # What all streams of a run share

    @cached_property
    def _singles(self) -> dict[str, list[Row]]:
        return {}

    def single(self, entity: str) -> list[Row]:
        """Return the row of an entity that has only one, asked for once a run."""
        if entity not in self._singles:
            self._singles[entity] = self.api.rows(entity, limit=self.page_size)
        return self._singles[entity]

    @property
    def is_multi_currency(self) -> bool:
        """Whether the company keeps books in more than one currency."""
        found = self.single(SINGLES["preferences"])
        currencies = (found[0].get("CurrencyPrefs") or {}) if found else {}
        return str(currencies.get("MultiCurrencyEnabled", "")).lower() == "true"

    def source_now(self) -> datetime:
        """Return QuickBooks' own time."""
        if self.api.now() is None:
            self.single(SINGLES["company_info"])
        return self.api.now() or self.api.http.clock.now()

    @cached_property
    def opened(self) -> datetime:
        """When this run began to look, by QuickBooks' clock."""
        return self.source_now()

    @cached_property
    def until(self) -> datetime:
        """Bound of all counts of this run."""
        return self.opened - self.lag

    @cached_property
    def _entities(self) -> list[EntityStream]:
        return [stream for stream in self.chosen() if isinstance(stream, EntityStream)]

    @cached_property
    def _heads(self) -> dict[str, Head | StreamError]:
        asked = [stream.asked for stream in self._entities]
        found = heads.ask(self.api, asked)
        return dict(zip((stream.name for stream in self._entities), found, strict=True))

    def head(self, stream: EntityStream) -> Head:
        """Return what QuickBooks says of a stream.

        Raises:
            StreamError: It refuses to say.
        """
        found = self._heads[stream.name]
        if isinstance(found, StreamError):
            raise found
        return found

    @cached_property
    def changes(self) -> Changes | None:
        """What changed since the oldest bookmark within reach; none where capture cannot tell all of it."""
        if not self.config.get("capture", True):
            return None
        since = {stream.entity.name: stream.since() or _LONG_AGO for stream in self._entities}
        reachable = {name: at for name, at in since.items() if at > self.opened - _REACH}
        if not reachable:
            return None
        try:
            found = self.api.changes(sorted(reachable), min(reachable.values()))
        except AccessError as error:  # one entity is refused, and with it the call for all of them
            log.info("capture.refused", reason=error.message)
            return None
        if not found.is_whole:
            log.info(
                "capture.full", reason="change data capture holds 1,000 objects: each stream asks itself"
            )
            return None
        deleted = {name: len(stubs) for name, stubs in found.deleted.items() if stubs}
        if deleted:
            log.info("capture.deleted", **deleted)
        return found

    # Streams

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return every stream; whether the company has them is for the checks to say."""
        found: list[ClosedloopStream] = [SingleStream(self, name, entity) for name, entity in SINGLES.items()]
        found += [
            EntityStream(self, name, entity, mapping=self._mapping(entity))
            for name, entity in ENTITIES.items()
        ]
        return [*found, RateStream(self, RATES), RuleStream(self, RULES), MonthStream(self)]

    def _mapping(self, entity: Entity) -> Mapping[str, str]:
        setting = entity.mapping
        if setting is None:
            return {}
        own: Mapping[str, str] = self.config.get(setting) or {}
        known = DEFAULT_MAPPINGS[setting]
        unknown = sorted(own.keys() - known.keys())
        if unknown:
            message = f"{setting}: no such column: " + ", ".join(unknown)
            raise ConfigError(message, where=self.where, fix="choose from: " + ", ".join(sorted(known)))
        return {**known, **own}

    def prepare(self) -> None:
        """Refuse what cannot be right before anything is read.

        Raises:
            ConfigError: A stream does not exist, or an item is in two classes at once.
        """
        super().prepare()
        seen: set[str] = set()
        for setting in CLASSES:
            names = {str(name) for name in self.config.get(setting) or ()}
            if seen & names:
                message = f"{min(seen & names)} is named under two classes of lines"
                raise ConfigError(message, where=self.where, fix=f"leave it out of {setting} or the others")
            seen |= names

    def may_skip(self, stream: ClosedloopStream, error: ClosedloopError) -> str | None:
        """Leave out an optional stream that this company's edition does not have, or that the consent does not show.

        The reports are for the tie-out alone: whatever is wrong with them, the figures do not wait for them.
        """
        entity = ENTITIES.get(stream.name)
        is_refused = entity is not None and entity.optional and isinstance(error, AccessError)
        is_beside = stream.name == MONTHS and isinstance(error, StreamError)
        return error.message if is_refused or is_beside else None

    def checks(self) -> Iterator[Check]:
        """Yield the credential, the currencies and each stream."""
        info = self.single(SINGLES["company_info"])
        known = str(info[0].get("CompanyName", "")) if info else "a company without information"
        yield Check(name="login", ok=True, message=f"QuickBooks company {self.api.realm}: {known}")
        yield self._currency()
        wanted = self._wanted_streams()
        for stream in self.streams.values():
            if isinstance(stream, EntityStream) and (not wanted or stream.name in wanted):
                yield self._permission(stream)
        if not wanted or MONTHS in wanted:
            yield self._reports()
        for name in sorted(wanted - self.streams.keys()):
            yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")
        used, most = self.api.used(), self.api.monthly
        yield Check(
            name="quota",
            ok=used < most * 0.9,
            message=f"{used} of {most} calls of this month are used",
            fix=None if used < most * 0.9 else "run less often, or raise calls_a_month if your tier has more",
            required=False,
        )

    def _currency(self) -> Check:
        found = self.single(SINGLES["preferences"])
        home = (
            ((found[0].get("CurrencyPrefs") or {}).get("HomeCurrency") or {}).get("value") if found else None
        )
        more = ", several currencies" if self.is_multi_currency else ""
        return Check(
            name="field:Preferences.CurrencyPrefs",
            ok=True,
            message=f"home currency {home}{more}"
            if home
            else "no home currency is stated: the company's is taken",
            required=False,
        )

    def _reports(self) -> Check:
        name, month = "permission:reports", self.source_now().date().replace(day=1).isoformat()
        try:
            self.api.report(INCOME, start=month, end=month)
        except StreamError as error:
            return Check(name=name, ok=False, message=error.message, fix=error.fix, required=False)
        return Check(name=name, ok=True, message="readable: the ledger ties out", required=False)

    def _permission(self, stream: EntityStream) -> Check:
        name, required = f"permission:{stream.entity.name}", not stream.entity.optional
        try:
            count = self.api.count(stream.entity.name, stream.entity.every)
        except StreamError as error:
            return Check(name=name, ok=False, message=error.message, fix=error.fix, required=required)
        message = f"{count} objects" if count else "readable, but there are none yet"
        return Check(name=name, ok=True, message=message, required=required)
