"""Keeps the links that a forgotten person's name or address made, as decisions between records' keys.

Who is tried without them: links that would be lost are accepted, links that would be new are rejected. So the sums stay where
they were, and nobody else is taken for the person or the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.link import decisions
from closedloop.link.decisions import KEEPER, Decision
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: Kind of decision → query (left, right) of the links that may rest on a name or an address.
_LINKS = {
    "touch_person": (
        "select identity_key, person_key from link.link_person where identity_key in (select key from canonical.touch)"
    ),
    "person_person": "select key, survivor_key from canonical.survivor where entity = 'person'",
    "person_account": "select person_key, account_key from link.link_person_account",
    "touch_account": "select touch_key, account_key from link.link_touch_account where rule <> 'person'",
    "customer_account": "select customer_key, account_key from link.link_customer_account",
}
_WHY = "keeps a link as it was when a person was forgotten"

Link = tuple[str, str, str]


def links(store: Store) -> frozenset[Link]:
    """Return the links that stand: (kind of decision, left key, right key)."""
    return frozenset(
        (kind, left, right) for kind, query in _LINKS.items() for left, right in store.query(query)
    )


def moved(before: frozenset[Link], after: frozenset[Link]) -> list[tuple[Link, str]]:
    """Return what must be decided to keep the links as they were, with its verdict."""
    return [(link, "accept") for link in sorted(before - after)] + [
        (link, "reject") for link in sorted(after - before)
    ]


def keep(operations: Operations, changed: Iterable[tuple[Link, str]], now: datetime) -> None:
    """Decide it, all or nothing."""
    at = to_text(now)
    decisions.keep(
        operations,
        (
            Decision(kind=kind, left_key=left, right_key=right, verdict=verdict, who=KEEPER, why=_WHY, at=at)
            for (kind, left, right), verdict in changed
        ),
    )
