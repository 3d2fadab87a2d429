"""The world's records read with a set of links: whose customer, which person, which day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from closedloop.sandbox.truth.results import Terms
    from closedloop.sandbox.world import Links, Opportunity, World


def follow(same: Mapping[str, str], key: str) -> str:
    """Return the record kept for ``key`` after all its duplicates."""
    seen = {key}
    while key in same and same[key] not in seen:
        key = same[key]
        seen.add(key)
    return key


@dataclass(slots=True, kw_only=True)
class Facts:
    """A world, the links to read it with, and the published keys that break ties.

    Args:
        world: What the systems hold.
        links: Which records are the same.
        keys: World key → published key, where they differ: ties are broken by the published one, in byte order.
        terms: The definitions in force.
    """

    world: World
    links: Links
    keys: Mapping[str, str]
    terms: Terms

    def order(self, key: str) -> bytes:
        """Return what a tie between records is broken by."""
        return self.keys.get(key, key).encode()

    def day(self, when: datetime) -> date:
        """Return the day of a time in the company's zone."""
        return when.astimezone(ZoneInfo(self.world.zone)).date()

    def account(self, key: str | None) -> str | None:
        """Return the account kept for an account record."""
        return None if key is None else follow(self.links.account_account, key)

    def person(self, key: str | None) -> str | None:
        """Return the record kept for a person record."""
        return None if key is None else follow(self.links.person_person, key)

    def account_of_customer(self, customer: str) -> str | None:
        """Return the account that a ledger customer belongs to (measure 5)."""
        return self.account(self.links.customer_account.get(customer))

    def closed(self, deal: Opportunity) -> date | None:
        """Return the day a deal was won or lost."""
        return self.day(deal.closed_at) if deal.closed_at else None
