"""Verbs that change nothing: `status`, `explain`, `report`, `breaks`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.chain import Published
    from closedloop.cli.context import Context
    from closedloop.cli.published import Row

AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="The figures of a past day: documents through it, all else as known now."
    ),
]


@app.command()
def status(ctx: typer.Context) -> None:
    """Show runs, streams and their proof. Also refused records and the last plan."""
    from closedloop.cli import show, state

    context: Context = ctx.obj
    with context.session() as opened:
        found = state.read(
            opened.operations,
            now=opened.clock.now(),
            alert_days=opened.settings.service.quarantine_alert_days,
        )
    if context.json:
        show.machine(found)
    else:
        state.show_state(found)


@app.command()
def breaks(
    ctx: typer.Context,
    *,
    reason: Annotated[str | None, typer.Option(help="Only breaks with this reason.")] = None,
    event: Annotated[
        str | None,
        typer.Option(
            help="Only of this event's attendees and the accounts it reached: its name, code or key."
        ),
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only of this owner's records: name, e-mail or key.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many single breaks to show.")] = 20,
    csv: Annotated[Path | None, typer.Option(help="Write them all into this CSV file.")] = None,
    healed: Annotated[bool, typer.Option("--healed", help="Those that healed: when, and by what.")] = False,
) -> None:
    """Show where the chain breaks, and the money at stake. From event to repeat business, with the record to open."""
    from closedloop.cli import chain, published

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store:
        run = published.parameters(store)
        wanted = chain.chosen(store, reason=reason, event=event, owner=owner)
        if healed:
            _mended(context, chain.healed(store, opened.operations, wanted, limit=limit), run)
            return
        if csv is not None:
            chain.write_csv(
                chain.breaks(store, wanted), csv, currency=run["home_currency"], digits=run["home_digits"]
            )
        found = chain.published(store, wanted, limit=limit)
    _broken(context, found, run, csv)


def _broken(context: Context, found: Published, run: Row, csv: Path | None) -> None:
    from closedloop.cli import show, tables

    if context.json:
        show.machine({"as_of": run["as_of"], **found})
        return
    tables.chain(found, run)
    if csv is not None:
        typer.echo(f"wrote {found['total']['breaks']} breaks to {csv}")


def _mended(context: Context, found: list[Row], run: Row) -> None:
    from closedloop.cli import show, tables

    if context.json:
        show.machine({"as_of": run["as_of"], "healed": found})
    else:
        tables.healed(found)


@app.command()
def explain(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="campaign, account, invoice, person, opportunity or link.")],
    name: Annotated[str, typer.Argument(metavar="ID", help="Key, id in the source, number or name.")],
    *,
    measure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this figure, such as roi_realised; repeat it for more."),
    ] = None,
    limit: Annotated[
        int, typer.Option(help="Lines below one line; the rest is counted and summed in one. 0: all.", min=0)
    ] = 20,
    as_of: AsOf = None,
) -> None:
    """Show what a figure is made of. A tree down to the invoices and people behind it, with amounts that add up."""
    from closedloop.cli import published, show, tree
    from closedloop.models import explain as explained

    context: Context = ctx.obj
    if kind == "link":
        from closedloop.cli.links import explain_link

        explain_link(context, name)
        return
    with context.session() as opened, opened.store() as store, published.as_of(opened, store, as_of):
        run = published.parameters(store)
        found = explained(store, kind, name, measure or (), limit=limit)
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
    as_of: AsOf = None,
) -> None:
    """Write the report. One HTML page that needs no server, and the events as CSV."""
    from closedloop import report as reports
    from closedloop.cli import published, show

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store, published.as_of(opened, store, as_of):
        published.parameters(store)
        written = reports.write(store, opened.settings, folder, now=opened.clock.now())
    if context.json:
        show.machine({"page": written.page, "events": written.events})
    else:
        typer.echo(f"wrote {written.page} and {written.events}")
