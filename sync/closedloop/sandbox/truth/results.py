"""What the truth says, in the names of the published tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    Value = int | Decimal | date | str | bool | None


@dataclass(slots=True, kw_only=True, frozen=True)
class Terms:
    """The definitions that an admin may set (measures 9, 11, 5); days."""

    credit_statuses: frozenset[str] = frozenset({"attended", "responded"})
    look_back_days: int = 365
    follow_up_days: int = 365


@dataclass(slots=True, kw_only=True, frozen=True)
class Part:
    """A piece of a document that follows one deal. Signed home money; ``source`` is the document whose journey it has."""

    value: int
    collected: int
    deal: str | None
    rule: str
    source: str
    is_new_business: bool
    bucket: str
    events: tuple[str, ...]


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

    ``touches`` lists every touch that earns credit: (event, account, day). ``credits`` is (document, event) → (value, collected); ``campaigns`` and ``accounts`` hold the columns of
    ``campaign_measures`` and ``account_measures``.
    """

    as_of: date
    campaigns: dict[str, dict[str, Value]] = field(default_factory=dict)
    accounts: dict[str, dict[str, Value]] = field(default_factory=dict)
    documents: dict[str, DocumentFigure] = field(default_factory=dict)
    credits: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    touches: list[tuple[str, str | None, date]] = field(default_factory=list)
