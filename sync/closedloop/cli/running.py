"""Verbs that read and compute: `run`, `sync`, `reconcile`, `backfill`."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (typer reads it from the signature)
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context
    from closedloop.service.cycle import Cycle

Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="GUARD", help="Override a guard this once.")
]


@app.command()
def run(ctx: typer.Context, allow: Allow = None) -> None:
    """Do one full cycle. Sync, prove complete, reconcile, check, plan, and write back where the mode says so."""
    from closedloop.cli import results, show
    from closedloop.service import cycle
    from closedloop.service.watch import watched
    from closedloop.writeback.tripped import insist_known

    context: Context = ctx.obj
    insist_known(allow or ())
    with context.session() as opened, watched(opened, "run"), show.progress() as bars:
        done: Cycle = cycle.run(opened, allow=allow or (), progress=bars)
    if context.json:
        show.machine(done)
    else:
        results.cycle(done)


@app.command()
def sync(
    ctx: typer.Context,
    connections: Annotated[
        list[str] | None, typer.Argument(help="Connections to read; all if left out.")
    ] = None,
    stream: Annotated[list[str] | None, typer.Option(help="Only these streams.")] = None,
) -> None:
    """Read what is new and prove that nothing is missing."""
    from closedloop.cli import results, show
    from closedloop.cli.names import known_connections
    from closedloop.service import cycle
    from closedloop.service.record import recorded

    context: Context = ctx.obj
    with context.session() as opened:
        names = known_connections(opened.settings, connections)
        with opened.writer() as store, recorded(opened.operations, "sync", opened.clock) as record:
            with show.progress() as bars:
                found = cycle.read(opened, store, record, connections=names, streams=stream, progress=bars)
            if context.json:
                show.machine(found)
            else:
                results.streams(found)
            cycle.insist_complete(found)


@app.command()
def reconcile(
    ctx: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Only show the figures of a past day: documents through it, all else as known now. Nothing is kept.",
        ),
    ] = None,
) -> None:
    """Link, compute and check the figures from what was read."""
    from closedloop.cli import results, show
    from closedloop.errors import PartlyFailedError
    from closedloop.service import cycle
    from closedloop.service.record import recorded

    context: Context = ctx.obj
    if as_of is not None:
        _passing(context, as_of)
        return
    with (
        context.session() as opened,
        opened.writer() as store,
        recorded(opened.operations, "reconcile", opened.clock) as record,
    ):
        with show.progress() as bars:
            found = cycle.reconcile(opened, store, record, progress=bars)
        if context.json:
            show.machine(found)
        else:
            results.reconciled(found)
        if found.checks:
            names = ", ".join(check.name for check in found.checks)
            msg = f"checks failed: {names}"
            raise PartlyFailedError(msg, where="reconcile", fix="see the rows above")


def _passing(context: Context, day: datetime) -> None:
    """Show what a past day's figures are, and leave the published ones as they are."""
    from closedloop.cli import published, results, show, tables
    from closedloop.models import reconciled_as_of

    with (
        context.session() as opened,
        opened.store() as store,
        reconciled_as_of(
            opened.settings, store, opened.operations, as_of=day.date(), clock=opened.clock
        ) as found,
    ):
        run, league = published.parameters(store), published.league(store)
    if context.json:
        show.machine({"reconciled": found, "campaigns": league})
        return
    results.reconciled(found)
    tables.league(league, run)


@app.command()
def backfill(
    ctx: typer.Context,
    stream: Annotated[str, typer.Argument(metavar="CONNECTION/STREAM", help="What to read again.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only what changed since this day; else all of it."),
    ] = None,
) -> None:
    """Read one stream again. Whole or from a day on; every bookmark stays where it is."""
    from zoneinfo import ZoneInfo

    from closedloop import extract
    from closedloop.cli import results, show
    from closedloop.cli.names import stream_of
    from closedloop.service import cycle
    from closedloop.service.record import recorded

    context: Context = ctx.obj
    with context.session() as opened, show.progress() as bars:
        connection, name = stream_of(opened.settings, stream)
        start = since.replace(tzinfo=ZoneInfo(opened.settings.company.time_zone)) if since else None
        with opened.writer() as store, recorded(opened.operations, "backfill", opened.clock) as record:
            found = extract.backfill(
                opened.settings,
                connection=connection,
                stream=name,
                store=store,
                operations=opened.operations,
                run_id=record.id,
                clock=opened.clock,
                since=start,
                progress=lambda _connection, _stream, rows: bars(stream, rows, None),
            )
            cycle.insist_complete([found])
    if context.json:
        show.machine([found])
    else:
        results.streams([found])
