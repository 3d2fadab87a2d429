"""`runs`: what every run did: how long it took, what it read and wrote, and how it ended."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from closedloop.cli.context import Context
    from closedloop.store.operations import Operations

_WELL = ("done", "running")


@app.command()
def runs(
    ctx: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that did not end well.")] = False,
    verb: Annotated[
        str | None, typer.Option(help="Only of this verb: sync, reconcile, run, apply, …")
    ] = None,
) -> None:
    """Show what each run did. When, how long, rows, calls, bytes, fields and records written, outcome."""
    from closedloop.cli import show

    context: Context = ctx.obj
    with context.session() as opened:
        found = read(opened.operations, limit=limit, failed=failed, verb=verb)
    if context.json:
        show.machine(found)
        return
    columns = ["run", "job", "state", "#code", "#seconds", "#rows", "#calls", "#bytes", "#written", "error"]
    if failed:
        columns.append("fix")
    show.table(
        "Runs, the newest first", columns, [tuple(row[one.lstrip("#")] for one in columns) for row in found]
    )


def read(
    operations: Operations, *, limit: int, failed: bool = False, verb: str | None = None
) -> list[dict[str, Any]]:
    """Return the newest runs with their figures.

    Args:
        operations: Where they are kept.
        limit: How many.
        failed: Only those that did not end well.
        verb: Only of this verb.
    """
    from sqlalchemy import func, select

    from closedloop.store import tables

    run, stream = tables.run, tables.stream_run
    wanted: list[ColumnElement[bool]] = [run.c.state.not_in(_WELL)] if failed else []
    if verb is not None:
        wanted.append(run.c.kind == verb)
    newest = select(run).where(*wanted).order_by(run.c.id.desc()).limit(limit).subquery()
    names = ("rows", "requests", "bytes", "deleted", "quarantined")
    sums = [func.sum(stream.c[name]).label(name) for name in names]
    of_run = stream.c.run_id.in_(select(newest.c.id))
    totals = (
        select(stream.c.run_id, func.count().label("streams"), *sums).where(of_run).group_by(stream.c.run_id)
    )
    written = [
        select(entry.c.run_id, func.count().label("written"))
        .where(entry.c.state == "written", entry.c.run_id.in_(select(newest.c.id)))
        .group_by(entry.c.run_id)
        for entry in (tables.journal, tables.creation)
    ]
    with operations.reading() as connection:
        rows = connection.execute(select(newest).order_by(newest.c.id.desc())).mappings().all()
        read_by = {row["run_id"]: row for row in connection.execute(totals).mappings()}
        written_by: Counter[str] = Counter()
        for query in written:
            written_by.update({row.run_id: row.written for row in connection.execute(query)})
    return [_shown(dict(row), dict(read_by.get(row["id"], {})), written_by[row["id"]]) for row in rows]


def _shown(row: dict[str, Any], read: dict[str, Any], written: int) -> dict[str, Any]:
    detail = json.loads(row["detail"])
    return {
        "run": row["id"],
        "verb": row["kind"],
        "job": detail.get("job", row["kind"]),
        "state": row["state"],
        "code": row["exit_code"],
        "started_at": row["started_at"],
        "ended_at": row["ended_at"],
        "seconds": _seconds(row["started_at"], row["ended_at"]),
        "streams": read.get("streams", 0),
        "rows": int(read.get("rows") or 0),
        "calls": int(read.get("requests") or 0),
        "bytes": int(read.get("bytes") or 0),
        "deleted": int(read.get("deleted") or 0),
        "refused": int(read.get("quarantined") or 0),
        "written": written,
        "error": detail.get("error", {}).get("message"),
        "fix": detail.get("error", {}).get("fix"),
    }


def _seconds(start: str, end: str | None) -> float | None:
    from closedloop.store.stamps import from_text

    return round((from_text(end) - from_text(start)).total_seconds(), 1) if end else None
