"""What a case may hold: the documented columns of each entity, and which currency an amount is in."""

from __future__ import annotations

from dataclasses import dataclass

from closedloop.models import entities
from closedloop.models.entities import ENTITIES
from closedloop.models.parameters import STATUS_RANKS

#: Entities that other rows name by key: their key cannot be left out. Others are numbered where it is.
NAMED = frozenset({"campaign", "person", "account", "opportunity", "stage", "customer", "document", "owner"})

_HOME = "the row's home currency"
_OF_DOCUMENT = "the document's currency"
_OF_DEAL = "the opportunity's currency"
#: (entity, column) → whose minor units an amount is in; all others are in the row's own currency.
CURRENCY_OF: dict[tuple[str, str], str] = {
    ("document", "home_net"): _HOME,
    ("document", "home_gross"): _HOME,
    ("cost_line", "home_net"): _HOME,
    ("ledger_total", "amount"): _HOME,
    ("line", "net"): _OF_DOCUMENT,
    ("line", "home_net"): "the document's home currency",
    ("allocation", "amount"): _OF_DOCUMENT,
    ("opportunity_change", "old_amount"): _OF_DEAL,
    ("opportunity_change", "new_amount"): _OF_DEAL,
}

_TYPES = {
    entities.RATE: "decimal, at most 12 places",
    entities.SHARE: "share from 0 to 1, at most 6 places",
    entities.TEXT: "text",
    entities.COUNT: "whole number",
    entities.YES: "true, false, 1 or 0",
    entities.DAY: "YYYY-MM-DD",
    entities.TIME: "ISO date-time; without a zone, or a day alone: in the company's zone",
}

_COMMON = {
    "key": "names the row, as written, and is unique in its file",
    "source": "the system it is from; left out: case",
    "object": "the vendor's object; left out: the entity",
    "source_id": "its id in that system; left out: the key",
    "url": "its page in that system",
    "updated_at": "when it last changed",
    "deleted_at": "when it was deleted; a deleted row counts nowhere",
    "merged_into": "key of the row that it was merged into",
    "currency": "three capital letters; blank: the home currency",
    "home_currency": "the home currency of the ledger; blank: the company's",
    "owner_key": "owner",
    "campaign_key": "campaign",
    "person_key": "person",
    "account_key": "account",
    "opportunity_key": "opportunity",
    "customer_key": "customer",
    "document_key": "document",
    "stage_key": "stage",
    "parent_key": "the row above it",
    "created_at": "when it was made; of a deal its day counts (definitions 11, 13)",
    "date": "the document's own date",
    "external_id": "the id that the other system's record is stored under",
}

_OWN: dict[tuple[str, str], str] = {
    ("campaign", "code"): "what ledger cost lines are tagged with",
    ("campaign", "kind"): "trade_show, conference, webinar, …",
    ("campaign", "series"): "editions of one series share it",
    ("campaign", "actual_cost"): "blank or 0: no cost entered, so ledger cost lines count",
    ("campaign", "same_as"): "the campaign of another system that it is: its key, source_id, code or name",
    ("touch", "status"): "attended, responded, registered, invited, no_show or cancelled",
    ("touch", "person_key"): "the person that the source itself names",
    ("touch", "occurred_at"): "scan or check-in (definition 7)",
    ("touch", "occurred_on"): "the same where only the day is known",
    ("person", "kind"): "contact (also when blank), lead or subscriber",
    ("person", "status"): "disqualified (or unqualified) ends the chain; any other word says nothing",
    ("person", "converted_person_key"): "the contact that a lead became",
    ("opportunity", "number"): "what invoices may quote",
    ("opportunity", "closed_at"): "when it was won or lost; its day counts",
    ("person_change", "field"): "account (also when blank); changes of anything else are read past",
    ("opportunity_change", "field"): "stage or amount; blank: what the row gives",
    ("document", "kind"): "invoice, sales_receipt, credit_note or refund; amounts are positive for all",
    ("document", "net"): "without tax; blank: gross less tax",
    ("document", "tax"): "blank: gross less net; 0 where one of the two is blank",
    ("document", "gross"): "with tax; blank: net and tax",
    ("document", "status"): "posted (also when blank), draft or void; only posted ones count",
    ("document", "rate"): "as the ledger prints it; rate_direction must say which way",
    (
        "document",
        "rate_direction",
    ): "multiply (home for one foreign unit) or divide (foreign for one home unit)",
    ("document", "balance"): "open amount as the ledger states it; blank: not compared",
    ("document", "opportunity_ref"): "id, key or number of the deal (definition 10 a)",
    ("document", "credited_document_key"): "the document that a credit note or refund credits",
    ("document", "repeating_key"): "documents of one repeating invoice share it",
    ("line", "line_class"): "revenue (also when blank), pass_through or write_off",
    ("line", "net"): "adds to the document's net; without line.csv each document is one revenue line",
    ("ledger_total", "side"): "income (credit less debit) or receivable (debit less credit)",
    (
        "ledger_total",
        "origin",
    ): "what was booked: document, payment, exchange, bank, journal or other; total: all of a month, on its last day",
    ("ledger_total", "amount"): "what the ledger booked on such accounts that day, of this origin",
    ("payment", "direction"): "in (also when blank) or out",
    ("payment", "status"): "posted (also when blank) or void",
    (
        "allocation",
        "credit_document_key",
    ): "the other document, where credit settles it; one row settles both",
    ("allocation", "payment_key"): "the payment that settles the document",
    ("allocation", "date"): "day of the settlement",
    ("cost_line", "status"): "posted (also when blank), draft or void; only posted ones count",
    ("cost_line", "campaign_code"): "names the campaign where campaign_key is blank",
    ("rate", "home_currency"): "blank: the company's; only such rows are the declared table",
    ("rate", "direction"): "multiply (home for one foreign unit) or divide (foreign for one home unit)",
    ("company", "currency"): "the home currency when no configuration says it",
    ("activity", "at"): "when it was done",
    ("owner", "kind"): "user (also when blank) or queue",
}

#: (entity, column) → the words that it may hold; another one would drop the row, or count it with the wrong sign.
WORDS: dict[tuple[str, str], frozenset[str]] = {
    ("touch", "status"): frozenset(STATUS_RANKS),
    ("person", "kind"): frozenset({"lead", "contact", "subscriber"}),
    ("opportunity_change", "field"): frozenset({"stage", "amount"}),
    ("document", "kind"): frozenset({"invoice", "sales_receipt", "credit_note", "refund"}),
    ("document", "status"): frozenset({"posted", "draft", "void"}),
    ("document", "rate_direction"): frozenset({"multiply", "divide"}),
    ("line", "line_class"): frozenset({"revenue", "pass_through", "write_off"}),
    ("payment", "direction"): frozenset({"in", "out"}),
    ("payment", "status"): frozenset({"posted", "void"}),
    ("cost_line", "status"): frozenset({"posted", "draft", "void"}),
    ("ledger_total", "side"): frozenset({"income", "receivable"}),
    ("ledger_total", "origin"): frozenset({"document", "payment", "exchange", "bank", "journal", "other", "total"}),
    ("rate", "direction"): frozenset({"multiply", "divide"}),
    ("owner", "kind"): frozenset({"user", "queue"}),
}

#: Links that are given: file → (columns, kind of decision, what it does). With the file, no link of its kind is computed.
LINKS: dict[str, tuple[tuple[str, str], str, str]] = {
    "link_customer_account": (("customer_key", "account_key"), "customer_account", "whose customer it is"),
    "link_person": (("identity_key", "person_key"), "touch_person", "who it is"),
    "link_touch_account": (("touch_key", "account_key"), "touch_account", "which account came"),
    "link_campaign": (("campaign_key", "kept_key"), "campaign_campaign", "which event it is"),
}
#: Columns of a link's file that are read past, so that what `marts` wrote can be given to it again.
PAST = ("rule", "evidence", "decided")
#: Kinds of decision: the entity of the left key, then that of the right.
KINDS = (
    "customer_account", "touch_person", "touch_account", "person_person", "account_account", "campaign_campaign"
)  # fmt: skip
DECISION = {
    "kind": " or ".join((", ".join(KINDS[:-1]), KINDS[-1])),
    "left_key": "customer, touch, or the duplicate",
    "right_key": "account, person, or the record that is kept",
    "verdict": "accept or reject",
    "who": "who decided",
}
_LINK_COLUMNS = {
    "identity_key": "key of a touch or of a person's record; or email:…, name:…|… for all touches of it",
    "touch_key": "touch",
    "kept_key": "key of the campaign that is kept",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One documented column.

    Args:
        entity: The file's name without its ending.
        name: The column.
        type: What a cell may hold, in words.
        meaning: What it says.
    """

    entity: str
    name: str
    type: str
    meaning: str


def files() -> dict[str, tuple[str, ...]]:
    """Return every file that a case may have, without its ending, with its columns."""
    found = {entity: tuple(columns) for entity, columns in ENTITIES.items()}
    found |= {name: (*columns, *PAST) for name, (columns, _, _) in LINKS.items()}
    found["link_person"] = ("touch_key", *found["link_person"])
    return found | {"decision": tuple(DECISION)}


def documented() -> list[Column]:
    """Return every column that a case may give, file by file."""
    found = [
        Column(entity=entity, name=name, type=_type(entity, name, kind), meaning=_meaning(entity, name))
        for entity, columns in ENTITIES.items()
        for name, kind in columns.items()
    ]
    for link, (columns, _, what) in LINKS.items():
        found += [
            Column(entity=link, name=name, type="text", meaning=f"{_LINK_COLUMNS.get(name) or _COMMON[name]}: {what}")
            for name in columns
        ]  # fmt: skip
    return found + [
        Column(entity="decision", name=name, type="text", meaning=text) for name, text in DECISION.items()
    ]


def _type(entity: str, name: str, kind: str) -> str:
    if kind != entities.MONEY:
        return _TYPES[kind]
    return f"minor units of {CURRENCY_OF.get((entity, name), 'the currency')}, a whole number"


def _meaning(entity: str, name: str) -> str:
    return _OWN.get((entity, name)) or _COMMON.get(name) or name.replace("_", " ")
