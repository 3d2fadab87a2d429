-- decision_now: people's decisions about links between records of two kinds, on the records that stand for them now.
-- grain: one decision that still counts on one pair; both records may have been merged since.
select
    decision.id,
    decision.kind,
    coalesce(left_side.survivor_key, decision.left_key) as left_key,
    coalesce(right_side.survivor_key, decision.right_key) as right_key,
    decision.verdict,
    decision.who
from param.decision as decision
left join survivor as left_side
    on left_side.entity = case decision.kind when 'person_account' then 'person' else 'customer' end
    and left_side.key = decision.left_key
left join survivor as right_side
    on right_side.entity = case decision.kind when 'touch_person' then 'person' else 'account' end
    and right_side.key = decision.right_key
where decision.kind in ('customer_account', 'touch_person', 'touch_account', 'person_account')
qualify row_number() over (
    partition by
        decision.kind,
        coalesce(left_side.survivor_key, decision.left_key),
        coalesce(right_side.survivor_key, decision.right_key)
    order by decision.id desc
) = 1
