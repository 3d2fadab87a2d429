-- customer_exact: which accounts a ledger customer may belong to, by exact evidence.
-- grain: one rule that speaks for one account of one customer. `tier` orders the rules, best first.
-- `doubt` says why a candidate cannot link by itself; a rejected pair is none.
--   1 same_record   the ledger and the CRM are one database and this is one record
--   2 tax_id        equal tax ids
--   3 stored_id     one side stores the other's id, and the name, a domain or the e-mail agrees
--   4 email         equal e-mail of a person or company (no role mailbox), and the names agree or differ by a typing error
--   5 domain_name   equal domain and equal name, legal form aside
-- Different tax ids, legal forms or store numbers, and for names also countries, are a doubt: kin, not the same company.
with shared_domain as (
    select customer_domain.customer_key, account_domain.account_key, min(customer_domain.domain) as domain
    from customer_domain
    inner join account_domain on account_domain.domain = customer_domain.domain
    group by customer_domain.customer_key, account_domain.account_key
),

found as (
    select customer.customer_key, account.key, 1 as tier, 'same_record' as rule
    from customer_evidence as customer
    inner join account_evidence as account on account.key = customer.customer_key
    union all
    select customer.customer_key, account.key, 2 as tier, 'tax_id' as rule
    from customer_evidence as customer
    inner join account_evidence as account on account.tax_id = customer.tax_id
    union
    select customer.customer_key, account.key, 3 as tier, 'stored_id' as rule
    from customer_evidence as customer
    inner join account_evidence as account on account.source_id = customer.external_id
    union
    select customer.customer_key, account.key, 3 as tier, 'stored_id' as rule
    from customer_evidence as customer
    inner join account_evidence as account on account.external_id = customer.external_id
    union
    select customer.customer_key, account.key, 3 as tier, 'stored_id' as rule
    from customer_evidence as customer
    inner join account_evidence as account on account.external_id = customer.source_id
    union
    select customer.customer_key, account.key, 3 as tier, 'stored_id' as rule
    from customer_evidence as customer
    inner join account_evidence as account on account.key = customer.external_id
    union all
    select customer.customer_key, account.key, 4 as tier, 'email' as rule
    from customer_evidence as customer
    inner join account_evidence as account on account.email = customer.email
    union all
    select customer.customer_key, account.key, 5 as tier, 'domain_name' as rule
    from customer_evidence as customer
    inner join shared_domain on shared_domain.customer_key = customer.customer_key
    inner join account_evidence as account
        on account.account_key = shared_domain.account_key and account.name = customer.name
),

compared as (
    select
        found.customer_key,
        account.account_key,
        found.tier,
        found.rule,
        customer.external_id,
        customer.tax_id,
        customer.email,
        shared_domain.domain,
        coalesce(customer.name = account.name, false) as same_name,
        coalesce(
            levenshtein(customer.name, account.name) <= 2
            and length(customer.name) >= 8
            and regexp_replace(customer.name, '[^0-9]', '', 'g') = regexp_replace(account.name, '[^0-9]', '', 'g'),
            false
        ) as near_name,
        coalesce(customer.email = account.email, false) as same_email,
        coalesce(
            customer.tax_id not like '%' || account.tax_id and account.tax_id not like '%' || customer.tax_id, false
        ) as other_tax_id,
        coalesce(customer.legal_form <> account.legal_form, false) as other_legal_form,
        coalesce(customer.country <> account.country, false) as other_country
    from found
    inner join customer_evidence as customer on customer.customer_key = found.customer_key
    inner join account_evidence as account on account.key = found.key
    left join shared_domain
        on shared_domain.customer_key = found.customer_key and shared_domain.account_key = account.account_key
),

judged as (
    select
        *,
        case
            when tier = 1 then null
            when other_tax_id then 'the tax ids differ'
            when tier = 2 then null
            when tier = 3 and not (same_name or same_email or domain is not null)
                then 'nothing but the stored id agrees'
            when tier = 3 and other_legal_form and not same_email then 'the legal forms differ'
            when tier = 4 and not (same_name or near_name) then 'the e-mail agrees but the names do not'
            when tier in (4, 5) and other_legal_form then 'the legal forms differ'
            when tier = 5 and other_country then 'the countries differ'
        end as doubt
    from compared
)

select
    judged.customer_key,
    judged.account_key,
    min(judged.tier) as tier,
    judged.rule,
    max(judged.doubt) as doubt,
    min(
        case judged.rule
            when 'same_record' then 'The ledger and the CRM hold this company in one record.'
            when 'tax_id' then 'The tax id ' || judged.tax_id || ' is on both records.'
            when 'stored_id'
                then 'The stored id ' || coalesce(judged.external_id, 'in the CRM') || ' names the other record'
                || case
                    when judged.same_name then ', and the names agree.'
                    when judged.same_email then ', and the e-mail ' || judged.email || ' agrees.'
                    when judged.domain is not null then ', and the domain ' || judged.domain || ' agrees.'
                    else '.'
                end
            when 'email'
                then 'The e-mail ' || judged.email || ' is on both records'
                || case
                    when judged.same_name then ', and the names agree.'
                    when judged.near_name then ', and the names differ by a typing error only.'
                    else '.'
                end
            else 'The domain ' || judged.domain || ' and the name agree.'
        end
    ) as evidence
from judged
left join decision_now as decision
    on decision.kind = 'customer_account'
    and decision.left_key = judged.customer_key
    and decision.right_key = judged.account_key
    and decision.verdict = 'reject'
cross join param.run as run
where decision.left_key is null and run.automatic_links
group by judged.customer_key, judged.account_key, judged.rule
