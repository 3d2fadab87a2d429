"""The truth about a world: every figure, computed in plain Python from the definitions and from nothing else.

It shares no code with the models that it judges, nor with the linker. Where the definitions leave a choice, the
docstring of the function that makes it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.truth.accounts import account_figures, totals
from closedloop.sandbox.truth.attribution import Attribution
from closedloop.sandbox.truth.campaigns import Campaigns
from closedloop.sandbox.truth.contacts import contact_figures
from closedloop.sandbox.truth.credits import Credits
from closedloop.sandbox.truth.deals import Deals
from closedloop.sandbox.truth.facts import Facts
from closedloop.sandbox.truth.journeys import Journeys
from closedloop.sandbox.truth.money import Ledger
from closedloop.sandbox.truth.months import month_figures
from closedloop.sandbox.truth.results import DocumentFigure, Figures, Part, Terms
from closedloop.sandbox.truth.touches import touches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.truth.results import Value
    from closedloop.sandbox.world import Event, Links, World

__all__ = ["DocumentFigure", "Figures", "Part", "Terms", "figures"]


def figures(
    world: World,
    links: Links | None = None,
    *,
    keys: Mapping[str, str] | None = None,
    terms: Terms | None = None,
) -> Figures:
    """Return every figure of a world on its last day.

    Args:
        world: What the systems hold.
        links: Which records are the same; the world's own truth by default.
        keys: World key → published key. Ties are broken by the published key in byte order.
        terms: The definitions in force.
    """
    facts = Facts(world=world, links=links or world.links, keys=keys or {}, terms=terms or Terms())
    ledger = Ledger(facts)
    seen = touches(facts)
    journeys = Journeys(facts, seen)
    deals = Deals(facts, ledger)
    attribution = Attribution(facts, ledger, deals, journeys)
    documents = {key: attribution.figure(worth) for key, worth in ledger.worths.items()}
    credits_ = Credits(facts, ledger, journeys, documents)
    campaigns = Campaigns(facts, ledger, deals, seen, journeys, credits_=credits_)
    return Figures(
        as_of=world.as_of,
        campaigns={event.key: campaigns.figures(event) for event in world.events},
        models={
            (event.key, model): row
            for event in world.events
            for model, row in campaigns.by_model(event).items()
        },
        series=_groups(world, campaigns, lambda event: event.series),
        kinds=_groups(world, campaigns, lambda event: event.kind),
        owners=_of_users(world, _groups(world, campaigns, lambda event: event.owner)),
        contacts=contact_figures(facts, seen, credits_),
        accounts=account_figures(facts, ledger, seen, documents),
        documents=documents,
        shares={model: given.pairs for model, given in credits_.given.items()},
        totals=totals(documents),
        months=month_figures(ledger, world.as_of),
        touches=[
            (touch.event, touch.account, touch.day)
            for touch in seen
            if touch.status in facts.terms.credit_statuses
        ],
    )


def _groups(world: World, campaigns: Campaigns, name: Callable[[Event], str]) -> dict[str, dict[str, Value]]:
    """Return the measures of the events that have something in common, by its name."""
    groups: dict[str, list[Event]] = {}
    for event in world.events:
        groups.setdefault(name(event), []).append(event)
    return {key: campaigns.of_group(events) for key, events in groups.items()}


def _of_users(world: World, groups: dict[str, dict[str, Value]]) -> dict[str, dict[str, Value]]:
    """Leave out what a queue owns: CRMs give such an event to a user of their own choice."""
    queues = {owner.key for owner in world.owners if owner.kind == "queue"}
    return {owner: row for owner, row in groups.items() if owner not in queues}
