"""`login` leads a person through the first consent of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context


@app.command()
def login(
    ctx: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection to log in to.")],
    *,
    paste: Annotated[
        bool,
        typer.Option(
            "--paste", help="Paste the address the browser was sent to: it runs on another machine."
        ),
    ] = False,
) -> None:
    """Consent once, in a browser. QuickBooks, Xero and others then keep their token fresh by themselves."""
    from closedloop.cli import show
    from closedloop.cli.names import known_connections
    from closedloop.service.login import log_in

    context: Context = ctx.obj
    settings = context.settings()
    known_connections(settings, [connection])

    def tell(url: str) -> None:
        if context.json:
            show.machine({"address": url})
        else:
            typer.echo(f"open this address in a browser, and agree:\n\n{show.clean(url)}\n")

    def ask() -> str:
        return str(typer.prompt("address that the browser was sent to", err=True))

    message = log_in(settings, connection, show=tell, paste=ask if paste else None)
    if context.json:
        show.machine({"connection": connection, "message": message})
    else:
        show.line(message)
        typer.echo(f"next: closedloop check {connection}")
