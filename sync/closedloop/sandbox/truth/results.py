"""What the truth says, in the names of the published tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.models import PRESETS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from closedloop.sandbox.truth.models import Journey, Model

    Value = int | Decimal | date | str | bool | None


@dataclass(slots=True, kw_only=True, frozen=True)
class Terms:
    """The definitions that an admin may set (measures 5, 9, 11, 12, 14, cost); days, shares of one.

    ``models`` holds every model by name, ``primary`` the one behind the returns.
    """

    credit_statuses: frozenset[str] = frozenset({"attended", "responded"})
    look_back_days: int = 365
    follow_up_days: int = 365
    primary: str = "linear"
    models: Mapping[str, Model] = field(default_factory=lambda: PRESETS)
    sourced: str = "first_touch"
    lead_sources: frozenset[str] = frozenset({"Trade Show", "Event", "Conference", "Webinar"})
    indirect_share: Decimal = Decimal(0)
    gross_margin: Decimal | None = None
    roll_up: str = "account"


@dataclass(slots=True, kw_only=True, frozen=True)
class Part:
    """A piece of a document that follows one deal. Signed home money; ``source`` is the document whose journey it has.

    ``receipts`` says what was collected of it in all at the end of each day on which that changed.
    """

    value: int
    collected: int
    deal: str | None
    rule: str
    source: str
    is_new_business: bool
    bucket: str
    events: tuple[str, ...]
    journey: Journey | None = field(repr=False)
    receipts: tuple[tuple[date, int], ...] = field(repr=False)


@dataclass(slots=True, kw_only=True, frozen=True)
class DocumentFigure:
    """What a document is worth and where its value goes. All but a split credit note have one part."""

    value: int
    collected: int
    account: str | None
    state: str
    parts: tuple[Part, ...]


@dataclass(slots=True, kw_only=True, frozen=True)
class Figures:
    """Every figure of a world on its last day, by the world's own keys.

    ``touches`` lists every touch that earns credit: (event, account, day). ``shares`` is model → (document, event) →
    (value, collected), and ``credits`` that of the equal split; ``campaigns``, ``accounts``, ``models`` (by event and model),
    ``series``, ``kinds``, ``owners`` and ``contacts`` hold the columns of the table published for each. ``months`` is by first day.
    """

    as_of: date
    campaigns: dict[str, dict[str, Value]] = field(default_factory=dict)
    accounts: dict[str, dict[str, Value]] = field(default_factory=dict)
    documents: dict[str, DocumentFigure] = field(default_factory=dict)
    shares: dict[str, dict[tuple[str, str], tuple[int, int]]] = field(default_factory=dict)
    models: dict[tuple[str, str], dict[str, Value]] = field(default_factory=dict)
    series: dict[str, dict[str, Value]] = field(default_factory=dict)
    kinds: dict[str, dict[str, Value]] = field(default_factory=dict)
    owners: dict[str, dict[str, Value]] = field(default_factory=dict)
    contacts: dict[str, dict[str, Value]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    months: dict[str, dict[str, Value]] = field(default_factory=dict)
    touches: list[tuple[str, str | None, date]] = field(default_factory=list)

    @property
    def credits(self) -> dict[tuple[str, str], tuple[int, int]]:
        """What the equal split gave: (document, event) → (value, collected)."""
        return self.shares.get("linear", {})
