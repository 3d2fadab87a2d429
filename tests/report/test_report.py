"""The report: what a marketing chief opens, and what a spreadsheet imports."""

import csv
import io
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from closedloop.report import write
from closedloop.report.text import BLANK, Money, cell, link, percent
from closedloop.settings import Settings
from closedloop.store.analytical import Store

NOW = datetime(2026, 10, 31, 18, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script> & "Söhne"'
CAMPAIGN = {
    "campaign_key": "crm:event.event/1", "name": "Hannover 2025", "kind": "trade_show", "series": "Hannover", "edition": "2025",
    "start_date": date(2025, 4, 1), "end_date": date(2025, 4, 3), "url": "https://crm.example.com/1", "attended": 31,
    "leads_captured": 33, "accounts_reached": 12, "attendee_ltv": 50_000_00, "attendee_ltv_collected": 45_000_00,
    "ltv_after_event": 20_000_00, "ltv_after_event_collected": 15_000_00, "new_customers": 2, "opportunities_created": 5,
    "opportunities_created_role": 4, "opportunities_advanced": 1, "pipeline_created": 1, "pipeline_at_event": 1,
    "pipeline_open": 7_000_00, "pipeline_weighted": 1, "won": 3, "lost": 1, "open_count": 1, "win_rate": "0.75",
    "win_rate_low": "0.194", "win_rate_high": "0.994", "credited_won_linear": 1, "credited_open_linear": 1,
    "attributed": 12_345_67, "attributed_collected": 10_000_00, "attributed_linear_no_deal": 0, "cost": 10_000_00,
    "cost_source": "entered", "budget": 9_000_00, "cost_per_attendee": 1, "cost_per_lead": 1, "cost_per_opportunity": 1,
    "cost_per_new_customer": 1, "roi_realised": "0.234567", "roi_collected": "0", "roi_closed_won": "0.1", "roi_blank_reason": None,
    "not_convertible": 0, "immature": False,
}  # fmt: skip

#: One event judged in every table of judgements.
JUDGED = (
    """create table marts.campaign_at_age as select 'crm:event.event/1' as campaign_key, '90' as age_name, 90 as age_days,
        true as is_shown, 0.4321 as roi_realised, true as immature""",
    """create table marts.campaign_outlook as select 'crm:event.event/1' as campaign_key, 180 as age_days, 12 as accounts,
        4 as paying, 250000 as paying_median, 0.61 as largest_share, 0.15 as expected_roi, -0.27 as roi_low, 0.98 as roi_high,
        1 as group_number, 'The interval is about repeating the event.' as label""",
    """create table marts.campaign_comparison as select 'crm:event.event/1' as campaign_key, against, 12 as treated,
        0.21 as risk_difference, 0.08 as risk_difference_before, 0.83 as matched_share, true as is_complete,
        'Most attendees already had an open deal.' as warning from (values ('no_show'), ('non_attendee')) as one(against)""",
    """create table marts.campaign_scorecard as select 'crm:event.event/1' as campaign_key, step::integer as step,
        'plan' as name, case when step = 2 then 'partly' else 'done' end as state,
        case when step = 2 then '9 of 31 attendees are not members' end as missing, 1.0 as share, 31 as n
        from range(1, 6) as one(step)""",
    """create table marts.campaign_rims as select 'crm:event.event/1' as campaign_key, 4 as steps_done, false as repeatable,
        null::boolean as improvable, true as measurable, null::boolean as scalable, 1.0 as coverage_attendees,
        1.0 as coverage_cost, 1.0 as coverage_revenue""",
)


def campaign(**changes):
    return CAMPAIGN | changes


def kind_of(name: str, value: object) -> str:
    """Return the column type that the marts give a figure."""
    if name.startswith(("roi_", "win_rate")) and name != "roi_blank_reason":
        return "decimal(18,6)"
    if isinstance(CAMPAIGN.get(name, value), bool):
        return "boolean"
    return {int: "bigint", date: "date"}.get(type(CAMPAIGN.get(name, value)), "varchar")


@pytest.fixture
def publish(tmp_path):
    """Return a function that writes a report over given campaigns and gives its page and its sheet."""

    def make(*campaigns: dict, breaks: tuple = ()):
        store = Store.open(tmp_path / "store.duckdb")
        run = store.connection.execute
        for schema in ("param", "marts", "canonical"):
            run(f"create schema if not exists {schema}")
        run(
            "create table param.run as select date '2026-10-31' as as_of, 'USD' as home_currency, 2 as home_digits, 365 as follow_up_days, 365 as look_back_days, 'linear' as primary_model"
        )
        columns = ", ".join(f"{name} {kind_of(name, value)}" for name, value in CAMPAIGN.items())
        run(f"create table marts.campaign_measures ({columns})")
        for row in campaigns:
            run(
                f"insert into marts.campaign_measures values ({', '.join('?' * len(row))})",
                list(row.values()),
            )
        run(
            "create table canonical.account as select 'crm:res.partner/7' as key, $1 as name, 'javascript:alert(1)' as url",
            [HOSTILE],
        )
        run("""create table marts.tie_out as select one.*, 'equal' as state, 0 as receivable_difference, 0 as receivable_documents,
            0 as receivable_payments, 0 as receivable_exchange, 0 as receivable_bank, 0 as receivable_journals,
            0 as receivable_other, 0 as income_documents, 0 as income_exchange, 0 as income_bank, 0 as income_other
            from (values ('books', date '2026-09-01', 101000, 121000, 20000, 20000, 5000, 5000),
            ('till', date '2026-09-01', 700, null, null, null, 300, null))
            as one(source, month, documents_income, ledger_income, income_difference, income_journals, documents_open, ledger_receivable)""")
        run("""create table marts.campaign_account as select 'crm:event.event/1' as campaign_key, 'crm:res.partner/7' as account_key, 3 as attended,
            500000 as invoiced, 400000 as collected, 100000 as invoiced_after, 90000 as collected_after, true as is_new_customer""")
        run("""create table marts.attribution_credit as select 'books:account.move/9' as document_key, 'crm:event.event/1' as campaign_key,
            'crm:res.partner/7' as account_key, 'linear' as model, 1234567 as value, 1000000 as collected""")
        run("""create table marts.document_value as select 'books:account.move/9' as document_key, 'INV/9' as number, 'invoice' as kind,
            date '2025-06-01' as date, 'https://books.example.com/9' as url, 'reference' as deal_rule""")
        run("create table marts.totals as select 'credited' as name, 1234567 as value")
        run("create table marts.chain_break (link varchar, reason varchar, at_stake bigint, fix varchar)")
        run(
            "create table marts.chain_share as select 0.412345 as whole_chain_share, 0.61 as event_touched_share, null as linked_share"
        )
        for row in breaks:
            run("insert into marts.chain_break values (?, ?, ?, ?)", list(row))
        run(
            "create table marts.chain_total as select 'reason' as by, reason as key, 1 as subjects, at_stake from marts.chain_break"
        )
        for statement in JUDGED:
            run(statement)
        settings = Settings(company={"name": "A & B", "currency": "USD", "time_zone": "UTC"}, connections={})
        report = write(store, settings, tmp_path / "report", now=NOW)
        store.close()
        return report.page.read_text(encoding="utf-8"), report.events.read_bytes().decode("utf-8")

    return make


class Tags(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)


def test_the_page_shows_each_event_with_its_figures_and_its_evidence(publish):
    page, _ = publish(campaign())

    assert "Hannover 2025" in page
    assert "12,346" in page  # attributed, whole currency in the table
    assert "12,345.67" in page  # and to the cent in the evidence
    assert "+23 %" in page
    assert "3 of 4 decided, 1 open" in page
    assert 'href="https://books.example.com/9"' in page


def test_the_documents_stand_beside_the_ledgers_own_accounts(publish):
    page, _ = publish(campaign())
    tie_out = page.split("agree with the ledger")[1].split("</section>")[0]
    books, till = tie_out.split("<tr><td>till")
    assert "1,010.00" in books
    assert "1,210.00" in books
    assert "<small>journals 200.00</small>" in books
    assert till.count("not read") == 2


def test_events_are_judged_with_their_doubt(publish):
    page, _ = publish(campaign())

    assert "+43 %" in page  # at 90 days
    for text in ("+15 %", "-27 %", "+98 %", "Group 1, the best: 1 event"):
        assert text in page
    assert "Comparison, not proof." in page
    assert "+21 % <small>(+8 %)</small>" in page
    assert "9 of 31 attendees are not members" in page
    assert page.count("●") - page.count("● done") == 4


def test_the_page_asks_nothing_of_any_server(publish):
    page, _ = publish(campaign(), campaign(campaign_key="crm:event.event/2", start_date=date(2026, 4, 1)))

    loading = {"src", "srcset", "data", "poster", "background", "action", "formaction", "xlink:href"}
    for tag, attributes in Tags(page).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
        assert not loading & set(attributes), tag
    assert "@import" not in page
    assert not re.search(r"url\(\s*['\"]?(?!#)", page)


@pytest.mark.parametrize("field", ["name", "kind", "series"])
def test_a_hostile_name_is_only_text(publish, field):
    rows = [
        campaign(
            **{field: HOSTILE, "campaign_key": f"crm:event.event/{n}", "start_date": date(2024 + n, 1, 1)}
        )
        for n in (1, 2)
    ]
    page, _ = publish(*rows, breaks=(("paid", HOSTILE, 100, HOSTILE),))

    assert '<td>Revenue with a whole chain</td><td class="n">41 %</td>' in page
    assert "<script" not in page
    assert "javascript:" not in page


def test_a_cell_that_a_spreadsheet_would_run_is_made_text(publish):
    _, sheet = publish(campaign(name="=cmd|' /C calc'!A0", roi_realised="-0.5"))
    row = next(csv.DictReader(io.StringIO(sheet)))

    assert row["name"] == "'=cmd|' /C calc'!A0"
    assert row["roi_realised"] == "-0.500000"  # a number may be negative


def test_the_sheet_holds_money_in_major_units_and_leaves_the_unknown_blank(publish):
    _, sheet = publish(campaign(cost=None, cost_source="none", roi_realised=None, roi_blank_reason="no_cost"))
    row = next(csv.DictReader(io.StringIO(sheet)))

    assert row["currency"] == "USD"
    assert row["attributed"] == "12345.67"
    assert row["cost"] == ""
    assert row["roi_realised"] == ""


def test_an_event_without_a_cost_says_so_and_shows_no_return(publish):
    page, _ = publish(campaign(cost=None, cost_source="none", roi_realised=None, roi_blank_reason="no_cost"))

    assert "no cost" in page
    assert "0 %</td>" not in page
    assert "inf" not in re.sub(
        r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL
    ).lower().replace("influence", "")


def test_a_young_event_is_marked(publish):
    page, _ = publish(campaign(immature=True, roi_realised="-0.4"))

    assert '<small class="young">early</small>' in page
    assert "<strong>1</strong> too young to say" in page


def test_without_any_event_the_page_says_what_to_do(publish):
    page, sheet = publish()

    assert "No event has reached us yet" in page
    assert sheet.startswith("campaign_key,name")
    assert len(sheet.splitlines()) == 1


def test_every_measure_on_the_page_is_defined_in_print(publish):
    from closedloop.models.measures import MEASURES

    page, _ = publish(campaign())
    printed = page[page.index("How we count") :]

    for measure in MEASURES:
        if measure.entity == "campaign":
            assert measure.label.replace("'", "&#39;") in printed


@pytest.mark.parametrize(
    ("minor", "digits", "exact", "whole"),
    [
        (-123450, 2, "-1,234.50", "-1,235"),
        (0, 2, "0.00", "0"),
        (5, 0, "5", "5"),
        (1, 3, "0.001", "0"),
        (None, 2, BLANK, BLANK),
    ],
)
def test_money_is_written_from_integers(minor, digits, exact, whole):
    money = Money(currency="XXX", digits=digits)

    assert (exact, whole) == (money.exact(minor), money.whole(minor))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_every_start_of_a_formula_is_quoted(start):
    assert cell(f"{start}1+1").startswith("'")


def test_links_lead_only_to_the_web():
    assert link("https://a.example/b") == "https://a.example/b"
    assert link("javascript:alert(1)") is None
    assert link("data:text/html,x") is None
    assert link(None) is None


def test_a_ratio_that_is_not_known_is_not_zero():
    assert percent(None) == BLANK
