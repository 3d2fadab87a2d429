"""What the figures rest on, system by system, and the guards that compare it with what it was when they were written last.

Each system's own proof says that we hold all that it shows. It cannot say that what it shows is right: an empty copy, a
copy of yesterday and another company's books are complete in themselves. So a plan remembers which company each system
was, how much each stream held, and how far it reached; the next one is measured by the newest plan that was written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from closedloop.store import tables
from closedloop.store.stamps import from_text
from closedloop.writeback.tripped import Tripped, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.settings import Guards, Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: Verdicts on a stream under which its figures cannot be trusted.
_BAD_VERDICTS = {"incomplete", "failed", "stale"}
#: The newest row of a whole system may be deleted; a system that fell back by so much is a copy of earlier.
_FELL_BACK = timedelta(hours=12)
#: So few rows less are a clean-up.
_FEW = 10
_HOUR = 3600
#: Letters of an ISO day.
_DAY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One system as its newest reads showed it.

    Args:
        companies: Whose data it holds: id, name and currency of each company.
        held: Rows that we hold, by stream.
        changed_at: ISO time of the newest change that it knows of; none if no stream can say.
        read_at: When it was read last; none if never.
        bad: Streams whose newest read cannot be trusted, with the verdict.
    """

    companies: tuple[str, ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    changed_at: str | None = None
    read_at: str | None = None
    bad: tuple[str, ...] = ()

    def kept(self) -> dict[str, Any]:
        """Return what a plan remembers of it."""
        return {"companies": list(self.companies), "held": dict(self.held), "changed_at": self.changed_at}


def look(settings: Settings, store: Store, operations: Operations) -> dict[str, Source]:
    """Return every configured system as it was read last."""
    companies = _companies(store)
    streams = _newest(operations)
    return {
        name: _source(streams.get(name, []), set(connection.streams or ()), companies.get(name, ()))
        for name, connection in sorted(settings.connections.items())
    }


def written_before(operations: Operations, connection: str) -> dict[str, Any]:
    """Return what the newest plan that was written to a CRM remembers of the systems; empty before the first."""
    table = tables.plan
    wanted = (
        select(table.c.summary)
        .where(table.c.connection == connection, table.c.state.in_(("applied", "partly_applied", "applying")))
        .order_by(table.c.id.desc())
        .limit(1)
    )
    with operations.reading() as database:
        summary = database.execute(wanted).scalar()
    return dict(json.loads(summary).get("sources", {})) if summary else {}


def guards(
    now_held: Mapping[str, Source],
    before: Mapping[str, Any],
    store: Store,
    *,
    limits: Guards,
    now: datetime,
) -> list[Tripped]:
    """Return the guards on what the figures rest on.

    Args:
        now_held: From `look`.
        before: From `written_before`.
        store: Holds the documents.
        limits: What is allowed.
        now: The time.
    """
    pairs = [(name, source, before.get(name)) for name, source in now_held.items()]
    found = [
        Tripped(name="stale_source", message=listed(_stale(pairs, limits, now))),
        Tripped(name="empty_source", message=_empty(store)),
        Tripped(name="other_company", message=listed(_others(pairs))),
        Tripped(name="source_shrank", message=listed(_shrunk(pairs, limits.max_source_loss))),
    ]
    return [guard for guard in found if guard.message]


def _stale(
    pairs: Sequence[tuple[str, Source, Mapping[str, Any] | None]], limits: Guards, now: datetime
) -> list[str]:
    found = []
    for name, source, known in pairs:
        found += [f"{name}/{bad}" for bad in source.bad]
        if source.read_at is None:
            found.append(f"{name} was never read")
            continue
        hours = int((now - from_text(source.read_at)).total_seconds() // _HOUR)
        if hours >= limits.max_source_age_hours:
            found.append(
                f"{name} was last read {hours} hours ago (max_source_age_hours {limits.max_source_age_hours})"
            )
        then, latest = _moment((known or {}).get("changed_at")), _moment(source.changed_at)
        if then is not None and latest is not None and then - latest > _FELL_BACK:
            found.append(
                f"{name} went back in time: its newest change was of {then:%Y-%m-%d %H:%M}, now it is of {latest:%Y-%m-%d %H:%M}"
            )
    return found


def _empty(store: Store) -> str:
    ledgers = store.query(
        "select 1 from duckdb_views() where database_name = current_database() and schema_name like 'stg!_%' escape '!'"
        " and (view_name = 'document' or view_name like 'document!_!_%' escape '!') limit 1"
    )
    if not ledgers or not store.columns("marts", "document_value"):
        return ""  # no ledger is connected: the figures are the CRM's own
    rows, worth = store.query(
        "select count(*), count(*) filter (where value <> 0) from marts.document_value"
    )[0]
    if not rows:
        return "no ledger shows a single invoice"
    return "" if worth else f"all {rows} documents of the ledgers are of 0"


def _others(pairs: Sequence[tuple[str, Source, Mapping[str, Any] | None]]) -> list[str]:
    return [
        f"{name} was {_names(known['companies'])} and is {_names(source.companies)}"
        for name, source, known in pairs
        if known and known.get("companies") and list(source.companies) != list(known["companies"])
    ]


def _shrunk(pairs: Sequence[tuple[str, Source, Mapping[str, Any] | None]], limit: Decimal) -> list[str]:
    found = []
    for name, source, known in pairs:
        for stream, had in sorted((known or {}).get("held", {}).items()):
            has = source.held.get(stream, had)  # a stream that is not read any more is no loss of rows
            if had - has >= min(had, _FEW) > 0 and Decimal(had - has) > limit * had:
                found.append(f"{name}/{stream} fell from {had} rows to {has}")
    return found


def _names(companies: Sequence[str]) -> str:
    return " and ".join(companies) or "no company"


def _source(rows: Sequence[Mapping[str, Any]], chosen: set[str], companies: tuple[str, ...]) -> Source:
    mine = [row for row in rows if not chosen or row["stream"] in chosen]
    moments = [moment for row in mine if (moment := _moment(row["source_cursor"]))]
    return Source(
        companies=companies,
        held={row["stream"]: row["held_count"] for row in mine if row["held_count"] is not None},
        changed_at=max(moments).isoformat() if moments else None,
        read_at=max((row["at"] for row in rows), default=None),
        bad=tuple(f"{row['stream']} is {row['verdict']}" for row in mine if row["verdict"] in _BAD_VERDICTS),
    )


def _companies(store: Store) -> dict[str, tuple[str, ...]]:
    if not store.columns("staging", "company"):
        return {}
    rows = store.query(
        "select source, source_id, name, currency from staging.company where deleted_at is null order by all"
    )
    found: dict[str, tuple[str, ...]] = {}
    for source, key, name, currency in rows:
        found[source] = (*found.get(source, ()), f"{name} ({currency or '?'}, id {key})")
    return found


def _newest(operations: Operations) -> dict[str, list[dict[str, Any]]]:
    """Return the newest read of every stream."""
    table = tables.stream_run
    newest = (
        select(table.c.connection, table.c.stream, func.max(table.c.run_id).label("run_id"))
        .group_by(table.c.connection, table.c.stream)
        .subquery()
    )
    same = [table.c[name] == newest.c[name] for name in ("connection", "stream", "run_id")]
    found: dict[str, list[dict[str, Any]]] = {}
    with operations.reading() as database:
        for row in database.execute(
            select(table)
            .join(newest, same[0] & same[1] & same[2])
            .order_by(table.c.connection, table.c.stream)
        ).mappings():
            found.setdefault(row["connection"], []).append(dict(row))
    return found


def _moment(text: str | None) -> datetime | None:
    """Return a cursor as a time, where it is one; a mere day moves on by itself, whether anything changed or not."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if len(text or "") <= _DAY:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
