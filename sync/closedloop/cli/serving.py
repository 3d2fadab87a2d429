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
    """Work on schedule until SIGTERM; SIGHUP reads the file again; answers /healthz and /readyz."""
    from closedloop.service.daemon import Daemon
    from closedloop.service.signals import listening

    context: Context = ctx.obj
    with listening() as signals:
        Daemon(read=context.settings, clock=context.clock(), signals=signals).run()


@app.command()
def sandbox(
    ctx: typer.Context,
    seed: Annotated[int, typer.Option(help="Which company is made up.")] = 1,
    scale: Annotated[float, typer.Option(help="How large it is.")] = 1.0,
    folder: Annotated[Path, typer.Option("--dir", help="Where a ready closedloop.yaml is written.")] = Path(
        ".sandbox"
    ),
) -> None:
    """Serve a simulated Odoo with a CRM and a ledger over a generated company, until Ctrl-C."""
    from closedloop.cli.demo_world import Sandbox

    context: Context = ctx.obj
    with Sandbox.start(folder, seed=seed, scale=scale) as running:
        if context.json:
            from closedloop.cli import show

            show.machine({"url": running.url, "config": str(running.config), "clock": running.clock_start})
        else:
            typer.echo(
                f"Odoo simulator at {running.url} (databases crm and books, API keys in {folder}/keys)\n"
                f"its world is at {running.clock_start}; use it from another terminal:\n"
                f"  CLOSEDLOOP_CLOCK={running.clock_start} closedloop --config {running.config} check\n"
                "Ctrl-C ends it"
            )
        running.wait()
