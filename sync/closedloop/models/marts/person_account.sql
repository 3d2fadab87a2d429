-- person_account: the account that each person of the CRM belongs to now, at the level to which sales are rolled up.
-- grain: one person with an account.
select person.key as person_key, family.rolled_key as account_key
from person
inner join account_family as family on family.account_key = person.account_key
