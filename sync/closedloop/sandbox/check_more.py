"""Compares the later figures with the truth: same age, outlook, comparison, scorecard, chain.

Like ``check`` it works on plain rows; the figures were made with the true links as decisions and no other link.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.sandbox.check import Difference
from closedloop.sandbox.truth.ages import at_ages
from closedloop.sandbox.truth.arithmetic import ratio, rounded
from closedloop.sandbox.truth.basis import Basis
from closedloop.sandbox.truth.breaks import Breaks
from closedloop.sandbox.truth.comparison import comparisons
from closedloop.sandbox.truth.outlook import outlooks, samples
from closedloop.sandbox.truth.scorecard import Scorecard
from closedloop.sandbox.truth.touches import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from closedloop.sandbox.truth.breaks import Subject
    from closedloop.sandbox.truth.outlook import Outlook
    from closedloop.sandbox.truth.results import Terms
    from closedloop.sandbox.world import World

    Row = Mapping[str, object]
    Expected = Mapping[tuple[str, ...], Mapping[str, object]]

#: Table → the columns that a row is known by.
KEYS: dict[str, tuple[str, ...]] = {
    "campaign_at_age": ("campaign_key", "age_name"),
    "campaign_outlook": ("campaign_key",),
    "campaign_comparison": ("campaign_key", "against"),
    "campaign_scorecard": ("campaign_key", "step"),
    "campaign_rims": ("campaign_key",),
    "series_edition": ("campaign_key",),
    "series_scorecard": ("series", "step"),
    "chain_link": ("subject_key", "link"),
    "chain_break": ("subject_key",),
    "chain_total": ("by", "key"),
    "chain_share": (),
}
#: What comes from a numeric routine may differ in the last printed decimal; of two printed ones, by two.
CLOSE, LOOSE = Decimal("0.000001"), Decimal("0.000002")
EXACT = Decimal(0)
NUMERIC = {"win_rate_low": LOOSE, "win_rate_high": LOOSE}
#: Anything at all, where only that something is said counts.
SOME = object()
#: The generated world holds no tickets.
NOT_COMPARED = frozenset({"supported"})


def check_more(
    world: World, tables: Mapping[str, list[Row]], keys: Mapping[str, str], *, terms: Terms | None = None
) -> list[Difference]:
    """Return every published figure that is not the true one.

    Args:
        world: The world whose true links were decided.
        tables: Table of ``KEYS`` → its rows.
        keys: World key → published key.
        terms: The definitions in force.
    """
    return compare(expectations(world, keys, terms=terms), tables, attendees(world, keys))


def compare(
    expected: Mapping[str, Expected], tables: Mapping[str, list[Row]], names: Mapping[str, str]
) -> list[Difference]:
    """Return every published figure that is not the expected one.

    Args:
        expected: What ``expectations`` returned.
        tables: Table of ``KEYS`` → its rows.
        names: What ``attendees`` returned.
    """
    return [one for table in KEYS for one in _compare(table, expected[table], tables[table], names)]


def expectations(world: World, keys: Mapping[str, str], *, terms: Terms | None = None) -> dict[str, Expected]:
    """Return the rows to expect of every table, by published keys; attendees by event and identity."""
    basis = Basis(world, keys=keys, terms=terms)
    breaks, scorecard = Breaks(basis), Scorecard(basis)
    return {
        "campaign_at_age": dict(_ages(basis, keys)),
        "campaign_outlook": dict(_outlooks(basis, keys)),
        "campaign_comparison": dict(_comparisons(basis, keys)),
        "campaign_scorecard": dict(_steps(scorecard, basis, keys)),
        "campaign_rims": dict(_rims(scorecard, basis, keys)),
        "series_edition": dict(_editions(scorecard, keys)),
        "series_scorecard": dict(_series(scorecard, basis, keys)),
        "chain_link": dict(_links(breaks, keys)),
        "chain_break": dict(_breaks(breaks, keys)),
        "chain_total": dict(_totals(breaks, keys)),
        "chain_share": {(): _shares(breaks)},
    }


def attendees(world: World, keys: Mapping[str, str]) -> dict[str, str]:
    """Return published touch → attendee, as they stand in the keys of ``expectations``."""
    facts = Basis(world, keys=keys).facts
    return {keys[one.key]: _attendee(keys[one.event], identity_of(facts, one)) for one in world.registrations}


def _attendee(event: str, identity: str) -> str:
    return f"{event} {identity}"


def _ages(basis: Basis, keys: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for one in at_ages(basis):
        shown = {"age_days": one.days, "as_of": one.as_of, "is_shown": one.is_shown, "immature": one.immature}
        yield (keys[one.event], one.name), {**shown, **one.figures}


def _outlooks(basis: Basis, keys: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    order = {event.key: basis.facts.order(event.key) for event in basis.world.events}
    made = {one.event: one for one in outlooks(samples(basis), order)}
    for event in basis.world.events:
        yield (keys[event.key],), _outlook(made.get(event.key))


def _outlook(one: Outlook | None) -> dict[str, object]:
    if one is None:
        return {"expected_roi": None, "roi_low": None, "roi_high": None, "group_number": None}
    return {
        "accounts": one.accounts,
        "paying": one.paying,
        "credited": one.credited,
        "cost": one.cost,
        "pool_kind": one.pool_kind,
        "pool_accounts": one.pool_accounts,
        "pool_paying": one.pool_paying,
        "pool_credited": one.pool_credited,
        "p0": one.p0,
        "mean_value": rounded(one.pool_credited, one.pool_paying),
        "alpha": one.alpha,
        "beta": one.beta,
        "expected_roi": one.expected_roi,
        "roi_low": one.low,
        "roi_high": one.high,
        "group_number": one.group,
        "paying_median": one.paying_median,
        "largest_share": one.largest_share,
    }


def _comparisons(
    basis: Basis, keys: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for one in comparisons(basis):
        yield (
            (keys[one.event], one.against),
            {
                "strata": one.strata,
                "strata_matched": one.strata_matched,
                "treated": one.treated,
                "controls": one.controls,
                "risk_difference": one.risk_difference,
                "risk_difference_before": one.risk_difference_before,
                "matched_share": one.matched_share,
                "warning": SOME if one.is_warned else None,
            },
        )


def _steps(
    scorecard: Scorecard, basis: Basis, keys: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for event in basis.world.events:
        for step in scorecard.steps(event):
            yield (
                (keys[event.key], str(step.number)),
                {
                    "state": step.state,
                    "missing": None if step.state == "done" else SOME,
                    "share": step.share,
                    "n": step.cases,
                    "hits": step.hits,
                    "days": step.days,
                },
            )


def _rims(
    scorecard: Scorecard, basis: Basis, keys: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    editions = {edition.event: edition for edition in scorecard.editions()}
    for event in basis.world.events:
        edition = editions[event.key]
        yield (
            (keys[event.key],),
            {
                "repeatable": all(step.state == "done" for step in scorecard.steps(event)),
                "improvable": edition.is_improving,
                "measurable": scorecard.is_measurable(event),
                "scalable": edition.is_scaling,
                **scorecard.coverage(event),
            },
        )


def _editions(
    scorecard: Scorecard, keys: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for edition in scorecard.editions():
        yield (
            (keys[edition.event],),
            {
                "edition_number": edition.number,
                "previous_campaign_key": keys[edition.previous] if edition.previous else None,
                "age_days": edition.age,
                "attended": edition.attended,
                "attended_change": edition.attended_change,
                "roi": edition.own.get("roi_realised"),
                "previous_roi": edition.before.get("roi_realised"),
                "roi_change": edition.change("roi_realised"),
                "cost_per_opportunity": edition.own.get("cost_per_opportunity"),
                "cost_per_opportunity_change": edition.change("cost_per_opportunity"),
                "value_per_cost": edition.own.get("value_per_cost"),
                "value_per_cost_change": edition.change("value_per_cost"),
                "is_improving": edition.is_improving,
                "is_scaling": edition.is_scaling,
                **{f"step_{number}_change": edition.changes.get(number) for number in range(1, 6)},
            },
        )


def _series(
    scorecard: Scorecard, basis: Basis, keys: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for series in {event.series for event in basis.world.events}:
        for step, newest, change in scorecard.of_series(series):
            yield (
                (series, str(step.number)),
                {
                    "state": step.state,
                    "share": step.share,
                    "n": step.cases,
                    "hits": step.hits,
                    "newest_campaign_key": keys[newest] if newest else None,
                    "change": change,
                    "trend": _trend(change),
                },
            )


def _trend(change: Decimal | None) -> str | None:
    if change is None:
        return None
    return "rising" if change > 0 else "falling" if change < 0 else "level"


def _subject(subject: Subject, keys: Mapping[str, str]) -> str:
    return _attendee(keys[subject.event], subject.key) if subject.event else keys[subject.key]


def _links(breaks: Breaks, keys: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for subject in breaks.subjects:
        for link in subject.links:
            yield (
                (_subject(subject, keys), link.name),
                {"state": link.state, "reason": link.reason, "since": link.since, "until": link.until},
            )


def _breaks(breaks: Breaks, keys: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for subject in breaks.subjects:
        if subject.first:
            yield (
                (_subject(subject, keys),),
                {
                    "link": subject.first.name,
                    "reason": subject.first.reason,
                    "since": subject.first.since,
                    "owner_key": keys[subject.owner] if subject.owner else None,
                    "account_key": keys[subject.account] if subject.account else None,
                    "at_stake": breaks.stake(subject)[2],
                },
            )


def _totals(breaks: Breaks, keys: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    for (by, key), (subjects, broken, at_stake) in breaks.totals().items():
        yield (
            (by, str(keys.get(key or "", key))),
            {"subjects": subjects, "broken": broken, "at_stake": at_stake},
        )


def _shares(breaks: Breaks) -> dict[str, object]:
    money = breaks.shares()
    parts = ("linked", "event_touched", "whole_chain")
    return money | {f"{name}_share": ratio(money[name], money["value"]) for name in parts}


def _compare(
    table: str, expected: Expected, rows: list[Row], names: Mapping[str, str]
) -> Iterator[Difference]:
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if table == "chain_link" and row["link"] in NOT_COMPARED:
            continue
        key = tuple(names.get(str(row[name]), str(row[name])) for name in KEYS[table])
        if key in found:
            yield Difference(
                table=table, key=" ".join(key), column="row", expected="one row", found="two rows"
            )
        found[key] = row
    for key in sorted({*expected, *found}):
        name = " ".join(key)
        if key not in found or key not in expected:
            is_missing = key not in found
            yield Difference(
                table=table, key=name, column="row", expected="a row" if is_missing else None,
                found=None if is_missing else "a row",
            )  # fmt: skip
            continue
        for column, value in expected[key].items():
            if not _same(value, found[key].get(column), NUMERIC.get(column, EXACT)):
                yield Difference(
                    table=table, key=name, column=column, expected=value, found=found[key].get(column)
                )


def _same(expected: object, found: object, tolerance: Decimal) -> bool:
    if expected is SOME:
        return found is not None
    if expected is None or found is None or isinstance(expected, bool):
        return expected is found
    if isinstance(expected, float):
        return abs(Decimal(str(found)) - Decimal(repr(expected))) <= CLOSE
    if isinstance(expected, int | Decimal):
        return abs(Decimal(str(found)) - expected) <= tolerance
    return str(expected) == str(found)
