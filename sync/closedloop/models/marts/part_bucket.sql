-- part_bucket: where the value of each part goes (definition 13).
-- grain: one part of one counted document. Exactly one of: unlinked, no_touch, no_deal, credited.
-- New business: the deal was created, or without one the document is dated, at most 30 days after the account's first
-- positive document; of an account without one all is. A credit note inherits from what it credits, whatever deal it names
-- itself: it takes back where its invoice gave. An invoice that is dated later than the as-of day gave nothing yet. What no
-- event touched is no_touch, with a deal or without one.
with fresh as (
    select
        part.document_key,
        part.part,
        part.account_key,
        part.deal_key,
        part.journey_key,
        part.credited_document_key,
        coalesce(coalesce(deal.created_date, part.date) <= first.first_document_date + 30, true) as is_new_business
    from document_part as part
    left join opportunity_money as deal on deal.opportunity_key = part.deal_key
    left join account_first_document as first on first.account_key = part.account_key
),

inherited as (
    select document_key, part, account_key, journey_key, deal_key, is_new_business
    from fresh
    where credited_document_key is null
    union all
    select
        part.document_key,
        part.part,
        part.account_key,
        part.journey_key,
        given.deal_key,
        coalesce(credited.is_new_business, part.is_new_business) as is_new_business
    from fresh as part
    left join fresh as credited on credited.document_key = part.credited_document_key and credited.part = 1
    left join document_deal as given on given.document_key = part.credited_document_key
    where part.credited_document_key is not null
),

touched as (
    select journey_key
    from journey
    where place = 1
)

select
    part.document_key,
    part.part,
    part.is_new_business,
    case
        when part.account_key is null then 'unlinked'
        when touched.journey_key is null then 'no_touch'
        when part.deal_key is null and not part.is_new_business then 'no_deal'
        else 'credited'
    end as bucket
from inherited as part
left join touched on touched.journey_key = part.journey_key
