"""Campaigns with their budget, their spending and their assets."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import not_found
from closedloop.sandbox.hubspot.wire import epoch, plain, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

SIDES = ("budget", "spend")


@dataclass(slots=True, kw_only=True)
class Campaign:
    """A campaign.

    Attributes:
        items: ``budget`` and ``spend`` → the items by id; their ``amount`` is a decimal.
        assets: Type of asset → asset id → name.
    """

    id: str
    values: dict[str, str]
    created: datetime
    updated: datetime
    items: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {side: {} for side in SIDES})
    assets: dict[str, dict[str, str]] = field(default_factory=dict)

    def total(self, side: str) -> Decimal:
        """Return the sum of a side's items."""
        return sum((one["amount"] for one in self.items[side].values()), Decimal(0))

    def value(self, name: str) -> str | None:
        """Return a property; none if it is empty."""
        if name == "hs_object_id":
            return self.id
        if name in {"hs_budget_items_sum_amount", "hs_spend_items_sum_amount"}:
            side = "budget" if "budget" in name else "spend"
            return plain(self.total(side)) if self.items[side] else None
        return self.values.get(name)

    def wire(self, names: Iterable[str]) -> dict[str, Any]:
        """Return it as answers have it, with the properties that have a value."""
        values = {name: self.value(name) for name in {*names, "hs_name", "hs_object_id"}}
        return {
            "id": self.id,
            "properties": {name: value for name, value in sorted(values.items()) if value is not None},
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
            "businessUnits": [],
        }

    def add(
        self, side: str, item: str, name: str, amount: Decimal, at: datetime, **more: Any
    ) -> dict[str, Any]:
        """Add an item of the budget or of the spending."""
        made = {
            "id": item,
            "name": name,
            "amount": amount,
            "order": len(self.items[side]),
            "createdAt": epoch(at),
            "updatedAt": epoch(at),
            **more,
        }
        self.items[side][item] = made
        return made


@dataclass(slots=True)
class Campaigns:
    """The campaigns of the account, by id."""

    by_id: dict[str, Campaign] = field(default_factory=dict)
    _items: int = 7_000

    def get(self, campaign_id: str) -> Campaign:
        """Return a campaign.

        Raises:
            HubError: There is none.
        """
        if campaign_id not in self.by_id:
            message = f"No campaign with id {campaign_id} exists"
            raise not_found(message)
        return self.by_id[campaign_id]

    def next_item(self) -> str:
        """Return the id of the next item."""
        self._items += 1
        return str(self._items)


def shown(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item with its amount as a JSON number."""
    return {**item, "amount": number(item["amount"])}


def number(amount: Decimal) -> float | int:
    """Return an amount as JSON prints it."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
