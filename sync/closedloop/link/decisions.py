"""What people decided about links. It outranks every rule, and it is kept with who, when and why.

A decision names two records by key. It is never changed or deleted: a later one on the same pair counts instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import or_, select

from closedloop.errors import ConfigError
from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from closedloop.store.operations import Operations

Verb = Literal["accept", "reject", "same", "not-same"]

#: What is linked: ledger customer, touch or person to an account, touch to a person, and records of one kind to each other.
KINDS = (
    "customer_account", "touch_person", "touch_account", "person_account", "person_person", "account_account",
    "campaign_campaign",
)  # fmt: skip

#: Kinds in which two records of one kind are declared one, or told apart.
SAME_KINDS = frozenset({"person_person", "account_account", "campaign_campaign"})

#: Who keeps links when a person is forgotten: nobody learns from that, as what made them is gone.
KEEPER = "closedloop forget"

VERBS: dict[str, str] = {"accept": "accept", "same": "accept", "reject": "reject", "not-same": "reject"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision by a person.

    Args:
        kind: One of `KINDS`.
        left_key: The customer, the touch, or the record that stands for the other one from now on.
        right_key: The account or person, or the record that is kept.
        verdict: ``accept`` or ``reject``.
        who: Who decided.
        why: In their words.
        at: When, as ISO text.
    """

    kind: str
    left_key: str
    right_key: str
    verdict: str
    who: str
    why: str = ""
    at: str = ""


def decide(
    operations: Operations,
    verb: str,
    left_key: str,
    right_key: str,
    *,
    kind: str,
    who: str,
    why: str = "",
    now: datetime,
) -> Decision:
    """Keep a decision; the next reconcile obeys it. `closedloop.link.review` checks the keys first.

    Raises:
        ConfigError: See `made`.
    """
    decided = made(verb, left_key, right_key, kind=kind, who=who, why=why, now=now)
    keep(operations, [decided])
    return decided


def made(
    verb: str,
    left_key: str,
    right_key: str,
    *,
    kind: str,
    who: str,
    why: str = "",
    now: datetime,
    where: str = "",
) -> Decision:
    """Return a decision without keeping it.

    Raises:
        ConfigError: The verb or kind is unknown, they do not fit, both keys are one, or nobody is named.
    """
    decided = Decision(
        kind=kind,
        left_key=left_key,
        right_key=right_key,
        verdict=_verdict(verb, kind, where),
        who=who.strip(),
        why=why,
        at=to_text(now),
    )
    if left_key == right_key or not (left_key and right_key):
        raise ConfigError(
            "a decision is about two records", where=where or left_key, fix="name two different keys"
        )
    if not decided.who:
        raise ConfigError("a decision needs a name", where=where or left_key, fix="say who decides: --who")
    return decided


def keep(operations: Operations, decided: Iterable[Decision]) -> None:
    """Keep decisions, all or none."""
    values = [_values(one) for one in decided]
    if values:
        with operations.transaction() as connection:
            connection.execute(tables.decision.insert(), values)


def listed(operations: Operations) -> list[Decision]:
    """Return every decision, oldest first."""
    table = tables.decision
    with operations.transaction() as connection:
        rows = connection.execute(select(table).order_by(table.c.id)).mappings().all()
    return [Decision(**{name: row[name] for name in Decision.__dataclass_fields__}) for row in rows]


def contradictions(
    decisions: Iterable[Decision], *, survivors: Mapping[tuple[str, str], str] | None = None
) -> list[str]:
    """Return in words where decisions that still count contradict each other.

    A later decision on the same pair replaces the earlier one and is no contradiction. These are: one record accepted
    for two others; a pair accepted that is rejected under a key that was merged away; and two records told apart that
    others declare the same, also through a third one.

    Args:
        decisions: All of them, oldest first.
        survivors: (entity, key) → the record that stands for it now.
    """
    latest: dict[tuple[str, frozenset[str]], Decision] = {}
    for one in decisions:
        latest[one.kind, frozenset((one.left_key, one.right_key))] = one
    same = [one for one in latest.values() if one.kind in SAME_KINDS]
    others = [one for one in latest.values() if one.kind not in SAME_KINDS]
    return [*_between_kinds(others, survivors or {}), *_of_one_kind(same)]


def _between_kinds(decided: Iterable[Decision], survivors: Mapping[tuple[str, str], str]) -> list[str]:
    by_left: dict[tuple[str, str], list[tuple[str, Decision]]] = {}
    for one in decided:
        left, _, right = one.kind.partition("_")
        now = survivors.get((left, one.left_key), one.left_key)
        to = survivors.get((right, one.right_key), one.right_key)
        by_left.setdefault((one.kind, now), []).append((to, one))
    found: list[str] = []
    for (_, now), several in sorted(by_left.items()):
        accepted = [(to, one) for to, one in several if one.verdict == "accept"]
        if len({to for to, _ in accepted}) > 1:
            names = " and ".join(f"{one.right_key} ({one.who})" for _, one in accepted)
            found.append(f"{now} is accepted for {names}: the last one counts")
        found += [
            f"{yes.left_key} is accepted for {yes.right_key} ({yes.who}), and {no.left_key} is rejected for"
            f" {no.right_key} ({no.who}), which are the same records now: the last one counts"
            for to, yes in accepted
            for other, no in several
            if no.verdict == "reject" and other == to
        ]
    return found


def _of_one_kind(decided: Sequence[Decision]) -> list[str]:
    groups = _Groups()
    for one in decided:
        if one.verdict == "accept":
            groups.join(one.left_key, one.right_key)
    return [
        f"{one.left_key} and {one.right_key} are told apart ({one.who}), and declared the same through others"
        for one in decided
        if one.verdict == "reject" and groups.of(one.left_key) == groups.of(one.right_key)
    ]


def about(operations: Operations, key: str) -> list[Decision]:
    """Return the decisions that name a record, oldest first."""
    table = tables.decision
    with operations.transaction() as connection:
        rows = (
            connection.execute(
                select(table)
                .where(or_(table.c.left_key == key, table.c.right_key == key))
                .order_by(table.c.id)
            )
            .mappings()
            .all()
        )
    return [Decision(**{name: row[name] for name in Decision.__dataclass_fields__}) for row in rows]


class _Groups:
    """Records that were declared the same, directly or through others."""

    def __init__(self) -> None:
        self._head: dict[str, str] = {}

    def of(self, key: str) -> str:
        """Return the record that stands for the group of ``key``."""
        while self._head.get(key, key) != key:
            key = self._head[key]
        return key

    def join(self, one: str, other: str) -> None:
        """Put two groups together."""
        self._head[self.of(one)] = self.of(other)


def _verdict(verb: str, kind: str, where: str) -> str:
    if kind not in KINDS:
        msg = f"{kind} is no kind of link"
        raise ConfigError(msg, where=where or kind, fix=f"use one of {', '.join(KINDS)}")
    if verb not in VERBS:
        msg = f"{verb} is no decision"
        raise ConfigError(msg, where=where or verb, fix=f"use one of {', '.join(VERBS)}")
    if verb in {"same", "not-same"} and kind not in SAME_KINDS:
        msg = f"{verb} does not fit {kind}"
        raise ConfigError(
            msg,
            where=where or verb,
            fix="same and not-same are for two records of one kind: accept or reject",
        )
    return VERBS[verb]


def _values(decided: Decision) -> dict[str, str]:
    return {name: getattr(decided, name) for name in Decision.__dataclass_fields__}
