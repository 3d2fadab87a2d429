-- document_part: each document, cut where its parts follow different deals, with its deal and its journey.
-- grain: one part of one counted document; all but some credit notes have one part. Parts sum to the document.
-- `journey_key` is the document whose touches get the credit: a credit note takes back where its invoice gave.
with part as (
    select document_key, cast(null as varchar) as credited_document_key, value, collected
    from document_figure
    where sign > 0 and state = 'counted'
    union all
    select document_key, credited_document_key, value, collected
    from credit_part
),

dealt as (
    select
        part.document_key,
        part.credited_document_key,
        coalesce(part.credited_document_key, part.document_key) as journey_key,
        part.value,
        part.collected,
        document.account_key,
        document.date,
        coalesce(own.deal_key, case when document.sign < 0 then reference.deal_key end, credited.deal_key) as deal_key,
        case
            when own.document_key is not null then own.deal_rule
            when document.sign < 0 and reference.deal_key is not null then 'reference'
            when credited.deal_key is not null then 'credited'
            else 'none'
        end as deal_rule
    from part
    inner join document_figure as document on document.document_key = part.document_key
    left join document_deal as own on own.document_key = part.document_key
    left join document_deal as credited on credited.document_key = part.credited_document_key
    left join deal_reference as reference on reference.document_key = part.document_key
)

select
    dealt.*,
    row_number() over (
        partition by dealt.document_key order by dealt.credited_document_key nulls last
    ) as part,
    count(*) over (partition by dealt.document_key) as parts
from dealt
