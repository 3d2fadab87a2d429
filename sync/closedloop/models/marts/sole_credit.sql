-- sole_credit: every amount whose journey has one event: that gets all of it in every model (definition 12).
-- grain: one part of one document, or one opportunity.
select
    item.item_no,
    item.item_key,
    item.part,
    item.parts,
    journey.campaign_key,
    item.account_key,
    item.deal_key,
    item.date,
    item.bucket,
    item.is_new_business,
    item.value,
    item.collected
from credit_item as item
inner join journey on journey.journey_key = item.journey_key
where journey.touches = 1
