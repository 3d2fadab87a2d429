"""From an object of QuickBooks to a record of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_quickbooks import lines, values
from tap_quickbooks.catalog import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, Any]

#: Column → where it stands in the object, where that is not the column's own name in QuickBooks' spelling.
PATHS: Mapping[str, str] = {
    "create_time": "MetaData.CreateTime",
    "last_updated_time": "MetaData.LastUpdatedTime",
    "currency": "CurrencyRef.value",
    "total_tax": "TxnTaxDetail.TotalTax",
    "customer_memo": "CustomerMemo.value",
    "recurring_id": "RecurDataRef.value",
    "email": "PrimaryEmailAddr.Address",
    "phone": "PrimaryPhone.FreeFormNumber",
    "mobile": "Mobile.FreeFormNumber",
    "website": "WebAddr.URI",
    "city": "BillAddr.City",
    "region": "BillAddr.CountrySubDivisionCode",
    "postal_code": "BillAddr.PostalCode",
    "country": "BillAddr.Country",
    "tax_id": "PrimaryTaxIdentifier",
    "customer_type_id": "CustomerTypeRef.value",
    "is_project": "IsProject",
    "entity_type": "EntityRef.type",
    "home_currency": "CurrencyPrefs.HomeCurrency.value",
    "multi_currency": "CurrencyPrefs.MultiCurrencyEnabled",
    "company_country": "Country",
    "company_email": "Email.Address",
}
_ADDRESS_LINES = ("Line1", "Line2", "Line3", "Line4", "Line5")


class Records:
    """Makes the records of one stream.

    Args:
        stream: Name of the stream.
        mapping: Column to custom field, or to a property of the object.
    """

    def __init__(self, stream: str, mapping: Mapping[str, str]) -> None:
        self.schema = schema(stream)
        properties: Mapping[str, Any] = self.schema["properties"]
        self._made = {name: make for name, make in _MADE.items() if name in properties}
        self._plan = [
            (name, _path(name).split("."), values.for_property(definition))
            for name, definition in properties.items()
            if name not in _MADE and name not in mapping
        ]
        self._mapping = {name: source for name, source in mapping.items() if name in properties}

    def of(self, row: Row) -> dict[str, Any]:
        """Return a record.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, not the value.
        """
        record: dict[str, Any] = {}
        name = "id"
        try:
            for name, path, convert in self._plan:
                record[name] = convert(_at(row, path))
            for name, make in self._made.items():
                record[name] = make(row)
            for name, source in self._mapping.items():
                record[name] = _mapped(row, source)
        except (ValueError, TypeError, AttributeError) as error:
            reason = (
                str(error) if isinstance(error, ValueError) and str(error).startswith("not ") else "not valid"
            )
            message = f"{name} is {reason}"
            raise ValueError(message) from error
        if not record["id"]:
            message = "id is missing"
            raise ValueError(message)
        return record


def _path(column: str) -> str:
    """Return where a column stands: ``customer_id`` in CustomerRef.value, ``txn_date`` in TxnDate."""
    if column in PATHS:
        return PATHS[column]
    for ending, part in (("_id", "value"), ("_name", "name")):
        base = column.removesuffix(ending)
        if base != column and base in _REFERENCES:
            return f"{_spelled(base)}Ref.{part}"
    return _spelled(column)


#: Columns `x_id` and `x_name` that are the two halves of a reference.
_REFERENCES = {
    "customer", "vendor", "class", "department", "project", "parent", "income_account", "expense_account",
    "payment_method", "deposit_to_account", "account", "entity", "invoice", "root_customer", "ar_account",
    "ap_account",
}  # fmt: skip


def _spelled(column: str) -> str:
    words = [
        "AR" if word == "ar" else "AP" if word == "ap" else word.capitalize() for word in column.split("_")
    ]
    return "".join(words)


def _at(row: Any, path: list[str]) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, dict) else None
    return row


def _street(row: Row) -> str | None:
    address = row.get("BillAddr") or {}
    return ", ".join(text for name in _ADDRESS_LINES if (text := values.text(address.get(name)))) or None


def _mapped(row: Row, source: str) -> str | None:
    """Return a custom field by its name, else a property: ``AcctNum``, ``CustomerMemo``."""
    found = lines.custom(row.get("CustomField"))
    if source in found:
        return found[source]
    value = row.get(source)
    return values.text(value.get("value") if isinstance(value, dict) else value)


_MADE: Mapping[str, Callable[[Row], Any]] = {
    "line": lambda row: lines.flat(row.get("Line")),
    "linked_txn": lambda row: lines.linked(row.get("LinkedTxn")),
    "custom_field": lambda row: lines.custom(row.get("CustomField")),
    "street": _street,
    "country_code": lambda row: values.country((row.get("BillAddr") or {}).get("Country")),
}
