-- What the scored pairs of people come to. grain: one candidate; {keep} at most of one record on the left.
-- in: {vector}: pairs with their code; {pattern}: what a code comes to; {right}: contacts, leads; {rejected}, {same}.
-- Records that are known to be one ({same}) are no rivals of each other: the best of them stands for all.
with judged as (
    select
        code,
        weight,
        name,
        mail,
        phone,
        firm,
        case
            when mail = 'digits' then 'the e-mails differ by digits only: namesakes'
            when name = 'other' then 'the names differ'
            when name = 'surname' then 'only the surname agrees: a spouse or a relative'
            when name = 'first_name' then 'only the first name agrees'
        end as veto,
        concat_ws(
            '+',
            case when name not in ('-', 'other') then 'name:' || name end,
            case when mail in ('same', 'spelling', 'near', 'role', 'domain') then 'mail:' || mail end,
            case when phone like 'same%' then 'phone:' || phone end,
            case when firm in ('same', 'near', 'domain') then 'company:' || firm end
        ) as pattern
    from {pattern}
),

-- What is too light to be shown is no rival of what is heavy enough to link.
pair as (
    select vector.l, vector.r, vector.code, judged.weight
    from {vector} as vector
    inner join judged on judged.code = vector.code
    left join {rejected} as rejected on rejected.l = vector.l and rejected.r = vector.r
    left join {same} as same on same.r = vector.r
    where rejected.l is null and judged.weight >= {floor}
    qualify row_number() over (partition by vector.l, coalesce(same.e, vector.r) order by judged.weight desc, vector.r) = 1
),

ranked as (
    select
        *,
        row_number() over best as place,
        lead(r) over best as next_r,
        lead(weight) over best as next_weight
    from pair
    window best as (partition by l order by weight desc, r)
),

compared as (
    select
        ranked.l,
        ranked.r,
        ranked.place,
        ranked.next_r,
        ranked.weight - ranked.next_weight as gap,
        judged.* exclude (code),
        coalesce(
            one.bag = other.bag
            and (one.mail = other.mail or one.phone1 in (other.phone1, other.phone2) or one.phone2 in (other.phone1, other.phone2)),
            false
        ) as next_is_duplicate
    from ranked
    inner join judged on judged.code = ranked.code
    left join {right} as one
        on one.key = case when ranked.place = 1 and (ranked.weight - ranked.next_weight < {gap}) then ranked.r end
    left join {right} as other
        on other.key = case when ranked.place = 1 and (ranked.weight - ranked.next_weight < {gap}) then ranked.next_r end
    where ranked.place <= {keep}
),

gated as (
    select
        *,
        case
            when veto is not null then veto
            when place > 1 then 'another person fits better'
            when gap < {gap} and not next_is_duplicate then 'another person fits nearly as well'
            when weight < {least} then 'too little agrees'
            when mail in ('same', 'spelling') and name in ('same', 'initial', 'near', '-') then null
            when phone like 'same%' and name = 'same' then null
            when phone = 'same_rare' and name in ('near', 'initial') and (firm in ('same', 'near', 'domain') or mail = 'domain') then null
            when mail in ('near', 'domain') and name in ('same', 'initial', 'near') then 'the name and the company agree, but not the e-mail'
            when name in ('same', 'initial', 'near') then 'the name agrees, but neither e-mail nor phone'
            else 'too little agrees'
        end as doubt
    from compared
)

select
    l,
    r,
    case when doubt is null then 'auto' else 'review' end as decision,
    place,
    weight,
    pattern,
    doubt,
    next_r as runner_up,
    round(gap, 3) as gap
from gated
where doubt is null or weight >= {floor}
