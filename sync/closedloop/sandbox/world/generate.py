"""Puts the parts of a world together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.world.bills import make_bills
from closedloop.sandbox.world.booking import Books
from closedloop.sandbox.world.companies import make_accounts, make_companies
from closedloop.sandbox.world.costs import make_costs
from closedloop.sandbox.world.customers import make_customers
from closedloop.sandbox.world.deals import STAGES, make_activities, make_sales
from closedloop.sandbox.world.draw import AS_OF, ZONE
from closedloop.sandbox.world.entities import Links, World
from closedloop.sandbox.world.events import make_attendance, make_events
from closedloop.sandbox.world.ledger import price
from closedloop.sandbox.world.people import make_humans, make_owners, make_people
from closedloop.sandbox.world.rates import CURRENCIES, HOME, Table, make_rates

if TYPE_CHECKING:
    from closedloop.sandbox.world.customers import Clientele
    from closedloop.sandbox.world.entities import Event, Registration
    from closedloop.sandbox.world.events import Attendance
    from closedloop.sandbox.world.people import Human

#: What a world of scale 1 holds.
ACCOUNTS, STRANGERS, EVENTS, REGISTRATIONS = 300, 34, 38, 2500


def generate(seed: int, scale: float = 1.0) -> World:
    """Return the world of ``seed``: the same on every machine.

    Args:
        seed: Any integer.
        scale: 1.0 has about 300 accounts, 1,400 people, 40 events, 2,500 registrations and 900 documents; everything
            but the events grows in proportion, those with the root of the scale.

    Raises:
        ValueError: The scale is not positive.
    """
    if scale <= 0:
        message = f"a world needs a positive scale, not {scale}"
        raise ValueError(message)
    owners = make_owners(seed)
    companies = make_companies(seed, max(12, round(ACCOUNTS * scale)), max(4, round(STRANGERS * scale)))
    accounts, same_account = make_accounts(seed, companies, owners)
    humans = make_humans(seed, companies)
    people, same_person = make_people(seed, humans, owners, same_account)
    events = make_events(seed, max(8, round(EVENTS * scale**0.5)), owners)
    contacts = frozenset(person.key for person in people if person.kind == "contact")
    attendance = make_attendance(seed, events, humans, contacts, total=max(60, round(REGISTRATIONS * scale)))
    sales = make_sales(seed, companies, people, _attended(events, attendance), owners)
    buyers = frozenset(deal.account for deal in sales.opportunities if deal.is_won)
    clientele = make_customers(seed, companies, buyers)
    rates = make_rates(seed)
    priced = price(seed, make_bills(seed, clientele, sales.opportunities), Table(rates))
    books = Books(seed, priced)
    documents = books.book()
    return World(
        seed=seed,
        scale=scale,
        as_of=AS_OF,
        zone=ZONE,
        company="Closedloop Demo Company",
        home_currency=HOME,
        currencies=CURRENCIES,
        rates=rates,
        owners=owners,
        stages=STAGES,
        accounts=tuple(accounts),
        people=tuple(people),
        events=tuple(events),
        registrations=tuple(attendance.registrations),
        opportunities=tuple(sales.opportunities),
        changes=tuple(sales.changes),
        activities=tuple(make_activities(seed, people, _touches(attendance), sales.opportunities, owners)),
        customers=tuple(clientele.customers),
        documents=tuple(documents),
        payments=tuple(books.payments),
        allocations=tuple(books.allocations),
        cost_lines=tuple(make_costs(seed, events)),
        bookings=tuple(books.bookings),
        links=_links(clientele, attendance, same_account, same_person),
    )


def _attended(events: list[Event], attendance: Attendance) -> dict[str, list[Event]]:
    """Return the events at which the people of each account were seen."""
    by_key = {event.key: event for event in events}
    attended: dict[str, list[Event]] = {}
    for registration in attendance.registrations:
        human = attendance.person.get(registration.key)
        if human and human.company.account and registration.status == "attended":
            attended.setdefault(human.company.account, []).append(by_key[registration.event])
    return attended


def _touches(attendance: Attendance) -> list[tuple[Registration, str]]:
    seen: list[tuple[Registration, str]] = []
    for registration in attendance.registrations:
        human = attendance.person.get(registration.key)
        if human and human.record and registration.status == "attended":
            seen.append((registration, human.record))
    return seen


def _links(
    clientele: Clientele, attendance: Attendance, same_account: dict[str, str], same_person: dict[str, str]
) -> Links:
    who: dict[str, Human] = attendance.person
    return Links(
        customer_account={
            key: company.account for key, company in clientele.company.items() if company.account
        },
        account_account=same_account,
        person_person=same_person,
        touch_person={key: human.record for key, human in who.items() if human.record},
        touch_account={key: human.company.account for key, human in who.items() if human.company.account},
        stranger={key: f"human-{human.index:06d}" for key, human in who.items() if not human.record},
    )
