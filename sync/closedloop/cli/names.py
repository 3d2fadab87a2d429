"""Names that a person typed, checked against what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.settings import Settings


def known_connections(settings: Settings, names: Sequence[str] | None) -> list[str]:
    """Return the connections meant; none given means all.

    Raises:
        ConfigError: One is not in the file.
    """
    from closedloop.config.problem import did_you_mean

    for name in names or ():
        if name not in settings.connections:
            msg = f"there is no connection {name}"
            raise ConfigError(
                msg,
                where="connections",
                fix=did_you_mean(name, settings.connections),
            )
    return list(names or settings.connections)


def stream_of(settings: Settings, text: str) -> tuple[str, str]:
    """Split ``connection/stream``.

    Raises:
        ConfigError: It has another form, or the connection is not in the file.
    """
    connection, _, stream = text.partition("/")
    known_connections(settings, [connection])
    if not stream:
        msg = f"{text} names no stream"
        raise ConfigError(msg, where="arguments", fix=f"write {connection}/STREAM")
    return connection, stream
