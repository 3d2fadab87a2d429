-- touch_exact: whom a touch may be, by exact evidence.
-- grain: one person of one touch. `doubt` says why the person cannot be linked by rule; a rejected pair is none.
--   1 stored_id   the source itself names the person, and the e-mail or the name agrees, or the touch has neither
--   2 email       equal e-mail (no role mailbox), and the names do not contradict it
-- Names agree when their words are the same in any order, when one is missing, when one side has the initial of the
-- first name only, or, at a business domain, when they differ by a typing error. Spouses and assistants share e-mails.
with found as (
    select touch.key as touch_key, person.person_key, 1 as tier, 'stored_id' as rule
    from touch_evidence as touch
    inner join person_evidence as person on person.key = touch.person_key
    union
    select touch.key as touch_key, person.person_key, 2 as tier, 'email' as rule
    from touch_evidence as touch
    inner join person_evidence as person on person.email = touch.email
),

compared as (
    select
        found.touch_key,
        found.person_key,
        found.tier,
        found.rule,
        max(person.kind) as kind,
        bool_or(coalesce(person.email = touch.email, false)) as same_email,
        bool_or(
            case
                when person.name = touch.name then true
                when length(person.name) = length(touch.name)
                    then list_sort(string_split(person.name, ' ')) = list_sort(string_split(touch.name, ' '))
                else false
            end
        ) as same_name,
        bool_or(
            coalesce(
                split_part(person.name, ' ', -1) = split_part(touch.name, ' ', -1)
                and left(person.name, 1) = left(touch.name, 1)
                and least(length(split_part(person.name, ' ', 1)), length(split_part(touch.name, ' ', 1))) = 1,
                false
            )
        ) as same_initial,
        bool_or(
            not touch.is_free
            and coalesce(levenshtein(person.name, touch.name) <= 2 and length(touch.name) >= 8, false)
        ) as near_name,
        bool_and(touch.name is null or person.name is null) as no_name,
        bool_and(touch.name is null and touch.stated_email is null) as nothing_else,
        max(touch.email) as email
    from found
    inner join touch_evidence as touch on touch.key = found.touch_key
    inner join person_evidence as person
        on person.person_key = found.person_key
        and (found.tier = 1 or person.email = touch.email)
    group by found.touch_key, found.person_key, found.tier, found.rule
)

select
    compared.touch_key,
    compared.person_key,
    compared.tier,
    compared.rule,
    compared.kind,
    case
        when compared.tier = 1 and not (compared.same_email or compared.same_name or compared.nothing_else)
            then 'the record named by the source has another name and e-mail'
        when
            compared.tier = 2
            and not (compared.same_name or compared.same_initial or compared.near_name or compared.no_name)
            then 'the e-mail agrees but the names do not'
    end as doubt,
    case
        when compared.tier = 1 and compared.same_email then 'The source names this person, and the e-mail agrees.'
        when compared.tier = 1 and compared.same_name then 'The source names this person, and the name agrees.'
        when compared.tier = 1 then 'The source names this person.'
        when compared.same_name then 'The e-mail ' || compared.email || ' and the name agree.'
        when compared.no_name then 'The e-mail ' || compared.email || ' agrees.'
        else 'The e-mail ' || compared.email || ' agrees, and the name up to an initial or a typing error.'
    end as evidence
from compared
left join decision_now as decision
    on decision.kind = 'touch_person'
    and decision.left_key = compared.touch_key
    and decision.right_key = compared.person_key
    and decision.verdict = 'reject'
cross join param.run as run
where decision.left_key is null and run.automatic_links
