"""The target: settings, and the way to its writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th

from closedloop.clock import system_clock
from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.sink import UpdateSink
from closedloop.kit.target import Target
from tap_hubspot.auth import Login, token_store
from tap_hubspot.paths import LEGACY, NEWEST, Paths
from target_hubspot.attendance import SEPARATOR
from target_hubspot.catalog import PARTICIPATIONS
from target_hubspot.portal import Portal
from target_hubspot.writer import HubspotWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk.sinks import Sink

    from closedloop.kit.outcome import Row


def _settings_schema() -> dict[str, Any]:
    schema: dict[str, Any] = th.PropertiesList(
        th.Property(
            "access_token",
            th.StringType,
            secret=True,
            title="Access token",
            description="Token of a private app or a service key.",
        ),
        th.Property(
            "client_id", th.StringType, title="Client id", description="Client id of an OAuth app instead."
        ),
        th.Property(
            "client_secret", th.StringType, secret=True, title="Client secret", description="Its secret."
        ),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            title="First refresh token",
            description="Used once, where no token is kept yet.",
        ),
        th.Property(
            "token_folder",
            th.StringType,
            title="Token folder",
            description="Folder that keeps the token between runs. closedloop's own core sets its own.",
        ),
        th.Property(
            "token_key", th.StringType, secret=True, title="Token key", description="Encrypts the kept token."
        ),
        th.Property(
            "url",
            th.StringType,
            default="https://api.hubapi.com",
            title="URL",
            description="Address of HubSpot's API.",
        ),
        th.Property(
            "api",
            th.StringType,
            default=NEWEST,
            title="API",
            description=f"Release of the API: {NEWEST}, another date, or {LEGACY} for the older paths.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=120,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
    ).to_dict()
    return schema


class HubspotSink(UpdateSink):
    """Holds rows of one object, and tells the writer what identifies them."""

    def setup(self) -> None:
        """Refuse an object, a key or a field that is not ours, before anything is written."""
        writer = self._target.writer
        assert isinstance(writer, HubspotWriter)  # noqa: S101 (tells mypy what the target makes)
        writer.open(self.stream_name, list(self.key_properties) or ["id"])
        super().setup()


class TargetHubspot(Target):
    """Updates our own properties of HubSpot records by id, imports contacts, and records who attended.

    The app needs the scopes crm.objects.companies.read and .write, crm.objects.marketing_events.read and .write, and
    marketing.campaigns.read and .write for the objects that figures go to; crm.schemas.companies.write (and the like) for
    `--provision` only; crm.objects.contacts.write for imports only.
    """

    name = "target-hubspot"
    config_jsonschema: ClassVar[dict[str, Any]] = _settings_schema()
    secret_settings = ("access_token", "client_secret", "refresh_token", "token_key")
    default_sink_class = HubspotSink

    def make_writer(self) -> HubspotWriter:
        """Return HubSpot's side; nothing is asked of the server yet."""
        config = self.config
        paths = Paths(version=config.get("api") or NEWEST)
        http = HttpClient(
            base_url=config.get("url") or "https://api.hubapi.com",
            where=self.name,
            timeout=(10.0, float(config.get("timeout_seconds", 120))),
            headers={"Accept": "application/json"},
        )
        http.authenticate = self._login(paths).headers
        portal = Portal(http=http, paths=paths, where=self.name)
        return HubspotWriter(portal, checked=config.get("closedloop_fields"))

    def _login(self, paths: Paths) -> Login:
        config = self.config
        if config.get("access_token"):
            return Login(token=config["access_token"], where=self.name)
        if not config.get("client_id"):
            raise ConfigError(
                "there is no credential",
                where=self.name,
                fix="set access_token, or client_id and client_secret",
            )
        server = HttpClient(base_url=config.get("url") or "https://api.hubapi.com", where=self.name)
        return Login(
            http=server,
            path=paths.token,
            client_id=config["client_id"],
            client_secret=config.get("client_secret") or "",
            store=token_store(config, self._connection),
            first=config.get("refresh_token"),
            where=self.name,
            clock=system_clock(),
        )

    @property
    def _connection(self) -> str:
        """The name under which the tap of this connection keeps its token too."""
        name = self.config.get("closedloop_connection")
        return f"connections.{name}" if name else "tap-hubspot"

    def identity(self) -> str:
        """Return the address and the app; a private app has no name that is no secret."""
        return f"{self.config.get('url')} {self.config.get('client_id') or 'private app'}"

    def id_fields(self, sink: Sink) -> Sequence[str]:
        """Return the properties that identify the record and are no field of it."""
        return tuple(sink.key_properties) or ("id",)

    def row(self, sink: Sink, record: Mapping[str, Any]) -> Row:
        """Return the write that a record asks for; a participation's key has two parts."""
        keys = self.id_fields(sink)
        if sink.stream_name != PARTICIPATIONS:
            return super().row(sink, record)
        parts = [str(record.get(key) if record.get(key) is not None else "").strip() for key in keys]
        whole = SEPARATOR.join(parts) if all(parts) else None
        return super().row(sink, {**record, keys[0]: whole})
