"""Hands the records of the CRM and the ledger to the linker, and its candidates to the models that decide.

Customers and touches that exact evidence or a person's decision already links do not wait for weights: the linker runs
only if something is left over, and then over all records, because its frequencies are counted over all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.link import policy
from closedloop.link.explain import SCAN_KEY
from closedloop.log import get_logger

if TYPE_CHECKING:
    from closedloop.link.engine import Job, Scored
    from closedloop.models.draft import Draft
    from closedloop.settings import Settings

log = get_logger(__name__)

_CUSTOMERS = """
select customer.key, staged.name, cast(null as varchar) as other_name, staged.email, staged.website, staged.phone,
    staged.street, staged.city, staged.postal_code, staged.country, staged.tax_id, staged.external_id, staged.source_id
from canonical.customer as customer
inner join staging.customer as staged on staged.key = customer.key
"""
_ACCOUNTS = """
select record.key, staged.name, cast(null as varchar) as other_name, staged.email, staged.website, staged.phone,
    staged.street, staged.city, staged.postal_code, staged.country, staged.tax_id, staged.external_id, staged.source_id
from canonical.account_record as record
inner join staging.account as staged on staged.key = record.key
"""
#: One row for all touches that say the same of a person.
_SCANS = f"""
select {SCAN_KEY} as key,
    any_value(name) as name, cast(null as varchar) as first_name, cast(null as varchar) as last_name,
    any_value(email) as email, any_value(phone) as phone, cast(null as varchar) as mobile,
    any_value(company) as company, cast(null as varchar) as website, cast(null as varchar) as city,
    cast(null as varchar) as country
from canonical.touch as touch
where name is not null or email is not null
group by 1
"""
_PEOPLE = """
select record.key, record.name, staged.first_name, staged.last_name, record.email, staged.phone, staged.mobile,
    coalesce(account.name, record.company) as company, account.website, account.city, account.country
from canonical.person_record as record
inner join staging.person as staged on staged.key = record.key
left join staging.account as account on account.key = record.account_key
"""

#: Every record of a person that lives; also the accounts, for the company's name and domain.
_RECORDS = """
select one.key, staged.name, staged.first_name, staged.last_name, staged.email, staged.phone, staged.mobile,
    coalesce(account.name, staged.company) as company, account.website, account.city, account.country
from link.twin_evidence as one
inner join staging.person as staged on staged.key = one.key
left join staging.account as account on account.key = staged.account_key
"""

_LEFT_OVER = {
    "twin_scored": "select 1 from link.twin_evidence having count(*) > 1",
    "customer_scored": """
        select 1 from canonical.customer as customer
        left join link.customer_exact as exact on exact.customer_key = customer.key and exact.doubt is null
        where exact.customer_key is null limit 1
    """,
    "touch_scored": """
        select 1 from canonical.touch as touch
        left join link.touch_exact as exact on exact.touch_key = touch.key and exact.doubt is null
        where exact.touch_key is null and (touch.name is not null or touch.email is not null) limit 1
    """,
}

_INTO = {
    "customer_scored": """
        insert into link.customer_scored
        select pair.l, record.account_key, pair.r, pair.decision, pair.place, pair.weight, pair.pattern, pair.doubt,
            other.account_key, pair.gap, {evidence}
        from linkage.company_link as pair
        inner join canonical.account_record as record on record.key = pair.r
        left join canonical.account_record as other on other.key = pair.runner_up
        left join link.customer_exact as exact on exact.customer_key = pair.l and exact.doubt is null
        where exact.customer_key is null
    """,
    "touch_scored": """
        insert into link.touch_scored
        select touch.key, record.person_key, pair.r, person.kind, pair.decision, pair.place, pair.weight, pair.pattern,
            pair.doubt, other.person_key, pair.gap, {evidence}
        from linkage.person_link as pair
        inner join canonical.person_record as record on record.key = pair.r
        inner join canonical.person as person on person.key = record.person_key
        inner join canonical.touch as touch
            on {scan} = pair.l
        left join canonical.person_record as other on other.key = pair.runner_up
        left join link.touch_exact as exact on exact.touch_key = touch.key and exact.doubt is null
        left join link.decision_now as decision
            on decision.kind = 'touch_person' and decision.left_key = touch.key
            and decision.right_key = record.person_key and decision.verdict = 'reject'
        where exact.touch_key is null and decision.left_key is null
    """,
    # Each pair was compared in both directions: what forbids it does so in both, a rival only in one.
    "twin_scored": """
        insert into link.twin_scored
        select least(one.entity_key, other.entity_key), greatest(one.entity_key, other.entity_key),
            max(pair.weight), arg_max(pair.pattern, pair.weight),
            case when bool_or(pair.doubt is null) then null
                else coalesce(min(pair.doubt) filter (where pair.doubt not like 'another person%'), min(pair.doubt)) end,
            arg_max({evidence}, pair.weight)
        from linkage.twin_link as pair
        inner join link.twin_evidence as one on one.key = pair.l
        inner join link.twin_evidence as other on other.key = pair.r
        group by 1, 2
    """,
}

_REJECTED = """
select decision.left_key as l, record.key as r
from link.decision_now as decision
inner join canonical.account_record as record on record.account_key = decision.right_key
where decision.kind = 'customer_account' and decision.verdict = 'reject'
"""
#: Records that are one already are no candidates of each other, nor are those that a person told apart.
_ONE_ALREADY = """
with decided as (
    select one.entity_key as one_key, other.entity_key as other_key
    from param.decision as decision
    inner join link.twin_evidence as one on one.key = decision.left_key
    inner join link.twin_evidence as other on other.key = decision.right_key
    where decision.kind = 'person_person' and one.entity_key <> other.entity_key
),
apart as (
    select one_key, other_key from decided
    union
    select other_key, one_key from decided
    union
    select distinct entity_key, entity_key from link.twin_evidence
)
select one.key as l, other.key as r
from apart
inner join link.twin_evidence as one on one.entity_key = apart.one_key
inner join link.twin_evidence as other on other.entity_key = apart.other_key
"""
_NOBODY = "select cast(null as varchar) as l, cast(null as varchar) as r where 1 = 0"

#: Models that are filled here: what the linker finds for them.
MODELS = frozenset(_INTO)


def fill(draft: Draft, settings: Settings, model: str) -> None:
    """Fill ``link.customer_scored``, ``touch_scored`` or ``twin_scored``, which the runner has just made empty.

    The caller owns the transaction: what the linker keeps of its own must be whole.
    """
    if settings.matching.policy not in policy.PRESETS:
        return
    [(automatic,)] = draft.query("select automatic_links from param.run")
    if not automatic or not draft.query(_LEFT_OVER[model]) or not _anybody(draft, model):
        return
    from closedloop.link.engine import COMPANIES, PEOPLE
    from closedloop.link.twins import TWINS

    if model == "customer_scored":
        done = _link(draft, settings, COMPANIES, left=_CUSTOMERS, right=_ACCOUNTS, rejected=_REJECTED,
                     same="select key as r, account_key as e from canonical.account_record")  # fmt: skip
    elif model == "touch_scored":
        done = _link(draft, settings, PEOPLE, left=_SCANS, right=_PEOPLE, rejected=_NOBODY,
                     same="select key as r, person_key as e from canonical.person_record")  # fmt: skip
    else:
        done = _link(draft, settings, TWINS, left=_RECORDS, right=_RECORDS, rejected=_ONE_ALREADY,
                     same="select key as r, entity_key as e from link.twin_evidence")  # fmt: skip
    draft.query(_INTO[model].format(evidence=_SENTENCE, scan=SCAN_KEY))
    log.info("link.scored", model=model, pairs=done.pairs[0], compared=done.pairs[1])


def _anybody(draft: Draft, model: str) -> bool:
    table = {
        "customer_scored": "canonical.account_record",
        "touch_scored": "canonical.person_record",
        "twin_scored": "link.twin_evidence",
    }[model]
    return bool(draft.query(f"select 1 from {table} limit 1"))


def _link(draft: Draft, settings: Settings, job: Job, **queries: str) -> Scored:
    """Link with the queries of `linker.link`: left, right, rejected and same."""
    from closedloop.link import linker, normal, weights

    asked = settings.matching
    model = policy.gated(
        weights.load(normal.like(job.name), weights.own(normal.like(job.name), settings.home)),
        asked.policy,
        least=asked.minimum_weight,
        gap=asked.gap,
        floor=asked.review_weight,
    )
    named = {name: draft.named(query) for name, query in queries.items()}
    return linker.link(draft.store.connection, job, **named, model=model)


#: The pattern in words; `closedloop explain link` tells every comparison.
_SENTENCE = (
    "'Compared in everything: ' || replace(replace(replace(coalesce(nullif(pair.pattern, ''), 'nothing agrees'), '+', ', '),"
    " ':', ' '), '_', ' ') || ' (weight ' || cast(round(pair.weight, 1) as varchar) || coalesce(', the next one '"
    " || cast(round(pair.gap, 1) as varchar) || ' behind', ', no rival') || ').'"
)
