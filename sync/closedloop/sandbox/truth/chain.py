"""Where the chain of an attendee is broken, first half: captured … won (measures.md, The chain)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.ages import has_risen
from closedloop.sandbox.truth.pace import Pace
from closedloop.sandbox.truth.touches import RANK, identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.truth.touches import Touch
    from closedloop.sandbox.world import Opportunity, Person, Registration

OK, BROKEN, PENDING, NOT_APPLICABLE = "ok", "broken", "pending", "not_applicable"


@dataclass(slots=True, kw_only=True, frozen=True)
class Windows:
    """How long each link may take, in days."""

    first_touch: int = 5
    invoice: int = 30
    stage: int = 90
    cycle: int = 365


@dataclass(slots=True, kw_only=True, frozen=True)
class Link:
    """One link of one subject: since when it is in this state, and until when a pending one may wait."""

    name: str
    state: str
    reason: str | None = None
    since: date | None = None
    until: date | None = None


def ok(name: str, since: date | None) -> Link:
    """Return a link that holds."""
    return Link(name=name, state=OK, since=since)


def pending(name: str, since: date | None, until: date | None = None) -> Link:
    """Return a link that waits."""
    return Link(name=name, state=PENDING, since=since, until=until)


def broken(name: str, reason: str, since: date | None) -> Link:
    """Return a broken link."""
    return Link(name=name, state=BROKEN, reason=reason, since=since)


class Attendees:
    """The links of every attendee, one (person, event) with a credit touch at a time.

    Decided where the page is silent: an e-mail or a telephone counts wherever it is known, on the registration or on the
    person's records; what cannot be asked of somebody who is not in the CRM does not apply; the owner is the person's, else
    the account's; worked is an activity towards the person or a deal of theirs, or that such a deal was opened or changed its stage, on
    the day of the touch or in the days of the window; a second record of the same person in the CRM is a duplicate, also when a person has said which to keep; the
    window of the opportunity is the follow-up; the deals to be won are those that the attendee has a role on, one won is enough,
    of several that do not move the one since longest, and all lost ends the chain. What has no window is broken since the
    touch. What holds has done so since the touch, or since the day on which the person's record was made if that is later; worked
    since the first effort, on an opportunity since the first with the event was created, won since the first was.
    """

    def __init__(self, basis: Basis, windows: Windows | None = None) -> None:
        self._basis = basis
        self._windows = windows or Windows()
        self._pace = Pace(basis, self._windows.stage)
        self._owners = {owner.key: owner for owner in basis.world.owners}

    def all(self) -> Iterator[tuple[Touch, list[Link]]]:
        """Return every attendee with the links in their order."""
        for touch in self._basis.touches:
            if self._basis.is_credit(touch):
                yield touch, self.links(touch)

    def links(self, touch: Touch) -> list[Link]:
        """Return the first eight links of an attendee."""
        return [
            self._captured(touch),
            self._contactable(touch),
            self._in_crm(touch),
            self._routed(touch),
            self._worked(touch),
            self._on_account(touch),
            self._opportunity(touch),
            self._won(touch),
        ]

    def _captured(self, touch: Touch) -> Link:
        if touch.has_identity:
            return ok("captured", touch.day)
        return broken("captured", "identity_missing", touch.day)

    def _contactable(self, touch: Touch) -> Link:
        emails, phones = self._addresses(touch)
        if any(is_email(one) for one in emails) or any(is_phone(one) for one in phones):
            return ok("contactable", touch.day)
        reason = "invalid_email" if emails else "invalid_phone" if phones else "no_contact_data"
        return broken("contactable", reason, touch.day)

    def _addresses(self, touch: Touch) -> tuple[set[str], set[str]]:
        stated = [
            *((one.email, one.phone) for one in self._registrations.get((touch.event, touch.identity), [])),
            *((one.email, one.phone) for one in self._records(touch)),
        ]
        emails = {email.strip() for email, _ in stated if email and email.strip()}
        phones = {phone.strip() for _, phone in stated if phone and phone.strip()}
        return emails, phones

    @cached_property
    def _registrations(self) -> dict[tuple[str, str], list[Registration]]:
        found: dict[tuple[str, str], list[Registration]] = {}
        for one in self._basis.world.registrations:
            if one.status in RANK:
                found.setdefault((one.event, identity_of(self._basis.facts, one)), []).append(one)
        return found

    @cached_property
    def _groups(self) -> dict[str | None, list[Person]]:
        found: dict[str | None, list[Person]] = {}
        for person in self._basis.world.people:
            found.setdefault(self._basis.facts.person(person.key), []).append(person)
        return found

    def _records(self, touch: Touch) -> list[Person]:
        return self._groups.get(touch.person, []) if touch.person else []

    def _kept(self, touch: Touch) -> Person | None:
        return next((one for one in self._records(touch) if one.key == touch.person), None)

    def _in_crm(self, touch: Touch) -> Link:
        if not touch.person:
            return broken("in_crm", "not_in_crm", touch.day)
        if len(self._records(touch)) > 1:
            return broken("in_crm", "duplicate_in_crm", touch.day)
        return ok("in_crm", self._known(touch))

    def _routed(self, touch: Touch) -> Link:
        person = self._kept(touch)
        if not person:
            return Link(name="routed", state=NOT_APPLICABLE)
        owner = self._owners.get(self.owner(touch) or "")
        if not owner:
            return broken("routed", "no_owner", touch.day)
        if owner.kind == "queue":
            return broken("routed", "in_queue", touch.day)
        if not owner.is_active:
            return broken("routed", "inactive_owner", touch.day)
        return ok("routed", self._known(touch))

    def _known(self, touch: Touch) -> date:
        """Return from which day on the CRM can have known the attendee of the event."""
        person = self._kept(touch)
        return max(touch.day, self._basis.facts.day(person.created_at)) if person else touch.day

    def owner(self, touch: Touch) -> str | None:
        """Return the owner of somebody in the CRM: the person's, else the account's."""
        person = self._kept(touch)
        return (person.owner or self._account_owner(touch)) if person else None

    def _account_owner(self, touch: Touch) -> str | None:
        return next((one.owner for one in self._basis.world.accounts if one.key == touch.account), None)

    def _worked(self, touch: Touch) -> Link:
        if not touch.person or not self._basis.world.activities:
            return Link(name="worked", state=NOT_APPLICABLE)
        last = touch.day + timedelta(days=self._windows.first_touch)
        if efforts := [day for day in self._efforts.get(touch.person, []) if touch.day <= day <= last]:
            return ok("worked", min(efforts))
        if self._basis.world.as_of <= last:
            return pending("worked", touch.day, last)
        return broken("worked", "untouched_past_sla", last + timedelta(days=1))

    @cached_property
    def _efforts(self) -> dict[str, list[date]]:
        person_of = {deal.key: deal.person for deal in self._basis.world.opportunities}
        found: dict[str, list[date]] = {}
        for activity in self._basis.world.activities:
            towards = activity.person or person_of.get(activity.opportunity or "")
            if towards:
                person = self._basis.facts.person(towards) or towards
                found.setdefault(person, []).append(self._basis.facts.day(activity.at))
        for deal in self._basis.world.opportunities:
            if contact := self._basis.facts.person(deal.person):
                steps = self._basis.steps.get(deal.key, [])
                days = [self._basis.facts.day(at) for at in (deal.created_at, *(step.at for step in steps))]
                found.setdefault(contact, []).extend(days)
        return found

    def _on_account(self, touch: Touch) -> Link:
        records = self._records(touch)
        if not records:
            return Link(name="on_account", state=NOT_APPLICABLE)
        if any(one.account for one in records):
            return ok("on_account", self._known(touch))
        kept = self._kept(touch)
        is_lead = kept is not None and kept.kind == "lead"
        reason = "lead_not_converted" if is_lead else "contact_without_account"
        return broken("on_account", reason, touch.day)

    def _opportunity(self, touch: Touch) -> Link:
        if not touch.account or not touch.person:
            return Link(name="opportunity", state=NOT_APPLICABLE)
        moved, theirs = self._moved(touch), self._theirs(touch)
        if named := [deal for deal in theirs if deal.event]:
            return ok("opportunity", self._begun(touch, named))
        if theirs:
            return broken("opportunity", "opportunity_without_campaign", self._begun(touch, theirs))
        if moved:
            return broken("opportunity", "not_on_opportunity", self._begun(touch, moved))
        until = touch.day + timedelta(days=self._basis.facts.terms.follow_up_days)
        if self._basis.world.as_of <= until:
            return pending("opportunity", touch.day, until)
        return broken("opportunity", "no_opportunity", until + timedelta(days=1))

    def _begun(self, touch: Touch, deals: list[Opportunity]) -> date:
        """Return since when an attendee lacks something on deals: since the first of them, after the touch."""
        return max(touch.day, min(self._basis.facts.day(deal.created_at) for deal in deals))

    def _won(self, touch: Touch) -> Link:
        theirs = self._theirs(touch)
        still_open = [deal for deal in theirs if not deal.is_closed]
        if won := [deal for deal in theirs if deal.is_won]:
            days = [day for deal in won if (day := self._basis.facts.closed(deal))]
            return ok("won", min(days, default=None))
        late = [
            (since, self._basis.facts.order(deal.key), reason)
            for deal in still_open
            for reason, since in [self._pace.reason(deal) or ("", None)]
            if since
        ]
        if late:
            since, _, reason = min(late)
            return broken("won", reason, since)
        if still_open:
            return pending("won", self._begun(touch, still_open))
        return Link(name="won", state=NOT_APPLICABLE)

    def _theirs(self, touch: Touch) -> list[Opportunity]:
        if not touch.account or not touch.person:
            return []
        moved = self._moved(touch)
        return [deal for deal in moved if self._basis.facts.person(deal.person) == touch.person]

    def _moved(self, touch: Touch) -> list[Opportunity]:
        """Return the account's deals that the event opened or advanced, from the account's earliest touch on."""
        begun = self._basis.first_days(touch.event).get(touch.account or "", touch.day)
        last = begun + timedelta(days=self._basis.facts.terms.follow_up_days)
        return [
            deal
            for deal in self._basis.of_account.get(touch.account, [])
            if begun <= self._basis.facts.day(deal.created_at) <= last
            or has_risen(self._basis, deal, begun, last)
        ]


def first_break(links: list[Link]) -> Link | None:
    """Return the first broken link."""
    return next((link for link in links if link.state == BROKEN), None)


#: Something before one "@", and after it a host of labels that ends in letters.
EMAIL = re.compile(
    r"[^\s@,;<>()\"]+(?<!\.)@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}", re.ASCII | re.IGNORECASE
)


def is_email(text: str) -> bool:
    """Say whether an address looks deliverable: its syntax and the shape of its domain."""
    return bool(EMAIL.fullmatch(text)) and not text.startswith(".") and ".." not in text


@cache
def is_phone(text: str) -> bool:
    """Say whether an international number fits its country's numbering plan."""
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, None))
    except phonenumbers.NumberParseException:
        return False
