"""Owners, real people, and the contacts and leads that the CRM keeps of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from closedloop.sandbox.world import dirt, names
from closedloop.sandbox.world.draw import AS_OF, BEGIN, chance, days, moment, stream
from closedloop.sandbox.world.entities import Owner, Person

if TYPE_CHECKING:
    from random import Random

    from closedloop.sandbox.world.companies import Company

QUEUE = "owner-queue"


@dataclass(slots=True, kw_only=True, frozen=True)
class Human:
    """A person in reality. ``record`` is the CRM record kept for them, none when the CRM has none."""

    index: int
    company: Company
    first_name: str
    last_name: str
    email: str
    phone: str
    record: str | None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


def make_owners(seed: int) -> tuple[Owner, ...]:
    """Return eleven users, two of whom have left, and the queue."""
    rng = stream(seed, "owners")
    chosen = rng.sample(names.FIRST_NAMES[:50], 11)
    users = [
        Owner(
            key=f"owner-{number:02d}",
            name=f"{first} {rng.choice(names.LAST_NAMES)}",
            email=f"{names.ascii_word(first)}@closedloop-demo.com",
            is_active=number not in (3, 8),
            kind="user",
        )
        for number, first in enumerate(chosen, start=1)
    ]
    queue = Owner(
        key=QUEUE, name="Inbound queue", email="queue@closedloop-demo.com", is_active=True, kind="queue"
    )
    return (*users, queue)


def make_humans(seed: int, companies: list[Company]) -> list[Human]:
    """Return about five people a company of the CRM and one or two of each stranger."""
    rng = stream(seed, "humans")
    humans: list[Human] = []
    mailboxes: set[str] = set()
    for company in companies:
        for _ in range(rng.randrange(2, 9) if company.account else rng.randrange(1, 3)):
            human = _human(rng, len(humans), company, mailboxes)
            humans.append(human)
    return humans


def _human(rng: Random, index: int, company: Company, mailboxes: set[str]) -> Human:
    known = chance(rng, 88) if company.account else chance(rng, 15)
    while True:
        first, last = rng.choice(names.FIRST_NAMES), rng.choice(names.LAST_NAMES)
        local = f"{names.ascii_word(first)}.{names.ascii_word(last)}"
        domain = company.domain
        if chance(rng, 4):
            local, domain = f"{local}{rng.randrange(100, 1000)}", rng.choice(names.FREE_MAIL)
        taken = {f"{local}@{domain}", f"{first} {last} of {company.name}"}
        if not taken & mailboxes:
            mailboxes |= taken
            break
    return Human(
        index=index,
        company=company,
        first_name=first,
        last_name=last,
        email=f"{local}@{domain}",
        phone=names.digits(rng, company.place.phone),
        record=f"person-{index:06d}" if known else None,
    )


def make_people(
    seed: int, humans: list[Human], owners: tuple[Owner, ...], duplicate_accounts: dict[str, str]
) -> tuple[list[Person], dict[str, str]]:
    """Return the CRM's contacts and leads and, for each duplicate among them, the record it repeats."""
    rng = stream(seed, "people")
    copies = {kept: copy for copy, kept in duplicate_accounts.items()}
    people: list[Person] = []
    duplicates: dict[str, str] = {}
    for human in humans:
        if human.record is None:
            continue
        person = _record(rng, human, owners, copies)
        people.append(person)
        if chance(rng, 5):
            copy = _copy(rng, human, person)
            people.append(copy)
            duplicates[copy.key] = person.key
    return people, duplicates


def _record(rng: Random, human: Human, owners: tuple[Owner, ...], copies: dict[str, str]) -> Person:
    account = human.company.account
    is_lead = account is None or chance(rng, 13)
    if not is_lead and account in copies and chance(rng, 35):
        account = copies[account]
    owner = None if chance(rng, 4) else rng.choice(owners).key
    return Person(
        key=human.record or "",
        kind="lead" if is_lead else "contact",
        first_name=human.first_name,
        last_name=human.last_name,
        email=None if chance(rng, 4) else human.email,
        phone=human.phone if chance(rng, 65) else None,
        company=human.company.name,
        account=None if is_lead else account,
        owner=owner,
        created_at=moment(rng, BEGIN - days(rng.randrange(10, 700)))
        if chance(rng, 60)
        else moment(rng, BEGIN + days(rng.randrange((AS_OF - BEGIN).days - 30))),
    )


def _copy(rng: Random, human: Human, person: Person) -> Person:
    """A second record of the same person: a lead from a form, or a contact with another spelling."""
    email = dirt.email_as_typed(rng, human.email) if chance(rng, 60) else dirt.email_typo(rng, human.email)
    first = human.first_name if chance(rng, 70) else dirt.typo(rng, human.first_name)
    as_lead = person.account is None or chance(rng, 60)
    return replace(
        person,
        key=f"{person.key}-copy",
        kind="lead" if as_lead else "contact",
        first_name=first,
        email=email,
        account=None if as_lead else person.account,
        owner=QUEUE if as_lead else person.owner,
        created_at=person.created_at + days(20),
    )
