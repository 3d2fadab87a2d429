-- person_twin: people of the CRM that are one by evidence, and the record that is kept.
-- grain: one record that is not kept. Where several are one, each agrees with each, and one is kept for all.
select
    key,
    kept_key,
    rule,
    evidence
from twin_candidate
where doubt is null
qualify row_number() over (partition by key order by kept_place) = 1
