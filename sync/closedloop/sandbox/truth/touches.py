"""Touches and attendance (measures 6 to 9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.facts import follow

if TYPE_CHECKING:
    from datetime import date

    from closedloop.sandbox.truth.facts import Facts
    from closedloop.sandbox.world import Event, Person, Registration

RANK = {"invited": 1, "registered": 2, "no_show": 3, "responded": 4, "attended": 5}


@dataclass(slots=True, kw_only=True, frozen=True)
class Touch:
    """One person at one event. ``person`` is the CRM's kept record where one is linked."""

    event: str
    identity: str
    has_identity: bool
    person: str | None
    account: str | None
    status: str
    day: date


def touches(facts: Facts) -> list[Touch]:
    """Return a touch for every person and event, with the highest status over all registrations.

    Decided where the page is silent: a no-show registered, and the source knows more of it, so it ranks next above; a cancelled registration is no touch; of several registrations with the highest
    status the earliest day counts; a scan without e-mail that lacks a name or a company is a person of its own, without identity.
    """
    events = {event.key: event for event in facts.world.events}
    people = _groups(facts)
    found: dict[tuple[str, str], list[Registration]] = {}
    for registration in facts.world.registrations:
        if registration.status in RANK:
            identity = identity_of(facts, registration)
            found.setdefault((registration.event, identity), []).append(registration)
    return [
        _touch(facts, events[event], identity, registrations, people)
        for (event, identity), registrations in found.items()
    ]


def _groups(facts: Facts) -> dict[str, list[Person]]:
    groups: dict[str, list[Person]] = {}
    for person in facts.world.people:
        groups.setdefault(follow(facts.links.person_person, person.key), []).append(person)
    return groups


def _person(facts: Facts, registration: Registration) -> str | None:
    record = facts.links.touch_person.get(registration.key) or registration.person
    return follow(facts.links.person_person, record) if record else None


def identity_of(facts: Facts, registration: Registration) -> str:
    """Return who a registration is, for the count of distinct people."""
    person = _person(facts, registration)
    if person:
        return f"person {person}"
    email = (registration.email or "").strip().lower()
    if email:
        return f"email {email}"
    name, company = (
        " ".join((text or "").lower().split()) for text in (registration.name, registration.company)
    )
    return f"name {name} of {company}" if name and company else f"nobody {registration.key}"


def _touch(
    facts: Facts,
    event: Event,
    identity: str,
    registrations: list[Registration],
    people: dict[str, list[Person]],
) -> Touch:
    status = max((registration.status for registration in registrations), key=lambda status: RANK[status])
    best = [registration for registration in registrations if registration.status == status]
    person = _person(facts, best[0])
    return Touch(
        event=event.key,
        identity=identity,
        has_identity=not identity.startswith("nobody"),
        person=person,
        account=_account(facts, best, people.get(person, []) if person else []),
        status=status,
        day=min(_day(facts, event, registration) for registration in best),
    )


def _account(facts: Facts, registrations: list[Registration], records: list[Person]) -> str | None:
    """Measure 8: the link of the touch itself, else the primary account of the person."""
    for registration in registrations:
        if registration.key in facts.links.touch_account:
            return facts.account(facts.links.touch_account[registration.key])
    primary = sorted(record.key for record in records if record.account)
    by_key = {record.key: record for record in records}
    return facts.account(by_key[primary[0]].account) if primary else None


def _day(facts: Facts, event: Event, registration: Registration) -> date:
    """Measure 7: the scan's day if it lies on or within one day of the event, moved into it; else the first day."""
    if registration.status != "attended" or registration.scanned_at is None:
        return event.start
    day = facts.day(registration.scanned_at)
    one = timedelta(days=1)
    if event.start - one <= day <= event.end + one:
        return min(max(day, event.start), event.end)
    return event.start
