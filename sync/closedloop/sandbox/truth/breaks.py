"""The first broken link of every subject, the money at stake, totals and shares (The chain)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.chain import NOT_APPLICABLE, Attendees, Link, broken, first_break
from closedloop.sandbox.truth.purchases import Purchases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.truth.chain import Windows


@dataclass(slots=True, kw_only=True, frozen=True)
class Subject:
    """An attendee (``key`` is who they are), a customer account, or a ledger customer that no account owns."""

    kind: str
    key: str
    event: str | None
    account: str | None
    owner: str | None
    links: tuple[Link, ...]

    @property
    def first(self) -> Link | None:
        """The first broken link."""
        return first_break(list(self.links))


class Breaks:
    """All chains of a world."""

    def __init__(self, basis: Basis, windows: Windows | None = None) -> None:
        self._basis = basis
        self._attendees = Attendees(basis, windows)
        self._purchases = Purchases(basis, windows)

    @cached_property
    def subjects(self) -> list[Subject]:
        """Every attendee and every customer."""
        return [*self._people(), *self._accounts(), *self._customers()]

    def _people(self) -> Iterator[Subject]:
        for touch, links in self._attendees.all():
            yield Subject(
                kind="attendee",
                key=touch.identity,
                event=touch.event,
                account=touch.account,
                owner=self._attendees.owner(touch),
                links=tuple(links),
            )

    def _accounts(self) -> Iterator[Subject]:
        owners = {record.key: record.owner for record in self._basis.world.accounts}
        for account, links in self._purchases.all():
            yield Subject(
                kind="account",
                key=account,
                event=None,
                account=account,
                owner=owners[account],
                links=tuple(links),
            )

    def _customers(self) -> Iterator[Subject]:
        for customer, (first, _) in self._purchases.unlinked().items():
            links = (
                Link(name="customer", state=NOT_APPLICABLE),
                broken("invoiced", "invoice_without_account", first),
                Link(name="paid", state=NOT_APPLICABLE),
                Link(name="repeat", state=NOT_APPLICABLE),
            )
            yield Subject(kind="account", key=customer, event=None, account=None, owner=None, links=links)

    def stake(self, subject: Subject) -> tuple[str, str, int]:
        """Return which money a broken subject puts at risk: whose it is, of what kind, and how much."""
        first = subject.first
        if subject.account is None:
            unlinked = self._purchases.unlinked() if subject.kind == "account" else {}
            return subject.key, "unlinked", max(unlinked[subject.key][1] if unlinked else 0, 0)
        is_repeat = first is not None and first.name == "repeat"
        return subject.account, *self._purchases.stake(subject.account).largest(of_repeat=is_repeat)

    def totals(self) -> dict[tuple[str, str | None], tuple[int, int, int]]:
        """Return (subjects, broken, at stake) of everything, of each event, owner and reason.

        Money of the same kind of the same account is the same records: it counts once. An account counts at every event
        where it has a touch that earns credit.
        """
        groups: dict[tuple[str, str | None], list[Subject]] = {}
        for subject in self.subjects:
            for name in self._groups(subject):
                groups.setdefault(name, []).append(subject)
        return {name: self._total(members) for name, members in groups.items()}

    def _groups(self, subject: Subject) -> Iterator[tuple[str, str | None]]:
        yield "all", "all"
        yield "owner", subject.owner
        if subject.first:
            yield "reason", subject.first.reason
        if subject.event:
            yield "campaign", subject.event
        elif subject.account:
            for event in self._events.get(subject.account, ()):
                yield "campaign", event

    @cached_property
    def _events(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for event in self._basis.world.events:
            for account in self._basis.first_days(event.key):
                found.setdefault(account, []).append(event.key)
        return found

    def _total(self, members: list[Subject]) -> tuple[int, int, int]:
        without = [member for member in members if member.first]
        records = {(whose, kind): amount for whose, kind, amount in map(self.stake, without)}
        return len(members), len(without), sum(records.values())

    def shares(self) -> dict[str, int]:
        """Return the value of all documents, and what of it is linked, event-touched and whole, in home minor units.

        Decided where the page is silent: a path is complete when somebody of the account, known to the CRM, has a touch
        that earns credit; a chain is whole when besides neither the account's nor at least one such person's is broken.
        """
        known = {touch.account for touch, _ in self._attendees.all() if touch.person and touch.account}
        whole = {
            touch.account
            for touch, links in self._attendees.all()
            if touch.person and touch.account and not first_break(links)
        } - {subject.account for subject in self.subjects if subject.kind == "account" and subject.first}
        worths = [(worth.account, worth.value or 0) for worth in self._basis.ledger.worths.values()]
        return {
            "value": sum(value for _, value in worths),
            "linked": sum(value for account, value in worths if account),
            "event_touched": sum(value for account, value in worths if account in known),
            "whole_chain": sum(value for account, value in worths if account in whole),
        }
