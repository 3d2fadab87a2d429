"""One line of a tree of evidence, and how long lists are cut without breaking a sum."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from closedloop.store.analytical import Store

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One line of the tree.

    Args:
        label: What it is, in words.
        amount: Minor home units; none where it is no amount. The amounts below it sum to it, unless ``how`` says else.
        url: The record in the vendor's own screen.
        children: What it is made of.
        value: A figure that is no amount: a count, a share, a day, a word.
        how: How the figure follows from the lines below, where it is not their sum.
        unit: What ``value`` is.
    """

    label: str
    amount: int | None = None
    url: str | None = None
    children: tuple[Node, ...] = field(default=())
    value: int | Decimal | date | str | None = None
    how: str | None = None
    unit: Literal["money", "count", "ratio", "date", "text"] = "money"

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as plain values."""
        return {
            "label": self.label,
            "amount": self.amount,
            "value": self.value,
            "unit": self.unit,
            "how": self.how,
            "url": self.url,
            "children": [child.to_dict() for child in self.children],
        }


def cut(node: Node, limit: int) -> Node:
    """Return the tree with at most ``limit`` lines below each line; what is left out is counted and summed in one.

    Args:
        node: The tree.
        limit: Lines below one line; 0: all of them. The largest amounts stay, in their order.
    """
    children = tuple(cut(child, limit) for child in node.children)
    if limit and len(children) > limit + 1:
        by_size = sorted(range(len(children)), key=lambda n: (-abs(children[n].amount or 0), n))
        kept = sorted(by_size[:limit])
        rest = [children[n] for n in by_size[limit:]]
        amounts = [child.amount for child in rest if child.amount is not None]
        more = Node(label=f"… and {len(rest)} more", amount=sum(amounts) if amounts else None)
        children = (*(children[n] for n in kept), more)
    return replace(node, children=children)


def rows(store: Store, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
    """Return a query's rows by column name."""
    cursor = store.connection.execute(statement, list(parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def linked_customers(store: Store) -> str:
    """Return the SQL of every linked ledger customer: whose figures it counts in, and why.

    Where a mart says that sales are rolled up to another account, that one; else the linked one.
    """
    link = "select link.customer_key, {account} as account_key, link.evidence, link.decided from link.link_customer_account as link"
    if "rolled_key" not in store.columns("marts", "account_family"):
        return link.format(account="link.account_key")
    family = " inner join marts.account_family as family on family.account_key = link.account_key"
    return link.format(account="family.rolled_key") + family


def group(label: str, children: Iterable[Node]) -> Node:
    """Return a counted list without an amount of its own."""
    lines = tuple(children)
    return Node(label=f"{label}: {len(lines) or 'none'}", children=lines)


def summed(label: str, children: Sequence[Node], url: str | None = None) -> Node:
    """Return a line whose amount is the sum of those below."""
    amount = sum(child.amount or 0 for child in children)
    return Node(label=label, amount=amount, children=tuple(children), url=url)


def figure(label: str, amount: int | None, children: Sequence[Node]) -> Node:
    """Return a published amount over its parts. Should they not sum to it, the difference is a line of its own."""
    lines = tuple(children)
    difference = (amount or 0) - sum(child.amount or 0 for child in lines)
    if amount is not None and difference:
        lines = (*lines, Node(label="not listed line by line", amount=difference))
    return Node(label=label, amount=amount, children=lines)


def deal_line(row: Row) -> Node:
    """Return the line of an opportunity."""
    state = "won" if row["is_won"] else "lost" if row["is_closed"] else "open"
    return Node(label=f"{row['name']}: {row['role']}, {state}", url=row["url"], amount=row.get("amount"))


def document_label(row: Row) -> str:
    """Return how a document is called."""
    kind = str(row["kind"]).replace("_", " ")
    state = "" if row["state"] == "counted" else ", no usable rate"
    return f"{kind} {row['number']} of {row['date']}{state}"


def customers(found: list[Row]) -> dict[str, list[Node]]:
    """Return, by account, its ledger customers with the evidence of the link and their documents."""
    lines: dict[tuple[str, str], list[Node]] = {}
    heads: dict[tuple[str, str], Row] = {}
    for row in found:
        place = (row["account_key"], row["customer_key"])
        lines.setdefault(place, []).append(
            Node(label=document_label(row), amount=row["amount"], url=row["url"])
        )
        heads[place] = row
    by_account: dict[str, list[Node]] = {}
    for place, documents in lines.items():
        head = heads[place]
        label = f"customer {head['customer']}: {head['evidence']}"
        by_account.setdefault(place[0], []).append(summed(label, documents, head["customer_url"]))
    return by_account
