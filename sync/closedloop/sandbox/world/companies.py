"""Real companies, and the accounts that the CRM keeps of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.sandbox.world import dirt, names
from closedloop.sandbox.world.draw import BEGIN, chance, days, moment, pick, stream
from closedloop.sandbox.world.entities import Account

if TYPE_CHECKING:
    from random import Random

    from closedloop.sandbox.world.entities import Owner
    from closedloop.sandbox.world.names import Place


@dataclass(slots=True, kw_only=True, frozen=True)
class Company:
    """A company as it is in reality; ``account`` is the CRM record kept for it, none when the CRM has none."""

    index: int
    base: str
    suffix: str
    domain: str
    place: Place
    street: str
    postal: str
    phone: str
    tax_id: str
    parent: int | None
    account: str | None
    shares_domain: bool

    @property
    def name(self) -> str:
        """The registered name."""
        return f"{self.base} {self.suffix}"


@dataclass(slots=True, kw_only=True)
class Registry:
    """Hands out names that no other company of the world has."""

    rng: Random
    taken: set[str]

    def base(self) -> str:
        """Return a new company name without its legal form."""
        while True:
            rng = self.rng
            name = f"{rng.choice(names.STARTS)}{rng.choice(names.ENDS)} {rng.choice(names.SECTORS)}"
            if name not in self.taken:
                self.taken.add(name)
                return name


def make_companies(seed: int, in_crm: int, strangers: int) -> list[Company]:
    """Return ``in_crm`` companies that have an account, then ``strangers`` that the CRM has never heard of."""
    rng = stream(seed, "companies")
    registry = Registry(rng=rng, taken=set())
    companies: list[Company] = []
    while len(companies) < in_crm:
        index = len(companies)
        if index and rng.randrange(50) == 0 and index + 2 < in_crm:
            companies.extend(_franchise(registry, index))
        elif index > 5 and chance(rng, 6):  # noqa: PLR2004 - a parent must come first
            companies.append(_subsidiary(registry, index, rng.choice(companies)))
        else:
            companies.append(_company(registry, index, known=True))
    for index in range(in_crm, in_crm + strangers):
        twin = rng.choice(companies[:in_crm]) if index % 9 == 0 else None
        companies.append(_company(registry, index, known=False, base=twin.base if twin else None))
    return companies


def _company(
    registry: Registry,
    index: int,
    *,
    known: bool,
    base: str | None = None,
    domain: str | None = None,
    parent: int | None = None,
) -> Company:
    rng = registry.rng
    country = pick(rng, [(70, "US"), (18, "DE"), (12, "JP")])
    place = rng.choice(names.PLACES[country])
    name = base or registry.base()
    own = f"{names.ascii_word(name)}{'' if base is None else index}.{names.TOP_LEVELS[country]}"
    return Company(
        index=index,
        base=name,
        suffix=rng.choice(names.SUFFIXES[country]),
        domain=domain or own,
        place=place,
        street=f"{names.STREETS[country]} {rng.randrange(1, 300)}",
        postal=names.digits(rng, place.postal),
        phone=names.digits(rng, place.phone),
        tax_id=names.tax_id(rng, country),
        parent=parent,
        account=f"account-{index:05d}" if known else None,
        shares_domain=domain is not None,
    )


def _franchise(registry: Registry, index: int) -> list[Company]:
    """Three shops under one name and one web address that are three customers."""
    base = registry.base()
    domain = f"{names.ascii_word(base)}.com"
    numbers = registry.rng.sample(range(10, 100), 3)
    return [
        _company(registry, index + step, known=True, base=f"{base} #{number}", domain=domain)
        for step, number in enumerate(numbers)
    ]


def _subsidiary(registry: Registry, index: int, parent: Company) -> Company:
    """A daughter named after its mother; half of them share her web address."""
    base = f"{parent.base} {registry.rng.choice(('Europe', 'Services', 'Labs', 'Pacific'))}"
    if base in registry.taken:
        return _company(registry, index, known=True)
    registry.taken.add(base)
    domain = parent.domain if chance(registry.rng, 50) else None
    return _company(registry, index, known=True, base=base, domain=domain, parent=parent.index)


def make_accounts(
    seed: int, companies: list[Company], owners: tuple[Owner, ...]
) -> tuple[list[Account], dict[str, str]]:
    """Return the CRM's accounts and, for each duplicate among them, the account it repeats."""
    rng = stream(seed, "accounts")
    accounts = [_account(rng, company, companies, owners) for company in companies if company.account]
    duplicates: dict[str, str] = {}
    for company in companies:
        if company.account and not company.shares_domain and chance(rng, 3):
            copy = _duplicate(rng, company, owners)
            accounts.append(copy)
            duplicates[copy.key] = company.account
    return accounts, duplicates


def _account(rng: Random, company: Company, companies: list[Company], owners: tuple[Owner, ...]) -> Account:
    return Account(
        key=company.account or "",
        name=company.name,
        email=f"{rng.choice(names.JOBS)}@{company.domain}" if chance(rng, 70) else None,
        website=f"https://www.{company.domain}" if chance(rng, 90) else None,
        phone=company.phone if chance(rng, 80) else None,
        street=company.street,
        city=company.place.city,
        postal_code=company.postal,
        country=company.place.country,
        tax_id=company.tax_id if chance(rng, 65) else None,
        parent=companies[company.parent].account if company.parent is not None else None,
        external_id=f"ACC-{company.index:05d}",
        owner=rng.choice(owners).key,
        created_at=moment(rng, BEGIN - days(rng.randrange(30, 900))),
    )


def _duplicate(rng: Random, company: Company, owners: tuple[Owner, ...]) -> Account:
    return Account(
        key=f"{company.account}-copy",
        name=dirt.company_name(rng, company.base, company.suffix),
        email=None,
        website=f"http://{company.domain}" if chance(rng, 50) else None,
        phone=None,
        street=None,
        city=company.place.city,
        postal_code=None,
        country=company.place.country,
        tax_id=None,
        parent=None,
        external_id=f"ACC-{company.index + 50000:05d}",
        owner=rng.choice(owners).key,
        created_at=moment(rng, BEGIN - days(rng.randrange(1, 30))),
    )
