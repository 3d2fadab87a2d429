"""Verbs about refused records: `quarantine` lists them with their age and rule, `quarantine retry` tries them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from closedloop.cli.context import Context

quarantine = typer.Typer(
    help="Records that were refused: list them, or try them again.", invoke_without_command=True
)
app.add_typer(quarantine, name="quarantine")


@quarantine.callback()
def listing(ctx: typer.Context) -> None:
    """List records that were refused. With their age, the reason, and when they are tried again."""
    if ctx.invoked_subcommand is not None:
        return
    from closedloop.cli import show
    from closedloop.writeback.quarantine import listed

    context: Context = ctx.obj
    with context.session() as opened:
        rows = [_row(one, opened.clock.now()) for one in listed(opened.operations)]
    if context.json:
        show.machine(rows)
        return
    if not rows:
        show.line("no record waits")
        return
    names = ("id", "connection", "record", "direction", "kind", "#days", "#tries", "reason", "rule")
    show.table("Refused records", names, [[row[name.lstrip("#")] for name in names] for row in rows])


@quarantine.command()
def retry(
    ctx: typer.Context,
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="ID", help="Their numbers; all if left out.")
    ] = None,
    connection: Annotated[str | None, typer.Option(help="Only of this CRM.")] = None,
) -> None:
    """Let the next run write refused records again. Whatever the rule of their kind says."""
    from closedloop.cli import show
    from closedloop.cli.names import known_connections
    from closedloop.errors import ConfigError
    from closedloop.writeback.quarantine import release

    context: Context = ctx.obj
    with context.session() as opened:
        if connection is not None:
            known_connections(opened.settings, [connection])
        count = release(opened.operations, clock=opened.clock, connection=connection, ids=ids or ())
    if ids and count < len(set(ids)):
        msg = f"of {len(set(ids))} records {count} wait to be written"
        raise ConfigError(msg, where="quarantine retry", fix="`closedloop quarantine` lists those that wait")
    if context.json:
        show.machine({"released": count})
    else:
        show.line(f"{count} records will be tried again by the next run")


def _rule(kind: str, *, is_write: bool, released: bool, rules: Mapping[str, str]) -> str:
    if not is_write:
        return "lands as soon as its system sends it right"
    return "the next run tries it again" if released else rules[kind]


def _row(one: dict[str, Any], now: datetime) -> dict[str, Any]:
    from closedloop.kit.outcome import Refusal
    from closedloop.store.stamps import from_text
    from closedloop.writeback.quarantine import RULES

    is_write = one["direction"] == "write"
    kind = one["kind"] or (Refusal.VALIDATION if is_write else "")
    released = is_write and (one["released_at"] or "") >= one["last_seen"]
    return {
        "id": one["id"],
        "connection": one["connection"],
        "record": f"{one['stream']}/{one['record_key']}",
        "direction": one["direction"],
        "kind": kind,
        "days": (now - from_text(one["first_seen"])).days,
        "tries": one["attempts"],
        "reason": one["reason"],
        "rule": _rule(kind, is_write=is_write, released=released, rules=RULES),
        "first_seen": one["first_seen"],
        "last_seen": one["last_seen"],
    }
