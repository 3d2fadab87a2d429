-- chain_step: the links of the chain in their order, and whose they are.
-- grain: one link. An attendee's chain goes as far as its deal; from the ledger's customer on it is its account's.
select step, link, subject_kind
from (
    values
    (1, 'captured', 'attendee'),
    (2, 'contactable', 'attendee'),
    (3, 'in_crm', 'attendee'),
    (4, 'routed', 'attendee'),
    (5, 'worked', 'attendee'),
    (6, 'on_account', 'attendee'),
    (7, 'opportunity', 'attendee'),
    (8, 'won', 'attendee'),
    (9, 'customer', 'account'),
    (10, 'invoiced', 'account'),
    (11, 'paid', 'account'),
    (12, 'supported', 'account'),
    (13, 'repeat', 'account')
) as known (step, link, subject_kind)
