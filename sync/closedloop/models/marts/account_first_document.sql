-- account_first_document: when an account became a customer.
-- grain: one account with a positive document. A document without a usable rate has a date all the same.
select account_key, min(date) as first_document_date
from document_figure
where account_key is not null and sign > 0 and (value > 0 or (state = 'not_convertible' and net > 0))
group by account_key
