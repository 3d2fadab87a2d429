"""Reads a file of people or events by running the tap for lists on it, as any source is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop import connectors
from closedloop.errors import ConfigError
from closedloop.extract.process import TapProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from closedloop.settings import Settings

CONNECTOR = "leadlist"
_LISTS = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a file holds.

    Args:
        rows: Its rows as the tap gives them.
        refused: The lines that cannot be used, each with the reason.
        guesses: What was found out and not said.
    """

    rows: list[dict[str, Any]]
    refused: list[tuple[int, str]]
    guesses: str


def read(settings: Settings, file: Path, own: Mapping[str, Any], *, like: str | None = None) -> Read:
    """Return what a file holds.

    Args:
        settings: The whole file.
        file: The list.
        own: Settings of the tap for this file.
        like: A connection for lists whose columns, statuses and dates hold for this file too.

    Raises:
        ConfigError: There is no such file, or it is no list that can be read.
    """
    if not file.is_file():
        raise ConfigError("there is no such file", where=str(file), fix="correct its name")
    config = {**_like(settings, like), **own, "files": str(file.resolve()), "settle_seconds": 0}
    config |= {"closedloop_protocol": True, "closedloop_connection": _LISTS}
    rows: list[dict[str, Any]] = []
    refused: list[tuple[int, str]] = []
    guesses, why = "", ""
    with TapProcess(connectors.tap_module(CONNECTOR), (), config, connection=_LISTS) as tap:
        for line in tap.lines():
            message = msgspec.json.decode(line)
            kind, stream = message.get("type"), message.get("stream")
            if kind == "QUARANTINE" and stream == "files":
                why = message["reason"]
            elif kind == "QUARANTINE":
                refused.append((int(message["record"]["line"]), message["reason"]))
            elif kind == "RECORD" and stream == "files":
                guesses = message["record"].get("guesses") or ""
            elif kind == "RECORD":
                rows.append(message["record"])
        code = tap.wait()
    if error := tap.failure(code):
        raise error
    if why:
        raise ConfigError(why.partition("; ")[0], where=str(file), fix=why.partition("; ")[2] or None)
    return Read(rows=rows, refused=refused, guesses=guesses)


def _like(settings: Settings, name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    found = settings.connections.get(name)
    if found is None or found.connector != CONNECTOR:
        known = [one for one, connection in settings.connections.items() if connection.connector == CONNECTOR]
        msg = f"{name} is no connection for lists"
        raise ConfigError(
            msg, where="--like", fix=f"use one of: {', '.join(known)}" if known else "leave --like out"
        )
    return {
        key: value
        for key, value in found.settings.items()
        if key not in {"files", "event", "event_pattern", "campaigns"}
    }
