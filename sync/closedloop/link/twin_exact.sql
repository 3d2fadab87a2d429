-- twin_exact: which people of the CRM may be one, by an equal e-mail (no role mailbox).
-- grain: one pair of people, the smaller key first. `doubt` says why they cannot be linked by rule.
-- Names agree when their words are the same in any order, when one is missing, when one side has the initial of the
-- first name only, or, at a business domain, when they differ by a typing error. Spouses and assistants share e-mails.
-- A mailbox that very many records name is nobody's.
with shared as (
    select email
    from twin_evidence
    where email is not null
    group by email
    having count(*) between 2 and 20
),

compared as (
    select
        one.entity_key as one_key,
        other.entity_key as other_key,
        min(one.email) as email,
        bool_or(
            coalesce(list_sort(string_split(one.name, ' ')) = list_sort(string_split(other.name, ' ')), false)
        ) as same_name,
        bool_or(
            coalesce(
                split_part(one.name, ' ', -1) = split_part(other.name, ' ', -1)
                and left(one.name, 1) = left(other.name, 1)
                and least(length(split_part(one.name, ' ', 1)), length(split_part(other.name, ' ', 1))) = 1,
                false
            )
        ) as same_initial,
        bool_or(
            not one.is_free
            and coalesce(levenshtein(one.name, other.name) <= 2 and length(one.name) >= 8, false)
        ) as near_name,
        bool_and(one.name is null or other.name is null) as no_name
    from shared
    inner join twin_evidence as one on one.email = shared.email
    inner join twin_evidence as other on other.email = shared.email and other.entity_key > one.entity_key
    group by one.entity_key, other.entity_key
)

select
    one_key,
    other_key,
    case
        when not (same_name or same_initial or near_name or no_name) then 'the e-mail agrees but the names do not'
    end as doubt,
    case
        when same_name then 'The e-mail ' || email || ' and the name agree.'
        when no_name then 'The e-mail ' || email || ' agrees.'
        when same_initial or near_name
            then 'The e-mail ' || email || ' agrees, and the name up to an initial or a typing error.'
        else 'The e-mail ' || email || ' agrees.'
    end as evidence
from compared
