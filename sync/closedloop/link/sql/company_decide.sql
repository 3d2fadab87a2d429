-- What the scored pairs of companies come to. grain: one candidate; {keep} at most of one record on the left.
-- in: {vector}: pairs with their code; {pattern}: what a code comes to; {right}: the accounts; {rejected}, {same}.
-- `auto`: the best account, well ahead of the next (a duplicate of itself aside), with evidence beside the name that few
-- records share, and nothing that speaks against it. Everything else that is plausible waits for a person.
-- Records that are known to be one ({same}) are no rivals of each other: the best of them stands for all.
with judged as (
    select
        code,
        weight,
        name,
        tax = 'same' as is_tax,
        stored_id = 'same' as is_stored,
        cast(domain = 'same_rare' or (domain like 'same%' and name = 'same_rare') as integer)
        + cast(phone = 'same_rare' or (phone like 'same%' and name = 'same_rare') as integer)
        + cast(address in ('same_rare', 'near') or (address like 'same%' and name = 'same_rare') as integer)
        + cast(stored_id = 'same' as integer)
        + cast(mail = 'same' as integer) as evidence,
        case
            when tax = 'other' then 'the tax ids differ'
            when number = 'other' then 'the store numbers or branches differ'
            when form = 'other' then 'the legal forms differ'
            when country = 'other' and not (phone like 'same%' or address like 'same%') then 'the countries differ'
        end as veto,
        concat_ws(
            '+',
            case when name <> '-' and name <> 'other' then 'name:' || name end,
            case when domain like 'same%' then 'domain:' || domain end,
            case when phone like 'same%' then 'phone:' || phone end,
            case when address like 'same%' or address = 'near' then 'address:' || address end,
            case when tax = 'same' then 'tax' end,
            case when stored_id = 'same' then 'stored_id' end,
            case when mail = 'same' then 'mail' end
        ) as pattern
    from {pattern}
),

-- What is too light to be shown is no rival of what is heavy enough to link.
pair as (
    select vector.l, vector.r, vector.code, judged.weight, judged.is_tax, judged.is_stored
    from {vector} as vector
    inner join judged on judged.code = vector.code
    left join {rejected} as rejected on rejected.l = vector.l and rejected.r = vector.r
    left join {same} as same on same.r = vector.r
    where rejected.l is null and (judged.weight >= {floor} or judged.is_tax or judged.is_stored)
    qualify row_number() over (partition by vector.l, coalesce(same.e, vector.r) order by judged.weight desc, vector.r) = 1
),

ranked as (
    select
        *,
        row_number() over best as place,
        lead(r) over best as next_r,
        lead(weight) over best as next_weight,
        count(*) filter (where is_tax) over (partition by l) as same_tax,
        count(*) filter (where is_stored) over (partition by l) as stored
    from pair
    window best as (partition by l order by weight desc, r)
),

compared as (
    select
        ranked.l,
        ranked.r,
        ranked.place,
        ranked.next_r,
        ranked.same_tax,
        ranked.stored,
        ranked.weight - ranked.next_weight as gap,
        judged.* exclude (code),
        coalesce(
            one.s1 = other.s1
            and coalesce(one.number = other.number, one.number is null and other.number is null)
            and coalesce(one.form = other.form, true)
            and coalesce(one.tax = other.tax, true)
            and coalesce(one.branch = other.branch, true)
            and coalesce(one.country = other.country, true)
            and (one.tax = other.tax or one.phone = other.phone or (one.house = other.house and one.way = other.way and one.postal = other.postal)),
            false
        ) as next_is_duplicate
    from ranked
    inner join judged on judged.code = ranked.code
    left join {right} as one
        on one.key = case when ranked.place = 1 and (ranked.weight - ranked.next_weight < {gap} or ranked.is_tax) then ranked.r end
    left join {right} as other
        on other.key = case when ranked.place = 1 and (ranked.weight - ranked.next_weight < {gap} or ranked.is_tax) then ranked.next_r end
    where ranked.place <= {keep}
),

gated as (
    select
        *,
        case
            when veto is not null then veto
            when place > 1 then 'another account fits better'
            when gap < {gap} and not next_is_duplicate then 'another account fits nearly as well'
            when is_tax and same_tax > 1 and not next_is_duplicate then 'several accounts have this tax id'
            when is_tax then null
            when stored > 0 and not is_stored then 'a stored id names another account'
            when weight < {least} then 'too little agrees'
            when name in ('same_rare', 'same', 'near') and evidence >= 1 then null
            when name in ('same_rare', 'same', 'near') then 'the name agrees, but nothing beside it that few records share'
            when name in ('part', 'initials') and evidence >= 2 then null
            when is_stored and evidence >= 2 and name <> 'extra_words' then null
            when name = 'extra_words' then 'one name has more words: it may be a subsidiary'
            when name = 'part' then 'one name is only the beginning of the other'
            when name = '-' then 'a name is missing'
            else 'the names differ'
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
