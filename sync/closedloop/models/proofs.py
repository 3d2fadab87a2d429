"""Through which day each stream that a figure needs is proved complete."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select

from closedloop.models import staging
from closedloop.store import tables

if TYPE_CHECKING:
    from datetime import date

    from closedloop.settings import Settings
    from closedloop.store.operations import Operations

#: The entities that figures as of a past day are made of.
NEEDED = frozenset({
    "campaign", "touch", "person", "account", "opportunity", "opportunity_person", "opportunity_change",
    "customer", "document", "line", "payment", "allocation", "cost_line",
})  # fmt: skip

#: Verdicts of a read that left nothing behind. A source that cannot count is taken at its word that it gave everything.
GOOD = ("proven", "unproven")


def proved(
    settings: Settings, operations: Operations
) -> list[tuple[str, str, date | None, str, int | None, int | None]]:
    """Return what is known of each stream that is needed.

    That is (connection, stream, last day that it is complete for, in the company's zone, verdict, records held, records
    that the source says it has), the last three of its last read.

    A good read begun during a day proves the days before it. A stream that was only ever read badly is complete for
    no day: none. What no run ever read (tables given by hand) has no row here.
    """
    zone = ZoneInfo(settings.company.time_zone)
    good: dict[tuple[str, str], str | None] = {}
    read, run = tables.stream_run.c, tables.run.c
    last: dict[tuple[str, str], tuple[str, int | None, int | None]] = {}
    query = (
        select(read.connection, read.stream, read.verdict, run.started_at, read.held_count, read.source_count)
        .where(read.run_id == run.id)
        .order_by(run.started_at)
    )
    with operations.transaction() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        slot = (row.connection, row.stream)
        last[slot] = (row.verdict, row.held_count, row.source_count)
        held = good.setdefault(slot, None)
        if row.verdict in GOOD and (held is None or row.started_at > held):
            good[slot] = row.started_at
    needed = _needed(settings) & good.keys()
    return [(*slot, _day_before(good[slot], zone), *last[slot]) for slot in sorted(needed)]


def _needed(settings: Settings) -> set[tuple[str, str]]:
    """Return the (connection, stream) pairs that the staging files of needed entities read."""
    return {
        (file.connection, stream)
        for file in staging.files(settings)
        if file.entity in NEEDED
        for stream in file.requires
    }


def _day_before(at: str | None, zone: ZoneInfo) -> date | None:
    if at is None:
        return None
    return datetime.fromisoformat(at).astimezone(zone).date() - timedelta(days=1)
