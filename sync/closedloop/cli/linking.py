"""Verbs about links: `review` and what people decide there, `link train` and `link refresh`, `explain link`."""

from __future__ import annotations

import csv
import getpass
from pathlib import Path  # noqa: TC003 (typer reads annotations at run time)
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedloop.cli.app import app
from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from closedloop.cli.context import Context
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
link = typer.Typer(help="Learn the weights anew, or count the frequencies anew.", no_args_is_help=True)
app.add_typer(review, name="review")
app.add_typer(link, name="link")

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
            _take(opened, taken, who)
            return
        with opened.store() as store:
            _shown(context, opened, store, limit=limit, out=out)


def _shown(context: Context, opened: Session, store: Store, *, limit: int, out: Path | None) -> None:
    from closedloop.cli import published, show
    from closedloop.link import decisions

    run = published.parameters(store)
    rows = published.rows(store, _QUEUE)
    conflicts = decisions.contradictions(decisions.listed(opened.operations))
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
    from closedloop.link import decisions

    context: Context = ctx.obj
    with context.session() as opened:
        with opened.store() as store:
            linked = _linked(store, key)
        if not linked:
            raise ConfigError(
                "this record is linked to nothing", where=key, fix="see `closedloop explain link`"
            )
        for verb, kind, other in linked:
            decisions.decide(
                opened.operations, verb, key, other, kind=kind, who=who or getpass.getuser(), why=why, now=opened.clock.now()
            )  # fmt: skip
            typer.echo(f"{key} is taken off {other}; it shows after `closedloop reconcile`")


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


@link.command()
def train(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Only write the weights here; the next reconcile does not use them."),
    ] = None,
) -> None:
    """Learn the weights anew. From the links that people accepted or rejected here."""
    import json

    from closedloop.link import decisions, weights
    from closedloop.link import train as training
    from closedloop.link.engine import COMPANIES

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store:
        latest = {
            (one.left_key, one.right_key): one.verdict == "accept"
            for one in decisions.listed(opened.operations)
            if one.kind == "customer_account"
        }
        if not latest:
            raise ConfigError("nobody decided anything yet", where="review", fix="decide links first")
        learnt, counted = training.from_decisions(store.connection, COMPANIES, latest)
        file = out or weights.own("company", opened.settings.home)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(learnt.content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    typer.echo(f"learnt from {counted} decided pairs that were compared; wrote {file}")


@link.command()
def refresh(ctx: typer.Context) -> None:
    """Count the frequencies anew. The next reconcile compares everything again."""
    from closedloop.link import engine, explain

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store:
        for job in explain.jobs():
            engine.forget(store.connection, job)
    typer.echo("the frequencies are counted anew by the next `closedloop reconcile`")


def explain_link(context: Context, name: str) -> None:
    """Print what was compared for a customer or touch, with weights, pattern, veto and runner-up."""
    from closedloop.cli import show
    from closedloop.link import decisions

    with context.session() as opened, opened.store() as store:
        linked = _linked(store, name)
        sentences = _sentences(store, name)
        found = _explained(store, name, opened.settings.home)
        decided = decisions.about(opened.operations, name)
    if not (linked or found or decided):
        raise ConfigError(
            "nothing is known of this key", where=name, fix="give the key of a ledger customer or a touch"
        )
    if context.json:
        show.machine({"linked": linked, "evidence": sentences, "candidates": found, "decisions": decided})
        return
    for _, kind, other in linked:
        show.line(f"{name} is linked to {other} ({kind.replace('_', ' → ')})")
    for sentence in sentences or (["not linked"] if not linked else []):
        show.line(f"  {sentence}")
    for one in decided:
        show.line(f"  {one.who} decided at {one.at}: {one.verdict} {one.left_key} {one.right_key} {one.why}")
    for candidate in found:
        _print(candidate)


def _print(candidate: Any) -> None:
    from closedloop.cli import show

    rival = "no other candidate"
    if candidate.runner_up:
        rival = f"the next candidate {candidate.runner_up} is {candidate.gap:.1f} behind"
    show.table(
        f"{candidate.right}: {candidate.decision}, weight {candidate.weight:.1f}, {rival}",
        ("compared", "result", "#weight"),
        [
            ("before comparing", "how rarely two records are one", f"{candidate.prior:+.1f}"),
            *((one.name, one.result, f"{one.weight:+.1f}") for one in candidate.comparisons),
        ],
    )
    show.line(f"pattern: {candidate.pattern or 'nothing agrees'}")
    show.line(f"a person must decide: {candidate.doubt}" if candidate.doubt else "nothing speaks against it")


def _explained(store: Store, name: str, home: Path) -> list[Any]:
    from closedloop.link import explain

    companies, people = explain.jobs()
    scan = explain.scan_key(store, name)
    return explain.explain(store, companies, name, home=home) or (
        explain.explain(store, people, scan, home=home) if scan else []
    )


def _linked(store: Store, key: str) -> list[tuple[str, str, str]]:
    """Return how to undo each link of a record: (verb, kind, the other record)."""
    from closedloop.cli import published

    found = published.rows(
        store,
        "select 'reject' as verb, 'customer_account' as kind, account_key as other from link.link_customer_account where customer_key = ?"
        " union all select case when rule in ('converted', 'merged', 'same_person') then 'not-same' else 'reject' end,"
        " case when rule in ('converted', 'merged', 'same_person') then 'person_person' else 'touch_person' end, person_key"
        " from link.link_person where identity_key = ?"
        " union all select 'not-same', 'account_account', account_key from canonical.account_record where key = ? and account_key <> key",
        [key, key, key],
    )
    return [(row["verb"], row["kind"], row["other"]) for row in found]


def _sentences(store: Store, key: str) -> list[str]:
    from closedloop.cli import published

    found = published.rows(
        store,
        "select evidence from link.link_customer_account where customer_key = ?"
        " union all select evidence from link.link_person where identity_key = ?"
        " union all select reason || ': ' || evidence from link.link_ambiguous where left_key = ?",
        [key, key, key],
    )
    return [str(row["evidence"]) for row in found]


def _decide(ctx: typer.Context, verb: str, left: str, right: str, *, who: str, why: str, kind: str) -> None:
    from closedloop.link import decisions

    context: Context = ctx.obj
    with context.session() as opened:
        with opened.store() as store:
            kind = kind or _kind(store, verb, left)
        done = decisions.decide(
            opened.operations, verb, left, right, kind=kind, who=who or getpass.getuser(), why=why, now=opened.clock.now()
        )  # fmt: skip
        conflicts = decisions.contradictions(decisions.listed(opened.operations))
    typer.echo(f"{done.who} decided: {verb} {left} {right}; it shows after `closedloop reconcile`")
    for one in conflicts:
        typer.echo(f"contradiction: {one}", err=True)


def _kind(store: Store, verb: str, left: str) -> str:
    """Return the kind of link that a decision about ``left`` is."""
    from closedloop.cli import published

    same_kind = verb in {"same", "not-same"}
    tables = (
        ("canonical.account_record", "account_account"), ("canonical.person_record", "person_person"),
    ) if same_kind else (("canonical.customer", "customer_account"), ("canonical.touch", "touch_person"))  # fmt: skip
    for table, kind in tables:
        if published.rows(store, f"select 1 from {table} where key = ?", [left]):
            return kind
    raise ConfigError("no record has this key", where=left, fix="copy the key from `closedloop review`")


def _take(opened: Session, file: Path, who: str) -> None:
    from closedloop.link import decisions

    if not file.is_file():
        raise ConfigError(
            "there is no such file", where=str(file), fix="write one with `closedloop review --csv`"
        )
    taken = 0
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = {"verb", "kind", "left_key", "right_key"} - set(reader.fieldnames or ())
        if missing:
            msg = f"the columns {sorted(missing)} are missing"
            raise ConfigError(msg, where=str(file), fix="keep them")
        rows = [row for row in reader if (row["verb"] or "").strip()]
    for row in rows:
        decisions.decide(
            opened.operations, row["verb"].strip(), row["left_key"], row["right_key"], kind=row["kind"],
            who=who or getpass.getuser(), why=row.get("why") or "", now=opened.clock.now(),
        )  # fmt: skip
        taken += 1
    typer.echo(f"took {taken} decisions from {file}; they show after `closedloop reconcile`")


def _write(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS, restval="")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    """Return a value that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value
