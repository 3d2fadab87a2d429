"""The tap: settings, streams and checks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.clock import system_clock
from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.login import LOGIN_SETTINGS
from closedloop.kit.pace import Budget, Pace
from closedloop.kit.policy import AccessError, StreamError
from closedloop.kit.stream import Check, ClosedloopStream
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS, ClosedloopTap
from tap_xero import auth
from tap_xero.auth import Login
from tap_xero.catalog import ENDPOINTS, MONTHS, REPORTS, Endpoint
from tap_xero.client import Xero
from tap_xero.columns import Columns
from tap_xero.reports import MonthStream
from tap_xero.streams import ChangedStream, XeroStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from closedloop.kit.login import Consent, Granted

LINE_CLASSES = ("revenue", "pass_through", "write_off")
_CLASSES = th.ObjectType(additional_properties=th.StringType)


def _settings_schema() -> dict[str, Any]:
    schema: dict[str, Any] = th.PropertiesList(
        th.Property(
            "client_id",
            th.StringType,
            required=True,
            title="Client id",
            description="Client id of your Xero app.",
        ),
        th.Property(
            "client_secret",
            th.StringType,
            required=True,
            secret=True,
            title="Client secret",
            description="Its secret.",
        ),
        th.Property(
            "grant",
            th.StringType,
            default="authorization_code",
            allowed_values=["authorization_code", "client_credentials"],
            title="Grant",
            description="authorization_code after a person's consent; client_credentials for a custom connection.",
        ),
        th.Property(
            "tenant_id",
            th.StringType,
            title="Organisation",
            description="Id of the organisation; needed where the consent covers several.",
        ),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            title="First refresh token",
            description="Used once, where no token is kept yet. Xero replaces it at its first use.",
        ),
        th.Property(
            "token_folder",
            th.StringType,
            title="Token folder",
            description="Folder that keeps the rotating token between runs. closedloop's own core sets its own.",
        ),
        th.Property(
            "token_key", th.StringType, secret=True, title="Token key", description="Encrypts the kept token."
        ),
        th.Property(
            "scopes",
            th.StringType,
            title="Scopes",
            description="With blanks between. None: a login asks for what the streams need, a custom connection has all that it was given.",
        ),
        th.Property(
            "url",
            th.StringType,
            default=auth.URL,
            title="URL",
            description="Address of Xero's API.",
        ),
        th.Property(
            "identity_url",
            th.StringType,
            default=auth.IDENTITY_URL,
            title="Identity URL",
            description="Address of Xero's identity server.",
        ),
        th.Property(
            "authorize_url",
            th.StringType,
            default=auth.AUTHORIZE_URL,
            title="Consent page",
            description="Address of Xero's consent page.",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=1000),
            default=1000,
            title="Page size",
            description="Rows a request.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0),
            default=300,
            title="Overlap",
            description="How far before the bookmark a run reads again.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=120,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="Leave out rows not changed since this time.",
        ),
        th.Property(
            "day_reserve",
            th.IntegerType(minimum=0),
            default=50,
            title="Calls kept",
            description="A run stops when so many calls of the day are left to the organisation.",
        ),
        th.Property(
            "calls_a_minute",
            th.IntegerType(minimum=1),
            default=60,
            title="Calls a minute",
            description="A run spreads its calls so that no minute sees more; Xero allows 60 an organisation.",
        ),
        th.Property(
            "byte_limit",
            th.IntegerType(minimum=1),
            title="Most bytes",
            description="A run stops after so many bytes: Xero bills what leaves it.",
        ),
        *(
            th.Property(
                f"{name}_classes",
                _CLASSES,
                title=f"Classes of {name}s",
                description=f"Code of {name} to {', '.join(LINE_CLASSES)}: which lines are revenue. Without it the"
                " account's class decides.",
            )
            for name in ("account", "item")
        ),
        *LOGIN_SETTINGS,
        *CLOSEDLOOP_SETTINGS,
    ).to_dict()
    return schema


class TapXero(ClosedloopTap):
    """Reads customers, invoices, credit notes and payments from Xero."""

    name = "tap-xero"
    config_jsonschema: ClassVar[dict[str, Any]] = _settings_schema()
    secret_settings = ("client_secret", "refresh_token", "token_key")
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
    def xero(self) -> Xero:
        """The organisation.

        Raises:
            ConfigError: A setting is missing.
        """
        config = self.config
        self._demand_app()
        timeout = (10.0, float(config.get("timeout_seconds", 120)))
        identity = HttpClient(
            base_url=config.get("identity_url", auth.IDENTITY_URL),
            where=self.where,
            timeout=timeout,
        )
        login = Login(
            http=identity,
            client_id=config["client_id"],
            client_secret=config["client_secret"],
            grant=config.get("grant", "authorization_code"),
            store=auth.token_store(config, self.where),
            first=config.get("refresh_token"),
            scopes=config.get("scopes") or "",
            where=self.where,
            clock=system_clock(),
        )
        http = HttpClient(
            base_url=config.get("url", auth.URL),
            headers={"User-Agent": "closedloop", "Accept-Encoding": "gzip, deflate"},
            authenticate=login.headers,
            pace=Pace(((int(config.get("calls_a_minute", 60)), 60.0),)),
            where=self.where,
            timeout=timeout,
        )
        return Xero(
            http=http,
            tenant=config.get("tenant_id"),
            day_reserve=int(config.get("day_reserve", 50)),
            byte_limit=config.get("byte_limit"),
            where=self.where,
        )

    def _demand_app(self) -> None:
        missing = [name for name in ("client_id", "client_secret") if not self.config.get(name)]
        if missing:
            message = "not set: " + ", ".join(missing)
            raise ConfigError(message, where=self.where, fix="tap-xero --about lists the settings")

    def consent(self) -> Consent:
        """Return what Xero's consent page is told."""
        self._demand_app()
        return auth.consent(self.config, self.where)

    def keep(self, granted: Granted) -> str:
        """Keep the tokens of a consent.

        Raises:
            ConfigError: They do not open the organisation that is meant.
        """
        return auth.keep(self.config, granted, self.where)

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.xero.http.request_count, self.xero.http.byte_count

    def budget(self) -> Budget | None:
        """Return what is left of the day's calls."""
        left = self.xero.day_left
        return None if left is None else Budget(left=left)

    def source_now(self) -> datetime:
        """Return Xero's own time."""
        if self.xero.http.server_time is None:
            self.xero.connections()
        return self.xero.now()

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return the streams; Xero has the same for everybody."""
        listings = [self._stream(name, endpoint) for name, endpoint in ENDPOINTS.items()]
        return [*listings, MonthStream(self)]

    def may_skip(self, stream: ClosedloopStream, error: ClosedloopError) -> str | None:
        """Leave out what only the tie-out needs where the consent does not cover it.

        Of its reports, whatever is wrong with them: the figures do not wait for them.
        """
        if stream.name == MONTHS:
            return error.message if isinstance(error, StreamError) else None
        is_refused = ENDPOINTS[stream.name].optional and isinstance(error, AccessError)
        return error.message if is_refused else None

    def _stream(self, name: str, endpoint: Endpoint) -> ClosedloopStream:
        columns = Columns(name, endpoint, classes=self._line_classes(endpoint.classes))
        kind = ChangedStream if endpoint.changes else XeroStream
        return kind(self, name, endpoint, columns=columns)

    def _line_classes(self, setting: str | None) -> Mapping[str, str]:
        own: Mapping[str, str] = self.config.get(setting or "") or {}
        wrong = sorted(set(own.values()) - set(LINE_CLASSES))
        if wrong:
            message = f"{setting}: no such class: " + ", ".join(wrong)
            raise ConfigError(message, where=self.where, fix="choose from: " + ", ".join(LINE_CLASSES))
        return own

    def checks(self) -> Iterator[Check]:
        """Yield credential, organisation, permissions and quota."""
        tenant = self.xero.organisation()
        listed = self.xero.list("/Organisation", "Organisations", scope=ENDPOINTS["organisation"].scope)
        name = listed.rows[0].get("Name") if listed.rows else tenant
        yield Check(name="login", ok=True, message=f"organisation {name}")
        wanted = self._wanted_streams()
        for stream, endpoint in ENDPOINTS.items():
            if stream != "organisation" and (not wanted or stream in wanted):
                yield self._permission(stream, endpoint)
        if not wanted or MONTHS in wanted:
            yield from self._reports()
        for stream in sorted(wanted - {*ENDPOINTS, MONTHS}):
            yield Check(name=f"stream:{stream}", ok=False, message="no such stream", fix="correct its name")
        left = self.xero.day_left
        if left is not None:
            yield Check(
                name="quota",
                ok=left > self.xero.day_reserve,
                message=f"{left} calls left today",
                fix=None
                if left > self.xero.day_reserve
                else "wait for Xero's next day, or lower day_reserve",
                required=False,
            )

    def _permission(self, name: str, endpoint: Endpoint) -> Check:
        stream = self.streams[name]
        check = f"permission:{endpoint.key}"
        try:
            found = stream.ask(page=1, size=1) if endpoint.changes else stream.ask()  # type: ignore[attr-defined]
        except StreamError as error:
            return Check(
                name=check, ok=False, message=error.message, fix=error.fix, required=not endpoint.optional
            )
        count = len(found.rows) if found.total is None else found.total
        message = f"{count} records" if count else "readable, but empty"
        return Check(name=check, ok=True, message=message, required=not endpoint.optional)

    def _reports(self) -> Iterator[Check]:
        for report, scope in REPORTS.items():
            name = f"permission:{report}"
            try:
                self.xero.list(f"/Reports/{report}", "Reports", scope=scope, is_optional=True)
            except StreamError as error:
                yield Check(name=name, ok=False, message=error.message, fix=error.fix, required=False)
            else:
                yield Check(name=name, ok=True, message="readable: the ledger ties out", required=False)
