-- document_part: each document, cut where its parts follow different deals, with its deal and its journey.
-- grain: one part of one counted document; all but some credit notes have one part. Parts sum to the document.
-- `journey_key` is the document whose touches get the credit: a credit note takes back where its invoice gave.
with dealt as (
    select
        part.document_key,
        part.credited_document_key,
        coalesce(part.credited_document_key, part.document_key) as journey_key,
        part.value,
        part.collected,
        document.account_key,
        document.date,
        coalesce(own.deal_key, reference.deal_key, credited.deal_key) as deal_key,
        case
            when own.document_key is not null then own.deal_rule
            when reference.deal_key is not null then 'reference'
            when credited.deal_key is not null then 'credited'
            else 'none'
        end as deal_rule
    from credit_part as part
    inner join document_figure as document on document.document_key = part.document_key
    left join document_deal as own on own.document_key = part.document_key
    left join document_deal as credited on credited.document_key = part.credited_document_key
    left join deal_reference as reference on reference.document_key = part.document_key
)

select
    document.document_key,
    cast(null as varchar) as credited_document_key,
    document.document_key as journey_key,
    document.value,
    document.collected,
    document.account_key,
    document.date,
    own.deal_key,
    coalesce(own.deal_rule, 'none') as deal_rule,
    cast(1 as bigint) as part,
    cast(1 as bigint) as parts
from document_figure as document
left join document_deal as own on own.document_key = document.document_key
where document.sign > 0 and document.state = 'counted'
union all
select
    dealt.*,
    row_number() over (
        partition by dealt.document_key order by dealt.credited_document_key nulls last
    ) as part,
    count(*) over (partition by dealt.document_key) as parts
from dealt
