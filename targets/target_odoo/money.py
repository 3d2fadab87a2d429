"""Fields of the type monetary: Odoo prints the record's own currency beside the number, and rounds it to its decimals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_odoo.client import Odoo

_READ_ROWS = 1000


def foreign(
    odoo: Odoo, model: str, fields: Sequence[str], ids: Sequence[str], ours: str
) -> Mapping[str, str]:
    """Return why monetary fields of records cannot take our amounts, by record.

    Args:
        odoo: The database.
        model: The model.
        fields: Monetary fields that are to be written.
        ids: Records.
        ours: What our amounts are in.
    """
    known = odoo.call(model, "fields_get", allfields=list(fields), attributes=["currency_field"])
    beside = {name: str(known.get(name, {}).get("currency_field") or "currency_id") for name in fields}
    found: dict[str, str] = {}
    for start in range(0, len(ids), _READ_ROWS):
        part = [int(key) for key in ids[start : start + _READ_ROWS]]
        names = sorted(set(beside.values()))
        for row in odoo.read(model, [["id", "in", part]], names, limit=len(part)):
            for name, currency in beside.items():
                shown = row.get(currency)
                if shown and shown[1] != ours:
                    found[str(row["id"])] = (
                        f"{name}: the record shows {shown[1]}, and the figures are in {ours}; map a field of type float"
                    )
    return found
