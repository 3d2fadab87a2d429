"""Verbs about one connection: `connection rename`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context

connection = typer.Typer(help="Give a connection another name.", no_args_is_help=True)
app.add_typer(connection, name="connection")


@connection.callback()
def connection_verbs() -> None:
    """Give a connection another name."""


@connection.command()
def rename(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name until now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name from now on.")],
) -> None:
    """Carry decisions, journal, quarantine and landed rows to another name. Killed in between: run it again."""
    from closedloop.cli import show
    from closedloop.service import rename as renaming

    context: Context = ctx.obj
    with context.session() as opened, opened.writer(is_rename=True) as store:
        done = renaming.rename(opened.settings, opened.operations, store, old, new)
        is_old = old in opened.settings.connections
    if context.json:
        show.machine({"old": old, "new": new, "values": done.values, "streams": done.streams})
        return
    typer.echo(
        f"{old} is called {new} now: {done.streams} landed streams, {done.values} values of the operational database"
    )
    if is_old:
        typer.echo(
            f"next, in the configuration: call it {new} under `connections:` and, if it is there, `writeback:`"
        )
    typer.echo("then `closedloop reconcile`: links and figures are made again under the new name")
