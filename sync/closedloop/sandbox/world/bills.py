"""What was billed to whom and when, before it is priced and booked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from closedloop.sandbox.world.draw import AS_OF, BEGIN, ZONE, chance, days, pick, stream
from closedloop.sandbox.world.rates import HOME

if TYPE_CHECKING:
    from datetime import date
    from random import Random

    from closedloop.sandbox.world.customers import Clientele
    from closedloop.sandbox.world.entities import Customer, DocumentKind, DocumentStatus, Opportunity

Plan = Literal["on_time", "late", "partly", "twice", "early", "over", "never", "at_once", "post_dated"]
CreditMode = Literal["named", "allocated", "loose"]
#: Without a named invoice a credit may be worth more than any one of them.
CREDIT_PERCENT: dict[CreditMode, list[tuple[int, int]]] = {
    "named": [(40, 100), (35, 50), (25, 20)],
    "allocated": [(30, 100), (40, 130), (30, 50)],
    "loose": [(50, 50), (50, 20)],
}
_ZONE = ZoneInfo(ZONE)


@dataclass(slots=True, kw_only=True, frozen=True)
class Bill:
    """One document as intended. ``home`` is the wanted revenue in home minor units; real cents follow at pricing."""

    customer: Customer
    day: date
    home: int
    kind: DocumentKind = "invoice"
    status: DocumentStatus = "posted"
    plan: Plan = "on_time"
    opportunity_number: str | None = None
    po: str | None = None
    reference: str | None = None
    subscription: str | None = None
    credits: int | None = None
    credit_mode: CreditMode = "named"
    refunded: bool = False
    percent: int = 100
    deposit: int = 0


def make_bills(seed: int, clientele: Clientele, opportunities: list[Opportunity]) -> list[Bill]:
    """Return every intended document; a credit note follows the invoice that it credits (``credits`` is its place)."""
    rng = stream(seed, "bills")
    by_account: dict[str, list[Customer]] = {}
    for customer in clientele.customers:
        account = clientele.company[customer.key].account
        if account:
            by_account.setdefault(account, []).append(customer)
    bills: list[Bill] = []
    for deal in opportunities:
        buyers = by_account.get(deal.account)
        if deal.is_won and buyers:
            bills.extend(_of_deal(rng, deal, rng.choice(buyers)))
    for customer in clientele.customers:
        bills.extend(_without_deal(rng, customer))
    bills = [_accident(rng, bill) for bill in bills if bill.day <= AS_OF or _is_early(rng, bill)]
    linked = [customer for customer in clientele.customers if clientele.company[customer.key].account]
    bills.extend(_never_missing(linked))
    bills.extend(_credits(rng, bills))
    return bills


def _never_missing(customers: list[Customer]) -> list[Bill]:
    """What even the smallest world holds: one document of each kind that must not be counted, or not twice."""
    if not customers:
        return []
    first, last = customers[0], customers[-1]
    at_home = next((customer for customer in customers if customer.currency == HOME), first)
    day = AS_OF - days(40)
    return [
        Bill(customer=first, day=AS_OF + days(9), home=412_300, plan="never"),
        Bill(customer=last, day=day, home=87_700, status="draft", plan="never"),
        Bill(customer=first, day=day, home=93_100, status="void", plan="never"),
        Bill(customer=last, day=day, home=51_900, kind="sales_receipt", plan="at_once"),
        Bill(customer=first, day=day, home=64_000, plan="partly"),
        Bill(customer=last, day=day, home=71_000, plan="post_dated"),
        Bill(customer=at_home, day=day, home=30_000, deposit=120_000),
    ]


def _of_deal(rng: Random, deal: Opportunity, customer: Customer) -> list[Bill]:
    if deal.closed_at is None:
        raise AssertionError
    closed = deal.closed_at.astimezone(_ZONE).date()
    mode = pick(
        rng,
        [
            (34, "number"),
            (18, "po"),
            (7, "reference"),
            (13, "equal"),
            (11, "guess"),
            (9, "monthly"),
            (8, "none"),
        ],
    )
    if mode == "none":
        return []
    if mode == "po" and deal.po is None:
        mode = "number"
    first = closed + days(rng.randrange(0, 25))
    if mode == "monthly":
        return _subscription(rng, deal, customer, first)
    if mode == "equal":
        wobble = rng.randrange(-150, 150) if chance(rng, 30) else 0
        return [Bill(customer=customer, day=first, home=deal.amount + deal.amount * wobble // 10_000)]
    parts = pick(rng, [(55, (100,)), (25, (50, 50)), (12, (30, 40, 30)), (8, (60,))])
    refers: dict[str, dict[str, str | None]] = {
        "number": {"opportunity_number": deal.number},
        "po": {"po": deal.po},
        "reference": {"reference": deal.number},
        "guess": {},
    }
    scale = 93 if mode == "guess" else 100
    return [
        Bill(
            customer=customer,
            day=first + days(30 * step),
            home=deal.amount * part * scale // 10_000,
            **refers[mode],  # type: ignore[arg-type]
        )
        for step, part in enumerate(parts)
    ]


def _subscription(rng: Random, deal: Opportunity, customer: Customer, first: date) -> list[Bill]:
    """Monthly invoices of which only the first one names the deal."""
    months = rng.randrange(6, 13)
    return [
        Bill(
            customer=customer,
            day=first + days(30 * month),
            home=deal.amount // 12,
            opportunity_number=deal.number if month == 0 else None,
            subscription=deal.key,
        )
        for month in range(months)
    ]


def _without_deal(rng: Random, customer: Customer) -> list[Bill]:
    """Trade that no deal explains: spare parts, consumables, an order on paper."""
    first = BEGIN - days(rng.randrange(0, 380)) if chance(rng, 40) else None
    days_of = [first] if first else []
    span = (AS_OF - BEGIN).days
    days_of += [
        BEGIN + days(rng.randrange(span)) for _ in range(pick(rng, [(22, 0), (35, 1), (25, 2), (18, 4)]))
    ]
    return [
        Bill(
            customer=customer,
            day=day,
            home=rng.randrange(20_000, 900_000),
            kind="sales_receipt" if chance(rng, 3) else "invoice",
            reference=f"Order {rng.randrange(10_000, 99_999)}" if chance(rng, 40) else None,
        )
        for day in days_of
    ]


def _is_early(rng: Random, bill: Bill) -> bool:
    """Say whether an invoice of next month exists already: most do not."""
    return bill.day <= AS_OF + days(40) and chance(rng, 30)


def _accident(rng: Random, bill: Bill) -> Bill:
    """Give a bill its fate: how it is paid, and whether it is a draft, void, or dated in the future."""
    if bill.day > AS_OF:
        return replace(bill, plan="never", status="posted" if chance(rng, 60) else "draft")
    if bill.kind == "sales_receipt":
        return replace(bill, plan="at_once")
    plans: list[tuple[int, Plan]] = [
        (50, "on_time"),
        (18, "late"),
        (8, "partly"),
        (7, "twice"),
        (3, "early"),
        (2, "over"),
        (12, "never"),
    ]
    status: DocumentStatus = pick(rng, [(95, "posted"), (3, "draft"), (2, "void")])
    if bill.subscription and bill.opportunity_number:
        status = "posted"  # the invoice that names the deal is the one the others inherit it from
    return replace(bill, plan=pick(rng, plans), status=status)


def _credits(rng: Random, bills: list[Bill]) -> list[Bill]:
    notes: list[Bill] = []
    for place, bill in enumerate(bills):
        if bill.kind != "invoice" or bill.status != "posted" or not chance(rng, 9):
            continue
        mode: CreditMode = pick(rng, [(60, "named"), (22, "allocated"), (18, "loose")])
        wait = rng.randrange(2, 18) if mode == "allocated" else rng.randrange(2, 120)
        day = bill.day + days(wait)
        if day > AS_OF:
            continue
        notes.append(
            Bill(
                customer=bill.customer,
                day=day,
                home=bill.home,
                kind="credit_note",
                credits=place,
                credit_mode=mode,
                refunded=chance(rng, 60),
                percent=pick(rng, CREDIT_PERCENT[mode]),
                status=pick(rng, [(96, "posted"), (4, "draft")]),
            )
        )
    return notes
