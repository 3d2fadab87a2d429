"""The verb that computes a case: `marts`."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (typer reads it from the signature)
from pathlib import Path  # noqa: TC003 (typer reads it from the signature)
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context


@app.command()
def marts(
    ctx: typer.Context,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Folder with one CSV per entity.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for every table as CSV.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Count documents through this day; else today."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Configuration; its connections are not used.")
    ] = None,
    *,
    columns: Annotated[bool, typer.Option("--columns", help="Print what the files may hold.")] = False,
) -> None:
    """Compute every figure from CSV files. For support cases, worked examples and what-if; nothing is set up or kept.

    Money is in minor units of the row's currency (125.50 USD is 12550), in and out. Links are read from
    link_customer_account.csv, link_person.csv, link_touch_account.csv and link_campaign.csv, or computed where a file is not there.
    """
    from closedloop.errors import ConfigError, PartlyFailedError

    context: Context = ctx.obj
    if columns:
        _columns(context)
        return
    if source is None or out is None:
        msg = "both --from and --out are needed"
        raise ConfigError(
            msg, where="marts", fix="closedloop marts --from DIR --out DIR; --columns says what DIR holds"
        )
    from closedloop.case.run import run
    from closedloop.cli import results, show

    with show.progress() as bars:
        done = run(
            source,
            out,
            config=config or _global(ctx, context),
            as_of=as_of.date() if as_of else None,
            clock=context.clock(),
            progress=lambda _name, at, of: bars("models", at, of),
        )
    if context.json:
        show.machine({"basis": done.said, "files": done.files, "reconciled": done.reconciled})
    else:
        show.line(done.said)
        results.reconciled(done.reconciled)
        show.line(f"wrote {len(done.files)} tables to {out}")
    if done.reconciled.checks:
        names = ", ".join(check.name for check in done.reconciled.checks)
        msg = f"checks failed: {names}"
        raise PartlyFailedError(msg, where="marts", fix=f"see {out / 'failed_checks.csv'}")


def _global(ctx: typer.Context, context: Context) -> Path | None:
    """Return the file that `closedloop --config FILE marts` names; the default file is not asked for."""
    above = ctx.parent
    named = above is not None and getattr(above.get_parameter_source("config"), "name", "") == "COMMANDLINE"
    return context.config if named else None


def _columns(context: Context) -> None:
    from closedloop.case.columns import documented
    from closedloop.cli import show

    found = documented()
    if context.json:
        show.machine(found)
        return
    show.line(
        "One file a table, <table>.csv, UTF-8, comma, a header; every column but the key may be left out."
    )
    for entity in dict.fromkeys(one.entity for one in found):
        rows = [(one.name, one.type, one.meaning) for one in found if one.entity == entity]
        show.table(entity, ("column", "holds", "means"), rows)
