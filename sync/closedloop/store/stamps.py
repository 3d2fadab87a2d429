"""Times as text: UTC, one width, so that they sort as text on every database."""

from __future__ import annotations

from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def to_text(moment: datetime) -> str:
    """Return ``moment`` (aware) as text of one width: ``2026-11-21T20:45:00.000000Z``."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def from_text(text: str) -> datetime:
    """Return the aware UTC time that `to_text` wrote."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
