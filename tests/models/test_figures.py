"""Every figure of the issue on worked examples; each expected value was computed by hand from the definitions."""

import random
from datetime import date
from decimal import Decimal

import pytest
from tests.models import kit
from tests.models.conftest import worked_rows


@pytest.fixture
def world(worked):
    return worked[0]


@pytest.fixture
def event(world):
    def one(key):
        return world.one("select * from marts.campaign_measures where campaign_key = ?", key)

    return one


def credits_of(world, document, column="value"):
    rows = world.rows(
        f"select campaign_key, {column} from marts.attribution_credit where document_key = ? and model = 'linear' order by 1",
        document,
    )
    return {row["campaign_key"]: row[column] for row in rows}


def test_no_check_fails_on_sound_books(worked):
    assert worked[1].checks == []


def test_no_figure_is_kept_in_128_bits(world):
    """They take twice the room, and twenty times as long to divide."""
    wide = world.rows(
        "select table_name, column_name from duckdb_columns()"
        " where schema_name in ('canonical', 'marts') and data_type = 'HUGEINT' order by all"
    )
    assert {row["column_name"] for row in wide} == {"numerator", "denominator"}


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ("i1", 100001),
        ("cn1", -30000),
        ("i8", 11735),  # the ledger states its home amount
        ("i9", 3900),  # 33.33 by 1.17 = 38.9961
        ("i10", 1176),  # 10.00 ÷ 0.85 = 11.7647
        ("i11", None),  # no rate: never taken as 1
        ("i12", 6000),  # 40.00 only passes through
        ("i13", 670),  # 1000 JPY have no decimals: by 0.0067 = 6.70 USD
        ("i14", 2500),
        ("cn4", 0),  # all write-off
        ("r1", -500),
        ("i21", 1100),  # ledger in EUR: by the declared table, four days old
        ("i22", None),  # the table's last rate is 19 days old
    ],
)
def test_value_of_a_document(world, document, value):
    assert world.by("marts.document_value", "document_key", "value")[document] == value


def test_drafts_voids_deleted_and_later_documents_do_not_count(world):
    assert {"i16", "i17", "i18", "i19"}.isdisjoint(world.by("marts.document_value", "document_key", "value"))


@pytest.mark.parametrize(
    ("document", "collected"),
    [
        ("i1", 80000),  # 100001 · 864.00 ÷ 1080.01 = 80000.06
        ("cn1", -30000),
        ("i2", 367),
        ("cn2", -667),  # 1001 · 7.33 ÷ 11.00 = 667.03
        ("i14", 2500),  # a receipt settles itself
        ("r1", -500),
        ("i15", 5000),  # settled by a write-off …
        ("cn4", -5000),  # … which takes it back: nothing came in
        ("i24", 0),
    ],
)
def test_collected_part_of_a_document(world, document, collected):
    assert world.by("marts.document_value", "document_key", "collected")[document] == collected


@pytest.mark.parametrize(
    ("document", "deal", "rule"),
    [
        ("i1", "o1", "reference"),
        ("cn1", "o1", "credited"),
        ("i5", "o3", "amount"),
        ("i6", "o4", "guessed"),
        ("i7", "o4", "guessed"),
        ("i23", "o5", "reference"),
        ("i24", "o5", "repeating"),
        ("i2", None, "none"),
    ],
)
def test_deal_of_a_document(world, document, deal, rule):
    found = world.one("select deal_key, deal_rule from marts.document_value where document_key = ?", document)
    assert (deal, rule) == (found["deal_key"], found["deal_rule"])


@pytest.mark.parametrize(
    ("document", "bucket"),
    [
        ("i1", "credited"),
        ("i2", "credited"),  # no deal, but new business
        ("i4", "no_deal"),
        ("i8", "no_touch"),
        ("i11", "not_convertible"),
        ("i20", "unlinked"),
    ],
)
def test_where_the_value_of_a_document_goes(world, document, bucket):
    assert world.by("marts.document_value", "document_key", "bucket")[document] == bucket


def test_odd_cent_goes_to_the_first_event_and_a_credit_note_takes_back_where_its_invoice_gave(world):
    assert credits_of(world, "i1") == {"e1": 50001, "e2": 50000}
    assert credits_of(world, "cn1") == {"e1": -15000, "e2": -15000}
    assert credits_of(world, "i1", "collected") == {"e1": 40000, "e2": 40000}


def test_allocated_credit_note_is_cut_by_cumulated_rounding(world):
    parts = world.rows("select * from marts.document_part where document_key = 'cn2' order by part")
    assert [(part["credited_document_key"], part["value"], part["collected"]) for part in parts] == [
        ("i2", -334, -334),
        ("i3", -333, -333),
        (None, -334, 0),
    ]


def test_event_with_an_entered_cost(event):
    expected = {
        "attended": 3,
        "leads_captured": 3,
        "accounts_reached": 3,
        "attendee_ltv": 116000,
        "ltv_after_event": 116000,
        "attendee_ltv_collected": 80000 - 30000 + 367 + 366 - 667 + 10000,
        "new_customers": 3,
        "opportunities_created": 4,  # o1, o2, o5, o6
        "opportunities_created_role": 1,  # o1 names its attendee
        "opportunities_advanced": 0,
        "pipeline_created": 100000 + 10000 + 10000 + 33333,
        "pipeline_open": 33333,
        "pipeline_weighted": 8333,  # 33333 · 0.25 = 8333.25
        "won": 2,
        "lost": 1,
        "open_count": 1,
        "win_rate": Decimal("0.666667"),
        "win_rate_low": Decimal("0.094299"),
        "win_rate_high": Decimal("0.991596"),
        "attributed_linear": 35001 + 18999 + 20000,
        "attributed_linear_collected": 25000 + 66 + 10000,
        "attributed_linear_no_deal": 7000,
        "credited_won_linear": 50000 + 10000,  # o1 closed after e2: halves; o5 before it
        "credited_open_linear": 33333,
        "cost": 50000,
        "cost_source": "entered",
        "cost_per_attendee": 16667,
        "cost_per_opportunity": 12500,
        "roi_realised": Decimal("0.480000"),
        "roi_collected": Decimal("-0.298680"),
        "roi_blank_reason": None,
        "immature": True,
    }
    found = event("e1")
    assert expected == {name: found[name] for name in expected}


def test_event_with_a_cost_from_the_ledger(event):
    expected = {
        "attended": 3,
        "accounts_reached": 2,
        "attributed_linear": 35000 + 50500 + 45000 + 6000,
        "cost": 30000,
        "cost_source": "ledger",
        "roi_realised": Decimal("3.550000"),
        "opportunities_created": 1,  # o4; o3 was there before and was won
        "opportunities_advanced": 2,
        "pipeline_at_event": 150000,
    }
    found = event("e2")
    assert expected == {name: found[name] for name in expected}


def test_no_cost_and_not_yet_leave_roi_blank(event):
    assert tuple(event("e3")[name] for name in ("roi_realised", "roi_blank_reason", "cost_source")) == (
        None,
        "no_cost",
        "none",
    )
    assert tuple(event("e9")[name] for name in ("roi_realised", "roi_blank_reason")) == (None, "not_yet")
    assert event("e3")["win_rate"] is None


def test_account_measures(world):
    found = world.one("select * from marts.account_measures where account_key = 'a1'")
    expected = {
        "customers": 1,
        "invoiced": 70001,
        "collected": 50000,
        "first_document_date": date(2026, 3, 10),
        "last_document_date": date(2026, 4, 15),
        "events_attended": 2,
        "attributed_linear": 70001,
        "not_convertible": 0,
    }
    assert expected == {name: found[name] for name in expected}
    assert (
        world.one("select not_convertible from marts.account_measures where account_key = 'a4'")[
            "not_convertible"
        ]
        == 2
    )


def test_totals_add_up_to_all_that_was_invoiced(world):
    totals = world.by("marts.totals", "name", "value")
    assert totals["invoiced_all"] == sum(
        totals[name] for name in ("credited", "no_deal", "no_touch", "unlinked", "not_convertible")
    )
    assert (totals["no_deal"], totals["unlinked"], totals["written_off"]) == (7000, 1234, -5000)
    assert totals["invoiced_all"] == 70001 + 25999 + 101500 + 20000 + 1234 + (
        11735 + 3900 + 1176 + 6000 + 670 + 2500 + 5000 - 500 + 1100
    )


def test_an_earlier_day_counts_what_was_there_then(worked, tmp_path):
    world = kit.build(tmp_path, worked_rows())
    result = world.reconcile(as_of=date(2026, 4, 10))
    values = world.by("marts.document_value", "document_key", "value")
    assert result.as_of == date(2026, 4, 10)
    assert "cn1" not in values
    assert values["i1"] == 100001
    assert (
        world.by("marts.document_value", "document_key", "collected")["i1"] == 50000
    )  # only the payment of April 1
    assert result.basis != worked[1].basis
    world.close()


def test_neither_the_order_of_rows_nor_a_second_run_changes_anything(worked, tmp_path):
    rows = worked_rows()
    for records in rows.values():
        random.Random(7).shuffle(records)
    world = kit.build(tmp_path, rows)
    first = world.reconcile()
    second = world.reconcile()
    assert worked[1].basis == first.basis == second.basis
    for table in ("document_value", "attribution_credit", "chain_break", "campaign_opportunity"):
        query = f"select * from marts.{table} order by all"
        assert worked[0].rows(query) == world.rows(query)
    world.close()
