"""The tap: settings, streams and checks."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.kit.http import HttpClient
from closedloop.kit.login import LOGIN_SETTINGS
from closedloop.kit.pace import Pace
from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from closedloop.kit.stream import Check, ClosedloopStream
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS, ClosedloopTap
from closedloop.log import get_logger
from tap_zendesk import auth
from tap_zendesk.auth import Login
from tap_zendesk.catalog import ENDPOINTS, Endpoint
from tap_zendesk.client import Zendesk
from tap_zendesk.columns import Columns
from tap_zendesk.streams import CursorStream, SinceStream, TimeStream, ZendeskStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from closedloop.errors import ClosedloopError
    from closedloop.kit.login import Consent, Granted

log = get_logger(__name__)

_KINDS = {"cursor": CursorStream, "time": TimeStream, "since": SinceStream, "list": ZendeskStream}
#: The search, which counts, knows new records some minutes late.
_SEARCH_LAG = timedelta(minutes=10)
_ENDS = f"API tokens stop working on {auth.API_TOKENS_END}"
_INSTEAD = "make an OAuth client in Zendesk's admin centre, and set client_id and client_secret instead"


def _settings_schema() -> dict[str, Any]:
    schema: dict[str, Any] = th.PropertiesList(
        th.Property(
            "url",
            th.StringType,
            required=True,
            title="URL",
            description="Address of your account: https://acme.zendesk.com.",
        ),
        th.Property(
            "client_id",
            th.StringType,
            title="Client id",
            description="Unique identifier of your OAuth client.",
        ),
        th.Property(
            "client_secret", th.StringType, secret=True, title="Client secret", description="Its secret."
        ),
        th.Property(
            "grant",
            th.StringType,
            default="client_credentials",
            allowed_values=["client_credentials", "authorization_code"],
            title="Grant",
            description="client_credentials for the client itself; authorization_code after a person's consent.",
        ),
        th.Property(
            "scopes",
            th.StringType,
            title="Scopes",
            description="With blanks between; without it, read.",
        ),
        th.Property(
            "access_token",
            th.StringType,
            secret=True,
            title="Access token",
            description="An OAuth access token that you made yourself, instead of a client.",
        ),
        th.Property(
            "email",
            th.StringType,
            title="E-mail",
            description="Of the user whose API token it is.",
        ),
        th.Property(
            "api_token",
            th.StringType,
            secret=True,
            title="API token",
            description=f"The older way: {_ENDS}.",
        ),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            title="First refresh token",
            description="Used once, where no token is kept yet. Zendesk replaces it at its first use.",
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
            "escalated_tags",
            th.ArrayType(th.StringType),
            title="Tags of escalation",
            description="A ticket with one of these tags is escalated; without it, the tag escalated.",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=1000),
            default=1000,
            title="Page size",
            description="Rows of an export's page.",
        ),
        th.Property(
            "calls_a_minute",
            th.IntegerType(minimum=1),
            default=200,
            title="Calls a minute",
            description="A run spreads its calls so that no minute sees more; the smallest plan allows 200.",
        ),
        th.Property(
            "exports_a_minute",
            th.IntegerType(minimum=1),
            default=10,
            title="Exports a minute",
            description="The same for exports: 10, or 30 with the add-on for high volume.",
        ),
        th.Property(
            "count",
            th.BooleanType,
            default=True,
            title="Count",
            description="Ask the search how many users and organisations there are. Switch it off where the search"
            " does not count what the export has.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0),
            default=300,
            title="Overlap",
            description="How far before the bookmark a run reads again, where no cursor is kept.",
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
        *LOGIN_SETTINGS,
        *CLOSEDLOOP_SETTINGS,
    ).to_dict()
    return schema


class TapZendesk(ClosedloopTap):
    """Reads organisations, users, tickets and satisfaction from Zendesk."""

    name = "tap-zendesk"
    config_jsonschema: ClassVar[dict[str, Any]] = _settings_schema()
    secret_settings = ("client_secret", "access_token", "api_token", "refresh_token", "token_key")
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
    def zendesk(self) -> Zendesk:
        """The account.

        Raises:
            ConfigError: A setting is missing.
        """
        config = self.config
        auth.demand(config, self.where)
        if auth.uses_api_token(config):
            log.warning("auth.api_token", where=self.where, message=_ENDS, fix=_INSTEAD)
        login = Login(
            http=self._http(),
            config=config,
            store=auth.token_store(config, self.where),
            where=self.where,
        )
        return Zendesk(
            http=self._http(login, int(config.get("calls_a_minute", 200))),
            exports=self._http(login, int(config.get("exports_a_minute", 10))),
            where=self.where,
        )

    def _http(self, login: Login | None = None, calls: int = 0) -> HttpClient:
        return HttpClient(
            base_url=self.config["url"],
            headers={
                "User-Agent": "closedloop",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
            authenticate=login.headers if login else None,
            pace=Pace(((calls, 60.0),)) if calls else None,
            where=self.where,
            timeout=(10.0, float(self.config.get("timeout_seconds", 120))),
        )

    def consent(self) -> Consent:
        """Return what Zendesk's consent page is told."""
        auth.demand(self.config, self.where)
        return auth.consent(self.config, self.where)

    def keep(self, granted: Granted) -> str:
        """Keep the tokens of a consent."""
        store = auth.token_store(self.config, self.where)
        if store is not None:
            store.take(granted.answer)
        return f"connected to {self.config['url']} as {self.zendesk.me().get('role') or 'a user'}"

    @property
    def lag(self) -> timedelta:
        """How long a row may be on its way before it counts."""
        return max(super().lag, _SEARCH_LAG)

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.zendesk.traffic()

    def source_now(self) -> datetime:
        """Return Zendesk's own time."""
        if self.zendesk.http.server_time is None and self.zendesk.exports.server_time is None:
            self.zendesk.me()
        return self.zendesk.now()

    def may_skip(self, stream: ClosedloopStream, error: ClosedloopError) -> str | None:
        """Return why a stream that not every plan or token has may be left out."""
        is_optional = stream.name in ENDPOINTS and not ENDPOINTS[stream.name].required
        return error.message if is_optional and isinstance(error, AccessError | MissingObjectError) else None

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return the streams; Zendesk has the same for everybody."""
        return [self._stream(name, endpoint) for name, endpoint in ENDPOINTS.items()]

    def _stream(self, name: str, endpoint: Endpoint) -> ClosedloopStream:
        columns = Columns(name, endpoint, escalated=self.config.get("escalated_tags") or ["escalated"])
        return _KINDS[endpoint.read](self, name, endpoint, columns=columns)

    def checks(self) -> Iterator[Check]:
        """Yield credential, its end, and permissions."""
        me = self.zendesk.me()
        yield Check(name="login", ok=True, message=f"as {me.get('role') or 'a user'}")
        if auth.uses_api_token(self.config):
            yield Check(name="credential", ok=False, message=_ENDS, fix=_INSTEAD, required=False)
        wanted = self._wanted_streams()
        for name, endpoint in ENDPOINTS.items():
            if not wanted or name in wanted:
                yield self._permission(name, endpoint)
        for name in sorted(wanted - ENDPOINTS.keys()):
            yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")

    def _permission(self, name: str, endpoint: Endpoint) -> Check:
        stream = self.streams[name]
        try:
            rows = stream.probe()  # type: ignore[attr-defined]
        except StreamError as error:
            return Check(
                name=f"permission:{name}",
                ok=False,
                message=error.message,
                fix=error.fix,
                required=endpoint.required,
            )
        return Check(
            name=f"permission:{name}", ok=True, message="readable" if rows else "readable, but empty"
        )
