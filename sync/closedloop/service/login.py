"""A person's first consent: the connector leads through it, we pass on what it says and what the person pastes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from closedloop.config.meaning import FOREIGN
from closedloop.errors import ConfigError, PartlyFailedError
from closedloop.extract.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.settings import Settings


def log_in(
    settings: Settings,
    connection: str,
    *,
    show: Callable[[str], None],
    paste: Callable[[], str] | None = None,
) -> str:
    """Lead a person through the consent of one connection and return what it opened.

    Args:
        settings: The configuration.
        connection: The connection's name.
        show: Takes the address that the person opens.
        paste: Returns the address that the browser was sent to; none: the connector waits for the browser itself.

    Raises:
        ConfigError: The connection needs no login, or it did not come to tokens, and why.
        UnreachableError: The vendor does not answer.
    """
    if settings.connections[connection].connector == FOREIGN:
        message = "a foreign tap logs in by its own means"
        raise ConfigError(message, where=f"connections.{connection}", fix="see its documentation")
    options = ["--login", "--paste"] if paste else ["--login"]
    with Source.of(settings, connection).start(options, has_input=paste is not None) as tap:
        done = None
        for line in tap.lines():
            said = msgspec.json.decode(line, type=dict[str, str])
            if said.get("login") == "address":
                show(said["url"])
                if paste:
                    tap.say(paste())
            elif said.get("login") == "done":
                done = said["message"]
        code = tap.wait()
        if error := tap.failure(code):
            raise error
    if done is None:
        message = f"the connector ended with exit code {code}"
        raise PartlyFailedError(message, where=f"connections.{connection}", fix="see its log")
    return done
