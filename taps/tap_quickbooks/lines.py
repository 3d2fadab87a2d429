"""Flattens the lines of a transaction: one plain object a line, whatever its kind nests.

A group's own amount repeats the sum of its lines, so its lines stand in its place. Everything else stays, subtotals
too: what a line counts for is for the staging SQL to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_quickbooks.values import boolean, decimal, integer, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Column → path inside the line's own detail.
_DETAIL = {
    "item_id": ("ItemRef", "value"),
    "item_name": ("ItemRef", "name"),
    "account_id": ("AccountRef", "value"),
    "account_name": ("AccountRef", "name"),
    "item_account_id": ("ItemAccountRef", "value"),
    "item_account_name": ("ItemAccountRef", "name"),
    "discount_account_id": ("DiscountAccountRef", "value"),
    "class_id": ("ClassRef", "value"),
    "class_name": ("ClassRef", "name"),
    "customer_id": ("CustomerRef", "value"),
    "customer_name": ("CustomerRef", "name"),
    "billable": ("BillableStatus",),
    "posting": ("PostingType",),
}


def flat(lines: Any) -> list[dict[str, Any]]:
    """Return a transaction's lines as plain objects.

    Raises:
        ValueError: A line is not what a line is.
    """
    return [line for one in _listed(lines) for line in _flat(one, None)]


def linked(transactions: Any) -> list[dict[str, str | None]]:
    """Return the transactions that one is linked to."""
    return [
        {
            "id": text(one.get("TxnId")),
            "type": text(one.get("TxnType")),
            "line": text(one.get("TxnLineId")),
        }
        for one in _listed(transactions)
    ]


def custom(fields: Any) -> dict[str, str | None]:
    """Return the custom fields by name."""
    return {
        str(one.get("Name")): text(one.get("StringValue", one.get("NumberValue", one.get("DateValue"))))
        for one in _listed(fields)
        if one.get("Name")
    }


def _flat(line: Mapping[str, Any], group: str | None) -> Iterator[dict[str, Any]]:
    kind = text(line.get("DetailType"))
    detail = line.get(kind or "") or {}
    inside = _listed(detail.get("Line")) if kind == "GroupLineDetail" else []
    for one in inside:
        yield from _flat(one, text(line.get("Id")))
    if inside:
        return
    yield {
        "id": text(line.get("Id")),
        "num": integer(line.get("LineNum")),
        "description": text(line.get("Description")),
        "amount": decimal(line.get("Amount")),
        "kind": kind,
        "group": group,
        "tax_inclusive": decimal(detail.get("TaxInclusiveAmt")),
        "linked": linked(line.get("LinkedTxn")),
        **{column: _at(detail, path) for column, path in _DETAIL.items()},
        "taxable": boolean(detail.get("Taxable")),
    }


def _at(detail: Mapping[str, Any], path: tuple[str, ...]) -> str | None:
    found: Any = detail
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return text(found)


def _listed(value: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, dict) for one in found):
        message = "not a list of objects"
        raise ValueError(message)
    return found
