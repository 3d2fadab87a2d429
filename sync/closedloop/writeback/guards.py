"""What stops a write-back before its first write: checks that failed, and too much that would change."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.writeback.mapping import AS_OF
from closedloop.writeback.tripped import Tripped, listed
from closedloop.writeback.value import is_nothing, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from closedloop.settings import Guards
    from closedloop.writeback.desired import Desired
    from closedloop.writeback.journal import History
    from closedloop.writeback.plan import PlanRow
    from closedloop.writeback.value import Slot, Value


def checks(failed: Iterable[str]) -> list[Tripped]:
    """Return a guard for failed checks of the figures."""
    names = sorted(set(failed))
    return [Tripped(name="failed_check", message=listed(names))] if names else []


def changes(
    rows: Sequence[PlanRow],
    wanted: Sequence[Desired],
    history: Mapping[Slot, History],
    present: Mapping[Slot, Value],
    limits: Guards,
) -> list[Tripped]:
    """Return the guards on how much would change.

    Args:
        rows: The plan.
        wanted: Every field that should hold something, changed or not.
        history: What we did to each field.
        present: What each field holds now.
        limits: The shares allowed.
    """
    total = sum(item.measure != AS_OF for item in wanted)
    writes = [row for row in rows if row.action == "write" and row.measure != AS_OF]
    counting = [row for row in writes if not (is_nothing(row.actual) and is_nothing(row.last_written))]
    zeroed = [row for row in counting if is_nothing(row.desired)]
    found = []
    if _exceeds(len(counting), total, limits.max_changed):
        found.append(
            Tripped(
                name="max_changed", message=_share(len(counting), total, "would change", limits.max_changed)
            )
        )
    if _exceeds(len(zeroed), total, limits.max_to_zero):
        text = _share(len(zeroed), total, "would become zero or empty", limits.max_to_zero)
        found.append(Tripped(name="max_to_zero", message=text))
    return found + _fallen(wanted, history, present, limits.max_to_zero)


def _fallen(
    wanted: Sequence[Desired], history: Mapping[Slot, History], present: Mapping[Slot, Value], limit: Decimal
) -> list[Tripped]:
    """Fewer records than we wrote before, or a count whose sum over all records falls."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for item in wanted:
        past = history.get(item.slot)
        if item.unit == "count" and past is not None and past.last is not None:
            name = f"{item.entity}.{item.measure}"
            before[name] += int(number(past.last.after) or 0)
            after[name] += int(number(item.value) or 0)
    objects = {item.slot.object for item in wanted}
    now = {(item.slot.object, item.slot.record_id) for item in wanted}
    ours = {
        (slot.object, slot.record_id)
        for slot, past in history.items()
        if past.last is not None
        and not is_nothing(past.last.after)
        and slot in present
        and slot.object in objects
    }
    before["records with figures"], after["records with figures"] = len(ours), len(ours & now)
    fell = [
        f"{name} fell from {count} to {after[name]}"
        for name, count in sorted(before.items())
        if _exceeds(count - after[name], count, limit)
    ]
    return [Tripped(name="count_fell", message=listed(fell))] if fell else []


def _exceeds(part: int, total: int, limit: Decimal) -> bool:
    return part > 0 and Decimal(part) > limit * total


def _share(part: int, total: int, what: str, limit: Decimal) -> str:
    return f"{part} of {total} figures {what}, more than {limit * 100:f} %".replace(".00 %", " %")
