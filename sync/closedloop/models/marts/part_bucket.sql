-- part_bucket: where the value of each part goes (definition 13).
-- grain: one part of one counted document. Exactly one of: unlinked, no_touch, no_deal, credited.
-- New business: the deal was created, or without one the document is dated, at most 30 days after the account's first
-- positive document. A credit note inherits from what it credits, whatever deal it names itself: it takes back where its
-- invoice gave.
with began as (
    select
        part.document_key,
        part.part,
        coalesce(deal.created_date, part.date) as began_on,
        part.credited_document_key,
        part.account_key
    from document_part as part
    left join opportunity_money as deal on deal.opportunity_key = part.deal_key
),

fresh as (
    select
        began.document_key,
        began.part,
        began.credited_document_key,
        coalesce(began.began_on <= first.first_document_date + 30, true) as is_new_business
    from began
    left join account_first_document as first on first.account_key = began.account_key
),

touched as (
    select distinct journey_key
    from journey
)

select
    part.document_key,
    part.part,
    coalesce(credited.is_new_business, fresh.is_new_business) as is_new_business,
    case
        when part.account_key is null then 'unlinked'
        when touched.journey_key is null then 'no_touch'
        when
            case when part.credited_document_key is null then part.deal_key else given.deal_key end is null
            and not coalesce(credited.is_new_business, fresh.is_new_business)
            then 'no_deal'
        else 'credited'
    end as bucket
from document_part as part
inner join fresh on fresh.document_key = part.document_key and fresh.part = part.part
left join fresh as credited on credited.document_key = part.credited_document_key and credited.part = 1
left join document_deal as given on given.document_key = part.credited_document_key
left join touched on touched.journey_key = part.journey_key
