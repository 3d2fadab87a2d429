"""Event campaigns in series, and who was there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.world import dirt, names
from closedloop.sandbox.world.draw import AS_OF, BEGIN, at, chance, days, moment, pick, stream
from closedloop.sandbox.world.entities import Event, EventKind, EventStatus, Registration, RegistrationStatus

if TYPE_CHECKING:
    from random import Random

    from closedloop.sandbox.world.entities import Owner
    from closedloop.sandbox.world.people import Human


@dataclass(slots=True, kw_only=True, frozen=True)
class Pattern:
    """What the editions of one kind of event have in common."""

    kind: EventKind
    names: tuple[str, ...]
    every: int
    length: int
    guests: int
    budget: int


PATTERNS = (
    Pattern(
        kind="trade_show", names=("Expo", "Fair", "Show"), every=365, length=3, guests=105, budget=9_000_000
    ),
    Pattern(
        kind="conference", names=("Summit", "Forum", "Days"), every=365, length=2, guests=85, budget=6_000_000
    ),
    Pattern(kind="webinar", names=("Live", "Talks"), every=110, length=1, guests=55, budget=800_000),
    Pattern(kind="dinner", names=("Table", "Evening"), every=200, length=1, guests=16, budget=1_500_000),
)
#: How often each kind begins a new series, until the wanted number of events is reached.
ROTATION = (0, 1, 2, 3, 0, 1, 0, 3, 1, 0, 2)
#: The zones' names say nothing of a badge scanner's clock; some run a day early or late.
ODD_SCANS = (-9, -1, 1, 2)


def make_events(seed: int, wanted: int, owners: tuple[Owner, ...]) -> list[Event]:
    """Return about ``wanted`` events, oldest first, among them two still to come and one that was cancelled."""
    rng = stream(seed, "events")
    events: list[Event] = []
    used: set[str] = set()
    turn = 0
    while len(events) < wanted:
        pattern = PATTERNS[ROTATION[turn % len(ROTATION)]]
        events.extend(_series(rng, pattern, used, owners))
        turn += 1
    events.sort(key=lambda event: (event.start, event.code))
    events = [replace(event, key=f"event-{number:04d}") for number, event in enumerate(events, start=1)]
    cancelled = rng.randrange(len(events) // 3, len(events) - 3)
    events[cancelled] = replace(
        events[cancelled], status="cancelled", actual_cost=None, name=f"{events[cancelled].name} (cancelled)"
    )
    return [*events, *_future(rng, events)]


def _series(rng: Random, pattern: Pattern, used: set[str], owners: tuple[Owner, ...]) -> list[Event]:
    while True:
        topic = rng.choice(names.SECTORS)
        series = f"{topic} {rng.choice(pattern.names)}"
        code = f"{series[:3].upper()}{pattern.kind[:2].upper()}{len(used):02d}"
        if series not in used:
            used.add(series)
            break
        if len(used) > len(names.SECTORS):
            series = f"{series} {len(used)}"
            used.add(series)
            break
    start = BEGIN + days(rng.randrange(5, 5 + min(pattern.every, 240)))
    editions: list[Event] = []
    while start + days(pattern.length) < AS_OF - days(3):
        editions.append(
            _edition(rng, pattern, owners, series=series, code=code, number=len(editions) + 1, start=start)
        )
        start += days(pattern.every + rng.randrange(-9, 10))
    return editions


def _edition(
    rng: Random,
    pattern: Pattern,
    owners: tuple[Owner, ...],
    *,
    series: str,
    code: str,
    number: int,
    start: date,
) -> Event:
    budget = pattern.budget * rng.randrange(70, 140) // 100 // 5000 * 5000
    spent = budget * rng.randrange(80, 130) // 100
    return Event(
        key="",
        code=f"{code}-{number}",
        name=f"{series} {start.year}" if pattern.every == 365 else f"{series} #{number}",  # noqa: PLR2004
        kind=pattern.kind,
        series=series,
        edition=str(start.year) if pattern.every == 365 else str(number),  # noqa: PLR2004 - yearly
        start=start,
        end=start + days(pattern.length - 1),
        status="done",
        budget=budget if chance(rng, 92) else None,
        actual_cost=spent if chance(rng, 65) else None,
        expected_attendees=pattern.guests * rng.randrange(80, 120) // 100 if chance(rng, 85) else None,
        owner=rng.choice(owners).key,
    )


def _future(rng: Random, events: list[Event]) -> list[Event]:
    """Two editions that begin after the world's last day: registered guests, no cost, no figures yet."""
    future = []
    for step, event in enumerate((events[0], events[-1])):
        start = AS_OF + days(rng.randrange(10, 60))
        future.append(
            replace(
                event,
                key=f"event-{len(events) + 1 + step:04d}",
                code=f"{event.code}-NEXT",
                name=f"{event.series} next",
                edition="next",
                start=start,
                end=start + (event.end - event.start),
                status="planned",
                actual_cost=None,
            )
        )
    return future


@dataclass(slots=True, kw_only=True)
class Attendance:
    """The registrations of every event, and who each one really is."""

    contacts: frozenset[str]
    registrations: list[Registration]
    person: dict[str, Human]
    role_mailboxes: set[tuple[str, str]]


def make_attendance(
    seed: int, events: list[Event], humans: list[Human], contacts: frozenset[str], *, total: int
) -> Attendance:
    """Return about ``total`` registrations; a third of an event's guests were at an earlier edition of its series."""
    rng = stream(seed, "attendance")
    guests = {event.key: _guests(event) for event in events}
    share = sum(guests.values())
    attendance = Attendance(contacts=contacts, registrations=[], person={}, role_mailboxes=set())
    regulars: dict[str, list[Human]] = {}
    for event in events:
        size = max(3, min(guests[event.key] * total // share, len(humans) // 3))
        known = regulars.setdefault(event.series, [])
        chosen = _choose(rng, humans, known, size)
        for human in chosen:
            _register(rng, attendance, event, human)
        there = {human.index for human in known}
        known.extend(human for human in chosen if human.index not in there)
    return attendance


def _guests(event: Event) -> int:
    return next(pattern.guests for pattern in PATTERNS if pattern.kind == event.kind)


def _choose(rng: Random, humans: list[Human], regulars: list[Human], size: int) -> list[Human]:
    chosen = rng.sample(regulars, min(len(regulars), size // 3))
    there = {human.index for human in chosen}
    while len(chosen) < size:
        human = rng.choice(humans)
        if human.index not in there:
            there.add(human.index)
            chosen.append(human)
    return chosen


def _register(rng: Random, attendance: Attendance, event: Event, human: Human) -> None:
    registered = moment(rng, event.start - days(rng.randrange(1, 50)))
    registered = min(registered, at(AS_OF, 9))
    status = _status(rng, event)
    _add(rng, attendance, event, human, status=status, registered=registered)
    if (status == "cancelled" and event.status == "done" and chance(rng, 30)) or (
        status == "attended" and chance(rng, 3)
    ):
        _add(rng, attendance, event, human, status="attended", registered=registered + timedelta(hours=3))


def _status(rng: Random, event: Event) -> RegistrationStatus:
    by_status: dict[EventStatus, list[tuple[int, RegistrationStatus]]] = {
        "planned": [(90, "registered"), (10, "cancelled")],
        "cancelled": [(100, "cancelled")],
        "done": [(66, "attended"), (17, "no_show"), (9, "cancelled"), (8, "registered")],
    }
    return pick(rng, by_status[event.status])


def _add(
    rng: Random,
    attendance: Attendance,
    event: Event,
    human: Human,
    *,
    status: RegistrationStatus,
    registered: datetime,
) -> None:
    form = _form(rng, attendance, event, human, status)
    linked = form == "form" and human.record in attendance.contacts and chance(rng, 30)
    made = Registration(
        key=f"registration-{len(attendance.registrations) + 1:06d}",
        event=event.key,
        person=human.record if linked else None,
        name="" if form == "nameless" else human.name,
        email=_email(rng, human, form),
        company=_company(rng, human, form),
        phone=human.phone if form == "form" and chance(rng, 40) else None,
        status=status,
        scanned_at=_scan(rng, event, status),
        created_at=registered,
    )
    attendance.registrations.append(made)
    if form != "nameless":
        attendance.person[made.key] = human


def _form(rng: Random, attendance: Attendance, event: Event, human: Human, status: RegistrationStatus) -> str:
    """Say how a guest came on the list; a shared mailbox stands for one known guest an event."""
    form = pick(rng, [(78, "form"), (6, "typo"), (5, "role"), (9, "walk_in"), (2, "nameless")])
    if status != "attended" and form in ("walk_in", "nameless"):
        return "form"
    if form == "role":
        mailbox = (event.key, human.company.domain)
        if human.record is None or mailbox in attendance.role_mailboxes:
            return "form"
        attendance.role_mailboxes.add(mailbox)
    return form


def _email(rng: Random, human: Human, form: str) -> str | None:
    if form in ("walk_in", "nameless"):
        return None
    if form == "typo":
        return dirt.email_typo(rng, human.email)
    if form == "role":
        return f"{rng.choice(names.JOBS)}@{human.company.domain}"
    return dirt.email_as_typed(rng, human.email)


def _company(rng: Random, human: Human, form: str) -> str | None:
    company = human.company
    if form == "nameless" or (form != "walk_in" and chance(rng, 10)):
        return None
    return company.name if form == "walk_in" or chance(rng, 60) else company.base


def _scan(rng: Random, event: Event, status: RegistrationStatus) -> datetime | None:
    """A badge scan: mostly on an event day, now and then by a clock that is days off, at times none at all."""
    if status != "attended" or chance(rng, 12):
        return None
    day = event.start + days(rng.randrange((event.end - event.start).days + 1))
    if chance(rng, 4):
        day = rng.choice((event.start, event.end)) + days(rng.choice(ODD_SCANS))
    return min(moment(rng, day), datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC))
