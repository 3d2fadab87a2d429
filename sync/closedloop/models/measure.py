"""One figure of the catalogue: its name, its unit, whether it adds up, and its wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Entity = Literal["campaign", "account", "contact", "company"]
Unit = Literal["money", "count", "ratio", "date", "text"]
Kind = Literal["additive", "overlapping", "ratio", "fact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure.

    Args:
        name: The column of ``campaign_measures``, ``account_measures`` or ``contact_measures``, or of
            ``chain_share`` or ``chain_total`` for the company; the tables of series, kinds and owners of events have those of campaigns.
        entity: What it is a figure of.
        unit: ``money`` is an integer in the home currency's minor unit, ``ratio`` a decimal (0.25 is 25 %).
        kind: ``additive`` sums over events to the whole; ``overlapping`` must never be summed over events.
        label: What a column or a field is called.
        definition: One or two sentences, printed beside the number.
        number: Where the page of definitions has it.
    """

    name: str
    entity: Entity
    unit: Unit
    kind: Kind
    label: str
    definition: str
    number: str


def campaign(  # noqa: PLR0917 (a table reads best row by row)
    name: str, unit: Unit, kind: Kind, label: str, number: str, definition: str
) -> Measure:
    """Return a figure of an event."""
    return Measure(
        name=name, entity="campaign", unit=unit, kind=kind, label=label, number=number, definition=definition
    )


def account(  # noqa: PLR0917 (a table reads best row by row)
    name: str, unit: Unit, kind: Kind, label: str, number: str, definition: str
) -> Measure:
    """Return a figure of an account."""
    return Measure(
        name=name, entity="account", unit=unit, kind=kind, label=label, number=number, definition=definition
    )


def contact(  # noqa: PLR0917 (a table reads best row by row)
    name: str, unit: Unit, kind: Kind, label: str, number: str, definition: str
) -> Measure:
    """Return a figure of a person."""
    return Measure(
        name=name, entity="contact", unit=unit, kind=kind, label=label, number=number, definition=definition
    )


def company(name: str, label: str, definition: str) -> Measure:
    """Return a share of the whole company, as the chain has it."""
    return Measure(
        name=name,
        entity="company",
        unit="ratio",
        kind="ratio",
        label=label,
        number="the chain",
        definition=definition,
    )
