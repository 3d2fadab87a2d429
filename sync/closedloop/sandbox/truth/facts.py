"""The world's records read with a set of links: whose customer, which person, which day."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    _first_person: dict[str, date] = field(default_factory=dict)
    _account_of_person: dict[str, str] = field(default_factory=dict)
    _parents: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the account of every person record, and each account's oldest."""
        same = self.links.account_account
        self._parents = {
            record.key: follow(same, record.parent)
            for record in self.world.accounts
            if record.parent and record.key not in same
        }
        own = {record.key: record.account for record in self.world.people if record.account}
        of_group: dict[str, str] = {}
        for key in sorted(own):
            of_group.setdefault(follow(self.links.person_person, key), own[key] or "")
        for record in self.world.people:
            found = own.get(record.key) or of_group.get(follow(self.links.person_person, record.key))
            account = self.account(found)
            if account:
                self._account_of_person[record.key] = account
                if record.kind != "subscriber":  # neither a lead nor a contact
                    day = self.day(record.created_at)
                    self._first_person[account] = min(self._first_person.get(account, day), day)

    def first_person(self, account: str) -> date | None:
        """Return the day of the account's first lead or contact, as whoever they turned out to be (measure 12).

        Decided where the page is silent: a record belongs to its own account, else to that of the person it became.
        """
        return self._first_person.get(account)

    def account_of_person(self, key: str) -> str | None:
        """Return the account of a person record."""
        return self._account_of_person.get(key)

    def order(self, key: str) -> bytes:
        """Return what a tie between records is broken by."""
        return self.keys.get(key, key).encode()

    def day(self, when: datetime) -> date:
        """Return the day of a time in the company's zone."""
        return when.astimezone(ZoneInfo(self.world.zone)).date()

    def account(self, key: str | None) -> str | None:
        """Return the account kept for an account record, or its group's topmost one where groups are rolled up."""
        if key is None:
            return None
        kept = follow(self.links.account_account, key)
        return self.ultimate_parent(kept) if self.terms.roll_up == "ultimate_parent" else kept

    def ultimate_parent(self, kept: str) -> str:
        """Return the topmost account above a kept one; itself where nothing is above it, or a circle."""
        return follow(self._parents, kept)

    def person(self, key: str | None) -> str | None:
        """Return the record kept for a person record."""
        return None if key is None else follow(self.links.person_person, key)

    def account_of_customer(self, customer: str) -> str | None:
        """Return the account that a ledger customer belongs to (measure 5)."""
        return self.account(self.links.customer_account.get(customer))

    def closed(self, deal: Opportunity) -> date | None:
        """Return the day a deal was won or lost."""
        return self.day(deal.closed_at) if deal.closed_at else None
