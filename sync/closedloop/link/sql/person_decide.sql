-- What the scored pairs of people come to. grain: one candidate; {keep} at most of one record on the left.
-- Records that are known to be one ({same}) are no rivals of each other: the best of them stands for all.
with pair as (
    select pair.*
    from {schema}.person_pair as pair
    left join {rejected} as rejected on rejected.l = pair.l and rejected.r = pair.r
    left join {same} as same on same.r = pair.r
    where rejected.l is null
    qualify row_number() over (partition by pair.l, coalesce(same.e, pair.r) order by pair.weight desc, pair.r) = 1
),

judged as (
    select
        *,
        case
            when mail = 'digits' then 'the e-mails differ by digits only: namesakes'
            when name = 'other' then 'the names differ'
            when name = 'surname' then 'only the surname agrees: a spouse or a relative'
            when name = 'first_name' then 'only the first name agrees'
        end as veto
    from pair
),

ranked as (
    select
        *,
        row_number() over best as place,
        lead(r) over best as next_r,
        lead(weight) over best as next_weight
    from judged
    window best as (partition by l order by weight desc, r)
),

compared as (
    select
        ranked.*,
        ranked.weight - ranked.next_weight as gap,
        coalesce(
            one.bag = other.bag
            and (one.mail = other.mail or one.phone1 in (other.phone1, other.phone2) or one.phone2 in (other.phone1, other.phone2)),
            false
        ) as next_is_duplicate
    from ranked
    left join {schema}.person_right as one on one.key = ranked.r
    left join {schema}.person_right as other on other.key = ranked.next_r
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
    concat_ws(
        '+',
        case when name not in ('-', 'other') then 'name:' || name end,
        case when mail in ('same', 'spelling', 'near', 'role', 'domain') then 'mail:' || mail end,
        case when phone like 'same%' then 'phone:' || phone end,
        case when firm in ('same', 'near', 'domain') then 'company:' || firm end
    ) as pattern,
    doubt,
    next_r as runner_up,
    round(gap, 3) as gap
from gated
where doubt is null or weight >= {floor}
