"""Verbs that keep what cannot be rebuilt: `backup` and `restore`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context


@app.command()
def backup(
    ctx: typer.Context,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for it; else `backups` in home.")
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="How many backups stay in the folder.")] = 14,
) -> None:
    """Back up the operational database. It is restored into a scratch database and compared before it counts."""
    from closedloop.cli import show
    from closedloop.service import backup as backups

    context: Context = ctx.obj
    with context.session() as opened:
        made = backups.take(opened, to, keep=keep)
    if context.json:
        show.machine({"file": made.path, "bytes": made.bytes, "manifest": made.manifest})
        return
    rows = sum(made.manifest.rows.values())
    typer.echo(
        f"{made.path}: {rows:,} rows, {made.bytes:,} bytes; restored into a scratch database and compared"
    )


@app.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace what the database holds; it is backed up first.")
    ] = False,
) -> None:
    """Restore a backup into the operational database. All of it or nothing, also when killed."""
    from closedloop.cli import show
    from closedloop.service import backup as backups

    context: Context = ctx.obj
    with context.session() as opened:
        found, before = backups.put_back(opened, file, replace=replace)
    if context.json:
        show.machine({"manifest": found, "before": before.path if before else None})
        return
    if before:
        typer.echo(f"what was there is in {before.path}")
    typer.echo(
        f"restored as of {found.at}: {sum(found.rows.values()):,} rows\n"
        "next: `closedloop run`. What was written to the CRM since then is not in the journal: such fields are taken for edits of"
        " people, kept and flagged"
    )
