"""The verb that tells what was published, and why it changed: `history`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.cli.context import Context
    from closedloop.history.reading import Published, Step

_SHOWN = {
    "campaign": ("attended", "attendee_ltv", "attributed", "cost", "roi_realised"),
    "account": ("invoiced", "collected", "attributed"),
}

#: Records of a step that a line of the table names.
_NAMED = 3


@app.command()
def history(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="campaign or account.")],
    name: Annotated[str, typer.Argument(metavar="ID", help="Key, id in the source, or name.")],
    *,
    measure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this figure; repeat it for more.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN|DAY", help="Compare with what stood then; else the first."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="RUN|DAY", help="Compare what stood then; else the last.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many changes and causes to show. 0: all.", min=0)] = 20,
) -> None:
    """Show what was published when, and why it changed. The causes of a change are named and sum to it."""
    from closedloop.cli import show
    from closedloop.history import reading
    from closedloop.models.evidence_find import known

    context: Context = ctx.obj
    with context.session() as opened:
        key = reading.find(opened.operations, kind, name)
        found = reading.history(opened.operations, kind, key)
        currency, primary = opened.settings.company.currency, opened.settings.attribution.primary
    every = dict.fromkeys(one for published in found for one in published.figures or {})
    names = [known(one, every, what=f"a published {kind}") for one in measure or _SHOWN[kind]]
    before = reading.at(found, since) if since else found[0]
    now = reading.at(found, until) if until else found[-1]
    causes = {one: reading.why(found, before, now, _parts(kind, one, primary)) for one in names}
    if context.json:
        ends = {
            name: [{"run_id": one.run_id, "value": one.figure(name)} for one in (before, now)]
            for name in names
        }
        changes = [
            {"measure": name, "from": ends[name][0], "to": ends[name][1], "causes": causes[name],
             "steps": [_machine(name, *one) for one in reading.steps_between(found, before, now, name)]}
            for name in names
        ]  # fmt: skip
        show.machine({"kind": kind, "key": key, "published": found, "changes": changes})
        return
    _table(kind, key, found[-limit:] if limit else found, names, currency)
    if len(found) > limit > 0:
        show.line(f"… and {len(found) - limit} earlier: --limit 0 shows all")
    for one in names:
        if before.figure(one) != now.figure(one):
            _steps(kind, one, reading.steps_between(found, before, now, one), currency, limit)
            _why(one, (before, now), causes[one], currency, limit)


def _machine(measure: str, run_id: str, step: Step) -> dict[str, Any]:
    old, new = step.figures[measure]
    return {"run_id": run_id, "step": step.step, "from": old, "to": new, "records": step.records}


def _steps(kind: str, measure: str, steps: Sequence[tuple[str, Step]], currency: str, limit: int) -> None:
    """Show each step of definition 16 that changed a figure, in their order."""
    from closedloop.cli import show

    if not steps:
        return
    shown = steps[-limit:] if limit else steps
    show.table(
        f"What {measure} was before and after each step (definition 16)",
        ("run", "step", "#before", "#after", "records"),
        [
            (
                run_id,
                step.step,
                *(_shown(kind, measure, value, currency) for value in step.figures[measure]),
                _named(step),
            )
            for run_id, step in shown
        ],
    )


def _named(step: Step) -> str:
    """Return the first records of a step in words, and how many more there are."""
    told = [f"{label} ({record})" if record else label for record, label in step.records]
    rest = len(told) - _NAMED
    return "; ".join([*told[:_NAMED], *([f"and {rest} more"] if rest > 0 else [])])


def _parts(kind: str, measure: str, primary: str) -> tuple[str, ...]:
    from closedloop.history.reading import explained_by
    from closedloop.models.evidence_campaign import FOLLOWS

    follows = FOLLOWS.get(measure, ((), ""))[0] if kind == "campaign" else ()
    return explained_by(kind, measure, primary, follows)


def _table(kind: str, key: str, found: Sequence[Published], names: Sequence[str], currency: str) -> None:
    from closedloop.cli import show

    show.table(
        f"{kind} {found[-1].name} ({key}), {currency}",
        ("published", "run", "as of", *(f"#{one}" for one in names)),
        [
            (
                one.at[:16].replace("T", " "),
                one.run_id,
                one.as_of,
                *(
                    _shown(kind, name, one.figure(name), currency) if one.figures else "gone"
                    for name in names
                ),
            )
            for one in found
        ],
    )


def _why(
    measure: str, pair: tuple[Published, Published], causes: Sequence[Any], currency: str, limit: int
) -> None:
    from closedloop.cli import show

    before, now = pair
    old, new = before.figure(measure), now.figure(measure)
    if old == new or not causes:
        return
    shown = causes[:limit] if limit else causes
    rows = [
        (one.measure, one.cause, one.label, one.record, _unit(one.measure, one.amount, currency))
        for one in shown
    ]
    rest = causes[len(shown) :]
    for part in dict.fromkeys(one.measure for one in rest):
        more = [one.amount for one in rest if one.measure == part]
        rows.append((part, "", f"… and {len(more)} more", "", _unit(part, sum(more), currency)))
    for part in dict.fromkeys(one.measure for one in causes):
        whole = sum(one.amount for one in causes if one.measure == part)
        rows.append((part, "", "together", "", _unit(part, whole, currency)))
    title = f"Why {measure} changed between {before.run_id} and {now.run_id}"
    show.table(title, ("figure", "cause", "what happened", "record", "#change"), rows)


def _unit(measure: str, amount: int, currency: str) -> str:
    text = _shown("campaign", measure, amount, currency)
    return text if amount < 0 else f"+{text}"


def _shown(kind: str, name: str, value: Any, currency: str) -> str:
    """Return a figure for people, by its unit in the catalogue."""
    from closedloop.cli import show
    from closedloop.models.currencies import digits_of
    from closedloop.models.measures import MEASURES

    units = {one.name: one.unit for one in MEASURES if one.entity == kind}
    unit = units.get(
        name, "money" if name.startswith("attributed") or name in {"invoiced", "collected"} else "text"
    )
    if value is None:
        return ""
    if unit == "money":
        return show.money(int(value), digits_of(currency))
    return show.ratio(Decimal(value)) if unit == "ratio" else str(value)
