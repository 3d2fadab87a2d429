"""Verbs that change nothing: `status`, `explain`, `report`, `breaks`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context


@app.command()
def status(ctx: typer.Context) -> None:
    """Show runs, streams and their proof. Also refused records and the last plan."""
    from closedloop.cli import show, state

    context: Context = ctx.obj
    with context.session() as opened:
        found = state.read(opened.operations)
    if context.json:
        show.machine(found)
    else:
        state.show_state(found)


@app.command()
def breaks(
    ctx: typer.Context,
    reason: Annotated[str | None, typer.Option(help="Only breaks with this reason, one by one.")] = None,
    limit: Annotated[int, typer.Option(help="How many single breaks to show.")] = 20,
) -> None:
    """Show where the chain breaks, and the money at stake. From event to repeat business, with the record to open."""
    from closedloop.cli import published, show, tables

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store:
        run = published.parameters(store)
        by_reason = [] if reason else published.breaks_by_reason(store)
        single = published.breaks(store, reason=reason, limit=limit)
    if context.json:
        show.machine({"as_of": run["as_of"], "by_reason": by_reason, "breaks": single})
        return
    if by_reason:
        tables.breaks_by_reason(by_reason, run)
    tables.breaks(single, run)


@app.command()
def explain(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="campaign, account, invoice, person, opportunity or link.")],
    name: Annotated[str, typer.Argument(metavar="ID", help="Key, id in the source, number or name.")],
) -> None:
    """Show what a figure is made of. A tree down to the invoices and people behind it."""
    from closedloop.cli import published, show, tree
    from closedloop.models import explain as explained

    context: Context = ctx.obj
    if kind == "link":
        from closedloop.cli.links import explain_link

        explain_link(context, name)
        return
    with context.session() as opened, opened.store() as store:
        run = published.parameters(store)
        found = explained(store, kind, name)
    if context.json:
        show.machine(found.to_dict())
    else:
        tree.print_tree(found, currency=run["home_currency"], digits=run["home_digits"])


@app.command()
def report(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option("--dir", help="Folder for index.html and events.csv.")] = Path(
        "report"
    ),
) -> None:
    """Write the report. One HTML page that needs no server, and the events as CSV."""
    from closedloop import report as reports
    from closedloop.cli import published, show

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store:
        published.parameters(store)
        written = reports.write(store, opened.settings, folder, now=opened.clock.now())
    if context.json:
        show.machine({"page": written.page, "events": written.events})
    else:
        typer.echo(f"wrote {written.page} and {written.events}")
