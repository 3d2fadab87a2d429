"""Worlds of a handful of records, made by hand for worked examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from closedloop.sandbox.world import (
    Account,
    Allocation,
    Currency,
    Customer,
    Document,
    Event,
    Line,
    Links,
    Opportunity,
    Owner,
    Person,
    Registration,
    Stage,
    World,
)

WHEN = datetime(2026, 1, 5, 18, tzinfo=UTC)


def event(key: str, start: date, **changes: object) -> Event:
    made = Event(
        key=key, code=key, name=key, kind="conference", series="S", edition="1", start=start, end=start,
        status="done", budget=None, actual_cost=None, expected_attendees=None, owner="owner",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def account(key: str) -> Account:
    return Account(
        key=key, name=key, email=None, website=None, phone=None, street=None, city=None, postal_code=None,
        country="US", tax_id=None, parent=None, external_id=key, owner="owner", created_at=WHEN,
    )  # fmt: skip


def person(key: str, of: str | None) -> Person:
    return Person(
        key=key, kind="contact" if of else "lead", first_name=key, last_name="X", email=f"{key}@x.com", phone=None,
        company=of, account=of, owner="owner", created_at=WHEN,
    )  # fmt: skip


def registration(key: str, at: str, email: str | None, **changes: object) -> Registration:
    made = Registration(
        key=key, event=at, person=None, name="Some One", email=email, company="X", phone=None, status="attended",
        scanned_at=None, created_at=WHEN,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def deal(key: str, of: str, created: date, closed: date | None = None, **changes: object) -> Opportunity:
    made = Opportunity(
        key=key, name=key, number=key.upper(), po=None, account=of, person=None, event=None, lead_source=None,
        from_lead=False, amount=100_000, probability=100 if closed else 30, stage="stage-won" if closed else "stage-new",
        is_closed=closed is not None, is_won=closed is not None, created_at=noon(created), expected_close=None,
        closed_at=noon(closed) if closed else None, owner="owner",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def customer(key: str, currency: str = "USD") -> Customer:
    return Customer(
        key=key, name=key, email=None, website=None, phone=None, street=None, city=None, postal_code=None,
        country="US", tax_id=None, external_id=None, currency=currency, created_at=WHEN,
    )  # fmt: skip


def document(key: str, of: str, day: date, net: int, *, tax: int = 0, **changes: object) -> Document:
    line = Line(position=1, description="Work", line_class="revenue", net=net, home_net=net)
    made = Document(
        key=key, kind="invoice", number=key, customer=of, day=day, due=day, currency="USD", rate=Decimal(1),
        tax_percent=0, lines=(line,), net=net, tax=tax, gross=net + tax, home_net=net, home_tax=tax,
        home_gross=net + tax, balance=0, status="posted",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def paid(key: str, of: str, amount: int, day: date, credit: str | None = None) -> Allocation:
    return Allocation(
        key=key,
        document=of,
        payment=None if credit else f"payment of {key}",
        credit=credit,
        amount=amount,
        day=day,
    )


def world(links: Links | None = None, **parts: object) -> World:
    made = World(
        seed=0, scale=0.0, as_of=date(2026, 10, 31), zone="America/Chicago", company="Tiny", home_currency="USD",
        currencies=(Currency(code="USD", digits=2),), rates=(),
        owners=(Owner(key="owner", name="O", email="o@x.com", is_active=True, kind="user"),),
        stages=(
            Stage(key="stage-new", name="New", rank=1, probability=10, is_won=False),
            Stage(key="stage-mid", name="Mid", rank=2, probability=30, is_won=False),
            Stage(key="stage-won", name="Won", rank=3, probability=100, is_won=True),
        ),
        accounts=(), people=(), events=(), registrations=(), opportunities=(), changes=(), activities=(),
        customers=(), documents=(), payments=(), allocations=(), cost_lines=(), bookings=(), links=links or Links(),
    )  # fmt: skip
    return replace(made, **parts)  # type: ignore[arg-type]
