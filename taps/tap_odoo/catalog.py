"""Which streams there are. Each is a row here and a file of columns in `schemas/`; behaviour lives in `streams`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Columns that another model gives, read once for all the ids of a page.

    Args:
        column: Column that holds the id.
        model: Model the id belongs to.
        columns: Field there to column here.
        required: Whether the stream is worthless without it.
        keep: Whether the model is small and its rows are kept for the next page.
    """

    column: str
    model: str
    columns: Mapping[str, str]
    required: bool = False
    keep: bool = True


def _currency(*columns: str) -> tuple[Lookup, ...]:
    return tuple(
        Lookup(column=column, model="res.currency", columns={"name": f"{column}_name"}) for column in columns
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One stream.

    Args:
        name: Odoo model.
        domain: Rows that belong to the stream.
        names: Whether to ask for display names with each row. The server computes them row by row, so the large
            ledger streams do without and look up the few that matter.
        lookups: Columns from other models.
        sources: Column to field, where they differ.
        exact: Decimal columns kept to the last digit: rates.
        mapping: Setting that maps columns of ours to the admin's custom fields.
        optional: Whether the stream may be left out when the user may not read it.
    """

    name: str
    domain: tuple[Any, ...] = ()
    names: bool = True
    lookups: tuple[Lookup, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()
    mapping: str | None = None
    optional: bool = False


#: What `x_` fields are called where the admin does not say otherwise.
DEFAULT_MAPPINGS: Mapping[str, Mapping[str, str]] = {
    "campaign_fields": {
        "budget": "x_budget",
        "actual_cost": "x_actual_cost",
        "expected_attendees": "x_expected_attendees",
        "series": "x_series",
        "edition": "x_edition",
        "kind": "x_kind",
        "code": "x_code",
    },
    "opportunity_fields": {"number": "x_deal_number", "po": "x_po", "lead_source": "source_id"},
    "partner_fields": {"external_id": "ref"},
    "document_fields": {"opportunity": "x_opportunity", "po": "x_po"},
}
#: Mapped columns that name a record: a many2one there gives its id.
REFERENCES = frozenset({"opportunity"})

_WORKED = ("crm.lead", "res.partner")
_RATES = frozenset({"rate", "inverse_company_rate", "company_rate", "invoice_currency_rate", "rounding"})

MODELS: Mapping[str, Model] = {
    "utm_campaign": Model(name="utm.campaign", mapping="campaign_fields"),
    "event_event": Model(name="event.event", mapping="campaign_fields"),
    "event_registration": Model(name="event.registration", names=False),
    "crm_lead": Model(name="crm.lead", mapping="opportunity_fields"),
    "crm_stage": Model(name="crm.stage", names=False),
    "res_partner": Model(name="res.partner", mapping="partner_fields"),
    "res_users": Model(name="res.users", names=False),
    "mail_activity": Model(name="mail.activity", domain=(("res_model", "in", _WORKED),), optional=True),
    "mail_message": Model(
        name="mail.message",
        domain=(
            ("model", "in", _WORKED),
            ("message_type", "in", ("comment", "email", "email_outgoing", "notification")),
        ),
        optional=True,
    ),
    "mail_tracking_value": Model(
        name="mail.tracking.value",
        domain=(
            ("mail_message_id.model", "in", _WORKED),
            ("field_id.name", "in", ("stage_id", "expected_revenue", "parent_id")),
        ),
        names=False,
        sources={
            "old_integer": "old_value_integer",
            "new_integer": "new_value_integer",
            "old_float": "old_value_float",
            "new_float": "new_value_float",
            "old_char": "old_value_char",
            "new_char": "new_value_char",
        },
        lookups=(
            Lookup(
                column="mail_message_id",
                model="mail.message",
                columns={"model": "model", "res_id": "res_id", "date": "at", "author_id": "author_id"},
                required=True,
                keep=False,
            ),
            Lookup(column="field_id", model="ir.model.fields", columns={"name": "field_name"}, required=True),
        ),
        optional=True,
    ),
    "account_move": Model(name="account.move", exact=_RATES, mapping="document_fields"),
    "account_move_line": Model(
        name="account.move.line",
        names=False,
        lookups=(
            Lookup(column="product_id", model="product.product", columns={"display_name": "product_id_name"}),
            *_currency("currency_id", "company_currency_id"),
        ),
    ),
    "account_account": Model(name="account.account", names=False),
    "account_payment": Model(name="account.payment"),
    "account_partial_reconcile": Model(
        name="account.partial.reconcile",
        names=False,
        lookups=_currency("debit_currency_id", "credit_currency_id"),
    ),
    "account_analytic_account": Model(name="account.analytic.account"),
    "res_currency": Model(name="res.currency", names=False, exact=_RATES),
    "res_currency_rate": Model(name="res.currency.rate", exact=_RATES),
    "res_company": Model(name="res.company"),
}


@cache
def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream, mapped ones included, as JSON Schema."""
    file = resources.files("tap_odoo") / "schemas" / f"{stream}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
