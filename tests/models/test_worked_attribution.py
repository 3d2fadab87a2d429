"""Definitions 10 to 16 by hand, on the journeys and deals of `examples`."""

from datetime import date
from decimal import Decimal

import pytest
from tests.models import examples, kit
from tests.models.examples import Example, row


def deal(of, key, expected):
    sql = f"select deal_key, deal_rule from marts.document_value where document_key = '{key}'"
    return Example(of=of, sql=sql, expected=(expected,))


def split(of, document, model, **expected):
    sql = (
        "select campaign_key, value from marts.attribution_credit"
        f" where document_key = '{document}' and model = '{model}' order by 1"
    )
    return Example(of=of, sql=sql, expected=tuple(expected.items()))


def bucket(of, document, expected):
    sql = f"select bucket, is_new_business from marts.document_value where document_key = '{document}'"
    return Example(of=of, sql=sql, expected=(expected,))


def by_model(of, event, model, column, expected):
    sql = f"select {column} from marts.campaign_model where campaign_key = '{event}' and model = '{model}'"
    return Example(of=of, sql=sql, expected=(expected,))


DEALS = (
    deal("10a the purchase order that it references", "id1", ("dd1", "reference")),
    deal("10a the number that it references", "id2", ("dd1", "reference")),
    deal("10b a credit note has the deal of the document that it credits", "nj", ("dj", "credited")),
    deal("10c a later document of the same repeating invoice", "id3", ("dd1", "repeating")),
    # 490.00 is 2 % off 500.00, and no other won deal of the year is as near.
    deal("10d the one won deal of the same amount", "id4", ("dd2", "amount")),
    # 120.00 is near no deal. dd3 was won last (1 April) and nothing covers it.
    deal("10e the newest deal that is not covered, guessed", "id5", ("dd3", "guessed")),
    deal("10f none", "id6", (None, "none")),
    # 10.00 net of 10.80: 5.40 used are 5.00; 7.40 used are 6.85 (6.852), so the second part has 1.85; the rest is 3.15.
    Example(
        of="10b in cumulative-rounded parts of what it was used for",
        sql="select deal_key, value from marts.document_part where document_key = 'nd' order by part",
        expected=(("dd1", -500), (None, -185), (None, -315)),
    ),
)

JOURNEY = (
    # The deal is of 20 March: 19 March of last year (j0) is a day too early; 5 May (j6) is after the close.
    # Two people of the account were at j1: one touch.
    split("11 from the look-back to the close, once an event", "ij", "linear", j1=20001, j2=20001, j3=20001, j4=20000, j5=20000),
    # 300.01 over five: 60.002 each, one cent over: the remainders are equal, the smallest key has it.
    split("11 a credit note has the weights of what it credits", "nj", "linear", j1=-6001, j2=-6000, j3=-6000, j4=-6000, j5=-6000),
    # oq1 is of 1 April 2025 and the document of a year later: the event of 20 February 2025 led to the deal.
    split("11 the look-back is counted from the deal", "iq", "linear", q1=10000),
    # Without a deal: 365 days before the document.
    split("11 without a deal", "ik", "linear", k1=5000, k2=5000),
)  # fmt: skip

# 1000.03 over j1 (10 January), j2 (20 January), j3 (10 February), j4 (10 March), j5 (10 April). The first contact is of
# 20 February: lead is j3. The deal is of 20 March: opportunity is j4. Last and close are j5.
SPLITS = (
    split("12 first", "ij", "first", j1=100003),
    split("12 last", "ij", "last", j5=100003),
    split("12 u_adobe: the odd cent by key", "ij", "u_adobe", j1=50002, j3=50001),
    # Three others: 120, 120, 20, 20, 20 of 300. 40001.2, 40001.2, 3 · 6666.87: the three missing cents go to the .87.
    split("12 u_hubspot", "ij", "u_hubspot", j1=40001, j2=6667, j3=40001, j4=6667, j5=6667),
    split("12 u_salesforce", "ij", "u_salesforce", j1=40001, j2=6667, j3=6667, j4=6667, j5=40001),
    # Two others: 60, 60, 60, 10, 10 of 200: 3 · 30000.9 and 2 · 5000.15; three cents to the .9.
    split("12 w", "ij", "w", j1=30001, j2=5000, j3=30001, j4=30001, j5=5000),
    # One other: 4 · 22.5 and 10 of 100: 4 · 22500.675 and 10000.3: three cents to the first three keys of the .675.
    split("12 full", "ij", "full", j1=22501, j2=10000, j3=22501, j4=22501, j5=22500),
    # Own weights: 40 and 20 times three, and 40 thrice, of 300: 40001.2, 20000.6, 3 · 13333.73.
    split("12 an own model", "ij", "mine", j1=40001, j2=13334, j3=20000, j4=13334, j5=13334),
    # 2^(-age/90) · 10⁹ for 110, 100, 79, 51 and 20 days before 30 April.
    split("12 decay", "ij", "decay", j1=14441, j2=15597, j3=18335, j4=22748, j5=28882),
    # The sign comes last: 300.01 is split like a positive amount. 60 of 200: 9000.3, 10 of 200: 1500.05; one cent over.
    split("12 of a negative value", "nj", "w", j1=-9001, j2=-1500, j3=-9000, j4=-9000, j5=-1500),
    # k2 is of the document's day and weighs 10⁹; k1 is 90 days older and weighs half.
    split("12 decay by half-lives", "ik", "decay", k1=3333, k2=6667),
    # Nobody knows when Kalos became a lead, and there is no deal: those parts are dropped.
    split("12 u_adobe without a lead", "ik", "u_adobe", k1=10000),
    split("12 u_hubspot without a lead: 40 and 20", "ik", "u_hubspot", k1=6667, k2=3333),
    split("12 w without lead and opportunity: 30 and 10", "ik", "w", k1=7500, k2=2500),
    split("12 full without lead and opportunity: first and close", "ik", "full", k1=5000, k2=5000),
    # One event holds every milestone.
    split("12 one touch", "ib2", "w", p1=40000),
    # The deal's 1000.00 by w: 60 of 200 and 10 of 200.
    by_model("12 won amounts", "j1", "w", "credited_won", 30000),
    by_model("12 won amounts of the others", "j5", "w", "credited_won", 5000),
    # 30001 less 9001 came back on 200.00.
    by_model("12 attributed", "j1", "w", "attributed", 21000),
    by_model("12 return by model", "j1", "w", "roi_realised", Decimal("0.050000")),
    by_model("12 return on won", "j1", "w", "roi_closed_won", Decimal("0.500000")),
    by_model("12 return by first", "j1", "first", "roi_realised", Decimal("2.500100")),
)

BUCKETS = (
    # Alder's first document is of 1 December; its deal is of 10 March: expansion. Birch's deal is of 10 February, eight
    # days after its first document: new.
    bucket("13 expansion", "ia3", ("credited", False)),
    bucket("13 new business", "ib2", ("credited", True)),
    bucket("13 a credit note inherits", "nb", ("credited", True)),
    bucket("13 no deal and no new business", "ia2", ("no_deal", False)),
    bucket("13 no deal but new business", "ie", ("credited", True)),
    bucket("13 no credit touch", "m6", ("no_touch", True)),
    Example(
        of="13 events and the named rests are all documents",
        sql="""select model, sum(part) - (select value from marts.totals where name = 'invoiced_all') as missing from (
                 select model, value as part from marts.attribution_credit
                 union all
                 select model, value from (select model from param.attribution_model) cross join marts.totals
                 where name in ('no_deal', 'no_touch', 'unlinked', 'not_convertible')
               ) group by model having missing <> 0""",
        expected=(),
    ),
)


def source(of, event, **expected):
    sql = f"select {', '.join(expected)} from marts.campaign_measures where campaign_key = '{event}'"
    return Example(of=of, sql=sql, expected=row(expected))


SOURCES = (
    # Alder's first touch was last year's event (q1). At p1: Birch 400.00, Dogwood 300.00, Elm 101.01; Cedar's deal is older.
    source("14 first touch", "p1", sourced_first_touch=3, sourced_first_touch_amount=80101),
    source("14 the configured one", "p1", sourced=3, sourced_amount=80101),
    source(
        "14 the first touch was a year ago", "q1", sourced_first_touch=2, sourced_first_touch_amount=16000
    ),
    source("14 lead source", "p1", sourced_lead_source=1, sourced_lead_source_amount=40000),
    # Dogwood was called in January, Birch after the event; Alder's and Elm's deals were the first thing that sales did.
    source("14 before sales", "p1", sourced_before_sales=3, sourced_before_sales_amount=56101),
    # All but nobody: Alder, Birch, Cedar, Dogwood, Elm.
    source("14 influenced", "p1", influenced=5, influenced_amount=111101),
)

CONTACTS = (
    # j1 has 20001 less 6001 of the account; two people were there, 7000 each. pj was at the four others alone.
    Example(
        of="15 an account's credit at an event, equally over its people",
        sql="select person_key, attributed from marts.contact_measures where person_key in ('pj', 'pj2') order by 1",
        expected=(("pj", 7000 + 14001 + 14001 + 14000 + 14000), ("pj2", 7000)),
    ),
)

EXAMPLES = (*DEALS, *JOURNEY, *SPLITS, *BUCKETS, *SOURCES, *CONTACTS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.of)
def test_attribution(books, example):
    assert example.found(books) == example.expected


@pytest.mark.long
def test_16_documents_until_the_day_and_everything_else_as_known_now(tmp_path):
    """On 20 May the credit note of 1 June does not count; the deal is won and the links are decided as known today."""
    world = kit.build(tmp_path, examples.rows(), **examples.SETTINGS)
    examples.decide(world)
    world.reconcile(as_of=date(2026, 5, 20))
    [attributed] = world.store.query(
        "select attributed_w, credited_won_w from marts.campaign_measures where campaign_key = 'j1'"
    )
    touch = world.one("select account_key from marts.touch_resolved where touch_key = 't-l'")
    world.close()
    assert attributed == (30001, 30000)
    assert touch["account_key"] == "a-oth"
