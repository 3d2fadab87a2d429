"""Verbs that bring a file into the CRM: `import leads`, `import events`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context
    from closedloop.imports.apply import Imported
    from closedloop.imports.plan import ImportPlan
    from closedloop.service.session import Session

_SHOWN = 40

imports = typer.Typer(
    help="Bring people or events from a file into the CRM: shown first, journalled, undone on demand.",
    no_args_is_help=True,
)
app.add_typer(imports, name="import")

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX, of any encoding and delimiter.")]
Target = Annotated[str | None, typer.Option("--connection", help="The CRM; needed where there are several.")]
Yes = Annotated[bool, typer.Option("--yes", help="Carry it out at once.")]


@imports.command()
def leads(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context,
    file: File,
    campaign: Annotated[str, typer.Option(help="The event: its id, code or name.")],
    connection: Target = None,
    status: Annotated[
        str | None, typer.Option(help="What a row means that does not say so: attended, registered, no_show…")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(help="A connection for lists whose columns, statuses and dates hold here too."),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=HEADING where the guess is wrong; then name all you need.")
    ] = None,
    same: Annotated[
        list[str] | None, typer.Option(help="LINE=KEY: the person of that line is this record.")
    ] = None,
    new: Annotated[
        list[int] | None, typer.Option(help="LINE: nobody whom that line may be is this person.")
    ] = None,
    *,
    yes: Yes = False,
) -> None:
    """Make who was at an event a member of it. Whom the CRM does not know becomes a lead; who is doubtful waits."""
    from closedloop.imports.leads import plan_leads
    from closedloop.imports.profile import crm

    context: Context = ctx.obj
    with context.session() as opened:
        name = crm(opened.settings, connection)

        def made() -> ImportPlan:
            with opened.writer() as store:
                return plan_leads(
                    opened.settings, store, opened.operations, file, campaign=campaign, connection=name, clock=opened.clock,
                    status=status, like=like, columns=_pairs(column or [], "--column"),
                )  # fmt: skip

        found = made()
        if same or new:
            _decide(opened, found, _pairs(same or [], "--same"), new or [])
            found = made()
        _finish(context, opened, found, is_applied=yes)


@imports.command()
def events(
    ctx: typer.Context,
    file: File,
    connection: Target = None,
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also where the CRM says something else.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Create events, or complete them. With budget, actual cost, expected attendees and dates; what differs is kept."""
    from closedloop.imports.events import plan_events
    from closedloop.imports.profile import crm

    context: Context = ctx.obj
    with context.session() as opened:
        with opened.writer() as store:
            found = plan_events(
                opened.settings, store, opened.operations, file, connection=crm(opened.settings, connection),
                clock=opened.clock, overwrite=overwrite,
            )  # fmt: skip
        _finish(context, opened, found, is_applied=yes)


def _finish(context: Context, opened: Session, plan: ImportPlan, *, is_applied: bool) -> None:
    from closedloop.cli import show

    if not context.json:
        show_plan(plan)
    if is_applied and plan.writes:
        carry_out(context, opened, plan.id)
    elif context.json:
        show.machine({"id": plan.id, "counts": plan.counts, "summary": plan.summary, "rows": plan.rows})
    elif plan.writes:
        typer.echo(f"closedloop apply {plan.id}  writes it")
    else:
        typer.echo("there is nothing to write")


def carry_out(context: Context, opened: Session, plan_id: str) -> None:
    """Apply an import, and say what became of it.

    Raises:
        ClosedloopError: It stopped, or the CRM refused some records.
    """
    from closedloop.cli import show
    from closedloop.errors import GuardError, PartlyFailedError
    from closedloop.imports.apply import apply_import
    from closedloop.imports.leads import no_longer_new
    from closedloop.imports.plan import load
    from closedloop.service.record import recorded

    with opened.writer() as store, recorded(opened.operations, "import", opened.clock) as record:
        known = no_longer_new(opened.settings, store, opened.operations, load(opened.operations, plan_id))
        if known:
            msg = f"{len(known)} people whom the plan would create are in the CRM by now: lines {', '.join(map(str, known[:5]))}"
            raise GuardError(msg, where=f"import {plan_id}", fix="plan the import again; nothing was written")
        done = apply_import(opened.settings, opened.operations, plan_id, run_id=record.id, clock=opened.clock)
        told = {"made": done.made, "changed": done.changed, "refused": done.refused, "unknown": done.unknown}
        record.detail["imported"] = {"plan": plan_id, **told}
        if context.json:
            show.machine({"run_id": done.run_id, "plan_id": plan_id, **told, "reasons": done.reasons})
        else:
            _say(done)
        if done.stopped is not None:
            raise done.stopped
        if done.refused or done.unknown:
            msg = f"not every record was written: {'; '.join(done.reasons) or 'some are unknown'}"
            fix = f"mend the file or the CRM, then `closedloop apply {plan_id}` again: what is there is left alone"
            raise PartlyFailedError(msg, where="import", fix=fix)


def undo(context: Context, opened: Session, run: str) -> None:
    """Undo an import, and say what it left.

    Raises:
        ClosedloopError: It stopped.
    """
    from dataclasses import asdict

    from closedloop.cli import show
    from closedloop.imports.undo import undo_import
    from closedloop.service.record import recorded

    with opened.writer(), recorded(opened.operations, "revert", opened.clock) as record:
        done = undo_import(opened.settings, opened.operations, run, run_id=record.id, clock=opened.clock)
        record.detail["reverts"] = run
        record.detail["undone"] = {"removed": done.removed, "restored": done.restored, "left": len(done.left)}
        if context.json:
            show.machine({name: value for name, value in asdict(done).items() if name != "stopped"})
        else:
            typer.echo(
                f"removed {done.removed}, restored {done.restored}, gone before {done.missing}, left {len(done.left)}"
            )
            for line in done.left:
                typer.echo(f"  left {line}")
        if done.stopped is not None:
            raise done.stopped


def show_plan(plan: ImportPlan) -> None:
    """Print a plan: how many rows come to what, and the rows about which somebody should know more."""
    from closedloop.cli import show

    order = ("review", "refused", "differs", "lead", "create", "complete", "status", "member", "there")
    rows = sorted(plan.rows, key=lambda row: (order.index(row.action), row.n))
    event = plan.summary.get("campaign")
    title = f"{plan.file} → {plan.connection}" + (f", {event}" if event else "")
    show.table(
        title,
        ("line", "becomes", "who or what", "why"),
        [(str(row.n), row.action, row.label, row.reason or "") for row in rows[:_SHOWN]],
    )
    if len(rows) > _SHOWN:
        typer.echo(f"… and {len(rows) - _SHOWN} more; --json lists all")
    if plan.summary.get("guesses"):
        typer.echo(f"guessed: {plan.summary['guesses']}")
    typer.echo(
        ", ".join(f"{count} {name}" for name, count in sorted(plan.counts.items()))
        or "the file holds no rows"
    )


def _say(done: Imported) -> None:
    made = ", ".join(f"{count} {name}" for name, count in done.made.items()) or "nothing"
    changed = "".join(f", changed {count} {name}" for name, count in done.changed.items())
    typer.echo(f"made {made}{changed}; `closedloop revert {done.run_id}` undoes it")


def _pairs(given: list[str], option: str) -> dict[str, str]:
    from closedloop.errors import ConfigError

    pairs = [one.partition("=") for one in given]
    for name, equals, value in pairs:
        if not equals or not value:
            msg = f"{name} says nothing"
            raise ConfigError(msg, where=option, fix="write NAME=VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _decide(opened: Session, plan: ImportPlan, same: dict[str, str], new: list[int]) -> None:
    """Keep what somebody said about doubtful rows: this import and every later one of these people obeys it."""
    from closedloop.errors import ConfigError
    from closedloop.link import decisions
    from closedloop.models.whois import PREFIX

    rows = {row.n: row for row in plan.rows if row.action in {"review", "member", "lead", "there", "status"}}
    said = [("accept", int(line), key) for line, key in same.items() if line.isdecimal()]
    said += [
        ("reject", line, key)
        for line in new
        for key in (rows[line].content.get("candidates", []) if line in rows else [])
    ]
    wrong = [line for line in [*same, *map(str, new)] if not line.isdecimal() or int(line) not in rows]
    if wrong:
        msg = f"there is nobody in line {wrong[0]}"
        raise ConfigError(msg, where="import leads", fix="take the line from the plan")
    now = opened.clock.now()
    decisions.keep(
        opened.operations,
        [
            decisions.made(
                verb, PREFIX + rows[line].content["id"], key, kind="touch_person", who=getpass.getuser(),
                why="at the import", now=now, where=f"line {line}",
            )
            for verb, line, key in said
        ],
    )  # fmt: skip
