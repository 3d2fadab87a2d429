"""Verbs that run until they are told to end: `daemon` and `sandbox`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context


@app.command()
def daemon(ctx: typer.Context) -> None:
    """Work on schedule. Until SIGTERM; SIGHUP reads the file again; answers /healthz and /readyz."""
    from closedloop.service.daemon import Daemon
    from closedloop.service.signals import listening

    context: Context = ctx.obj
    with listening() as signals:
        Daemon(read=context.settings, clock=context.clock(), signals=signals).run()


@app.command()
def metrics(
    ctx: typer.Context,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there, whole or not at all; else print it.")
    ] = None,
) -> None:
    """Print what the daemon tells Prometheus at /metrics. For a cron container: into a text file that a node exporter reads."""
    from closedloop.kit.tokens import write_durably
    from closedloop.service.metrics import exposition

    context: Context = ctx.obj
    with context.session() as opened:
        text = exposition(opened)
    if to is None:
        typer.echo(text, nl=False)
    else:
        write_durably(to, text)


@app.command()
def sandbox(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(help="Which company is made up.")] = 1,
    scale: Annotated[float, typer.Option(help="How large it is.")] = 1.0,
    folder: Annotated[Path, typer.Option("--dir", help="Where a ready closedloop.yaml is written.")] = Path(
        ".sandbox"
    ),
    crm: Annotated[str, typer.Option(help="Its CRM: salesforce, hubspot, odoo.")] = "salesforce",
    ledger: Annotated[str, typer.Option(help="Its ledger: quickbooks, xero, odoo.")] = "quickbooks",
) -> None:
    """Serve a simulated CRM and ledger. Over a generated company, until Ctrl-C."""
    import threading

    from closedloop.cli import show
    from closedloop.cli.playground import playground

    context: Context = ctx.obj
    with playground(folder, seed=seed, scale=scale, mode="plan", crm=crm, ledger=ledger) as found:
        sides = (found.crm, found.books)
        if context.json:
            urls = {side.name: side.simulator.url for side in sides}
            show.machine({**urls, "config": found.config, "clock": found.clock})
        else:
            typer.echo(
                "".join(f"{side.name}: {side.connector} at {side.simulator.url}\n" for side in sides)
                + f"their world is at {found.clock}; keys are in {found.folder}/keys; use it from another terminal:\n"
                f"  export CLOSEDLOOP_CLOCK={found.clock} CLOSEDLOOP_CONFIG={found.config}\n"
                "  closedloop check && closedloop provision && closedloop run\n"
                "Ctrl-C ends it"
            )
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            typer.echo("ended", err=True)
