"""Verbs about what is written into the CRM: `plan`, `apply`, `revert`, `audit`, `provision`."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (typer reads it from the signature)
from pathlib import Path  # noqa: TC003
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context
    from closedloop.service.session import Session
    from closedloop.writeback.plan import Plan

Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="GUARD", help="Override a guard this once.")
]
Connections = Annotated[
    list[str] | None, typer.Argument(help="CRMs meant; all that are written to if left out.")
]


def _written_to(opened: Session, names: list[str] | None) -> list[str]:
    """Return the connections meant, all of which must have a `writeback` section.

    Raises:
        ConfigError: One has none, or the file has none at all.
    """
    from closedloop.config.problem import did_you_mean
    from closedloop.errors import ConfigError

    known = opened.settings.writeback
    if not known:
        raise ConfigError(
            "nothing is written back", where="writeback", fix="map measures to fields in the file"
        )
    for name in names or ():
        if name not in known:
            msg = f"nothing is written back to {name}"
            raise ConfigError(msg, where="writeback", fix=did_you_mean(name, known))
    return list(names or known)


def _failed_checks(opened: Session) -> list[str]:
    """Return the names of the checks that the last reconcile failed."""
    import json

    from sqlalchemy import select

    from closedloop.store.tables import run

    with opened.operations.reading() as connection:
        details = connection.execute(select(run.c.detail).order_by(run.c.id.desc())).scalars()
        for detail in details:
            values = json.loads(detail)
            if "checks" in values:
                return list(values["checks"])
    return []


@app.command()
def plan(
    ctx: typer.Context,
    connections: Connections = None,
    *,
    diff: Annotated[
        bool, typer.Option("--diff", help="Record by record: theirs → ours, and why, with the address.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many fields to show; 0: all.")] = 40,
    shown: Annotated[
        str | None, typer.Option("--show", metavar="PLAN", help="Only show a plan that was made before.")
    ] = None,
) -> None:
    """Show every field that would change. And the guards that would stop it; nothing is written, no system is asked."""
    from closedloop.service.record import recorded
    from closedloop.writeback.plan import load_plan, make_plan

    context: Context = ctx.obj
    with context.session() as opened:
        if shown is not None:
            _show_plans(context, [load_plan(opened.operations, shown)], diff=diff, limit=limit)
            return
        names = _written_to(opened, connections)
        with opened.writer() as store, recorded(opened.operations, "plan", opened.clock) as record:
            checks = _failed_checks(opened)
            made = [
                make_plan(
                    opened.settings, store, opened.operations, name, clock=opened.clock, failed_checks=checks
                )
                for name in names
            ]
            record.detail["plans"] = {one.connection: {"id": one.id, **one.counts} for one in made}
    _show_plans(context, made, diff=diff, limit=limit)


def _show_plans(context: Context, made: list[Plan], *, diff: bool, limit: int) -> None:
    from closedloop.cli import plans, show

    if context.json:
        show.machine(made)
        return
    for one in made:
        plans.head(one)
        (plans.diff if diff else plans.table)(one, limit=limit)
        plans.tail(one)


@app.command()
def apply(
    ctx: typer.Context,
    plan_id: Annotated[
        str | None, typer.Argument(metavar="PLAN", help="Its id; without one, plan and apply.")
    ] = None,
    allow: Allow = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all but the writes: guards, and a last look at each record.")
    ] = False,
) -> None:
    """Write a plan into the CRM. Guards, a last look at each record, the writes, and reading them back."""
    from closedloop.cli import importing, results, show
    from closedloop.imports.plan import MARK
    from closedloop.service import cycle
    from closedloop.service.record import recorded
    from closedloop.writeback.plan import load_plan, make_plan
    from closedloop.writeback.tripped import insist_known

    context: Context = ctx.obj
    insist_known(allow or ())
    if plan_id is not None and plan_id.startswith(MARK):
        with context.session() as opened:
            importing.carry_out(context, opened, plan_id)
        return
    with context.session() as opened, show.progress() as bars:
        names = _written_to(opened, None)
        with opened.writer() as store, recorded(opened.operations, "apply", opened.clock) as record:
            checks = _failed_checks(opened)
            if plan_id is not None:
                plans = [load_plan(opened.operations, plan_id)]
            else:
                plans = [
                    make_plan(
                        opened.settings,
                        store,
                        opened.operations,
                        name,
                        clock=opened.clock,
                        failed_checks=checks,
                    )
                    for name in names
                ]
            done = {
                one.connection: cycle.apply(
                    opened,
                    store,
                    record,
                    one.id,
                    allow=allow or (),
                    failed_checks=checks,
                    progress=bars,
                    dry_run=dry_run,
                )
                for one in plans
            }
    if context.json:
        show.machine(done)
        return
    for name, one in done.items():
        results.applied(name, one)


@app.command()
def revert(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run to undo; `status` lists them.")],
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only an entity (campaign), object, field, record (event.event/12) or connection."),
    ] = None,
) -> None:
    """Undo what a run wrote. Every value as it was before, except where a person has edited since."""
    from closedloop.cli import importing, results, show
    from closedloop.imports.undo import is_import
    from closedloop.service import cycle
    from closedloop.service.record import recorded
    from closedloop.writeback.revert import revert_run

    context: Context = ctx.obj
    with context.session() as opened:
        if is_import(opened.operations, run):
            importing.undo(context, opened, run)
            return
    with (
        context.session() as opened,
        opened.writer(),
        recorded(opened.operations, "revert", opened.clock) as record,
        show.progress() as bars,
    ):
        done = revert_run(
            opened.settings,
            opened.operations,
            run,
            run_id=record.id,
            clock=opened.clock,
            only=only or (),
            progress=lambda fields, total: bars("revert", fields, total),
        )
        record.detail["reverts"] = run
        record.detail["reverted"] = {name: cycle.outcome(one) for name, one in done.delivered.items()}
        for one in done.delivered.values():
            cycle.insist_written(one)
    if context.json:
        show.machine(done)
    else:
        results.reverted(done)


@app.command()
def audit(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Only of this run.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only from this day on, in the company's zone."),
    ] = None,
    record: Annotated[
        str | None, typer.Option(metavar="RECORD", help="Only of this record: its id, or OBJECT/ID.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it all into this CSV file.")] = None,
    lines: Annotated[
        Path | None,
        typer.Option("--jsonl", metavar="FILE", help="Write it all into this file, a JSON line each."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many of the newest to show; 0: all.")] = 40,
) -> None:
    """Show what was written into the CRMs. Who, what, when, before, after and the outcome, field by field."""
    from zoneinfo import ZoneInfo

    from closedloop.cli import plans, show
    from closedloop.store.stamps import to_text
    from closedloop.writeback import audit as journal

    context: Context = ctx.obj
    with context.session() as opened:
        zone = ZoneInfo(opened.settings.company.time_zone)
        start = to_text(since.replace(tzinfo=zone)) if since else None
        found = list(journal.entries(opened.operations, run=run, since=start, record=record))
    for path, write in ((csv, journal.write_csv), (lines, journal.write_lines)):
        if path is not None:
            with path.open("w", encoding="utf-8", newline="") as file:
                count = write(found, file)
            typer.echo(f"wrote {count} entries to {path}", err=context.json)
    if context.json:
        show.machine(found)
    elif csv is None and lines is None:
        plans.audit(found, limit=limit)


@app.command()
def provision(
    ctx: typer.Context,
    connections: Connections = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the fields.")] = False,
    imports: Annotated[
        bool, typer.Option("--import", help="The fields that `import` needs, and no others.")
    ] = False,
) -> None:
    """Make the custom fields in the CRM. Or print what an administrator must make."""
    from closedloop.cli import results, show
    from closedloop.errors import ConfigError
    from closedloop.service.record import recorded
    from closedloop.writeback.provision import provision as make

    context: Context = ctx.obj
    with context.session() as opened:
        names = _written_to(opened, connections)
        if dry_run:
            _list_fields(context, opened, names)
            return
        if imports:
            _make_keys(context, opened, names)
            return
        with opened.writer(), recorded(opened.operations, "provision", opened.clock) as record:
            found = {name: make(opened.settings, name) for name in names}
            record.detail["fields"] = {name: [one.state for one in fields] for name, fields in found.items()}
            if context.json:
                show.machine(found)
            else:
                for name, fields in found.items():
                    results.provisioned(name, fields)
            left = [
                one.field
                for fields in found.values()
                for one in fields
                if one.is_written and one.state in {"denied", "wrong_type"}
            ]
            if left:
                msg = f"not there yet: {', '.join(dict.fromkeys(left))}"
                raise ConfigError(
                    msg,
                    where="provision",
                    fix="see the table above",
                )


def _make_keys(context: Context, opened: Session, names: list[str]) -> None:
    """Make the fields that hold the keys of imported records.

    Raises:
        ConfigError: An administrator must make some of them.
    """
    from closedloop.cli import show
    from closedloop.errors import ConfigError
    from closedloop.imports.keys import provision_keys
    from closedloop.service.record import recorded

    with opened.writer(), recorded(opened.operations, "provision", opened.clock):
        found = {name: provision_keys(opened.settings, name) for name in names}
        rows = [
            (name, one["stream"], one["field"], one["state"], one.get("reason") or "")
            for name, answers in found.items()
            for one in answers
        ]
        if context.json:
            show.machine(found)
        else:
            show.table("Fields that imports need", ("connection", "object", "field", "", "why"), rows)
        left = [f"{thing}.{field}" for _, thing, field, state, _ in rows if state in {"denied", "wrong_type"}]
        if left:
            msg = f"not there yet: {', '.join(left)}"
            raise ConfigError(msg, where="provision", fix="see the table above")


def _list_fields(context: Context, opened: Session, names: list[str]) -> None:
    from closedloop.cli import show
    from closedloop.writeback.mapping import mapped, objects

    rows = [
        (name, thing, line.field, line.measure.unit, line.measure.label)
        for name in names
        for line in mapped(opened.settings, name)
        for thing in objects(opened.settings, name).get(line.entity, [])
    ]
    columns = ("connection", "object", "field", "holds", "label")
    if context.json:
        show.machine([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show.table("Fields that the file maps", columns, rows)
