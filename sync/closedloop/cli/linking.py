"""The verb `review`: the doubtful links, and what people decide about them."""

from __future__ import annotations

import csv
import getpass
import io
from pathlib import Path  # noqa: TC003 (typer reads annotations at run time)
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedloop.cli.app import app
from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from closedloop.cli.context import Context
    from closedloop.link.review import Wish
    from closedloop.service.session import Session
    from closedloop.store.analytical import Store

_COLUMNS = (
    "verb", "kind", "left_key", "left_name", "right_key", "right_name", "reason", "evidence", "weight", "at_stake",
    "left_url", "right_url", "why",
)  # fmt: skip

_QUEUE = """
select kind, left_key, left_name, right_key, right_name, reason, evidence, weight, at_stake, left_url, right_url
from marts.review_queue
order by at_stake desc, kind, left_key, weight desc nulls last, right_key
"""

review = typer.Typer(
    help="Show the doubtful links, most money at stake first, and decide them.", invoke_without_command=True
)
app.add_typer(review, name="review")

Who = Annotated[str, typer.Option(help="Who decides; without it, who is logged in.")]
Why = Annotated[str, typer.Option(help="Why, in your words.")]
Kind = Annotated[
    str, typer.Option(help="What is linked; found from the keys where they say it.", show_default=False)
]
Left = Annotated[str, typer.Argument(metavar="LEFT", help="Key of the customer, touch or duplicate.")]
Right = Annotated[str, typer.Argument(metavar="RIGHT", help="Key of the account, person or kept record.")]


@review.callback()
def show_queue(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(help="How many candidates to show.")] = 30,
    out: Annotated[Path | None, typer.Option("--csv", help="Write all of them to this file.")] = None,
    taken: Annotated[
        Path | None, typer.Option("--apply", help="Take the decisions in this file: column `verb` filled in.")
    ] = None,
    who: Who = "",
) -> None:
    """Show the doubtful links, most money at stake first."""
    if ctx.invoked_subcommand is not None:
        return
    context: Context = ctx.obj
    with context.session() as opened:
        if taken is not None:
            with opened.store() as store:
                _take(opened, store, taken, who)
            return
        with opened.store() as store:
            _shown(context, opened, store, limit=limit, out=out)


def _shown(context: Context, opened: Session, store: Store, *, limit: int, out: Path | None) -> None:
    from closedloop.cli import published, show
    from closedloop.imports.waiting import waiting
    from closedloop.link import review as reviewing

    run = published.parameters(store)
    rows = [*published.rows(store, _QUEUE), *waiting(opened.operations)]
    conflicts = reviewing.conflicts(store, opened.operations)
    if out is not None:
        _write(out, rows)
        typer.echo(f"wrote {len(rows)} candidates to {out}; fill in `verb` with accept or reject")
    elif context.json:
        show.machine({"candidates": rows[:limit], "all": len(rows), "contradictions": conflicts})
    else:
        show.table(
            f"{len(rows)} doubtful links, most money at stake first ({run['home_currency']})",
            ("#at stake", "who", "may be", "because", "not by itself because", "#weight", "keys"),
            [
                (
                    show.money(row["at_stake"], run["home_digits"]),
                    row["left_name"],
                    row["right_name"],
                    row["evidence"],
                    row["reason"],
                    "" if row["weight"] is None else f"{row['weight']:.1f}",
                    f"{row['left_key']} {row['right_key']}",
                )
                for row in rows[:limit]
            ],
        )
        for one in conflicts:
            show.line(f"contradiction: {one}")


@review.command()
def accept(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context, left: Left, right: Right, who: Who = "", why: Why = "", kind: Kind = ""
) -> None:
    """Link two records, whatever the rules say."""
    _decide(ctx, "accept", left, right, who=who, why=why, kind=kind)


@review.command()
def reject(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context, left: Left, right: Right, who: Who = "", why: Why = "", kind: Kind = ""
) -> None:
    """Never link these two records."""
    _decide(ctx, "reject", left, right, who=who, why=why, kind=kind)


@review.command()
def same(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context, left: Left, right: Right, who: Who = "", why: Why = "", kind: Kind = ""
) -> None:
    """Declare two records of one kind the same; RIGHT is kept."""
    _decide(ctx, "same", left, right, who=who, why=why, kind=kind)


@review.command("not-same")
def not_same(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context, left: Left, right: Right, who: Who = "", why: Why = "", kind: Kind = ""
) -> None:
    """Tell two records of one kind apart, also where the CRM merged or converted them."""
    _decide(ctx, "not-same", left, right, who=who, why=why, kind=kind)


@review.command()
def split(
    ctx: typer.Context,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Key of a customer, touch or record that is linked.")
    ],
    who: Who = "",
    why: Why = "",
) -> None:
    """Take a record off what it is linked to now."""
    from closedloop.cli import published
    from closedloop.link import review as reviewing

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store:
        published.parameters(store)
        linked = reviewing.linked(store, key)
        if not linked:
            raise ConfigError(
                "this record is linked to nothing", where=key, fix="see `closedloop explain link`"
            )
        wishes = [
            reviewing.Wish(verb=verb, kind=kind, left=key, right=other, why=why)
            for verb, kind, other in linked
        ]
        reviewing.settle(
            store, opened.operations, wishes, who=who or getpass.getuser(), now=opened.clock.now()
        )
    for one in wishes:
        typer.echo(f"{key} is taken off {one.right}; it shows after `closedloop reconcile`")


@review.command()
def history(ctx: typer.Context, key: Annotated[str, typer.Argument(metavar="KEY")]) -> None:
    """Show what was decided about a record. Who, when and why."""
    from closedloop.cli import show
    from closedloop.link import decisions

    context: Context = ctx.obj
    with context.session() as opened:
        found = decisions.about(opened.operations, key)
    if context.json:
        show.machine(found)
        return
    show.table(
        f"Decisions about {key}",
        ("at", "who", "verdict", "kind", "left", "right", "why"),
        [(one.at, one.who, one.verdict, one.kind, one.left_key, one.right_key, one.why) for one in found],
    )


def _decide(ctx: typer.Context, verb: str, left: str, right: str, *, who: str, why: str, kind: str) -> None:
    from closedloop.link.review import Wish

    context: Context = ctx.obj
    wish = Wish(verb=verb, left=left.strip(), right=right.strip(), kind=kind, why=why)
    with context.session() as opened, opened.store() as store:
        _settle(opened, store, [wish], who)
    typer.echo(f"decided: {verb} {left} {right}; it shows after `closedloop reconcile`")


def _settle(opened: Session, store: Store, wishes: Sequence[Wish], who: str) -> int:
    """Keep decisions and say where they contradict others; return how many were kept."""
    from closedloop.cli import published
    from closedloop.link import review as reviewing

    published.parameters(store)
    done = reviewing.settle(
        store, opened.operations, wishes, who=who or getpass.getuser(), now=opened.clock.now()
    )
    for one in reviewing.conflicts(store, opened.operations):
        typer.echo(f"contradiction: {one}", err=True)
    return len(done)


def _take(opened: Session, store: Store, file: Path, who: str) -> None:
    wishes = _read(file)
    taken = _settle(opened, store, wishes, who)
    typer.echo(f"took {taken} decisions from {file}; they show after `closedloop reconcile`")


def _read(file: Path) -> list[Wish]:
    """Return the rows of a queue in which somebody filled in a verb. Spreadsheets also write semicolons."""
    from closedloop.link.review import Wish

    if not file.is_file():
        raise ConfigError(
            "there is no such file", where=str(file), fix="write one with `closedloop review --csv`"
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("this is no UTF-8", where=str(file), fix="save it as `CSV UTF-8`") from error
    head = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    missing = {"verb", "left_key", "right_key"} - set(reader.fieldnames or ())
    if missing:
        msg = f"the columns {sorted(missing)} are missing"
        raise ConfigError(msg, where=str(file), fix="keep them")
    return [
        Wish(
            verb=cells["verb"].lower(),
            left=cells["left_key"],
            right=cells["right_key"],
            kind=cells.get("kind", ""),
            why=cells.get("why", ""),
            where=f"{file} line {reader.line_num}",
        )
        for row in reader
        if (cells := {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)})[
            "verb"
        ]
    ]


def _write(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS, restval="")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    """Return a value that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value
