"""Fields of the type Currency: Salesforce prints beside the number what the record, or the organisation, is kept in.

It does not convert what is written, so a figure in another currency would be read as a wrong amount.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from closedloop.kit.policy import AccessError, MissingObjectError, RecordError
from closedloop.kit.writer import ForeignFieldError

if TYPE_CHECKING:
    from collections.abc import Container

    from target_salesforce.org import Org

#: There where an organisation has several currencies, on every object.
_OF_RECORD = "CurrencyIsoCode"


def insist_on_currency(org: Org, stream: str, name: str, fields: Container[str], ours: str | None) -> None:
    """Do nothing if a field of the type Currency shows the currency that our amounts are in.

    Args:
        org: The organisation.
        stream: The object.
        name: The field.
        fields: Names of the object's fields.
        ours: What our amounts are in; none: nobody said.

    Raises:
        ForeignFieldError: It shows another one, or each record's own.
    """
    if ours is None:
        return
    shown = "each record's own currency" if _OF_RECORD in fields else _of_organisation(org)
    if shown not in {None, ours}:
        msg = f"{stream}.{name} shows {shown}, and the figures are in {ours}: the number would be read as another amount"
        raise ForeignFieldError(
            msg, where=stream, fix="map a field of type Number; `closedloop provision` makes one"
        )


def _of_organisation(org: Org) -> str | None:
    """Return the currency of an organisation that has one, where it tells."""
    with suppress(RecordError, AccessError, MissingObjectError):
        for row in org.query("SELECT DefaultCurrencyIsoCode FROM Organization"):
            return str(row.get("DefaultCurrencyIsoCode") or "") or None
    return None
