"""Asks a connector something that is not a run: `--about`, `--check`, `--discover`, `--count`."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from closedloop import connectors
from closedloop.config.meaning import FOREIGN
from closedloop.errors import UnreachableError
from closedloop.kit.redact import vendor_text
from closedloop.settings import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.settings import Settings

_TIMEOUT_SECONDS = 300


@dataclass(slots=True, kw_only=True, frozen=True)
class Answer:
    """What a connector said.

    Args:
        text: Its whole output.
        code: Its exit code.
        log: The last line of its log.
    """

    text: str
    code: int
    log: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its output as JSON lines; other lines are left out."""
        return [value for line in self.text.splitlines() if isinstance(value := _json(line), dict)]

    @property
    def document(self) -> dict[str, Any]:
        """Its output as one JSON object, empty if it is none."""
        value = _json(self.text)
        return value if isinstance(value, dict) else {}

    @property
    def stopped(self) -> dict[str, Any]:
        """Why it stopped, in the words of our own connectors; empty for others."""
        value = _json(self.log)
        return value if isinstance(value, dict) else {}

    @property
    def last(self) -> str:
        """The last line of its log, without secrets."""
        return vendor_text(self.log)


def ask(settings: Settings, name: str, part: str, option: str) -> Answer:
    """Run the tap or target of a connection with one option.

    Args:
        settings: The configuration.
        name: The connection's name.
        part: ``tap`` or ``target``.
        option: What is asked: ``--check``.

    Raises:
        ConfigError: No such connector is installed.
        UnreachableError: It does not end.
    """
    connection = settings.connections[name]
    own = {"closedloop_connection": name, "closedloop_tokens": str(settings.tokens)}
    return _communicate(connection, part, [option], {**connection.settings, **own}, name)


def about(connection: Connection) -> Mapping[str, Any]:
    """Return the settings that the connection's tap knows, by name; empty if it does not say."""
    return _about(connection.connector)


@cache
def _about(connector: str) -> dict[str, Any]:
    connection = Connection(connector=connector)
    found = _communicate(connection, "tap", ["--about", "--format=json"], {}, connector).document
    properties = found.get("settings", {}).get("properties", {})
    return properties if isinstance(properties, dict) else {}


def streams(settings: Settings, name: str) -> list[str]:
    """Return the streams that the system offers to this user."""
    found = ask(settings, name, "tap", "--discover").document.get("streams", [])
    return [str(stream["tap_stream_id"]) for stream in found]


def _communicate(
    connection: Connection, part: str, args: list[str], config: Mapping[str, Any], name: str
) -> Answer:
    child = connectors.process(_command(connection, part), args, config)
    try:
        out, log = child.communicate(timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        child.kill()
        child.communicate()
        message = f"no answer within {_TIMEOUT_SECONDS} s"
        raise UnreachableError(message, where=name, fix="check the network and the server") from error
    last = log.decode(errors="replace").strip().rpartition("\n")[2]
    return Answer(text=out.decode(errors="replace"), code=child.returncode, log=last)


def _command(connection: Connection, part: str) -> str | list[str]:
    if connection.connector == FOREIGN:
        return list(connection.executable or [])
    find = connectors.tap_module if part == "tap" else connectors.target_module
    return find(connection.connector)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
