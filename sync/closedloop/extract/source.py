"""One connection's tap: how it is started, and which streams it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from closedloop import connectors
from closedloop.errors import ConfigError
from closedloop.extract.process import TapProcess

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping, Sequence

    from closedloop.settings import Settings

log = structlog.get_logger(__name__)

#: The connector of any Singer tap that is not ours.
FOREIGN = "singer"


@dataclass(slots=True, kw_only=True, frozen=True)
class Source:
    """The tap of one connection.

    Args:
        connection: The connection's name.
        command: Package to run, or the whole command of a foreign tap.
        config: Its settings; may hold secrets.
        has_protocol: Whether it speaks our additions to Singer.
        stop: When set, its processes are asked to end.
    """

    connection: str
    command: str | Sequence[str]
    config: Mapping[str, Any]
    has_protocol: bool
    stop: threading.Event | None = None

    @classmethod
    def of(cls, settings: Settings, connection: str, *, stop: threading.Event | None = None) -> Source:
        """Return the tap of ``connection``.

        Raises:
            ConfigError: There is no such connection or connector.
        """
        found = settings.connections.get(connection)
        if found is None:
            known = ", ".join(sorted(settings.connections))
            message = f"there is no connection {connection}"
            raise ConfigError(message, where="connections", fix=f"use one of: {known}")
        if found.connector == FOREIGN:
            if not found.executable:
                raise ConfigError(
                    "a Singer tap needs its command",
                    where=f"connections.{connection}",
                    fix="write `executable: [path/to/tap]`",
                )
            return cls(
                connection=connection,
                command=tuple(found.executable),
                config=found.settings,
                has_protocol=False,
                stop=stop,
            )
        own: dict[str, Any] = {
            "closedloop_protocol": True,
            "closedloop_connection": connection,
            "closedloop_tokens": str(settings.tokens),
        }
        if fields := _written_fields(settings, connection, found.connector):
            own["closedloop_fields"] = fields
        return cls(
            connection=connection,
            command=connectors.tap_module(found.connector),
            config={**found.settings, **own},
            has_protocol=True,
            stop=stop,
        )

    def start(
        self,
        args: Sequence[str] = (),
        documents: Mapping[str, Any] | None = None,
        *,
        has_input: bool = False,
    ) -> TapProcess:
        """Start the tap; use it as a context, which ends it."""
        return TapProcess(
            self.command,
            args,
            self.config,
            connection=self.connection,
            documents=documents,
            stop=self.stop,
            has_input=has_input,
        )

    def catalog(self, streams: Collection[str] | None) -> dict[str, Any] | None:
        """Return the catalog that selects ``streams``, or none if the tap needs none to read all.

        Args:
            streams: Names; none for all.

        Raises:
            ConfigError: The source does not have one of them.
            ClosedloopError: The tap cannot say what it has, and it must.
        """
        if streams is None and self.has_protocol:
            return None
        found = self._discover(is_needed=streams is not None)
        if found is None:
            return None
        offered = {
            str(entry.get("tap_stream_id") or entry.get("stream")): entry for entry in found["streams"]
        }
        if missing := sorted(set(streams or ()) - offered.keys()):
            message = f"there is no stream {', '.join(missing)} here"
            fix = f"use some of: {', '.join(sorted(offered))}"
            raise ConfigError(message, where=f"connections.{self.connection}.streams", fix=fix)
        for name, entry in offered.items():
            _select(entry, selected=streams is None or name in streams)
        return found

    def _discover(self, *, is_needed: bool) -> dict[str, Any] | None:
        with self.start(["--discover"]) as tap:
            text = b"".join(tap.lines())
            code = tap.wait()
        if error := tap.failure(code):
            raise error
        try:
            catalog = msgspec.json.decode(text, type=dict[str, Any])
            catalog["streams"] = list(catalog["streams"])
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            log.warning("extract.no_catalog", connection=self.connection, exit_code=code)
            if is_needed:
                raise ConfigError(
                    "the tap does not say which streams it has",
                    where=f"connections.{self.connection}",
                    fix="leave `streams` out, or use a tap with --discover",
                ) from error
            return None
        return catalog


def _select(entry: dict[str, Any], *, selected: bool) -> None:
    """Mark a stream of a catalog, the way every Singer tap reads it."""
    metadata = entry.setdefault("metadata", [])
    for item in metadata:
        if item.get("breadcrumb") in ([], ()):
            item.setdefault("metadata", {})["selected"] = selected
            return
    metadata.append({"breadcrumb": [], "metadata": {"selected": selected}})


def _written_fields(settings: Settings, connection: str, connector: str) -> dict[str, list[str]]:
    """Return the fields we write back, by vendor object: the tap reads them too, to see what people changed."""
    writeback = settings.writeback.get(connection)
    fields: dict[str, list[str]] = {}
    if writeback is not None:
        for entity, mapping in (("campaign", writeback.campaign), ("account", writeback.account)):
            for name in connectors.entity_objects(connector, entity) if mapping else ():
                fields.setdefault(name, []).extend(sorted(set(mapping.values()) - set(fields.get(name, ()))))
    return fields
