"""The target: settings, and the way to its writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th

from closedloop.kit.sink import UpdateSink
from closedloop.kit.target import Target
from tap_odoo.client import Odoo, OdooSettings
from target_odoo.client import OdooWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.sinks import Sink


def _settings_schema() -> dict[str, Any]:
    schema: dict[str, Any] = th.PropertiesList(
        th.Property(
            "url", th.StringType, required=True, title="URL", description="Address of the Odoo server."
        ),
        th.Property(
            "database", th.StringType, required=True, title="Database", description="Name of its database."
        ),
        th.Property(
            "api_key",
            th.StringType,
            secret=True,
            title="API key",
            description="API key of the user to write as; best a user of its own, without a password.",
        ),
        th.Property(
            "login", th.StringType, title="Login", description="User name; for RPC (Odoo 18 and earlier)."
        ),
        th.Property(
            "password",
            th.StringType,
            secret=True,
            title="Password",
            description="Password, for RPC without an API key.",
        ),
        th.Property(
            "api",
            th.StringType,
            default="auto",
            allowed_values=["auto", "json2", "jsonrpc", "xmlrpc"],
            title="API",
            description="Way into Odoo: auto asks the server for its version.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=120,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
        th.Property(
            "target_batch_rows",
            th.IntegerType(minimum=1, maximum=5000),
            default=500,
            title="Batch rows",
            description="Most records of one call; a call is one transaction and must end within Odoo's time limit.",
        ),
    ).to_dict()
    return schema


class OdooSink(UpdateSink):
    """Holds rows that are known by database id, or those of an import by our own key."""

    def setup(self) -> None:
        """Refuse a model or a field that is not ours, before anything is written."""
        writer = self._target.writer
        assert isinstance(writer, OdooWriter)  # noqa: S101 (tells mypy what the target makes)
        (name,) = self._target.id_fields(self)
        writer.find_by(self.stream_name, None if name.lower() == "id" else name)
        super().setup()


class TargetOdoo(Target):
    """Updates our own `x_` fields of Odoo records by id. An import makes leads, registrations and events, and removes its own."""

    name = "target-odoo"
    config_jsonschema: ClassVar[dict[str, Any]] = _settings_schema()
    secret_settings = ("api_key", "password")
    default_sink_class = OdooSink

    def make_writer(self) -> OdooWriter:
        """Return Odoo's side; nothing is asked of the server yet."""
        config = self.config
        settings = OdooSettings(
            url=config["url"],
            database=config["database"],
            login=config.get("login"),
            password=config.get("password"),
            api_key=config.get("api_key"),
            api=config.get("api", "auto"),
            where=self.name,
            timeout=float(config.get("timeout_seconds", 120)),
        )
        writer = OdooWriter(Odoo(settings), checked=config.get("closedloop_fields"))
        writer.batch_rows = int(config.get("target_batch_rows", 500))
        return writer

    def id_fields(self, sink: Sink) -> Sequence[str]:
        """Return the property that rows are known by."""
        return (list(sink.key_properties) or ["id"])[:1]

    def identity(self) -> str:
        """Return address and database."""
        return f"{self.config['url']} {self.config['database']}"
