"""Prices bills to the cent and gives them numbers: the ledger's documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.sandbox.world.draw import chance, days, home_amount, is_doubtful, stream
from closedloop.sandbox.world.entities import Document, Line
from closedloop.sandbox.world.rates import DIGITS, HOME, Table

if TYPE_CHECKING:
    from decimal import Decimal
    from random import Random

    from closedloop.sandbox.world.bills import Bill

TAX = {"US": (0, 8), "DE": (19,), "JP": (10,)}
#: Amounts of this many cents and their multiples have a tax in whole cents at every rate above, on each line alone.
WHOLE = 100
ITEMS = ("Licence", "Service hours", "Hardware", "Training", "Spare parts", "Support plan")


@dataclass(slots=True, kw_only=True, frozen=True)
class Priced:
    """A document beside the bill it was made from."""

    bill: Bill
    document: Document


def price(seed: int, bills: list[Bill], rates: Table) -> list[Priced]:
    """Return a document for every bill, in the order of ``bills``."""
    rng = stream(seed, "prices")
    order = sorted(range(len(bills)), key=lambda place: (bills[place].day, place))
    number_of = {place: number for number, place in enumerate(order, start=1)}
    first_of: dict[str, int] = {}
    for place in order:
        if bills[place].subscription:
            first_of.setdefault(bills[place].subscription or "", number_of[place])
    priced: list[Priced] = []
    for place, bill in enumerate(bills):
        credited = priced[bill.credits].document if bill.credits is not None else None
        priced.append(
            Priced(
                bill=bill,
                document=_document(rng, bill, number_of[place], rates, credited=credited, first_of=first_of),
            )
        )
    return priced


def _document(
    rng: Random,
    bill: Bill,
    number: int,
    rates: Table,
    *,
    credited: Document | None,
    first_of: dict[str, int],
) -> Document:
    currency = bill.customer.currency
    rate = rates.on(currency, bill.day)
    percent = credited.tax_percent if credited else rng.choice(TAX[bill.customer.country])
    lines = _credit_lines(bill, credited, rate) if credited else _lines(rng, bill, currency, rate, percent)
    net = sum(line.net for line in lines)
    tax = _half_up(net * percent, 100)
    home_net = sum(line.home_net for line in lines)
    home_tax = home_amount(tax, rate, DIGITS[currency])
    mark = {"invoice": "INV", "sales_receipt": "REC", "credit_note": "RINV", "refund": "REF"}[bill.kind]
    return Document(
        key=f"document-{number:06d}",
        kind=bill.kind,
        number=f"{mark}/{bill.day.year}/{number:06d}",
        customer=bill.customer.key,
        day=bill.day,
        due=bill.day if bill.kind == "sales_receipt" else bill.day + days(30),
        currency=currency,
        rate=rate,
        tax_percent=percent,
        lines=lines,
        net=net,
        tax=tax,
        gross=net + tax,
        home_net=home_net,
        home_tax=home_tax,
        home_gross=home_net + home_tax,
        balance=0,
        status=bill.status,
        reference=bill.reference,
        po=bill.po,
        opportunity_number=bill.opportunity_number,
        credited=credited.key if credited and bill.credit_mode == "named" else None,
        repeating=f"document-{first_of[bill.subscription]:06d}" if bill.subscription else None,
    )


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _lines(rng: Random, bill: Bill, currency: str, rate: Decimal, percent: int) -> tuple[Line, ...]:
    if currency != HOME:
        net = _clear(_foreign(bill.home, rate, currency), rate, currency, percent)
        return (_line(1, rng.choice(ITEMS), net, rate, currency),)
    amounts = _parts(rng, bill.home)
    lines = [
        _line(place, rng.choice(ITEMS), part, rate, currency) for place, part in enumerate(amounts, start=1)
    ]
    by_chance = bill.home % WHOLE == 0 and bill.kind == "invoice" and chance(rng, 6)
    deposit = bill.deposit or (rng.randrange(5, 300) * WHOLE if by_chance else 0)
    if deposit:
        lines.append(
            Line(
                position=len(lines) + 1,
                description="Customer deposit",
                line_class="pass_through",
                net=deposit,
                home_net=deposit,
            )
        )
    return tuple(lines)


def _parts(rng: Random, amount: int) -> list[int]:
    """Cut an amount of whole dollars into up to three of whole dollars; others stay in one piece."""
    if amount % WHOLE or amount < 10 * WHOLE or chance(rng, 50):
        return [amount]
    first = amount // WHOLE * rng.randrange(20, 60) // 100 * WHOLE
    second = amount // WHOLE * rng.randrange(10, 30) // 100 * WHOLE
    return [first, second, amount - first - second]


def _foreign(home: int, rate: Decimal, currency: str) -> int:
    up, down = rate.as_integer_ratio()
    return home * up * int(10 ** DIGITS[currency]) // (down * 100)


def _clear(net: int, rate: Decimal, currency: str, percent: int, *, step: int = 1) -> int:
    """Move an amount, by ``step`` at a time, off the edge where its own conversion or that of its tax could round either way."""
    while is_doubtful(net, rate, DIGITS[currency]) or is_doubtful(
        _half_up(net * percent, 100), rate, DIGITS[currency]
    ):
        net += step
    return net


def _credit_lines(bill: Bill, credited: Document, rate: Decimal) -> tuple[Line, ...]:
    revenue = sum(line.net for line in credited.lines if line.line_class == "revenue")
    net = revenue * bill.percent // 100
    if credited.currency != HOME:
        net = _clear(net, rate, credited.currency, credited.tax_percent, step=-1)
    return (_line(1, "Credit", net, rate, credited.currency),)


def _line(position: int, description: str, net: int, rate: Decimal, currency: str) -> Line:
    return Line(
        position=position,
        description=description,
        line_class="revenue",
        net=net,
        home_net=home_amount(net, rate, DIGITS[currency]),
    )
