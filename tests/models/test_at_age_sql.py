"""Same age, editions, outlook, comparison and scorecard on one small world; expected values by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from scipy.special import betainc, betaincinv
from tests.models import kit
from tests.models.conftest import company, contact, deal
from tests.models.kit import attended, event, paid, sale

from closedloop.models import outlook, proofs
from closedloop.store import tables

LABEL = "comparison, not proof"


def at(year, month, number):
    return datetime(year, month, number, 18, tzinfo=UTC)


def rows():
    pairs = [company(n, f"Firm {n}") for n in range(1, 4)]
    guests = [company(n, f"Guest {n}", country="US") for n in range(11, 20)]
    sales = [
        sale("i1", "c1", date(2025, 5, 10), "2000.02", opportunity_ref="o1"),
        sale("cn1", "c1", date(2025, 11, 1), "500.02", kind="credit_note", credited_document_key="i1"),
        sale("i2", "c2", date(2025, 12, 15), "3000.00", opportunity_ref="o2"),
        sale("g0", "c11", date(2024, 12, 1), "900.00"),
        *(sale(f"g{n}", f"c{n}", date(2025, 8, 1), "100.00") for n in (11, 12, 13, 15)),
    ]
    return {
        "campaign": [
            event("s1", date(2025, 3, 10), series="Summit", actual_cost="1000.00"),
            event("s2", date(2025, 9, 10), series="Summit", actual_cost="1000.00", budget="900.00", expected_attendees=20),
            event("x1", date(2025, 3, 15), actual_cost="500.00"),
            event("c1", date(2025, 6, 2)),
            event("nd", None),
            event("up", date(2026, 7, 20), series="Summit", actual_cost="10.00"),
        ],
        "account": [pair[0] for pair in (*pairs, *guests)],
        "customer": [pair[1] for pair in (*pairs, *guests)],
        "person": [contact(f"p{n}", f"a{n}") for n in (1, 2, 3, *range(11, 20))],
        "touch": [
            attended("t1", "s1", "p1", created_at=at(2025, 3, 20)),
            attended("t2", "s1", "p3", created_at=at(2025, 3, 21)),
            attended("t3", "x1", "p1", created_at=at(2025, 3, 1)),
            attended("t4", "s2", "p2"),
            attended("t5", "s2", email="nobody@knows.example", name="No Body", company="Unknown"),
            attended("t6", "s2", email="nobody2@knows.example", name="Sam Body", company="Unknown"),
            *(attended(f"c{n}", "c1", f"p{n}") for n in range(11, 15)),
            *({**attended(f"c{n}", "c1", f"p{n}"), "status": "no_show"} for n in range(15, 20)),
        ],
        "stage": [{"key": f"st{n}", "name": f"Stage {n}", "rank": n} for n in (1, 2)],
        "opportunity": [
            deal("o1", "a1", at(2025, 3, 20), closed=at(2025, 5, 1), won=True, amount="2000.00"),
            deal("o2", "a2", at(2025, 10, 1), closed=at(2025, 12, 1), won=True, amount="3000.00"),
            deal("o3", "a1", at(2025, 2, 1), amount="70.00", stage_key="st2"),
        ],
        "opportunity_change": [
            {"key": "h1", "opportunity_key": "o3", "changed_at": at(2025, 4, 20), "field": "stage",
             "old_stage_key": "st1", "new_stage_key": "st2"},
        ],
        "document": [pair[0] for pair in sales],
        "line": [line for pair in sales for line in pair[1]],
        "allocation": [
            paid("x1", "i1", date(2025, 6, 1), "1000.01"),
            paid("x2", "i1", date(2025, 7, 15), "1000.01"),
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = kit.build(tmp_path_factory.mktemp("ages"), rows())
    assert [check.name for check in world.reconcile().checks if check.name != "ledger_balance"] == []
    yield world
    world.close()


def ages(world, key, *columns):
    found = world.rows("select * from marts.campaign_at_age where campaign_key = ?", key)
    return {row["age_name"]: tuple(row[column] for column in columns) for row in found}


def test_documents_count_by_their_day_and_money_by_the_day_on_which_it_came(world):
    # Two events share the invoice: of the first 1000.01 that came the odd cent is s1's, of all 2000.02 it is nobody's.
    assert ages(world, "s1", "attributed", "attributed_collected") == {
        "30": (0, 0),
        "90": (100001, 50001),
        "180": (100001, 100001),
        "365": (75000, 100001),
        "cycle": (100001, 100001),
    }
    assert ages(world, "x1", "attributed_collected")["90"] == (50000,)
    assert ages(world, "s1", "attendee_ltv", "ltv_after_event", "new_customers")["365"] == (150000, 150000, 1)


def test_deals_are_cut_by_creation_advance_and_close(world):
    names = ("opportunities_created", "opportunities_advanced", "won", "credited_won", "roi_closed_won")
    assert ages(world, "s1", *names) == {
        "30": (1, 0, 0, 0, Decimal("-1.000000")),
        "90": (1, 1, 1, 100000, Decimal(0)),
        "180": (1, 1, 1, 100000, Decimal(0)),
        "365": (1, 1, 1, 100000, Decimal(0)),
        "cycle": (1, 1, 1, 100000, Decimal(0)),
    }
    [(low, high)] = {ages(world, "s1", "win_rate_low", "win_rate_high")["90"]}
    assert (low, high) == (Decimal("0.025000"), Decimal("1.000000"))


def test_too_young_and_without_days_are_blank(world):
    assert ages(world, "s2", "is_shown", "blank_reason", "attributed")["180"] == (True, None, 300000)
    assert ages(world, "s2", "is_shown", "blank_reason", "attributed")["365"] == (False, "too_young", None)
    assert set(ages(world, "nd", "blank_reason", "as_of", "cost").values()) == {("no_dates", None, None)}
    # Fewer than 20 won deals: 180 days are assumed from touch to won.
    assert ages(world, "s1", "immature")["90"] == (True,)
    assert ages(world, "s1", "immature")["180"] == (False,)


def test_editions_are_compared_at_the_largest_age_that_both_have(world):
    editions = world.rows("select * from marts.series_edition order by edition_number")
    assert [row["campaign_key"] for row in editions] == ["s1", "s2", "up"]
    first, second, third = editions
    assert (first["age_name"], first["is_improving"], third["age_name"]) == (None, None, None)
    assert {
        name: second[name]
        for name in (
            "age_name",
            "roi_change",
            "is_improving",
            "step_1_change",
            "step_2_change",
            "step_3_change",
        )
    } == {
        "age_name": "180",
        "roi_change": Decimal("1.999990"),
        "is_improving": True,
        "step_1_change": Decimal("0.500000"),
        "step_2_change": Decimal("-0.666667"),  # one of three, after two of two
        "step_3_change": Decimal("0.500000"),  # the only account, after one of two
    }
    assert (
        second["is_scaling"] is True
    )  # three people after two; 1000 an opportunity as before, 3.0 after 1.0


def test_outlook_is_the_beta_quantile_and_others_say_why_not(world):
    found = {row["campaign_key"]: row for row in world.rows("select * from marts.campaign_outlook")}
    reasons = {"c1": "no_cost", "nd": "no_dates", "up": "too_young"}
    assert reasons == {key: row["blank_reason"] for key, row in found.items() if row["blank_reason"]}
    # Pool: 4 accounts, 3 of them paying 1000.01, 1000.01 and 3000.00. s1: 2 accounts, 1 paying.
    row, scale = found["s1"], 2 * 500002 / 3 / 100000
    assert (row["p0"], row["mean_value"], row["alpha"], row["beta"]) == (
        Decimal("0.75"),
        166667,
        Decimal("8.5"),
        Decimal("3.5"),
    )
    expected = [scale * 8.5 / 12 - 1, *(scale * betaincinv(8.5, 3.5, q) - 1 for q in (0.025, 0.975))]
    assert [float(row[name]) for name in ("expected_roi", "roi_low", "roi_high")] == pytest.approx(
        expected, abs=1e-6
    )
    assert (row["paying_median"], row["largest_share"]) == (100001, Decimal("1.000000"))


def test_no_shows_first_then_others_with_the_same_traits(world):
    found = {
        row["against"]: row
        for row in world.rows("select * from marts.campaign_comparison where campaign_key = 'c1'")
    }
    names = (
        "treated",
        "controls",
        "risk_difference",
        "risk_difference_before",
        "matched_share",
        "warning",
        "label",
    )
    # Three of four bought, one of five did; one of four had before.
    assert tuple(found["no_show"][name] for name in names) == (
        4, 5, Decimal("0.550000"), Decimal("0.250000"), Decimal("1.000000"), None, LABEL,
    )  # fmt: skip
    # The old customer has nobody to be compared with: two of three, against one of five.
    assert tuple(found["non_attendee"][name] for name in names) == (
        4, 5, Decimal("0.466667"), Decimal(0), Decimal("0.750000"), None, LABEL,
    )  # fmt: skip
    warned = world.one(
        "select warning from marts.campaign_comparison where campaign_key = 'x1' and against = 'no_show'"
    )
    assert warned["warning"].startswith("Most attendees already had an open deal")


def test_scorecard_names_what_is_missing(world):
    def steps(key):
        found = world.rows("select * from marts.campaign_scorecard where campaign_key = ? order by step", key)
        return [(row["state"], row["missing"]) for row in found]

    assert steps("s1") == [
        ("partly", "no budget, no expected attendees"),
        ("partly", "attendees were imported 10 days after the event, not within 5"),
        ("partly", "1 of 2 accounts reached have no opportunity and nobody disqualified"),
        ("done", None),
        ("done", None),
    ]
    assert steps("s2")[:2] == [
        ("done", None),
        ("partly", "2 of 3 attendees are not members of the campaign in the CRM"),
    ]
    assert steps("up")[0] == ("partly", "no budget, no expected attendees")
    assert set(steps("up")[1:]) == {("missing", "the event is not over yet")}


def test_rims_and_coverage(world):
    row = world.one("select * from marts.campaign_rims where campaign_key = 's2'")
    assert (row["repeatable"], row["improvable"], row["measurable"], row["scalable"]) == (
        False,
        True,
        False,
        True,
    )
    coverage = tuple(row[f"coverage_{name}"] for name in ("attendees", "cost", "revenue"))
    assert coverage == (Decimal("0.333333"), Decimal(1), Decimal(1))
    trend = world.one("select * from marts.series_scorecard where series = 'Summit' and step = 2")
    assert (trend["hits"], trend["n"], trend["trend"]) == (3, 5, "falling")


def sample(key, accounts, paying, cost, pool=(400, 60, 9_000_000)):
    return outlook.Sample(
        key=key,
        accounts=accounts,
        paying=paying,
        cost=cost,
        pool_accounts=pool[0],
        pool_paying=pool[1],
        pool_credited=pool[2],
    )


def by_definition(samples):
    """Return the groups by the wording, one comparison after the other."""
    limit, points = 1 - 0.025 / (len(samples) - 1), (np.arange(2000) + 0.5) / 2000
    found, left, number = {}, list(samples), 0
    while left:
        leader, number = left[0], number + 1
        worth = float(leader.scale) * betaincinv(*map(float, leader.shape), points)
        found[leader.key] = number
        for other in left[1:]:
            level = np.clip(worth / float(other.scale), 0, 1)
            if betainc(*map(float, other.shape), level).mean() < limit:
                found[other.key] = number
        left = [one for one in left if one.key not in found]
    return [found[one.key] for one in samples]


def test_groups_are_those_of_the_definition():
    random = np.random.default_rng(7)
    samples = []
    for n in range(60):
        accounts = int(random.integers(5, 300))
        paying = int(random.binomial(accounts, random.beta(2, 6)))
        samples.append(sample(f"e{n}", accounts, paying, int(random.lognormal(14, 1))))
    samples.sort(key=lambda one: (-one.expected_roi, one.key))
    groups = list(outlook.groups(samples))
    assert groups == by_definition(samples)
    assert max(groups) > 2


def test_events_without_an_account_or_a_doubt_have_a_group_too():
    sure = [sample("a", 10, 10, 1000, pool=(20, 20, 4000)), sample("b", 10, 10, 2000, pool=(20, 20, 4000))]
    low, high = outlook.intervals(sure)
    assert list(outlook.groups(sure)) == [1, 2]
    assert list(low) == list(high) == [1.0, 0.0]
    nothing = [sample("a", 10, 2, 1000), sample("b", 0, 0, 1000)]
    assert list(outlook.groups(nothing)) == [1, 2]


def test_a_stream_is_proved_through_the_day_before_its_last_good_read(world):
    runs = [("r1", "2025-08-01T03:00:00.000000Z"), ("r2", "2026-03-01T18:00:00.000000Z")]
    reads = [("r1", "document", "proven"), ("r2", "document", "stale"), ("r2", "line", "unproven"), ("r2", "rate", "failed"),
             ("r2", "touch", "failed")]  # fmt: skip
    empty = {"rows": 0, "keys": 0, "requests": 0, "bytes": 0, "at": "2026-03-01T18:00:00.000000Z"}
    with world.operations.transaction() as connection:
        for key, started in runs:
            connection.execute(
                tables.run.insert().values(id=key, kind="sync", started_at=started, state="done")
            )
        for run, stream, verdict in reads:
            values = {"run_id": run, "connection": "src", "stream": stream, "verdict": verdict, **empty}
            connection.execute(tables.stream_run.insert().values(**values))
    found = proofs.proved(world.settings, world.operations)
    assert {row[3] for row in found} >= {"stale"}
    assert [row[:3] for row in found] == [
        (
            "src",
            "document",
            date(2025, 7, 30),
        ),  # three in the morning in London is the evening before in Chicago
        ("src", "line", date(2026, 2, 28)),
        ("src", "touch", None),
    ]


@pytest.mark.parametrize(
    ("proved", "reason"),
    [(date(2025, 6, 8), None), (date(2025, 6, 7), "source_not_proven"), (None, "source_not_proven")],
)
def test_not_proved_through_the_day_is_not_shown(proved, reason):
    [row] = kit.evaluate(
        "campaign_age",
        {
            "campaign": (
                "key varchar, start_date date, end_date date",
                [("e", date(2025, 3, 9), date(2025, 3, 10))],
            ),
            "age": ("age_name varchar, age_days integer", [("90", 90)]),
        },
        params={
            "param.run": ("as_of date", [(date(2026, 1, 1),)]),
            "param.source": (
                "connection varchar, stream varchar, proved_through date, verdict varchar, held bigint, counted bigint",
                [("c", "s", proved, "proven", 1, 1)],
            ),
        },
    )
    assert (row["as_of"], row["blank_reason"]) == (date(2025, 6, 8), reason)
