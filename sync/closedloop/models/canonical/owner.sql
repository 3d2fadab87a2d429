-- owner: users and queues of the CRM.
-- grain: one owner.
select key, name, email, coalesce(is_active, true) and deleted_at is null as is_active, coalesce(kind, 'user') as kind
from staging.owner
