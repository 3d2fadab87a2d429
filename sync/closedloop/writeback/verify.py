"""Reads back what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.writeback.value import may_become, stands_for

if TYPE_CHECKING:
    from closedloop.clock import Clock
    from closedloop.writeback.journal import Entry, Journal
    from closedloop.writeback.sender import Sender


def verify(journal: Journal, sender: Sender, *, clock: Clock) -> tuple[int, list[Entry]]:
    """Read back every written field that was not read back yet, and mark it.

    Returns:
        How many hold what we wrote, or as much of it as their field can, and the entries that do not.

    Raises:
        ClosedloopError: The CRM cannot be read.
    """
    entries = journal.unverified()
    present = sender.read(entry.slot for entry in entries)
    there = [entry for entry in entries if entry.slot in present]
    held = {entry.id for entry in there if stands_for(entry.after, present[entry.slot])}
    cut = {
        entry.id: present[entry.slot]
        for entry in there
        if entry.id not in held and may_become(entry.after, present[entry.slot])
    }
    bad = [entry for entry in entries if entry.id not in held and entry.id not in cut]
    journal.verify(held, clock=clock)
    journal.verify_shown(cut, clock=clock)
    journal.verify((entry.id for entry in bad), clock=clock, reason="read back with another value")
    return len(held) + len(cut), bad
