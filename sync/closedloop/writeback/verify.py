"""Reads back what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.writeback.value import stands_for

if TYPE_CHECKING:
    from closedloop.clock import Clock
    from closedloop.writeback.journal import Entry, Journal
    from closedloop.writeback.sender import Sender


def verify(journal: Journal, sender: Sender, *, clock: Clock) -> tuple[int, list[Entry]]:
    """Read back every written field that was not read back yet, and mark it.

    Returns:
        How many hold what we wrote, and the entries that do not.

    Raises:
        ClosedloopError: The CRM cannot be read.
    """
    entries = journal.unverified()
    present = sender.read(entry.slot for entry in entries)
    good = [
        entry for entry in entries if entry.slot in present and stands_for(entry.after, present[entry.slot])
    ]
    held = {entry.id for entry in good}
    bad = [entry for entry in entries if entry.id not in held]
    journal.verify(held, clock=clock)
    journal.verify((entry.id for entry in bad), clock=clock, reason="read back with another value")
    return len(good), bad
