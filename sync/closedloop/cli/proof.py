"""Compares a playground's published figures with its world's truth."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from closedloop import models
from closedloop.cli import show
from closedloop.cli.published import rows
from closedloop.clock import system_clock
from closedloop.config import load
from closedloop.models import reconcile
from closedloop.sandbox import check, links, plant
from closedloop.sandbox.truth import figures
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.cli.playground import Playground
    from closedloop.sandbox.check import Difference, OwnLinks, Published
    from closedloop.sandbox.plant import Fault
    from closedloop.sandbox.truth import DocumentFigure

_SHOWN = 10


def keys(ground: Playground) -> dict[str, str]:
    """Return the world's keys with the keys under which the product publishes the same records."""
    return {key: published for side in ground.sides for key, published in side.keys().items()}


def published(store: Store) -> Published:
    """Return the published tables that the truth speaks about."""
    found: dict[str, list[Mapping[str, object]]] = {
        name: [*rows(store, f"select * from {'link' if table.startswith('link_') else 'marts'}.{table}")]
        for name, table in check.TABLES.items()
    }
    return check.Published(**found)


def with_own_links(ground: Playground) -> OwnLinks:
    """Judge the playground's own figures and links."""
    home = load(ground.config).home
    store = Store.open(home / "store.duckdb")
    try:
        return check.check_own_links(ground.world, published(store), keys(ground))
    finally:
        store.close()


def with_true_links(ground: Playground, *, fault: Fault | None = None) -> list[Difference]:
    """Compute the figures again, in a copy, with the true links decided by hand and no automatic ones.

    Args:
        ground: Whose figures.
        fault: A mistake to make on purpose in one model.
    """
    settings, clock = load(ground.config), system_clock()
    with tempfile.TemporaryDirectory(dir=settings.home) as folder:
        if fault is not None:
            spoilt = Path(folder) / "models"
            plant.plant(fault, Path(models.__file__).parent, spoilt)
            settings = settings.model_copy(update={"models_dir": spoilt})
        shutil.copy(settings.home / "store.duckdb", folder)
        operations = Operations.open(Path(folder) / "operations.db")
        store = Store.open(Path(folder) / "store.duckdb")
        try:
            _decide(operations, ground, at=to_text(clock.now()))
            reconcile(settings, store, operations, clock=clock, automatic_links=False)
            return check.check_true_links(ground.world, published(store), keys(ground))
        finally:
            store.close()
            operations.close()


def _decide(operations: Operations, ground: Playground, *, at: str) -> None:
    decisions = [
        {**asdict(one), "verdict": "accept", "who": "demo --check", "why": "the world's truth", "at": at}
        for one in [*links.decisions(ground.world, keys(ground)), *_one_event(ground)]
    ]
    if decisions:
        with operations.transaction() as connection:
            connection.execute(tables.decision.insert(), decisions)


def _one_event(ground: Playground) -> list[links.Decision]:
    """Return that an event of the system that brings the attendance is the CRM's campaign."""
    if ground.attendance is None:
        return []
    theirs, ours = ground.attendance.events(), ground.crm.events()
    return [
        links.Decision(kind="campaign_campaign", left_key=key, right_key=ours[event])
        for event, key in theirs.items()
    ]


def verdict(ground: Playground, true_links: list[Difference], own_links: OwnLinks) -> list[str]:
    """Return what the comparison says, in lines for people."""
    missing, currency = own_links.verdict.missing, ground.world.home_currency
    lines = [f"with the true links: {len(true_links)} figures differ from the truth"]
    lines += [f"  {one}" for one in true_links[:_SHOWN]]
    lines.append(
        f"with our own links: {len(own_links.verdict.false)} false, {len(missing)} missing,"
        f" {len(own_links.differences)} figures not explained by them"
    )
    lines += [f"  false: {one.kind} {one.left} → {one.right}" for one in own_links.verdict.false[:_SHOWN]]
    costly = sorted((one for one in missing if one.money), key=lambda one: (-abs(one.money), one.left))
    lines += [
        f"  missing: {one.kind} {one.left} → {one.right}, {show.money(one.money)} {currency}"
        for one in costly
    ]
    lines += [f"  {one}" for one in own_links.differences[:_SHOWN]]
    lines.append(f"money of the missing links: {show.money(own_links.verdict.missing_money)} {currency}")
    return lines


def truth(ground: Playground) -> str:
    """Return the truth about the playground's world as JSON: its links, and every figure that they give."""
    world = ground.world
    found = figures(world, keys=keys(ground))
    return json.dumps(
        {
            "seed": world.seed,
            "scale": world.scale,
            "as_of": found.as_of,
            "home_currency": world.home_currency,
            "campaigns": found.campaigns,
            "accounts": found.accounts,
            "totals": found.totals,
            "contacts": found.contacts,
            "series": found.series,
            "kinds": found.kinds,
            "owners": found.owners,
            "documents": {key: _document(figure) for key, figure in found.documents.items()},
            "credits": {
                model: [[*pair, *money] for pair, money in pairs.items()]
                for model, pairs in found.shares.items()
            },
            "links": asdict(world.links),
            "published_keys": keys(ground),
        },
        default=show.plain,
        indent=1,
    )


def _document(figure: DocumentFigure) -> dict[str, object]:
    """A document with its parts, without the touches behind them: those are the tables' to show."""
    row = asdict(figure)
    for part in row["parts"]:
        del part["journey"], part["receipts"]
    return row
