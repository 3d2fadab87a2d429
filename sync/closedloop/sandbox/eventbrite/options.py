"""What the simulated Eventbrite is like. A switch where a fact is known from memory only, and may be otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour.

    Args:
        hour_limit: Calls of a token in an hour.
        page_size: Rows a page, which no client chooses.
        has_totals: Whether listings say how many rows there are.
        lists_deleted: Whether deleted attendees come without being asked for.
        is_inclusive: Whether ``changed_since`` includes its own second.
        moves_changed: Whether a check-in counts as a change of the attendee.
        refusal: The status that refuses a wrong token: 400 or 401.
        has_major_value: Whether amounts also say their major value; old answers do not.
        expands: Whether expansions work; otherwise they fail with a status of 500.
        organizations: How many organizations the user belongs to; the first has the events.
    """

    hour_limit: int = 2000
    page_size: int = 50
    has_totals: bool = True
    lists_deleted: bool = False
    is_inclusive: bool = True
    moves_changed: bool = True
    refusal: int = 401
    has_major_value: bool = True
    expands: bool = True
    organizations: int = 1
