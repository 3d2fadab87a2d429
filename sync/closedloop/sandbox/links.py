"""Judges links against the truth, and says as decisions what is true."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.sandbox.world import Links

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from closedloop.sandbox.truth import Figures
    from closedloop.sandbox.world import World

    Row = Mapping[str, object]


@dataclass(slots=True, kw_only=True, frozen=True)
class Decision:
    """An accepted link as the operational database holds it: published keys."""

    kind: str
    left_key: str
    right_key: str


@dataclass(slots=True, kw_only=True, frozen=True)
class Link:
    """One link by world keys; ``money`` is the home money of the documents that hang on it."""

    kind: str
    left: str
    right: str
    money: int = 0


@dataclass(slots=True, kw_only=True, frozen=True)
class LinkVerdict:
    """Which links are false, and which true ones are missing."""

    false: list[Link] = field(default_factory=list)
    missing: list[Link] = field(default_factory=list)

    @property
    def missing_money(self) -> int:
        """Home money of the documents whose customer lacks its account."""
        return sum(link.money for link in self.missing)


def decisions(world: World, keys: Mapping[str, str]) -> list[Decision]:
    """Return the decisions that make the truth known to the product; ``keys`` is world key → published key."""
    links = world.links
    return [
        Decision(kind=kind, left_key=keys[left], right_key=keys[right])
        for kind, pairs in (
            ("customer_account", links.customer_account),
            ("account_account", links.account_account),
            ("person_person", links.person_person),
            ("touch_person", links.touch_person),
            ("touch_account", links.touch_account),
        )
        for left, right in pairs.items()
    ]


def read_links(
    keys: Mapping[str, str],
    *,
    customer_account: Iterable[Row],
    person: Iterable[Row],
    touch_account: Iterable[Row],
) -> Links:
    """Return published link rows as links of the world.

    Args:
        keys: World key → published key.
        customer_account: Rows with ``customer_key`` and ``account_key``.
        person: Rows with ``identity_key`` (a touch or a person record), ``person_key`` and ``rule``; that a lead was
            converted is what the CRM says, and no link of ours.
        touch_account: Rows with ``touch_key`` and ``account_key``.

    A key that the world does not know stays as it is: a link to it is false.
    """
    world_key = {published: key for key, published in keys.items()}

    def pairs(rows: Iterable[Row], left: str, right: str) -> dict[str, str]:
        both = ((str(row[left]), str(row[right])) for row in rows)
        return {world_key.get(one, one): world_key.get(other, other) for one, other in both if one != other}

    stated = [row for row in person if row.get("rule") != "converted"]
    people = pairs(stated, "identity_key", "person_key")
    return Links(
        customer_account=pairs(customer_account, "customer_key", "account_key"),
        touch_account=pairs(touch_account, "touch_key", "account_key"),
        touch_person={left: right for left, right in people.items() if left.startswith("registration-")},
        person_person={left: right for left, right in people.items() if not left.startswith("registration-")},
    )


def judge_links(world: World, links: Links, figures: Figures) -> LinkVerdict:
    """Compare links with the truth.

    Args:
        world: The world, which knows the truth.
        links: What a linker believes.
        figures: The truth's figures, for the money of each missing customer.

    A link to a duplicate of the right record is not false, nor one between two records of a stranger. Links of touches and people carry no money of their own:
    they move it between events, and the figures computed with the linker's own links show where.
    """
    true = world.links
    accounts, people = true.account_account, true.person_person
    humans = people | true.same_stranger
    money: dict[str, int] = {}
    by_key = {document.key: document for document in world.documents}
    for key, figure in figures.documents.items():
        customer = by_key[key].customer
        money[customer] = money.get(customer, 0) + figure.value
    false: list[Link] = []
    missing: list[Link] = []
    for kind, believed, known, same in (
        ("customer_account", links.customer_account, true.customer_account, accounts),
        ("touch_account", links.touch_account, true.touch_account, accounts),
        ("touch_person", links.touch_person, true.touch_person, humans),
    ):
        false += [
            Link(kind=kind, left=left, right=right)
            for left, right in believed.items()
            if same.get(right, right) != same.get(known.get(left, ""), known.get(left))
        ]
        missing += [
            Link(kind=kind, left=left, right=right, money=money.get(left, 0))
            for left, right in known.items()
            if left not in believed
        ]
    for left, right in links.person_person.items():
        if humans.get(left, left) != humans.get(right, right):
            false.append(Link(kind="person_person", left=left, right=right))
    for kind, known, believed in (
        ("person_person", people, links.person_person),
        ("account_account", accounts, links.account_account),
    ):
        missing += [
            Link(kind=kind, left=left, right=right)
            for left, right in known.items()
            if left not in believed and right not in believed
        ]
    return LinkVerdict(false=false, missing=missing)
