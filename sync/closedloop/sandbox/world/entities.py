"""What the systems of the generated world hold, and which of their records are really the same.

Every key is a stable code of this world (``event-0007``), never a vendor's id: a simulator or a loader gives ids
and keeps the mapping. Money is an integer in the minor unit of the record's currency; home money in the minor unit
of the home currency. Days are days of the company's zone; times are aware UTC.

The ledger's records can be made in a real ledger through its API in the order of ``World.bookings``: posting a
credit note that names an invoice settles at once whatever is open on that invoice, and the world counts on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

OwnerKind = Literal["user", "queue"]
PersonKind = Literal["lead", "contact", "subscriber"]
EventKind = Literal["trade_show", "conference", "webinar", "dinner"]
EventStatus = Literal["planned", "done", "cancelled"]
RegistrationStatus = Literal["registered", "attended", "no_show", "cancelled"]
ChangeField = Literal["stage", "amount"]
ActivityKind = Literal["call", "meeting", "email", "task"]
DocumentKind = Literal["invoice", "sales_receipt", "credit_note", "refund"]
DocumentStatus = Literal["draft", "posted", "void"]
LineClass = Literal["revenue", "pass_through", "write_off"]
Direction = Literal["in", "out"]


@dataclass(slots=True, kw_only=True, frozen=True)
class Currency:
    """A currency in use; ``digits`` is how many decimals its minor unit has."""

    code: str
    digits: int


@dataclass(slots=True, kw_only=True, frozen=True)
class Rate:
    """Foreign units for one home unit, valid from ``day`` until the next rate of that currency."""

    currency: str
    day: date
    rate: Decimal


@dataclass(slots=True, kw_only=True, frozen=True)
class Owner:
    """A user of the CRM, or the queue that holds what nobody owns yet."""

    key: str
    name: str
    email: str
    is_active: bool
    kind: OwnerKind


@dataclass(slots=True, kw_only=True, frozen=True)
class Stage:
    """A step of the sales pipeline; a higher rank is later."""

    key: str
    name: str
    rank: int
    probability: int
    is_won: bool


@dataclass(slots=True, kw_only=True, frozen=True)
class Account:
    """A company in the CRM."""

    key: str
    name: str
    email: str | None
    website: str | None
    phone: str | None
    street: str | None
    city: str | None
    postal_code: str | None
    country: str
    tax_id: str | None
    parent: str | None
    external_id: str
    owner: str
    created_at: datetime


@dataclass(slots=True, kw_only=True, frozen=True)
class Person:
    """A contact, or a lead not yet converted. A converted lead lives on as ``Opportunity.from_lead``.

    A subscriber is known to another system alone, whatever that one calls them.
    """

    key: str
    kind: PersonKind
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    company: str | None
    account: str | None
    owner: str | None
    created_at: datetime

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(slots=True, kw_only=True, frozen=True)
class Event:
    """An event campaign. Money in home minor units; no actual cost means nobody entered one."""

    key: str
    code: str
    name: str
    kind: EventKind
    series: str
    edition: str
    start: date
    end: date
    status: EventStatus
    budget: int | None
    actual_cost: int | None
    expected_attendees: int | None
    owner: str


@dataclass(slots=True, kw_only=True, frozen=True)
class Registration:
    """One person at one event, as the CRM holds it; ``person`` is set only where the CRM itself knows the contact."""

    key: str
    event: str
    person: str | None
    name: str
    email: str | None
    company: str | None
    phone: str | None
    status: RegistrationStatus
    scanned_at: datetime | None
    created_at: datetime


@dataclass(slots=True, kw_only=True, frozen=True)
class Opportunity:
    """A deal. ``amount`` is home money; lost means closed and not won; ``person`` is its only contact role."""

    key: str
    name: str
    number: str
    po: str | None
    account: str
    person: str | None
    event: str | None
    lead_source: str | None
    from_lead: bool
    amount: int
    probability: int
    stage: str
    is_closed: bool
    is_won: bool
    created_at: datetime
    expected_close: date | None
    closed_at: datetime | None
    owner: str


@dataclass(slots=True, kw_only=True, frozen=True)
class OpportunityChange:
    """One change of the stage or of the amount of a deal, as the CRM's history holds it."""

    key: str
    opportunity: str
    at: datetime
    field: ChangeField
    old_stage: str | None = None
    new_stage: str | None = None
    old_amount: int | None = None
    new_amount: int | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Activity:
    """Something a person of ours did towards a contact, a lead or a deal (exactly one of the two is set)."""

    key: str
    kind: ActivityKind
    person: str | None
    opportunity: str | None
    owner: str
    at: datetime


@dataclass(slots=True, kw_only=True, frozen=True)
class Customer:
    """A customer in the ledger; ``external_id`` is the CRM's account id where somebody typed it in."""

    key: str
    name: str
    email: str | None
    website: str | None
    phone: str | None
    street: str | None
    city: str | None
    postal_code: str | None
    country: str
    tax_id: str | None
    external_id: str | None
    currency: str
    created_at: datetime


@dataclass(slots=True, kw_only=True, frozen=True)
class Line:
    """A line of a document, in the document's currency; positive amounts add to the document's magnitude."""

    position: int
    description: str
    line_class: LineClass
    net: int
    home_net: int


@dataclass(slots=True, kw_only=True, frozen=True)
class Document:
    """A ledger document with positive magnitudes; one tax (``tax_percent``, on every line) for the whole document.

    ``credited`` is the document that a credit note names. ``repeating`` is shared by the invoices of one
    subscription. ``balance`` is what the ledger itself says is open once everything is booked.
    """

    key: str
    kind: DocumentKind
    number: str
    customer: str
    day: date
    due: date
    currency: str
    rate: Decimal
    tax_percent: int
    lines: tuple[Line, ...]
    net: int
    tax: int
    gross: int
    home_net: int | None
    home_tax: int | None
    home_gross: int | None
    balance: int
    status: DocumentStatus
    reference: str | None = None
    po: str | None = None
    opportunity_number: str | None = None
    credited: str | None = None
    repeating: str | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Payment:
    """Money received (``in``) or returned (``out``), in one currency."""

    key: str
    customer: str
    day: date
    currency: str
    amount: int
    direction: Direction
    status: DocumentStatus


@dataclass(slots=True, kw_only=True, frozen=True)
class Allocation:
    """What settles a document, in its currency: a payment, or a credit note (which it settles as well).

    ``day`` is the settlement's own day as the ledger keeps it: the later of the two sides' days.
    ``automatic`` marks what the ledger does by itself when it posts a credit note that names an invoice.
    """

    key: str
    document: str
    payment: str | None
    credit: str | None
    amount: int
    day: date
    automatic: bool = False


@dataclass(slots=True, kw_only=True, frozen=True)
class CostLine:
    """A line of a vendor's bill tagged with an event's code; lines with the same ``bill`` are one bill."""

    key: str
    bill: str
    event_code: str
    day: date
    description: str
    currency: str
    net: int
    home_net: int
    status: DocumentStatus


@dataclass(slots=True, kw_only=True, frozen=True)
class Links:
    """Which records are the same in reality, or which a linker believes to be: from a record's key to another's.

    ``customer_account``: ledger customer → account. ``account_account``: duplicate account → the account kept.
    ``person_person``: duplicate contact or lead → the record kept. ``touch_person``: registration → person record.
    ``touch_account``: registration → account. What is absent is not linked.

    ``stranger``: registration of somebody whom the CRM does not have → a name for that human; ``same_stranger``: record
    made of such a registration → the first one made of that human. To link these is right, not to link them no fault.
    """

    customer_account: dict[str, str] = field(default_factory=dict)
    account_account: dict[str, str] = field(default_factory=dict)
    person_person: dict[str, str] = field(default_factory=dict)
    touch_person: dict[str, str] = field(default_factory=dict)
    touch_account: dict[str, str] = field(default_factory=dict)
    stranger: dict[str, str] = field(default_factory=dict)
    same_stranger: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, frozen=True)
class World:
    """A whole world: what the CRM holds, what the ledger holds, and the truth about both."""

    seed: int
    scale: float
    as_of: date
    zone: str
    company: str
    home_currency: str
    currencies: tuple[Currency, ...]
    rates: tuple[Rate, ...]
    owners: tuple[Owner, ...]
    stages: tuple[Stage, ...]
    accounts: tuple[Account, ...]
    people: tuple[Person, ...]
    events: tuple[Event, ...]
    registrations: tuple[Registration, ...]
    opportunities: tuple[Opportunity, ...]
    changes: tuple[OpportunityChange, ...]
    activities: tuple[Activity, ...]
    customers: tuple[Customer, ...]
    documents: tuple[Document, ...]
    payments: tuple[Payment, ...]
    allocations: tuple[Allocation, ...]
    cost_lines: tuple[CostLine, ...]
    bookings: tuple[str, ...]
    links: Links
