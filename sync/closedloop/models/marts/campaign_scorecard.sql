-- campaign_scorecard: the five steps of each event: done, partly or missing, and what is missing (scorecard).
-- grain: one step of one campaign. `share` = `hits` ÷ `n`; `days`: from the event to the import, step 2 only.
select subject as campaign_key, step, name, state, missing, share, n, hits, days
from scorecard_step
where subject_kind = 'campaign'
