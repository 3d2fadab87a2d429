"""The world as a CRM holds it whose attendance always belongs to a person record.

Odoo keeps a registration of somebody it does not know. Salesforce needs a lead or a contact for every campaign member,
HubSpot a contact for every participant, and both hold one membership per person and event. The figures are the same:
what was one raw identity is one record now, and of several registrations of a person only the one that counts is left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from closedloop.sandbox.world.entities import Person

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from closedloop.sandbox.world.entities import PersonKind, Registration, World

#: What the keys of records begin with that a list of attendees added.
SCANNED = "person-scan-"
#: Which of several registrations of a person at an event is kept.
_RANK = {"cancelled": 0, "registered": 2, "no_show": 3, "attended": 5}


def as_registrations(world: World) -> World:
    """Return the world as a CRM holds it whose registrations do not say that somebody did not come, as Odoo's.

    Who did not come is registered still: that is all that anybody can know from there.
    """
    return replace(
        world,
        registrations=tuple(
            replace(one, status="registered") if one.status == "no_show" else one
            for one in world.registrations
        ),
    )


def as_checked_in(world: World) -> World:
    """Return the world as a system holds it that knows who was checked in: who was not, at an event that is over, did not come.

    Only where check-in was used: without a single one nobody can tell.
    """
    used = {one.event for one in world.registrations if one.status == "attended"}
    over = {event.key for event in world.events if event.status == "done" and event.key in used}
    return replace(
        world,
        registrations=tuple(
            replace(one, status="no_show") if one.status == "registered" and one.event in over else one
            for one in world.registrations
        ),
    )


def as_scans(world: World) -> World:
    """Return the world as lists of attendees hold it: what stands on the badge, and no record of the CRM."""
    return replace(world, registrations=tuple(replace(one, person=None) for one in world.registrations))


def as_members_elsewhere(world: World, *, unknown: PersonKind) -> World:
    """Return the world as it is with its attendance in a system of its own, whose members all have a person record there.

    The records of that system are people of this world, beside those of the CRM, which it does not know.

    Args:
        world: What was generated.
        unknown: What its people are. Contacts have an e-mail of their own: where two share one, the first keeps it.
    """
    scans = as_scans(world)
    held = as_members(replace(scans, people=()), unknown=unknown)
    return replace(held, people=(*world.people, *held.people))


def without_attendance(world: World) -> World:
    """Return the world as a CRM holds it whose attendance is kept elsewhere."""
    own = tuple(person for person in world.people if not person.key.startswith(SCANNED))
    return replace(world, people=own, registrations=())


def attendance_alone(world: World) -> World:
    """Return the world as a system holds it that knows events and who came, and nothing else."""
    people = tuple(
        replace(person, kind="lead") if person.kind == "subscriber" else person
        for person in world.people
        if person.key.startswith(SCANNED)
    )
    return replace(
        world, people=people, accounts=(), opportunities=(), changes=(), activities=(), customers=(), documents=(),
        payments=(), allocations=(), cost_lines=(), bookings=(),
    )  # fmt: skip


def as_members(world: World, *, unknown: PersonKind) -> World:
    """Return the world with a person for every registration that names somebody, and one registration per person and event.

    An e-mail that the CRM has leads to its record, as at every upload of a list. Who has neither an e-mail nor name and
    company stays without a person: the simulator makes an empty record of them.

    Args:
        world: What was generated.
        unknown: What somebody becomes whom the CRM does not know. Contacts have an e-mail of their own: where two
            records share one, the first keeps it.
    """
    made = _People(world, unknown)
    registrations = _once([made.registered(one) for one in world.registrations])
    kept = {one.key for one in registrations}
    links = world.links
    people = (*world.people, *made.added.values())
    return replace(
        world,
        people=tuple(_with_own_email(people)) if unknown == "contact" else people,
        registrations=tuple(registrations),
        links=replace(
            links,
            person_person={**links.person_person, **made.same},
            touch_person={
                **{key: to for key, to in links.touch_person.items() if key in kept},
                **{key: to for key, to in made.strangers.items() if key in kept},
            },
            touch_account={key: to for key, to in links.touch_account.items() if key in kept},
            same_stranger=made.same_stranger,
        ),
    )


class _People:
    """The person records that lists of attendees add.

    Attributes:
        added: New records by whom they stand for: the true record, if any, and the raw identity.
        same: New record → the record that the CRM already had of that person.
        strangers: Registration → the new record of somebody whom the CRM did not have.
        same_stranger: New record of such a person → the first one made of them, under another e-mail or spelling.
    """

    def __init__(self, world: World, unknown: PersonKind) -> None:
        self.true = world.links.touch_person
        self.human = world.links.stranger
        self.same_stranger: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self.unknown: PersonKind = unknown
        self.added: dict[tuple[str | None, str], Person] = {}
        self.same: dict[str, str] = {}
        self.strangers: dict[str, str] = {}
        self._by_email: dict[str, str] = {}
        for person in world.people:
            if person.email:
                self._by_email.setdefault(plain(person.email), person.key)

    def registered(self, registration: Registration) -> Registration:
        """Return the registration with its person."""
        identity = _identity(registration)
        if registration.person is not None or identity is None:
            return registration
        known = self._by_email.get(plain(registration.email or ""))
        if known is not None:
            return replace(registration, person=known)
        person = self._record(registration, identity)
        if registration.key not in self.true:
            self.strangers[registration.key] = person.key
            human = self.human.get(registration.key, person.key)
            if (first := self._first.setdefault(human, person.key)) != person.key:
                self.same_stranger[person.key] = first
        return replace(registration, person=person.key)

    def _record(self, registration: Registration, identity: str) -> Person:
        true = self.true.get(registration.key)
        known = self.added.get((true, identity))
        if known is not None:
            return known
        first, _, last = registration.name.rpartition(" ")
        person = Person(
            key=f"{SCANNED}{len(self.added) + 1:06d}",
            kind=self.unknown,
            first_name=first,
            last_name=last,
            email=registration.email,
            phone=registration.phone,
            company=registration.company,
            account=None,
            owner=None,
            created_at=registration.created_at,
        )
        self.added[true, identity] = person
        if true is not None:
            self.same[person.key] = true
        return person


def plain(text: str) -> str:
    """Return text without outer blanks, in lower case."""
    return " ".join(text.lower().split())


def _identity(registration: Registration) -> str | None:
    email, name, company = (
        plain(text or "") for text in (registration.email, registration.name, registration.company)
    )
    if email:
        return f"email {email}"
    return f"name {name} of {company}" if name and company else None


def _once(registrations: Iterable[Registration]) -> list[Registration]:
    """Keep the registration that counts: the highest status, of those the earliest day; no scan means the first day."""
    best: dict[tuple[str, str], Registration] = {}
    for one in registrations:
        place = (one.event, one.person or one.key)
        held = best.get(place)
        best[place] = one if held is None else min(held, one, key=_order)
    return sorted(best.values(), key=lambda one: one.key)


def _order(one: Registration) -> tuple[int, bool, datetime, str]:
    return (-_RANK[one.status], one.scanned_at is not None, one.scanned_at or one.created_at, one.key)


def _with_own_email(people: Iterable[Person]) -> Iterable[Person]:
    taken: set[str] = set()
    for person in people:
        email = plain(person.email or "")
        yield replace(person, email=None) if email and email in taken else person
        taken.add(email)
