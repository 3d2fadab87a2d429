"""Which of Mailchimp's things stand for an event: only those that the admin says.

A mailing, a tag or a segment is no event. Where `campaigns` names one, its people are touches of the CRM's campaign.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES = frozenset({"invited", "registered", "attended", "no_show", "responded", "cancelled"})


def plain(name: object) -> str:
    """Return a name without outer blanks, in small letters."""
    return " ".join(str(name).lower().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigns:
    """The settings `campaigns` and `statuses`.

    Args:
        campaigns: Id or name to the CRM's campaign.
        statuses: Id or name to the status of its people.
        where: What errors call this connection.
    """

    campaigns: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    where: str | None = None

    def __post_init__(self) -> None:
        wrong = sorted(set(self.statuses.values()) - STATUSES)
        if wrong:
            message = "statuses: no such status: " + ", ".join(wrong)
            raise ConfigError(message, where=self.where, fix="choose from: " + ", ".join(sorted(STATUSES)))

    def of(self, *names: object) -> str | None:
        """Return the CRM's campaign that one of these ids and names stands for."""
        return _first(self.campaigns, names)

    def status(self, *names: object, default: str) -> str:
        """Return the status of who is behind one of these ids and names."""
        return _first(self.statuses, names) or default


def _first(given: Mapping[str, str], names: tuple[object, ...]) -> str | None:
    known = {plain(name): value for name, value in given.items()}
    return next((known[plain(name)] for name in names if name and plain(name) in known), None)
