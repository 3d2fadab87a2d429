"""The verb `forget`: a person goes, the sums stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.cli.context import Context
    from closedloop.service.forget import Forgotten, Preview

_NAMED = 5


@app.command()
def forget(
    ctx: typer.Context,
    person: Annotated[
        str, typer.Argument(metavar="PERSON", help="An e-mail address, or a record's key: crm:Contact/0035f.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    backups: Annotated[
        bool,
        typer.Option(
            "--backups", help="Take a new backup at the end, and delete those in home that hold them."
        ),
    ] = False,
) -> None:
    """Forget a person everywhere in our stores; every figure stays. Killed in between: run it again."""
    from closedloop.cli import show
    from closedloop.service import forget as forgetting

    context: Context = ctx.obj
    with context.session() as opened:
        if not yes:
            _show(forgetting.look(opened, person), context=context, is_replacing=backups)
            if context.json or not typer.confirm("forget them?"):
                typer.echo("nothing was changed", err=True)
                return
        done = forgetting.forget(opened, person, is_replacing_backups=backups)
    if context.json:
        show.machine(
            {
                "token": done.token,
                "day": done.day,
                "records": done.records,
                "tables": done.tables,
                "kept_links": done.kept_links,
                "same_figures": done.same_figures,
                "files": done.files,
                "backups": done.backups,
                "removed_backups": done.removed,
                "namesakes": done.namesakes,
            }
        )
        return
    _tell(done)


def _show(found: Preview, *, context: Context, is_replacing: bool) -> None:
    from closedloop.cli import show

    if context.json:
        show.machine(
            {
                "people": found.people,
                "records": found.records,
                "tables": found.tables,
                "backups": found.backups,
                "namesakes": found.namesakes,
            }
        )
        return
    if found.people > 1:
        typer.echo(
            f"{found.people} people share the address: all of them go; one alone has no address of their own"
        )
    for place, count in {**found.records, **found.tables}.items():
        typer.echo(f"{count:>8,}  {place}")
    _warn_of(found.namesakes)
    for path in found.backups:
        typer.echo(f"{'deleted' if is_replacing else 'kept':>8}  {path}")


def _tell(done: Forgotten) -> None:
    rows, kept = sum(done.records.values()), sum(done.tables.values())
    typer.echo(
        f"forgotten on {done.day}: Forgotten {done.token} stands in their place in {rows:,} landed rows"
        f" and {kept:,} rows of the operational database"
    )
    typer.echo(
        "every figure is what it was"
        if done.same_figures
        else "figures changed: `closedloop reconcile`, then `closedloop history`"
    )
    _warn_of(done.namesakes)
    if done.removed:
        typer.echo(f"{len(done.removed)} backups were replaced by a new one")
    for path in done.backups:
        typer.echo(f"still with them: {path} (`closedloop forget PERSON --backups` deletes it)")
    typer.echo(
        "not ours, and still to do: the person in the source systems, files of attendees and imported lists, reports and"
        " backups outside home; make the report anew"
    )


def _warn_of(namesakes: Sequence[str]) -> None:
    if namesakes:
        more = f" and {len(namesakes) - _NAMED:,} more" if len(namesakes) > _NAMED else ""
        typer.echo(
            f"of the same name, and nothing else links them: {', '.join(namesakes[:_NAMED])}{more}; they stay, and whoever is"
            " the same person goes with `closedloop forget KEY`"
        )
