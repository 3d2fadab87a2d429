"""The tap: settings, discovery and checks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from closedloop.kit.stream import Check, ClosedloopStream
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS, ClosedloopTap
from tap_odoo.catalog import DEFAULT_MAPPINGS, MODELS, Model
from tap_odoo.client import Odoo, OdooSettings
from tap_odoo.columns import Columns
from tap_odoo.streams import OdooStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_odoo.client import Field

_MAPPING = th.ObjectType(additional_properties=th.StringType)


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
            description="API key of the user to read as (Preferences, Account security).",
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
            "page_size",
            th.IntegerType(minimum=1, maximum=10000),
            default=1000,
            title="Page size",
            description="Rows a request.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0),
            default=300,
            title="Overlap",
            description="How far before the bookmark a run reads again: longer than Odoo's longest transaction.",
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
            description="Leave out rows not written since this time.",
        ),
        *(
            th.Property(
                name,
                _MAPPING,
                title=name.replace("_", " ").capitalize(),
                description="Column to field of yours. Unless you say otherwise: "
                + ", ".join(f"{column}: {source}" for column, source in mapping.items()),
            )
            for name, mapping in DEFAULT_MAPPINGS.items()
        ),
        *CLOSEDLOOP_SETTINGS,
    ).to_dict()
    return schema


class TapOdoo(ClosedloopTap):
    """Reads CRM, events and accounting from Odoo 13 and later."""

    name = "tap-odoo"
    config_jsonschema: ClassVar[dict[str, Any]] = _settings_schema()
    secret_settings = ("api_key", "password")
    # No BATCH: our pages are faster. No ACTIVATE_VERSION: deletes are found by sweeping.
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
    def odoo(self) -> Odoo:
        """The database.

        Raises:
            ConfigError: A setting is missing.
        """
        config = self.config
        missing = [name for name in ("url", "database") if not config.get(name)]
        if missing:
            message = "not set: " + ", ".join(missing)
            raise ConfigError(message, where=self.where, fix="tap-odoo --about lists the settings")
        return Odoo(
            OdooSettings(
                url=config["url"],
                database=config["database"],
                login=config.get("login"),
                password=config.get("password"),
                api_key=config.get("api_key"),
                api=config.get("api", "auto"),
                where=self.where,
                timeout=float(config.get("timeout_seconds", 120)),
            )
        )

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return self.odoo.http.request_count, self.odoo.http.byte_count

    def source_now(self) -> datetime:
        """Return Odoo's own time."""
        return self.odoo.now()

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return a stream for every model that the database has and we know."""
        _ = self.odoo.context  # a refused credential or an unknown database ends discovery here
        found = (self._discovered(name, model) for name, model in MODELS.items())
        return [stream for stream in found if stream is not None]

    def _discovered(self, name: str, model: Model) -> ClosedloopStream | None:
        fields: Mapping[str, Field] = {}
        fault: StreamError | None = None
        try:
            fields = self.odoo.fields(model.name)
        except MissingObjectError:
            return None
        except StreamError as error:  # this one stream will fail, when it is its turn
            fault = error
        columns = Columns(
            name,
            model,
            fields=fields,
            mapping=self._mapping(model),
            written=(self.config.get("closedloop_fields") or {}).get(model.name, ()),
        )
        return OdooStream(self, name, model, columns=columns, fault=fault)

    def _mapping(self, model: Model) -> Mapping[str, str]:
        if model.mapping is None:
            return {}
        return {**DEFAULT_MAPPINGS[model.mapping], **self._own_mapping(model.mapping)}

    def _own_mapping(self, setting: str) -> Mapping[str, str]:
        own: Mapping[str, str] = self.config.get(setting) or {}
        unknown = sorted(own.keys() - DEFAULT_MAPPINGS[setting].keys())
        if unknown:
            message = f"{setting}: no such column: " + ", ".join(unknown)
            raise ConfigError(
                message, where=self.where, fix="choose from: " + ", ".join(sorted(DEFAULT_MAPPINGS[setting]))
            )
        return own

    def prepare(self) -> None:
        """Refuse what cannot be right before anything is read.

        Raises:
            ConfigError: A selected stream or a mapped field does not exist.
        """
        super().prepare()
        wrong = [check for check in self._mapped_fields() if not check.ok]
        if wrong:
            raise ConfigError(wrong[0].message, where=self.where, fix=wrong[0].fix)

    def may_skip(self, stream: ClosedloopStream, error: ClosedloopError) -> str | None:
        """Leave out an optional stream that the user may not read."""
        model = MODELS[stream.name]
        return error.message if model.optional and isinstance(error, AccessError) else None

    def checks(self) -> Iterator[Check]:
        """Yield credential, permissions, streams and fields."""
        version = self.odoo.version[1]
        yield Check(
            name="login",
            ok=True,
            message=f"Odoo {version} by {self.odoo.backend.name}, database {self.config['database']}",
        )
        yield from self._stream_checks()
        yield from self._mapped_fields()
        yield from self._written_fields()

    def _stream_checks(self) -> Iterator[Check]:
        wanted = self._wanted_streams()
        for name, model in MODELS.items():
            stream = self.streams.get(name)
            if stream is None:
                yield Check(
                    name=f"stream:{name}",
                    ok=False,
                    message=f"the database has no model {model.name}",
                    fix="install the Odoo app that brings it" if name in wanted else None,
                    required=name in wanted,
                )
            elif not wanted or name in wanted:
                yield self._permission(name, model)
        for name in sorted(wanted - MODELS.keys()):
            yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")

    def _permission(self, name: str, model: Model) -> Check:
        stream = self.streams[name]
        check = f"permission:{model.name}"
        try:
            count = self.odoo.count(model.name, getattr(stream, "domain", []))
        except StreamError as error:
            return Check(
                name=check, ok=False, message=error.message, fix=error.fix, required=not model.optional
            )
        message = f"{count} records" if count else "readable, but there are no records yet"
        return Check(name=check, ok=True, message=message, required=not model.optional)

    def _mapped_fields(self) -> Iterator[Check]:
        """Yield one check for each field that the admin maps: one model of the setting must have it."""
        for setting in DEFAULT_MAPPINGS:
            models = [m.name for name, m in MODELS.items() if m.mapping == setting and name in self.streams]
            for column, source in self._own_mapping(setting).items() if models else ():
                owners = [model for model in models if source in self.odoo.fields(model)]
                yield Check(
                    name=f"field:{(owners or models)[0]}.{source}",
                    ok=bool(owners),
                    message=f"{setting}.{column} reads {source}"
                    if owners
                    else f"{setting}.{column}: there is no field {source} on {' or '.join(models)}",
                    fix=None if owners else "correct the field's name, or create it in Odoo",
                )

    def _written_fields(self) -> Iterator[Check]:
        for model, names in (self.config.get("closedloop_fields") or {}).items():
            for name in names:
                exists = name in self.odoo.fields(model)
                yield Check(
                    name=f"field:{model}.{name}",
                    ok=exists,
                    message="exists" if exists else f"{model} has no field {name} yet",
                    fix=None if exists else "closedloop provision creates it",
                    required=False,
                )
