"""Opportunities with their history, and what our people did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.world.draw import AS_OF, BEGIN, at, chance, days, moment, pick, stream
from closedloop.sandbox.world.entities import Activity, ActivityKind, Opportunity, OpportunityChange, Stage

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from closedloop.sandbox.world.companies import Company
    from closedloop.sandbox.world.entities import Event, Owner, Person, Registration

STAGES = (
    Stage(key="stage-1", name="New", rank=1, probability=10, is_won=False),
    Stage(key="stage-2", name="Qualified", rank=2, probability=30, is_won=False),
    Stage(key="stage-3", name="Proposition", rank=3, probability=60, is_won=False),
    Stage(key="stage-4", name="Won", rank=4, probability=100, is_won=True),
)
ACTIVITIES: tuple[ActivityKind, ...] = ("call", "email", "meeting", "task")


@dataclass(slots=True, kw_only=True)
class Sales:
    """What the CRM knows of deals."""

    opportunities: list[Opportunity]
    changes: list[OpportunityChange]


@dataclass(slots=True, kw_only=True, frozen=True)
class Course:
    """How one deal went: the day each stage was reached, and how it ended."""

    created: date
    reached: tuple[date, ...]
    closed: date | None
    is_won: bool


def make_sales(
    seed: int,
    companies: list[Company],
    people: list[Person],
    attended: dict[str, list[Event]],
    owners: tuple[Owner, ...],
) -> Sales:
    """Return the deals of every account; ``attended`` lists the events that its people attended."""
    rng = stream(seed, "deals")
    contacts: dict[str, list[str]] = {}
    for person in people:
        if person.kind == "contact" and person.account:
            contacts.setdefault(person.account, []).append(person.key)
    sales = Sales(opportunities=[], changes=[])
    for company in companies:
        if company.account:
            for _ in range(pick(rng, [(22, 0), (32, 1), (22, 2), (14, 3), (10, 5)])):
                event = rng.choice(attended[company.account]) if attended.get(company.account) else None
                _deal(rng, sales, company, event if chance(rng, 60) else None, owners)
                _give_role(rng, sales, contacts.get(company.account, []))
    return sales


def _deal(
    rng: Random, sales: Sales, company: Company, event: Event | None, owners: tuple[Owner, ...]
) -> None:
    number = len(sales.opportunities) + 1
    course = _course(rng, event)
    amount = rng.randrange(40, 900) * pick(rng, [(70, 5_000), (20, 10_050), (10, 2_375)])
    key = f"opportunity-{number:05d}"
    stage = STAGES[3] if course.is_won else STAGES[min(len(course.reached), 2)]
    created = moment(rng, course.created)
    closed = moment(rng, course.closed) if course.closed else None
    deal = Opportunity(
        key=key,
        name=f"{company.base} {rng.choice(('rollout', 'renewal', 'pilot', 'extension', 'upgrade'))}",
        number=f"D-{number:05d}",
        po=f"PO-{number:05d}{rng.randrange(100):02d}" if chance(rng, 45) else None,
        account=company.account or "",
        person=None,
        event=event.key if event and chance(rng, 72) else None,
        lead_source=pick(rng, [(45, "Event"), (20, "Web"), (20, "Referral"), (15, "")]) or None,
        from_lead=chance(rng, 15),
        amount=amount,
        probability=_probability(course, stage),
        stage=stage.key,
        is_closed=course.closed is not None,
        is_won=course.is_won,
        created_at=created,
        expected_close=course.created + days(rng.randrange(30, 200)) if chance(rng, 90) else None,
        closed_at=max(closed, created + timedelta(hours=1)) if closed else None,
        owner=rng.choice(owners).key,
    )
    sales.opportunities.append(deal)
    if chance(rng, 92):
        _history(rng, sales, deal, course)


def _course(rng: Random, event: Event | None) -> Course:
    latest = (AS_OF - BEGIN).days - 4
    created = BEGIN + days(rng.randrange(-200, latest))
    if event:
        created = min(
            event.start + days(pick(rng, [(80, rng.randrange(160)), (20, -rng.randrange(90))])),
            AS_OF - days(3),
        )
    steps = [rng.randrange(2, 70) for _ in range(3)]
    reached: list[date] = []
    day = created
    for step in steps:
        day += days(step)
        reached.append(day)
    outcome = pick(rng, [(42, "won"), (48, "lost"), (10, "stuck")])
    if reached[-1] > AS_OF - days(2) or outcome == "stuck":
        so_far = [day for day in reached[:2] if day < AS_OF]
        return Course(created=created, reached=tuple(so_far), closed=None, is_won=False)
    if outcome == "won":
        return Course(created=created, reached=tuple(reached), closed=reached[-1], is_won=True)
    kept = reached[: rng.randrange(3)]
    return Course(created=created, reached=tuple(kept), closed=reached[-1], is_won=False)


def _probability(course: Course, stage: Stage) -> int:
    if course.closed:
        return 100 if course.is_won else 0
    return stage.probability


def _history(rng: Random, sales: Sales, deal: Opportunity, course: Course) -> None:
    """Record each stage, and for one deal in three an amount that was not the first one."""
    previous = STAGES[0]
    for day, stage in zip(course.reached, STAGES[1:], strict=False):
        when = deal.closed_at if stage.is_won and deal.closed_at else _within(rng, deal, day)
        sales.changes.append(
            OpportunityChange(
                key=f"change-{len(sales.changes) + 1:06d}",
                opportunity=deal.key,
                at=when,
                field="stage",
                old_stage=previous.key,
                new_stage=stage.key,
            )
        )
        previous = stage
    if chance(rng, 33):
        first = 0 if chance(rng, 40) else deal.amount * rng.randrange(50, 150) // 100 // 100 * 100
        if first != deal.amount:
            until = deal.closed_at.date() if deal.closed_at else AS_OF
            day = course.created + days(rng.randrange(max(1, (until - course.created).days)))
            sales.changes.append(
                OpportunityChange(
                    key=f"change-{len(sales.changes) + 1:06d}",
                    opportunity=deal.key,
                    at=_within(rng, deal, day),
                    field="amount",
                    old_amount=first,
                    new_amount=deal.amount,
                )
            )


def _within(rng: Random, deal: Opportunity, day: date) -> datetime:
    """Return a time on ``day`` that lies after the deal's creation, before its end and before the world's."""
    when = max(moment(rng, day), deal.created_at + timedelta(minutes=30))
    return min(when, (deal.closed_at or at(AS_OF, 18)) - timedelta(minutes=10))


def _give_role(rng: Random, sales: Sales, contacts: list[str]) -> None:
    """Put a contact on the newest deal, unless nobody did so."""
    if contacts and chance(rng, 82):
        sales.opportunities[-1] = replace(sales.opportunities[-1], person=rng.choice(contacts))


def make_activities(
    seed: int,
    people: list[Person],
    touches: list[tuple[Registration, str]],
    opportunities: list[Opportunity],
    owners: tuple[Owner, ...],
) -> list[Activity]:
    """Return what followed each touch (``(registration, person record)``) and each deal; a third went unworked."""
    rng = stream(seed, "activities")
    users = [owner.key for owner in owners if owner.kind == "user"]
    owner_of = {person.key: person.owner for person in people}
    activities: list[Activity] = []
    for registration, person in touches:
        wait = pick(rng, [(45, rng.randrange(5)), (20, rng.randrange(6, 60)), (35, -1)])
        day = registration.scanned_at.date() if registration.scanned_at else None
        if day and wait >= 0 and day + days(wait) < AS_OF:
            owner = owner_of[person] if owner_of[person] in users else rng.choice(users)
            activities.append(
                _activity(rng, len(activities), owner or users[0], day + days(wait), person=person)
            )
    for deal in opportunities:
        for _ in range(rng.randrange(3)):
            end = deal.closed_at.date() if deal.closed_at else AS_OF
            length = max(1, (end - deal.created_at.date()).days)
            day = deal.created_at.date() + days(rng.randrange(length))
            activities.append(_activity(rng, len(activities), rng.choice(users), day, deal=deal.key))
    return activities


def _activity(
    rng: Random, number: int, owner: str, day: date, *, person: str | None = None, deal: str | None = None
) -> Activity:
    return Activity(
        key=f"activity-{number + 1:06d}",
        kind=rng.choice(ACTIVITIES),
        person=person,
        opportunity=deal,
        owner=owner,
        at=at(day, rng.randrange(8, 18), rng.randrange(60)),
    )
