"""What is to be done with one field, and why: the policies, in words that stand in the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from closedloop.writeback.mapping import AS_OF
from closedloop.writeback.value import is_empty, same, stands_for

if TYPE_CHECKING:
    from closedloop.settings import Writeback
    from closedloop.writeback.desired import Desired
    from closedloop.writeback.journal import History
    from closedloop.writeback.value import Value

#: ``write``; ``keep_theirs``: a person edited it; ``keep_old``: there is no figure any more; ``held_back``: the CRM refused
#: it, and nothing has changed since.
Action = Literal["write", "keep_theirs", "keep_old", "held_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPolicy:
    """What the file says about one field.

    Args:
        edited: What to do when a person edited it.
        clears: Whether a figure that is gone empties the field.
    """

    edited: Literal["keep", "overwrite", "if_empty"] = "keep"
    clears: bool = False


def policy_of(part: Writeback, field: str) -> FieldPolicy:
    """Return the policy of a field; without a word in the file theirs and the old value are kept."""
    given = part.policy.get(field, "keep")
    words = {given} if isinstance(given, str) else set(given)
    edited = next((word for word in ("overwrite", "if_empty") if word in words), "keep")
    return FieldPolicy(edited=edited, clears="clear" in words)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do with a field that does not hold what it should.

    Args:
        action: What; none: nothing, because it is filled and may only be filled once.
        why: One sentence.
    """

    action: Action | None
    why: str


def judge(item: Desired, present: Value, past: History, policy: FieldPolicy) -> Verdict | None:
    """Return what to do with a field; none if it holds what it should."""
    last = past.last.after if past.last is not None else None
    if same(item.value, present) or (is_empty(last) and stands_for(item.value, present)):
        return None
    if past.last is not None and same(item.value, last) and stands_for(past.last.holds, present):
        return None  # the field cannot hold more of it
    edited = is_edited(present, past)
    if policy.edited == "if_empty" and not stands_for(None, present):
        return Verdict(action=None, why="it is filled; policy if_empty")
    if edited and policy.edited == "keep":
        return Verdict(action="keep_theirs", why=f"{_whose(last)}; policy keep")
    if is_empty(item.value) and not policy.clears:
        return Verdict(
            action="keep_old", why="there is no figure any more, the old value stays; policy clear empties it"
        )
    return Verdict(action="write", why=_reason(item, present, past, policy, edited=edited))


def is_edited(present: Value, past: History) -> bool:
    """Whether somebody else put ``present`` there: it is neither what we last wrote nor a late call of ours."""
    last = past.last.holds if past.last is not None else None
    return not stands_for(last, present) and not any(stands_for(value, present) for value in past.pending)


def _reason(item: Desired, present: Value, past: History, policy: FieldPolicy, *, edited: bool) -> str:
    if edited:
        last = past.last.after if past.last is not None else None
        return f"{_whose(last)}; policy {policy.edited}"
    if item.measure == AS_OF:
        return "the day of the figures beside it"
    if is_empty(item.value):
        return "there is no figure any more; policy clear"
    if past.pending and not stands_for(past.last.holds if past.last else None, present):
        return "a call of ours arrived late"
    return "never written before" if past.last is None else "the figure changed"


def _whose(last: Value) -> str:
    return "somebody filled it before us" if is_empty(last) else f"edited since we wrote {last}"
