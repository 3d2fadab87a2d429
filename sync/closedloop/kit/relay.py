"""Passes on what a connector logs: its events at their own level, whatever else it says as text."""

from __future__ import annotations

from typing import Any

import msgspec

from closedloop.kit.redact import redact
from closedloop.log import get_logger

log = get_logger(__name__)

_LEVELS = ("debug", "info", "warning", "error", "critical")
#: What our own line says itself.
_OURS = ("connection", "run", "timestamp", "at", "level", "event")


def relay(line: bytes, *, connection: str, name: str, level: str = "info") -> dict[str, Any]:
    """Log one line of a connector's log.

    Args:
        line: The line.
        connection: Whose.
        name: The event's name where the line is none: ``tap.log``.
        level: And its level.

    Returns:
        The event that the line was; empty if it was none.
    """
    text = redact(line.decode("utf-8", "replace").strip())
    event = event_of(text)
    if event:
        own = str(event.get("level", "info")).lower()
        rest = {key: value for key, value in event.items() if key not in _OURS}
        tell = getattr(log, own if own in _LEVELS else "info")
        tell(str(event.get("event", name)), connection=connection, **rest)
    elif text:
        getattr(log, level)(name, connection=connection, text=text)
    return event


def event_of(text: str | bytes) -> dict[str, Any]:
    """Return the event that a line is, empty if it is none."""
    if text[:1] not in ("{", b"{"):
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
