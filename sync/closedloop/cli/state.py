"""What `status` reads from the operational database, and how it prints it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from closedloop.cli import show
from closedloop.store import tables
from closedloop.store.stamps import from_text

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.store.operations import Operations

State = dict[str, Any]
_RUNS = 10


def read(operations: Operations, *, now: datetime, alert_days: int) -> State:
    """Return the last runs, the newest verdict of every stream, open quarantine, the last plan, jobs, leases and troubles.

    Args:
        operations: What is read.
        now: The time.
        alert_days: Refused records that wait longer are an alert.
    """
    run, stream, refused, plan = tables.run, tables.stream_run, tables.quarantine, tables.plan
    trouble = tables.incident
    newest = select(func.max(stream.c.run_id)).where(
        stream.c.connection == (other := stream.alias()).c.connection, stream.c.stream == other.c.stream
    )
    wanted = {
        "runs": select(run).order_by(run.c.id.desc()).limit(_RUNS),
        "streams": select(other)
        .where(other.c.run_id == newest.correlate(other).scalar_subquery())
        .order_by(other.c.connection, other.c.stream),
        "quarantine": select(
            refused.c.connection,
            refused.c.stream,
            refused.c.direction,
            func.count().label("records"),
            func.min(refused.c.first_seen).label("oldest"),
        )
        .where(refused.c.resolved_at.is_(None))
        .group_by(refused.c.connection, refused.c.stream, refused.c.direction)
        .order_by(refused.c.connection, refused.c.stream),
        "plans": select(plan).order_by(plan.c.id.desc()).limit(1),
        "leases": select(tables.lease),
        "jobs": select(tables.job).order_by(tables.job.c.key),
        "troubles": select(trouble).where(trouble.c.closed_at.is_(None)).order_by(trouble.c.id),
    }
    with operations.reading() as connection:
        begun = connection.execute(
            select(func.count()).select_from(tables.forgotten).where(tables.forgotten.c.state != "done")
        ).scalar_one()
        found: State = {
            name: [dict(row) for row in connection.execute(query).mappings()]
            for name, query in wanted.items()
        }
    for row in found["runs"]:
        row["detail"] = json.loads(row["detail"])
    for row in found["plans"]:
        row["summary"] = json.loads(row["summary"])
    found["alerts"] = [
        text
        for row in found["quarantine"]
        if (text := _aged(row, (now - from_text(row["oldest"])).days, alert_days))
    ]
    if begun:
        found["alerts"].append(
            "a person was begun to be forgotten and is not forgotten yet: run `closedloop forget` again"
        )
    return found


def _aged(row: State, days: int, alert_days: int) -> str | None:
    if days < alert_days:
        return None
    where = f"{row['connection']}/{row['stream']}"
    return f"{where}: refused records wait, {row['records']} in all, the oldest for {days} days: see `closedloop quarantine`"


def show_streams(rows: list[State]) -> None:
    """Print the verdict of each stream with the figures it rests on."""
    show.table(
        "Streams: what we hold, what the source says it has",
        (
            "connection",
            "stream",
            "verdict",
            "#held",
            "#at source",
            "newest held",
            "newest at source",
            "reason",
        ),
        [
            (
                row["connection"],
                row["stream"],
                row["verdict"],
                row["held_count"],
                row["source_count"] if row["source_count"] is not None else "cannot count",
                row["cursor"],
                row["source_cursor"],
                row["reason"],
            )
            for row in rows
        ],
    )


def show_state(found: State) -> None:
    """Print it all."""
    show.table(
        "Last runs",
        ("run", "verb", "state", "#code", "ended", "error"),
        [
            (
                row["id"],
                row["kind"],
                row["state"],
                row["exit_code"],
                row["ended_at"],
                row["detail"].get("error", {}).get("message"),
            )
            for row in found["runs"]
        ],
    )
    show_streams(found["streams"])
    if found["quarantine"]:
        show.table(
            "Refused records",
            ("connection", "stream", "direction", "#records", "oldest"),
            [
                (row["connection"], row["stream"], row["direction"], row["records"], row["oldest"][:10])
                for row in found["quarantine"]
            ],
        )
    for text in found["alerts"]:
        show.line(f"alert: {text}")
    _show_daemon(found)
    for row in found["plans"]:
        show.line(f"last plan: {row['id']} for {row['connection']}, as of {row['as_of']}, {row['state']}")
    for row in found["leases"]:
        show.line(f"lease {row['name']}: until {row['expires_at']}")


def _show_daemon(found: State) -> None:
    if found["jobs"]:
        show.table(
            "Jobs of the daemon",
            ("job", "worked on", "#failures", "tried again"),
            [(row["key"], row["tick"], row["failures"], row["retry_at"]) for row in found["jobs"]],
        )
    if found["troubles"]:
        show.table(
            "Needs somebody",
            ("what", "of", "since", "message", "fix"),
            [
                (row["kind"], row["subject_key"], row["opened_at"], row["message"], row["fix"])
                for row in found["troubles"]
            ],
        )
