"""Names the records that a step of a change moved, for one campaign or account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from closedloop.history.causes import Why

if TYPE_CHECKING:
    from closedloop.history.causes import Change, Comparison, Sums

_LISTED = 50
_KINDS = {"documents": "document", "customers": "customer", "touches": "touch", "deals": "deal"}


def of_step(step: str, why: Why, redefined: str) -> Why:
    """Return a cause under the name of its step; a decision is told apart from other links.

    Args:
        step: The step; empty: none is known, and the cause stands as its records show it.
        why: What the records show.
        redefined: What changed in the definitions, in words.
    """
    if step == "definition":
        return Why(cause=step, record="definitions", label=redefined)
    if not step or why.cause == step or (step == "link" and why.cause == "decision"):
        return why
    return replace(why, cause=step)


def named(comparison: Comparison, subject: tuple[str, str], step: str, sums: Sums) -> list[list[str]]:
    """Return the records of a step behind the figures of one campaign or account: (record, what happened).

    At most 50, with a last one that counts the others.
    """
    if step == "definition":
        return [["definitions", comparison.redefined]]
    entity, key = subject
    found = {why.record: why.label for _, why in sums if why.record != key or why.cause == "cost"}
    if entity == "account":
        accounts = {key}
    else:
        change = comparison.campaigns[key]
        accounts = _accounts(change)
        found |= {record: label for record, label in _different(change, "touches") if record not in found}
    for account in sorted(accounts & comparison.accounts.keys()):
        for part in _KINDS:
            for record, label in _different(comparison.accounts[account], part):
                found.setdefault(record, label)
    listed = [[record, label] for record, label in sorted(found.items())]
    rest = len(listed) - _LISTED
    return [*listed[:_LISTED], ["", f"and {rest} more"]] if rest > 0 else listed


def _accounts(change: Change) -> set[str]:
    """Return every account that an event has to do with, before or now."""
    found: set[str] = set()
    for side in (change.before, change.now):
        found |= {row[0] for row in side["touches"].values() if row[0]}
        found |= {*side["reached"]} | {row[0] for row in side["credits"].values()}
    return found


def _different(change: Change, part: str) -> list[tuple[str, str]]:
    before, now = change.before[part], change.now[part]
    return [
        (
            key,
            f"{_KINDS[part]} {'is new' if key not in before else 'is gone' if key not in now else 'changed'}",
        )
        for key in {*before, *now}
        if before.get(key) != now.get(key)
    ]
