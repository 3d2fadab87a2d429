"""The windows of the chain to the day, and money at stake counted once; what to expect stands beside the rows."""

import pytest
from tests.models.windows import ACCOUNTS, ATTENDEES, UNTIL


@pytest.fixture
def world(aged):
    return aged


def link(world, subject, name):
    return world.one("select * from marts.chain_link where subject_key = ? and link = ?", subject, name)


def _agrees(row, expected, since):
    if expected in {"ok", "pending", "not_applicable"}:
        assert (row["state"], row["reason"]) == (expected, None)
    elif expected is None:
        assert row["state"] != "broken"
    else:
        assert (row["state"], row["reason"]) == ("broken", expected)
    assert row["since"] == since


@pytest.mark.parametrize("name", ATTENDEES)
def test_windows_of_an_attendee_to_the_day(world, name):
    _, what, expected, since = ATTENDEES[name]
    _agrees(link(world, f"t-e-{name}-{name}", what), expected, since)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_windows_of_a_customer_to_the_day(world, name):
    what, expected, since = ACCOUNTS[name]
    _agrees(link(world, name, what), expected, since)


@pytest.mark.parametrize("subject", UNTIL)
def test_a_link_that_waits_says_until_when(world, subject):
    name, until = UNTIL[subject]
    row = link(world, subject, name)
    assert (row["state"], row["until"]) == ("pending", until)


def test_every_link_that_holds_waits_or_is_broken_has_a_day_but_who_unsubscribed(world):
    rows = world.rows(
        "select distinct link, coalesce(reason, state) as state from marts.chain_link where since is null"
        " and state <> 'not_applicable' and (subject_kind = 'attendee' or subject_key in"
        " (select account_key from marts.document_figure))"
    )
    assert [row for row in rows if row["state"] != "unsubscribed_customer"] == []
    assert (
        world.rows("select 1 from marts.chain_link where since is not null and state = 'not_applicable'")
        == []
    )
    assert world.rows("select 1 from marts.chain_link where until is not null and state <> 'pending'") == []


@pytest.mark.parametrize(
    ("subject", "at_stake"),
    [
        ("in2", 10000),  # won and not invoiced
        ("in3", 201),  # 100.00 less 97.99; what it buys in a year counts for the repeat only
        ("overdue", 7700),  # with its tax: that is what is owed
        ("t-m-second", 80000),
        ("t-m-other", 3000),
        ("gone", 30000),  # what it buys in a year
    ],
)
def test_money_at_stake_of_a_break(world, subject, at_stake):
    found = world.one("select at_stake from marts.chain_break where subject_key = ?", subject)
    assert found["at_stake"] == at_stake


def test_totals_count_each_underlying_record_once(world):
    """Three guests of two companies broke their chain: the deal of `rich` counts once. 800.00 + 30.00."""
    found = world.one('select * from marts.chain_total where "by" = ? and key = ?', "campaign", "m")
    assert (found["broken"], found["at_stake"]) == (3, 83000)
    reason = world.one(
        'select * from marts.chain_total where "by" = ? and key = ?', "reason", "not_on_opportunity"
    )
    assert (reason["broken"], reason["at_stake"]) == (3, 83000)


def test_every_subject_is_counted_and_all_is_no_more_than_the_sum_of_the_reasons(world):
    whole = world.one('select * from marts.chain_total where "by" = ?', "all")
    [counted] = world.rows(
        "select count(distinct subject_key) as subjects,"
        " count(distinct subject_key) filter (where state = 'broken') as broken from marts.chain_link"
    )
    assert (whole["subjects"], whole["broken"]) == (counted["subjects"], counted["broken"])
    reasons = world.rows('select * from marts.chain_total where "by" = ?', "reason")
    assert sum(row["broken"] for row in reasons) == whole["broken"]
    assert max(row["at_stake"] for row in reasons) <= whole["at_stake"]
    assert whole["at_stake"] <= sum(row["at_stake"] for row in reasons)


def test_the_first_broken_link_is_the_break(world):
    firsts = world.rows(
        "select subject_key, min_by(reason, step) as reason, min(step) as step from marts.chain_link"
        " where state = 'broken' group by subject_key order by 1"
    )
    breaks = world.rows("select subject_key, reason, step from marts.chain_break order by 1")
    assert breaks == firsts
    assert len(breaks) > 8
