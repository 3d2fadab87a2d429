"""Verbs about the linker: `link train`, `link adopt`, `link refresh`; and `explain link`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (typer reads annotations at run time)
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app
from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from closedloop.cli.context import Context
    from closedloop.link.explain import Explained
    from closedloop.link.train import Learnt
    from closedloop.store.analytical import Store

_JOBS = ("company", "person")

#: Who is linked to a record, by what.
_POINTING = """
select 'customer_account' as kind, customer_key as key from link.link_customer_account where account_key = $key
union all select case when rule in ('converted', 'merged', 'same_person') then 'person_person' else 'touch_person' end, identity_key
from link.link_person where person_key = $key
union all select 'person_account', person_key from link.link_person_account where account_key = $key
union all select 'campaign_campaign', campaign_key from link.link_campaign where kept_key = $key
order by all
"""
_SENTENCES = """
select evidence from link.link_customer_account where customer_key = $key
union all select evidence from link.link_person where identity_key = $key
union all select evidence from link.link_person_account where person_key = $key
union all select evidence from link.link_touch_account where touch_key = $key
union all select evidence from link.link_campaign where campaign_key = $key
union all select reason || ': ' || evidence from link.link_ambiguous where left_key = $key
"""
_SHOWN = 20

link = typer.Typer(
    help="Learn the weights anew, use them, or count the frequencies anew.", no_args_is_help=True
)
app.add_typer(link, name="link")


@link.command()
def train(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the weights; without it, `weights/proposed` at home."),
    ] = None,
) -> None:
    """Learn the weights anew. From the links that people accepted or rejected here; nothing uses them yet."""
    import json

    from closedloop.cli import show
    from closedloop.link import decisions
    from closedloop.link import train as training

    context: Context = ctx.obj
    learnt: list[Learnt] = []
    refused: list[ConfigError] = []
    with context.session() as opened, opened.store() as store:
        decided = decisions.listed(opened.operations)
        for job in _JOBS:
            try:
                learnt.append(training.from_decisions(store, job, decided))
            except ConfigError as error:
                refused.append(error)
        folder = out or _proposed(opened.settings.home)
    if not learnt:
        raise refused[0]
    folder.mkdir(parents=True, exist_ok=True)
    for one in learnt:
        file = folder / f"{one.job}.json"
        file.write_text(json.dumps(one.model.content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        show.table(
            f"{one.job}: learnt from {one.accepted} accepted and {one.rejected} rejected pairs (weights in log2)",
            ("compared", "result", "#shipped", "#learnt"),
            [(name, label, f"{old:+.2f}", f"{new:+.2f}") for name, label, old, new in one.changed],
        )
        typer.echo(f"wrote {file}")
    for missing in refused:
        typer.echo(str(missing), err=True)
    if out is None:
        typer.echo("nothing uses them before `closedloop link adopt`")


@link.command()
def adopt(
    ctx: typer.Context,
    *,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Go back to the weights that ship with the product.")
    ] = False,
) -> None:
    """Use the learnt weights from the next reconcile on."""
    from closedloop.kit.tokens import write_durably
    from closedloop.link import weights

    context: Context = ctx.obj
    with context.session() as opened:
        home = opened.settings.home
    files = [(home / "weights" if shipped else _proposed(home)) / f"{job}.json" for job in _JOBS]
    found = [file for file in files if file.is_file()]
    if not found:
        what = "no learnt weights are in use" if shipped else "no weights were learnt"
        raise ConfigError(what, where="link adopt", fix="closedloop link train")
    for file in found:
        if not shipped:
            write_durably(weights.own(file.stem, home), file.read_bytes())
        file.unlink()
        typer.echo(
            f"{file.stem}: {'the shipped' if shipped else 'the learnt'} weights count from the next `closedloop reconcile` on"
        )


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
    """Print what a customer, touch, person, account or campaign is linked to and why, with everything that was compared."""
    from closedloop.cli import published, show
    from closedloop.link import decisions, explain, review

    with context.session() as opened, opened.store() as store:
        published.parameters(store)
        linked, pointing, sentences = (
            review.linked(store, name),
            _rows(store, _POINTING, name),
            _rows(store, _SENTENCES, name),
        )
        found = explain.candidates(store, name, home=opened.settings.home)
        decided = decisions.about(opened.operations, name)
        known = review.what(store, name)
    if not (known or linked or pointing or decided):
        raise ConfigError(
            "nothing is known of this key",
            where=name,
            fix="give the key of a ledger customer, a touch, a person, an account or a campaign",
        )
    evidence = [str(one) for (one,) in sentences]
    if context.json:
        show.machine(
            {
                "linked": linked,
                "linked_to_it": pointing,
                "evidence": evidence,
                "candidates": found,
                "decisions": decided,
            }
        )
        return
    for _, kind, other in linked:
        show.line(f"{name} is linked to {other} ({kind.replace('_', ' → ')})")
    for kind, other in pointing[:_SHOWN]:
        show.line(f"{other} is linked to it ({kind.replace('_', ' → ')})")
    if len(pointing) > _SHOWN:
        show.line(f"… and {len(pointing) - _SHOWN} more")
    for sentence in evidence or (["not linked"] if not linked else []):
        show.line(f"  {sentence}")
    for one in decided:
        show.line(f"  {one.who} decided at {one.at}: {one.verdict} {one.left_key} {one.right_key} {one.why}")
    for candidate in found:
        _print(candidate)


def _print(candidate: Explained) -> None:
    from closedloop.cli import show

    rival = "no other candidate"
    if candidate.runner_up:
        rival = f"the next candidate {candidate.runner_up} is {candidate.gap or 0:.1f} behind"
    verdict = {"auto": "links by itself", "review": "a person must decide"}[candidate.decision]
    show.table(
        f"{candidate.right}: {verdict}, weight {candidate.weight:.1f}, {rival}",
        ("compared", "result", "#weight"),
        [
            ("before comparing", "how rarely two records are one", f"{candidate.prior:+.1f}"),
            *((one.name, one.result, f"{one.weight:+.1f}") for one in candidate.comparisons),
        ],
    )
    agrees = ", ".join(part.replace(":", " ").replace("_", " ") for part in candidate.pattern.split("+"))
    show.line(f"what agrees: {agrees or 'nothing'}")
    show.line(f"why not by itself: {candidate.doubt}" if candidate.doubt else "nothing speaks against it")


def _rows(store: Store, sql: str, key: str) -> list[tuple[str, ...]]:
    return store.connection.execute(sql, {"key": key}).fetchall()


def _proposed(home: Path) -> Path:
    return home / "weights" / "proposed"
