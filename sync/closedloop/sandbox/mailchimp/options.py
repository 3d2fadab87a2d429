"""What the simulated Mailchimp is like. A switch where a fact is known from memory only, and may be otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour.

    Args:
        is_inclusive: Whether ``since_last_changed`` includes its own second.
        tags_move_changed: Whether a tag counts as a change of the member.
        lists_silent: Whether a mailing's activity also lists who did nothing.
        has_body: Whether a refusal of too many connections is a problem document.
        looks: How often a batch is not finished yet when asked.
    """

    is_inclusive: bool = True
    tags_move_changed: bool = True
    lists_silent: bool = True
    has_body: bool = True
    looks: int = 2
