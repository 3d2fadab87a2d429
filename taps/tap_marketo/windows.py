"""Spans of time that a bulk extract may be asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from closedloop.kit.stream import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Longest span that a filter by time may have.
LONGEST = timedelta(days=31)


def windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield spans that cover the time from ``since`` to ``until``, oldest first."""
    while since < until:
        end = min(since + LONGEST, until)
        yield since, end
        since = end


def span(since: datetime, until: datetime) -> dict[str, str]:
    """Return a span as Marketo's filters want it; both of its ends are in it."""
    return {"startAt": iso(since), "endAt": iso(until)}
