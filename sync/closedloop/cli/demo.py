"""`demo`: the whole loop on a generated company, and the proof that its figures are right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from closedloop.cli.context import Context
    from closedloop.cli.playground import Playground
    from closedloop.cli.show import Bars
    from closedloop.sandbox.plant import Fault
    from closedloop.service.session import Session

_BREAKS_SHOWN = 8
_EVENTS_SHOWN = 15


@app.command()
def demo(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option("--dir", help="Where everything is written.")] = Path(".demo"),
    seed: Annotated[int, typer.Option(help="Which company is made up.")] = 1,
    scale: Annotated[float, typer.Option(help="How large it is; 1 has about 40 events.")] = 1.0,
    crm: Annotated[str, typer.Option(help="Its CRM: salesforce, hubspot, odoo.")] = "salesforce",
    ledger: Annotated[str, typer.Option(help="Its ledger: quickbooks, xero, odoo.")] = "quickbooks",
    attendance: Annotated[
        str | None,
        typer.Option(
            help="What knows who came: salesforce, hubspot, marketo, eventbrite, leadlist; without it, the CRM."
        ),
    ] = None,
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare every figure with the known truth; exit 1 if one is wrong."),
    ] = False,
    plant: Annotated[
        str | None,
        typer.Option(
            help="Make this known mistake in one model first: the check must find it.", metavar="FAULT"
        ),
    ] = None,
) -> None:
    """Run the whole loop on a generated company. Sync, reconcile, write back, twice; then the report."""
    from closedloop.cli import show
    from closedloop.cli.playground import living_at, playground
    from closedloop.clock import system_clock
    from closedloop.config import load
    from closedloop.service.session import session

    context: Context = ctx.obj
    fault = _fault(plant) if plant else None
    context.start_log(quiet=True)
    _say(context, f"making up company {seed} at scale {scale:g} and starting its CRM and its ledger …")
    made = playground(
        folder, seed=seed, scale=scale, mode="apply", crm=crm, ledger=ledger, attendance=attendance
    )
    with made as ground, living_at(ground.clock):
        _say(context, f"configured in {ground.config}; simulators: {_places(ground)}")
        with session(load(ground.config), system_clock()) as opened, show.progress() as bars:
            found = _loop(context, ground, opened, bars)
        _files(context, ground)
        if check or fault:
            found["check"] = check_figures(context, ground, fault)
    if context.json:
        show.machine(found)


def _loop(context: Context, ground: Playground, opened: Session, bars: Bars) -> dict[str, object]:
    """Provision, run one cycle and show it, run another and insist that it wrote nothing."""
    from closedloop.cli import chain, published, tables
    from closedloop.errors import PartlyFailedError
    from closedloop.service import cycle
    from closedloop.writeback.provision import provision

    fields = provision(opened.settings, "crm")
    _say(context, f"provisioned {sum(one.state == 'created' for one in fields)} fields in the CRM")
    first = cycle.run(opened, progress=bars)
    written = cycle.outcome(first.applied["crm"].delivered)["written"]
    _say(
        context,
        f"first cycle: {sum(one.rows for one in first.streams)} records read, {written} fields written back",
    )
    with opened.store() as store:
        run, league = published.parameters(store), published.league(store)
        found = chain.published(store, chain.Filter(), limit=_BREAKS_SHOWN)
    if not context.json:
        tables.league(league, run, limit=_EVENTS_SHOWN)
        tables.chain(found, run)
    before = len(ground.requests())
    second = cycle.run(opened, progress=bars)
    requests = ground.requests(before)
    writes = [one for one in requests if one.get("is_write")]
    _say(context, f"second cycle: {len(requests)} requests, {len(writes)} of them writes")
    if writes:
        msg = f"the second cycle wrote {len(writes)} times though nothing had changed"
        raise PartlyFailedError(msg, where="demo")
    return {"first": first.run_id, "second": second.run_id, "fields_written": written, "events": league}


def _places(ground: Playground) -> str:
    return ", ".join(f"{side.connector} at {side.simulator.url} ({side.name})" for side in ground.sides)


def _files(context: Context, ground: Playground) -> None:
    """Write the report and the truth."""
    from closedloop import report
    from closedloop.cli import proof
    from closedloop.clock import system_clock
    from closedloop.config import load
    from closedloop.service.session import session

    with session(load(ground.config), system_clock()) as opened, opened.store() as store:
        written = report.write(store, opened.settings, ground.folder / "report", now=opened.clock.now())
    truth = ground.folder / "truth.json"
    truth.write_text(proof.truth(ground), encoding="utf-8")
    _say(context, f"wrote {written.page}, {written.events} and {truth}")


def _fault(name: str) -> Fault:
    from closedloop.errors import ConfigError
    from closedloop.sandbox.plant import FAULTS

    known = {one.name: one for one in FAULTS}
    if name not in known:
        msg = f"there is no planted fault called {name}"
        raise ConfigError(msg, where="--plant", fix=f"use one of: {', '.join(sorted(known))}")
    return known[name]


def check_figures(context: Context, ground: Playground, fault: Fault | None) -> dict[str, object]:
    """Compare with the truth, with the true links and with our own.

    Raises:
        PartlyFailedError: A figure or a link is wrong.
    """
    from closedloop.cli import proof, show
    from closedloop.errors import PartlyFailedError

    true_links = proof.with_true_links(ground, fault=fault)
    own_links = proof.with_own_links(ground)
    lines = proof.verdict(ground, true_links, own_links)
    for line in () if context.json else lines:
        show.line(line)
    if true_links or not own_links.is_good:
        raise PartlyFailedError(
            "the figures differ from the truth", where="demo --check", fix="see the lines above"
        )
    return {"lines": lines}


def _say(context: Context, text: str) -> None:
    if not context.json:
        typer.echo(text)
