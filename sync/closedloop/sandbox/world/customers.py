"""Customers as the ledger keeps them: typed a second time, by other people, for other reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.sandbox.world import dirt, names
from closedloop.sandbox.world.draw import BEGIN, chance, days, moment, pick, stream
from closedloop.sandbox.world.entities import Customer

if TYPE_CHECKING:
    from random import Random

    from closedloop.sandbox.world.companies import Company


@dataclass(slots=True, kw_only=True)
class Clientele:
    """The ledger's customers, and the company behind each."""

    customers: list[Customer]
    company: dict[str, Company]


def make_customers(seed: int, companies: list[Company], buyers: frozenset[str]) -> Clientele:
    """Return one to three customers for nearly every account of ``buyers``, and some for other companies."""
    rng = stream(seed, "customers")
    clientele = Clientele(customers=[], company={})
    for company in companies:
        if not chance(rng, _likely(company, buyers)):
            continue
        for copy in range(pick(rng, [(85, 1), (12, 2), (3, 3)]) if company.account else 1):
            customer = _customer(rng, company, companies, len(clientele.customers) + 1, copy)
            clientele.customers.append(customer)
            clientele.company[customer.key] = company
    return clientele


def _likely(company: Company, buyers: frozenset[str]) -> int:
    if company.account is None:
        return 75
    return 95 if company.account in buyers else 28


def _customer(rng: Random, company: Company, companies: list[Company], number: int, copy: int) -> Customer:
    country = company.place.country
    plain = chance(rng, 55)
    name = company.name if plain else dirt.company_name(rng, company.base, company.suffix)
    if copy:
        name = f"{company.base} {('Purchasing', 'Branch 2')[copy - 1]}"
    return Customer(
        key=f"customer-{number:05d}",
        name=name,
        email=_email(rng, company),
        website=f"www.{company.domain}" if chance(rng, 45) else None,
        phone=company.phone if chance(rng, 55) else None,
        street=company.street if chance(rng, 70) else None,
        city=company.place.city,
        postal_code=company.postal if chance(rng, 70) else None,
        country=country,
        tax_id=company.tax_id if chance(rng, 60) else None,
        external_id=_external_id(rng, company, companies),
        currency=names.CURRENCIES[country],
        created_at=moment(rng, BEGIN - days(rng.randrange(400, 900))),
    )


def _email(rng: Random, company: Company) -> str | None:
    local = rng.choice(("accounts", "billing", "ap", *names.JOBS))
    return f"{local}@{company.domain}" if chance(rng, 60) else None


def _external_id(rng: Random, company: Company, companies: list[Company]) -> str | None:
    """The CRM's number where somebody typed it in; now and then, for a stranger, that of another company."""
    if company.account:
        return f"ACC-{company.index:05d}" if chance(rng, 40) else None
    if chance(rng, 8):
        return f"ACC-{rng.choice([other for other in companies if other.account]).index:05d}"
    return None
