"""The truth about a world: every figure, computed in plain Python from the definitions and from nothing else.

It shares no code with the models that it judges, nor with the linker. Where the definitions leave a choice, the
docstring of the function that makes it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.truth.accounts import account_figures, totals
from closedloop.sandbox.truth.attribution import Attribution
from closedloop.sandbox.truth.campaigns import Campaigns, Credited
from closedloop.sandbox.truth.deals import Deals
from closedloop.sandbox.truth.facts import Facts
from closedloop.sandbox.truth.journeys import Journeys
from closedloop.sandbox.truth.money import Ledger
from closedloop.sandbox.truth.results import DocumentFigure, Figures, Part, Terms
from closedloop.sandbox.truth.touches import touches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.world import Links, World

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
    attribution = Attribution(facts, ledger, Deals(facts, ledger), journeys)
    documents = {key: attribution.figure(worth) for key, worth in ledger.worths.items()}
    credited = Credited.of(documents)
    campaigns = Campaigns(facts, ledger, seen, journeys, credited=credited)
    return Figures(
        as_of=world.as_of,
        campaigns={event.key: campaigns.figures(event) for event in world.events},
        accounts=account_figures(facts, ledger, seen, documents),
        documents=documents,
        credits=credited.pairs,
        totals=totals(documents),
        touches=[
            (touch.event, touch.account, touch.day)
            for touch in seen
            if touch.status in facts.terms.credit_statuses
        ],
    )
