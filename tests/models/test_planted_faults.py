"""Fifty mistakes in the SQL of the measures, as a tired person might make them: the worked examples find every one.

Each rewrites one text of one model; a text that is no longer there fails the test, so that no fault dies unseen. The
faults of `closedloop.sandbox.plant` are others: a generated world finds those.
"""

import re
from dataclasses import dataclass

import pytest
from tests.models import test_worked_attribution, test_worked_events, test_worked_money, test_worked_touches
from tests.models.remake import Remade, spoil

from closedloop.models import graph

EXAMPLES = (
    *test_worked_money.EXAMPLES,
    *test_worked_touches.EXAMPLES,
    *test_worked_attribution.EXAMPLES,
    *test_worked_events.EXAMPLES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A mistake: what it breaks, the model, the text as it stands and the text instead.

    Few models rest on a ``near`` one: it is quick to make anew, and every fifth of these runs always.
    """

    breaks: str
    model: str
    before: str
    after: str
    near: bool


def quick(breaks, model, before, after):
    return Fault(breaks=breaks, model=model, before=before, after=after, near=True)


def long(breaks, model, before, after):
    return Fault(breaks=breaks, model=model, before=before, after=after, near=False)


MONEY = (
    long("1 the declared rate may be seven days old", "rate_on", "rate.date >= needed.date - 7", "rate.date >= needed.date - 6"),
    long("1 and no older", "rate_on", "rate.date >= needed.date - 7", "rate.date >= needed.date - 8"),
    long("1 what cannot be converted is not taken as zero", "document_figure", "case when valued.state = 'counted' then valued.value end as value", "coalesce(valued.value, 0) as value"),
    long("2 only revenue lines", "document_money", "sum(net) filter (where line_class = 'revenue') as revenue", "sum(net) filter (where line_class <> 'write_off') as revenue"),
    long("4 a write-off counts in collected", "document_figure", "else mul_div(valued.value + valued.written_off, valued.settled, valued.gross)", "else mul_div(valued.value, valued.settled, valued.gross)"),
    long("4 collected is rounded, not cut off", "document_figure", "else mul_div(valued.value + valued.written_off, valued.settled, valued.gross)", "else cast((valued.value + valued.written_off) * valued.settled // valued.gross as bigint)"),
    quick("4 the split of collected is on the cumulative amount", "collected_share", "- coalesce(lag(collected_to) over (partition by item_key, part, campaign_key order by date), 0) as collected", "as collected"),
    quick("4 what was used of a payment is allocated", "payment_unallocated", "payment.amount - coalesce(used.amount, 0)", "payment.amount"),
    quick("4 the effect of rates is the payment's worth less the document's", "document_exchange", "cast(paid.home_amount as bigint) - mul_div(figure.home_gross, paid.amount, figure.gross)", "mul_div(figure.home_gross, paid.amount, figure.gross) - cast(paid.home_amount as bigint)"),
    quick("5 customers without an account are listed", "unlinked_customer", "where figure.account_key is null", "where figure.account_key is not null"),
    quick("5 each customer of an account counts", "account_measures", "count(*) as customers", "count(distinct family.rolled_key) as customers"),
)  # fmt: skip

TOUCHES = (
    long("6 one person, one touch", "touch_resolved", "coalesce(link.person_key, evidence.identity_key) as person_identity", "evidence.identity_key as person_identity"),
    long("6 the highest status", "touch_resolved", "order by status_rank desc, touch_date nulls last, key\n        ) as place", "order by status_rank, touch_date nulls last, key\n        ) as place"),
    long("7 one day early is the first day, one late the last", "touch_resolved", "when touch.occurred_on = campaign.end_date + 1 then campaign.end_date", "when touch.occurred_on = campaign.end_date + 1 then campaign.start_date"),
    long("7 the nearest of the event's days", "touch_resolved", "between campaign.start_date and campaign.end_date", "between campaign.start_date - 1 and campaign.end_date + 1"),
    long("8 the decision goes first", "touch_resolved", "coalesce(direct.account_key, then_of.account_key, person.account_key) as account_key", "coalesce(then_of.account_key, person.account_key) as account_key"),
    long("9 credit needs a credit status", "touch_resolved", "credit.status is not null as is_credit", "true as is_credit"),
    quick("9 leads have an identity", "group_people", "touch.is_credit and touch.has_identity", "touch.is_credit"),
    quick("9 distinct people", "group_people", "grouped.group_key, touch.person_identity", "grouped.group_key, touch.touch_key"),
    quick("9 no-shows were registered", "group_people", "('registered', 'no_show', 'attended')", "('registered', 'attended')"),
)  # fmt: skip

DEALS = (
    long("10a a purchase order names a deal", "deal_reference", "select document_key, account_key, upper(trim(po)) as reference\n    from document_figure", "select document_key, account_key, upper(trim(number)) as reference\n    from document_figure"),
    long("10b parts are differences of rounded cumulatives", "credit_step", "value_to - coalesce(lag(value_to) over (partition by document_key order by position), 0) as value", "value_to as value"),
    long("10c later documents of a repeating invoice", "document_deal", "coalesce(document.repeating_key, document.document_key)", "document.document_key"),
    long("10d two per cent are of the amount, and included", "document_deal", "50 * abs(document.net - won.own_amount) <= won.own_amount", "50 * abs(document.net - won.own_amount) < won.own_amount"),
    long("10e the newest deal first", "document_deal", "order by uncovered.closed_date desc, uncovered.opportunity_key", "order by uncovered.closed_date, uncovered.opportunity_key"),
    long("10e only what is uncovered", "document_deal", "coalesce(covered.own_sum, 0) < 98 * won.own_amount", "coalesce(covered.own_sum, 0) > 98 * won.own_amount"),
    long("11 the look-back begins with the deal", "journey_bound", "coalesce(deal.created_date, document.date) - run.look_back_days", "document.date - run.look_back_days"),
    long("11 the look-back has its first day", "journey", "touch.touch_date >= bound.first_day", "touch.touch_date >= bound.first_day - 1"),
    long("11 the journey ends with the close", "journey_bound", "least(coalesce(deal.closed_date, document.date), document.date)", "greatest(coalesce(deal.closed_date, document.date), document.date)"),
    long("11 the journey has its last day", "journey", "touch.touch_date <= bound.last_day", "touch.touch_date < bound.last_day"),
    long("11 a credit note has the journey of what it credits", "document_part", "coalesce(part.credited_document_key, part.document_key) as journey_key", "part.document_key as journey_key"),
)  # fmt: skip

SPLITS = (
    long("12 lead is the last touch until the first contact", "journey_shape", "journey.touch_date <= bound.lead_date", "journey.touch_date >= bound.lead_date"),
    long("12 the first contact, not the last", "journey_bound", "min(record.created_date) as lead_date", "max(record.created_date) as lead_date"),
    long("12 opportunity is the last touch until the deal", "journey_shape", "journey.touch_date <= bound.opportunity_date", "journey.touch_date < bound.opportunity_date - 30"),
    long("12 a milestone weighs as much as all the others", "journey_weight", "then milestones * factor else", "then milestones else"),
    long("12 absent parts are dropped", "journey_weight", "case when shape.lead_place > 0 then model.lead_weight else 0 end as lead_weight", "model.lead_weight as lead_weight"),
    long("12 the rest is shared by the others only", "journey_weight", "case when journey.place = summed.lead_place then summed.lead_weight else 0 end", "case when journey.place = summed.lead_place + 1 then summed.lead_weight else 0 end"),
    long("12 age from the journey's end", "journey", "last_day - touch_date as age", "(last_day - touch_date) // 2 as age"),
    long("12 missing cents go to the largest remainders", "shared_credit", "order by value_rest desc, campaign_no", "order by campaign_no"),
    long("12 ties by campaign key", "shared_credit", "order by value_rest desc, campaign_no", "order by value_rest desc, campaign_no desc"),
    long("12 the sign comes last", "shared_credit", "sign(value) * (value_floor", "abs(sign(value)) * (value_floor"),
    long("13 thirty days of grace", "part_bucket", "first.first_document_date + 30", "first.first_document_date"),
    long("13 new business without a deal is credited", "part_bucket", "and not part.is_new_business then", "then"),
    long("13 no deal and not new is credited to nobody", "credit_item", "where bucket.bucket in ('credited', 'no_deal')", "where bucket.bucket = 'credited'"),
    quick("14 the account's first touch only", "opportunity_source", "touch.place = 1", "touch.place > 0"),
    quick("14 sales had not begun", "opportunity_source", "least(deal.created_date, coalesce(sales.at_date, deal.created_date))", "deal.created_date"),
    quick("14 influenced before the close", "opportunity_source", "case when deal.is_closed then deal.closed_date else run.as_of + 1 end", "deal.created_date"),
    quick("15 equally over the people of the account there", "contact_credit", "abs(credit.attributed) // member.people", "abs(credit.attributed)"),
)  # fmt: skip

EVENTS = (
    quick("value over a group counts an account once", "group_account", "group by grouped.group_kind, grouped.group_key, attended.account_key", "group by grouped.group_kind, grouped.group_key, attended.account_key, grouped.campaign_key"),
    quick("what came on the first day came after the event", "group_account", "document.date >= came.start_date", "document.date > came.start_date"),
    quick("who bought on the first day is new", "group_account", "first.first_document_date >= reached.start_date", "first.first_document_date > reached.start_date"),
    quick("created on the follow-up's days only", "campaign_opportunity", "opportunity.created_date <= account_first.touch_date + run.follow_up_days", "opportunity.created_date <= account_first.touch_date"),
    quick("advanced needs a higher stage", "campaign_opportunity", "or history.best_rank > history.stage_rank", "or history.best_rank < history.stage_rank"),
    quick("the first amount that is not zero", "opportunity_money", "nullif(amount_change.amount_before, 0), nullif(amount_change.first_set, 0), opportunity.amount", "amount_change.amount_before, opportunity.amount"),
    quick("the amount on the day of the touch", "campaign_opportunity", "coalesce(history.amount_before, history.amount_until, by_account.own_amount)", "by_account.own_amount"),
    quick("open pipeline without what is lost", "group_deals", "(deal.is_created or deal.is_advanced) and not deal.is_closed), 0", "(deal.is_created or deal.is_advanced) and not deal.is_won), 0"),
    quick("weighted by the probability", "group_deals", "mul_div(deal.amount_now, cast(deal.probability * cast(1000000 as decimal(7, 0)) as bigint), 1000000)", "deal.amount_now"),
    quick("lost is closed and not won", "group_deals", "deal.is_created and deal.is_closed and not deal.is_won) as lost", "deal.is_created and not deal.is_won) as lost"),
    quick("the cohort is a cycle old", "group_deals", "run.as_of - deal.created_date >= cycle.touch_to_won_p80) as cohort", "deal.created_date <= run.as_of) as cohort"),
    quick("the cost of one has no cent too few", "group_measures", "mul_div(cost, 1, opportunities_created)", "cost // opportunities_created + 1"),
    quick("return is what came beyond the cost", "group_measures", "ratio(attributed_collected - cost, cost)", "ratio(attributed_collected, cost)"),
    quick("fully loaded with overhead", "group_measures", "1000000 + indirect_share", "indirect_share"),
    quick("variance is budget less cost", "group_measures", "budget - cost as budget_variance", "cost - budget as budget_variance"),
    quick("pipeline's return weighs what is open", "campaign_credit", "mul_div(credit.value, cast(deal.probability * cast(1000000 as decimal(7, 0)) as bigint), 1000000)", "credit.value"),
    quick("without the largest, not the smallest", "group_largest", "max(attributed)", "min(attributed)"),
    quick("paid back is lost after it was reached", "group_payback", "not is_paid and date > paid_date", "not is_paid"),
    quick("paid back in all, not in one day", "group_payback", "sum(daily.attributed) over (\n            partition by daily.group_kind, daily.group_key order by daily.date\n            rows between unbounded preceding and current row\n        )", "daily.attributed"),
    quick("the median is the nearest rank", "group_days", "place = (deals + 1) // 2", "place = deals // 2 + 1"),
    quick("four fifths are the nearest rank", "group_days", "place = (4 * deals + 4) // 5", "place = 4 * deals // 5"),
    quick("the first invoice of a deal", "deal_progress", "order by figure.date, figure.document_key", "order by figure.date desc, figure.document_key"),
    quick("immature until the cycle is over", "campaign_measures", "measures.as_of - campaign.end_date < cycle.touch_to_won_p80", "measures.as_of - campaign.end_date > cycle.touch_to_won_p80"),
)  # fmt: skip

FAULTS = (*MONEY, *TOUCHES, *DEALS, *SPLITS, *EVENTS)
ALWAYS = [fault for fault in FAULTS if fault.near][::5]
CASES = [
    pytest.param(fault, id=fault.breaks, marks=() if fault in ALWAYS else pytest.mark.long)
    for fault in FAULTS
]
#: Example → the tables that it reads.
READS = {example.of: frozenset(re.findall(r"(?:marts|checks)\.(\w+)", example.sql)) for example in EXAMPLES}


@pytest.fixture(scope="module")
def models():
    return graph.load()


def test_there_are_fifty_faults_and_each_is_another():
    assert len({(fault.model, fault.before, fault.after) for fault in FAULTS}) == len(FAULTS) >= 50
    assert len({fault.breaks for fault in FAULTS}) == len(FAULTS)
    assert len(ALWAYS) >= 7


def test_the_text_of_every_fault_is_still_there(models):
    assert [fault.breaks for fault in FAULTS if fault.before not in models[fault.model].sql] == []


@pytest.mark.parametrize("fault", CASES)
def test_a_worked_example_finds_it(books, models, fault):
    spoilt = spoil(models, fault.model, fault.before, fault.after)
    remade = Remade(books.store, spoilt, fault.model, frozenset.union(*READS.values()))
    touched = {model.name for model in remade.stale}
    with remade:
        found = [
            example.of
            for example in EXAMPLES
            if READS[example.of] & touched and example.found(books) != example.expected
        ]
    assert found != [], fault.breaks
