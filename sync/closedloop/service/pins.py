"""Keeps the links that a forgotten person's name or address made, as decisions between records' keys.

Who is tried without them: links that would be lost are accepted, links that would be new are rejected. So the sums stay where
they were, and nobody else is taken for the person or the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from closedloop.link import decisions
from closedloop.link.decisions import KEEPER, Decision
from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection

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


def kept(operations: Operations) -> list[dict[str, Any]]:
    """Return what was decided so: a restored database must decide it too, as what made those links is gone."""
    table = tables.decision
    with operations.reading() as connection:
        query = select(table).where(table.c.who == KEEPER).order_by(table.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def put_back(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Decide again what a restored database does not hold, in the caller's transaction."""
    table = tables.decision
    names = [column.name for column in table.columns if column.name != "id"]
    held = {tuple(row) for row in connection.execute(select(*(table.c[name] for name in names)))}
    last = connection.execute(select(func.max(table.c.id))).scalar() or 0
    missing = [row for row in rows if tuple(row[name] for name in names) not in held]
    for number, row in enumerate(missing, last + 1):
        connection.execute(insert(table).values({**row, "id": number}))
