"""The questions that `closedloop.models.evidence` asks, one for each list of the tree."""

from __future__ import annotations

CAMPAIGN = "select * from marts.campaign_measures where campaign_key = ?"

CAMPAIGN_ACCOUNTS = """
select reached.*, account.name, account.url
from marts.campaign_account as reached
inner join canonical.account as account on account.key = reached.account_key
where reached.campaign_key = ?
order by reached.invoiced desc, reached.account_key
"""

CAMPAIGN_PEOPLE = """
select resolved.touch_key, resolved.account_key, resolved.account_evidence, resolved.url, touch.name, touch.email,
    person.name as person, link.evidence, resolved.status, resolved.is_credit, resolved.has_identity
from marts.touch_resolved as resolved
inner join canonical.touch as touch on touch.key = resolved.touch_key
left join canonical.person as person on person.key = resolved.person_key
left join link.link_person as link on link.identity_key = resolved.touch_key
where resolved.campaign_key = ?
order by resolved.touch_key
"""

#: `{amount}`: the column of `document_value` that is summed.
_DOCUMENTS = """
select document.account_key, document.customer_key, customer.name as customer, customer.url as customer_url, link.evidence,
    document.number, document.kind, document.date, document.state, document.{amount} as amount, document.url
from marts.document_value as document
inner join canonical.customer as customer on customer.key = document.customer_key
inner join link.link_customer_account as link on link.customer_key = document.customer_key
"""

#: Of the accounts that an event reached; `$2`: documents from this day on.
CAMPAIGN_DOCUMENTS = f"""{_DOCUMENTS}
where document.account_key in (select account_key from marts.campaign_account where campaign_key = $1)
    and ($2 is null or document.date >= $2)
order by document.account_key, document.customer_key, document.date, document.document_key
"""

ACCOUNT_DOCUMENTS = f"""{_DOCUMENTS}
where document.account_key = ?
order by document.account_key, document.customer_key, document.date, document.document_key
"""

#: `{table}`: attribution_credit or attribution_no_deal; `{amount}`: value or collected; `{entity}`: whose they are.
CREDITS = """
select {other}.key as other_key, {other}.name as other, {other}.url as other_url, credit.{amount} as credit,
    document.number, document.kind, document.date, document.state, document.deal_rule, document.url
from marts.{table} as credit
inner join marts.document_value as document on document.document_key = credit.document_key
inner join canonical.{other} as {other} on {other}.key = credit.{other}_key
where credit.{entity}_key = ? and credit.model = ?
order by {other}.name, {other}.key, document.date, document.document_key
"""

DEAL_CREDITS = """
select account.key as other_key, account.name as other, account.url as other_url, credit.amount as credit, opportunity.name, opportunity.url,
    coalesce(opportunity.number, opportunity.key) as role, opportunity.is_won, opportunity.is_closed
from marts.opportunity_credit as credit
inner join canonical.opportunity as opportunity on opportunity.key = credit.opportunity_key
inner join canonical.account as account on account.key = credit.account_key
where credit.campaign_key = ? and credit.model = ? and credit.state = ?
order by account.name, account.key, opportunity.key
"""

CAMPAIGN_COST = """
select cost.*
from marts.cost_line_home as cost
inner join marts.campaign_cost as chosen on chosen.campaign_key = cost.campaign_key and chosen.cost_source = 'ledger'
where cost.campaign_key = ?
order by cost.date, cost.cost_line_key
"""

CAMPAIGN_OPPORTUNITIES = """
select opportunity.name, opportunity.url, opened.*
from marts.campaign_opportunity as opened
inner join canonical.opportunity as opportunity on opportunity.key = opened.opportunity_key
where opened.campaign_key = ?
order by opened.opportunity_key
"""

#: The records that are one event: the one that is kept, then the others with their evidence.
CAMPAIGN_RECORDS = """
select record.name, record.source, record.key, record.url, coalesce(link.evidence, 'It was merged into this one.') as evidence
from canonical.campaign_record as record
left join link.link_campaign as link on link.campaign_key = record.key
where record.campaign_key = ? and record.key <> record.campaign_key
order by record.place
"""

ACCOUNT = "select * from marts.account_measures where account_key = ?"

_TOUCHES = """
select resolved.campaign_key, campaign.name as campaign, coalesce(person.name, touch.name, touch.email, touch.key) as who, resolved.status,
    resolved.touch_date, resolved.url
from marts.touch_resolved as resolved
inner join canonical.campaign as campaign on campaign.key = resolved.campaign_key
inner join canonical.touch as touch on touch.key = resolved.touch_key
left join canonical.person as person on person.key = resolved.person_key
"""

ACCOUNT_TOUCHES = (
    f"{_TOUCHES} where resolved.account_key = ? order by resolved.touch_date, resolved.touch_key"
)

PERSON_TOUCHES = f"{_TOUCHES} where resolved.person_key = ? order by resolved.touch_date, resolved.touch_key"

ACCOUNT_OPPORTUNITIES = """
select name, url, coalesce(number, key) as role, is_won, is_closed
from canonical.opportunity
where account_key = ?
order by created_date, key
"""

BREAKS = """
select link, reason, since, url, fix
from marts.chain_break
where account_key = ? or subject_key = ?
order by since, subject_key
"""

DOCUMENT = """
select document.*, customer.name as customer, account.name as account, account.url as account_url, link.evidence,
    opportunity.name as deal, opportunity.url as deal_url
from marts.document_value as document
left join canonical.customer as customer on customer.key = document.customer_key
left join canonical.account as account on account.key = document.account_key
left join link.link_customer_account as link on link.customer_key = document.customer_key
left join canonical.opportunity as opportunity on opportunity.key = document.deal_key
where document.document_key = ?
"""

NOT_COUNTED = """
select document.kind, document.number, document.date, document.status, document.url, run.as_of
from canonical.document as document
cross join param.run as run
where document.key = ?
"""

DOCUMENT_CREDITS = """
select 'credited' as bucket, campaign.name as campaign, credit.value, credit.collected, campaign.url
from marts.attribution_credit as credit
inner join canonical.campaign as campaign on campaign.key = credit.campaign_key
where credit.document_key = $1 and credit.model = $2
union all
select 'no_deal' as bucket, campaign.name as campaign, credit.value, credit.collected, campaign.url
from marts.attribution_no_deal as credit
inner join canonical.campaign as campaign on campaign.key = credit.campaign_key
where credit.document_key = $1 and credit.model = $2
union all
select bucket.bucket, null as campaign, part.value, part.collected, null as url
from marts.document_part as part
inner join marts.part_bucket as bucket on bucket.document_key = part.document_key and bucket.part = part.part
where part.document_key = $1 and bucket.bucket not in ('credited', 'no_deal')
order by bucket, value desc, campaign
"""

DOCUMENT_SETTLEMENTS = """
select settlement.effective_date, settlement.amount, document.currency,
    case
        when settlement.other_document_key is not null then other.kind
        when settlement.payment_key is not null or document.kind in ('invoice', 'credit_note') then 'payment'
        else 'itself'
    end as kind,
    coalesce(other.number, settlement.payment_key, settlement.key) as name, coalesce(other.url, payment.url) as url
from marts.settlement as settlement
inner join canonical.document as document on document.key = settlement.document_key
left join canonical.document as other on other.key = settlement.other_document_key
left join canonical.payment as payment on payment.key = settlement.payment_key
where settlement.document_key = ?
order by settlement.position
"""

PERSON = """
select person.key, person.name, person.url, account.name as account, account.url as account_url
from canonical.person as person
left join canonical.account as account on account.key = person.account_key
where person.key = ?
"""

PERSON_LINKS = """
select link.identity_key, link.evidence, coalesce(touch.url, record.url) as url
from link.link_person as link
left join canonical.touch as touch on touch.key = link.identity_key
left join canonical.person_record as record on record.key = link.identity_key
where link.person_key = ?
order by link.identity_key
"""

PERSON_BREAKS = """
select broken.link, broken.reason, broken.since, broken.url, broken.fix
from marts.chain_break as broken
inner join marts.touch_resolved as resolved on resolved.touch_key = broken.subject_key
where resolved.person_key = ?
order by broken.since, broken.subject_key
"""

OPPORTUNITY = """
select money.amount, money.name, money.url, account.name as account
from marts.opportunity_money as money
left join canonical.account as account on account.key = money.account_key
where money.opportunity_key = ?
"""

OPPORTUNITY_CREDITS = """
select campaign.name as campaign, credit.amount, campaign.url
from marts.opportunity_credit as credit
inner join canonical.campaign as campaign on campaign.key = credit.campaign_key
where credit.opportunity_key = ? and credit.model = ?
order by campaign.key
"""

OPPORTUNITY_DOCUMENTS = "select * from marts.document_value where deal_key = ? order by date, document_key"

OPPORTUNITY_CAMPAIGNS = """
select campaign.name as campaign, campaign.url, opened.role, opened.by_account, opened.by_role
from marts.campaign_opportunity as opened
inner join canonical.campaign as campaign on campaign.key = opened.campaign_key
where opened.opportunity_key = ?
order by campaign.start_date, campaign.key
"""

#: The customers of an account, also those without a document; `{links}`: see `linked_customers`.
ACCOUNT_CUSTOMERS = """
select customer.name, customer.url, link.evidence
from ({links}) as link
inner join canonical.customer as customer on customer.key = link.customer_key
where link.account_key = ?
order by customer.name, customer.key
"""

CONTACT = "select * from marts.contact_measures where person_key = ?"

#: What a person is given of their accounts' credit at each event; `{amount}`: attributed or attributed_collected.
CONTACT_CREDITS = """
select campaign.name, campaign.url, credit.{amount} as amount
from marts.contact_credit as credit
inner join canonical.campaign as campaign on campaign.key = credit.campaign_key
where credit.person_key = ?
order by campaign.start_date, campaign.key
"""
