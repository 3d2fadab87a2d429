"""Times as text: UTC, one width, so that they sort as text on every database."""

from __future__ import annotations

from datetime import UTC, datetime

#: The same for Python and for DuckDB.
FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def to_text(moment: datetime) -> str:
    """Return ``moment`` (aware) as text of one width: ``2026-11-21T20:45:00.000000Z``."""
    return moment.astimezone(UTC).strftime(FORMAT)


def from_text(text: str) -> datetime:
    """Return the aware UTC time that `to_text` wrote."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)
