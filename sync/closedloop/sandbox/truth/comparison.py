"""Attended against not attended: a comparison, not proof (measure 19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from closedloop.sandbox.truth.arithmetic import ratio

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from closedloop.sandbox.truth.basis import Basis
    from closedloop.sandbox.world import Event

#: Controls that a stratum needs; days of the revenue that puts an account into its band.
ENOUGH, YEAR = 5, timedelta(days=365)


@dataclass(slots=True, kw_only=True, frozen=True)
class Comparison:
    """Accounts of attendees (treated) against others of the same strata; ratios with six decimals.

    ``controls`` are those in the ``strata_matched``, which have enough of them.
    """

    event: str
    against: str
    treated: int
    controls: int
    strata: int
    strata_matched: int
    matched_share: Decimal | None
    risk_difference: Decimal | None
    risk_difference_before: Decimal | None
    is_warned: bool


@dataclass(slots=True, kw_only=True, frozen=True)
class _Subject:
    """One account at one event: where it stood before, and whether it bought after and before."""

    account: str
    stratum: tuple[object, ...]
    after: bool
    before: bool
    had_open_deal: bool


def comparisons(basis: Basis) -> list[Comparison]:
    """Return, for every event that has begun, both comparisons.

    Decided where the page is silent: accounts are compared, and one person who came makes the account an attendee's; those
    of no-shows are one stratum; buying is a positive document in the follow-up days from the first day on, before it in as many
    days up to the day before; the band is the number of digits of the revenue of the 365 days before; a deal is open before when
    it was created before the first day and not closed by then.
    """
    return [
        one
        for event in basis.world.events
        if event.start <= basis.world.as_of
        for one in (_no_show(basis, event), _others(basis, event))
    ]


def _no_show(basis: Basis, event: Event) -> Comparison:
    reached = basis.reached(event.key)
    absent = {touch.account for touch in basis.of_event.get(event.key, []) if touch.status == "no_show"}
    kept = {account for account in absent if account} - reached
    return _compare(basis, event, kept, against="no_show", is_stratified=False)


def _others(basis: Basis, event: Event) -> Comparison:
    everyone = {basis.facts.account(record.key) for record in basis.world.accounts}
    kept = {account for account in everyone if account} - basis.reached(event.key)
    return _compare(basis, event, kept, against="non_attendee", is_stratified=True)


def _compare(
    basis: Basis, event: Event, others: set[str], *, against: str, is_stratified: bool
) -> Comparison:
    reached = basis.reached(event.key)
    treated = [_subject(basis, event, account, is_stratified=is_stratified) for account in sorted(reached)]
    controls = [_subject(basis, event, account, is_stratified=is_stratified) for account in sorted(others)]
    strata = [
        (within, beside)
        for key in {one.stratum for one in treated}
        for within in [[one for one in treated if one.stratum == key]]
        for beside in [[one for one in controls if one.stratum == key]]
        if len(beside) >= ENOUGH
    ]
    matched = sum(len(within) for within, _ in strata)
    return Comparison(
        event=event.key,
        against=against,
        treated=len(treated),
        controls=sum(len(beside) for _, beside in strata),
        strata=len({one.stratum for one in treated}),
        strata_matched=len(strata),
        matched_share=ratio(matched, len(treated)) if treated else None,
        risk_difference=mantel_haenszel(
            (_counts(one.after for one in within), _counts(one.after for one in beside))
            for within, beside in strata
        ),
        risk_difference_before=mantel_haenszel(
            (_counts(one.before for one in within), _counts(one.before for one in beside))
            for within, beside in strata
        ),
        is_warned=2 * sum(one.had_open_deal for one in treated) > len(treated),
    )


def _counts(flags: Iterable[bool]) -> tuple[int, int]:
    found = list(flags)
    return sum(found), len(found)


def mantel_haenszel(strata: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Decimal | None:
    """Return the weighted difference of two shares over strata of ((hits, all) treated, (hits, all) controls).

    Source: Mantel and Haenszel's weights n1·n0/(n1 + n0), for the difference by Greenland and Robins (1985).
    """
    top = bottom = Fraction(0)
    for (hits, n1), (others, n0) in strata:
        top += Fraction(hits * n0 - others * n1, n1 + n0)
        bottom += Fraction(n1 * n0, n1 + n0)
    if not bottom:
        return None
    share = top / bottom
    return ratio(share.numerator, share.denominator)


def _subject(basis: Basis, event: Event, account: str, *, is_stratified: bool) -> _Subject:
    follow_up = timedelta(days=basis.facts.terms.follow_up_days)
    had_open_deal = _had_open_deal(basis, event, account)
    stratum: tuple[object, ...] = ()
    if is_stratified:
        first = basis.ledger.first_positive.get(account)
        was_customer = first is not None and first < event.start
        stratum = (was_customer, had_open_deal, _band(basis, event, account), country(basis, account))
    return _Subject(
        account=account,
        stratum=stratum,
        after=_bought(basis, account, event.start, event.start + follow_up),
        before=_bought(basis, account, event.start - follow_up, event.start - timedelta(days=1)),
        had_open_deal=had_open_deal,
    )


def _had_open_deal(basis: Basis, event: Event, account: str) -> bool:
    return any(
        basis.facts.day(deal.created_at) < event.start
        and ((closed := basis.facts.closed(deal)) is None or closed >= event.start)
        for deal in basis.of_account.get(account, [])
    )


def _band(basis: Basis, event: Event, account: str) -> int:
    """Return the number of digits of the revenue of the year before, 0 without any."""
    revenue = sum(
        value for day, value in basis.sales.get(account, []) if event.start - YEAR <= day < event.start
    )
    return len(str(revenue)) if revenue > 0 else 0


def _bought(basis: Basis, account: str, begin: date, end: date) -> bool:
    return any(value > 0 and begin <= day <= end for day, value in basis.sales.get(account, []))


def country(basis: Basis, account: str) -> str:
    """Return the country of an account."""
    return next(record.country for record in basis.world.accounts if record.key == account)
