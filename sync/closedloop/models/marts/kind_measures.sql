-- kind_measures: the published figures of the events of each kind together. Additive figures are summed; overlapping ones
-- count each person, account and deal once.
-- grain: one kind of events.
select measures.group_key as kind, cost.first_start_date, cost.last_end_date, measures.*
from group_measures as measures
inner join group_cost as cost on cost.group_kind = measures.group_kind and cost.group_key = measures.group_key
where measures.group_kind = 'kind'
