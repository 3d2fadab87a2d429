"""The first `closedloop.yaml`: what `init` and the demo write."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

#: Figures that a first write-back is about, and the fields they go into.
_CAMPAIGN = (
    "attendee_ltv",
    "ltv_after_event",
    "attributed_linear",
    "opportunities_created",
    "win_rate",
    "cost",
    "roi_realised",
    "as_of",
)
_ACCOUNT = ("invoiced", "collected", "events_attended", "as_of")
_PREFIX = "x_cl_"


@dataclass(slots=True, kw_only=True, frozen=True)
class System:
    """One Odoo database and where its key is kept.

    Args:
        url: Address of the server.
        database: Name of the database.
        key_variable: Environment variable that will hold the API key.
        key_file: File that holds it; wins over the variable.
    """

    url: str
    database: str
    key_variable: str
    key_file: str | None = None

    def settings(self) -> list[tuple[str, str]]:
        """Return the settings as YAML key and value."""
        key = (
            ("api_key_file", quoted(self.key_file))
            if self.key_file
            else ("api_key", f"${{{self.key_variable}}}")
        )
        return [("url", quoted(self.url)), ("database", quoted(self.database)), key]


@dataclass(slots=True, kw_only=True, frozen=True)
class Answers:
    """What a first file needs to know.

    Args:
        company: Name on the report.
        currency: Home currency, ISO 4217.
        time_zone: IANA name.
        crm: Where events, contacts and deals are.
        books: Where invoices and payments are.
        mode: ``plan`` shows what would be written, ``apply`` writes.
        has_own_fields: Whether the fields of their own exist already; else the mapping is written as a comment.
        extra: More top-level keys with scalar values.
    """

    company: str
    currency: str
    time_zone: str
    crm: System
    books: System
    mode: str = "plan"
    has_own_fields: bool = False
    extra: dict[str, str] = field(default_factory=dict)


def quoted(text: str) -> str:
    """Return ``text`` as a YAML value that is nothing but this text, dollar signs included."""
    return json.dumps(text.replace("$", "$$"), ensure_ascii=False)


def render(answers: Answers) -> str:
    """Return the file's text; it loads once the secrets are where it says."""
    lines = [
        "# Written by `closedloop init`. Next: closedloop check, closedloop provision, closedloop run.",
        "company:",
        f"  name: {quoted(answers.company)}",
        f"  currency: {quoted(answers.currency)}        # every figure is in this currency",
        f"  time_zone: {quoted(answers.time_zone)}",
        "",
        "connections:",
        *_connection(
            "crm", answers.crm, "*/15 * * * *", _CRM_STREAMS, _CRM_FIELDS, own=answers.has_own_fields
        ),
        *_connection(
            "books", answers.books, "0 * * * *", _BOOKS_STREAMS, _BOOKS_FIELDS, own=answers.has_own_fields
        ),
        "",
        "writeback:",
        "  crm:",
        f"    mode: {answers.mode}        # plan: show what would be written; apply: write it on every run",
        *_fields("campaign", _CAMPAIGN),
        *_fields("account", _ACCOUNT),
    ]
    lines += [f"{key}: {quoted(value)}" for key, value in answers.extra.items()]
    return "\n".join(lines) + "\n"


#: What is read from which: without these lists an Odoo that has both sides would give every invoice twice.
_CRM_STREAMS = [
    "utm_campaign",
    "event_event",
    "event_registration",
    "crm_lead",
    "crm_stage",
    "res_partner",
    "res_users",
    "res_company",
    "res_currency",
    "mail_activity",
    "mail_message",
    "mail_tracking_value",
]
_BOOKS_STREAMS = [
    "account_move",
    "account_move_line",
    "account_account",
    "account_payment",
    "account_partial_reconcile",
    "account_analytic_account",
    "res_partner",
    "res_company",
    "res_currency",
    "res_currency_rate",
]
#: Where Odoo keeps what it has no field for: fields of your own.
_CRM_FIELDS = {
    "campaign_fields": {
        name: f"x_{name}"
        for name in ("budget", "actual_cost", "expected_attendees", "series", "edition", "kind", "code")
    },
    "opportunity_fields": {"number": "x_deal_number", "po": "x_po", "lead_source": "source_id"},
    "partner_fields": {"external_id": "ref"},
}
_BOOKS_FIELDS = {
    "partner_fields": {"external_id": "ref"},
    "document_fields": {"opportunity": "x_opportunity", "po": "x_po"},
}


def _connection(
    name: str,
    system: System,
    schedule: str,
    streams: list[str],
    mapped: dict[str, dict[str, str]],
    *,
    own: bool,
) -> list[str]:
    lines = [
        f"  {name}:",
        "    connector: odoo",
        f'    schedule: "{schedule}"',
        f"    streams: [{', '.join(streams)}]",
        "    settings:",
    ]
    lines += [f"      {key}: {value}" for key, value in system.settings()]
    for key, fields in mapped.items():
        needs_fields = any(field.startswith("x_") for field in fields.values())
        if needs_fields and not own:
            lines.append(
                "      # Odoo has no such fields of its own; remove the # once you have them, under any name:"
            )
        inside = ", ".join(f"{column}: {theirs}" for column, theirs in fields.items())
        lines.append(f"      {'# ' if needs_fields and not own else ''}{key}: {{{inside}}}")
    return lines


def _fields(entity: str, measures: tuple[str, ...]) -> list[str]:
    return [f"    {entity}:", *(f"      {name}: {_PREFIX}{name}" for name in measures)]
