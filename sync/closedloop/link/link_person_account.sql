-- link_person_account: the account of a person to whom the CRM gives none: a lead's, most often.
-- grain: one person. A decision (also on a person who has one), else the company and the domain of the e-mail on one of the
-- person's records, when both name one account and no other.
with decided as (
    select
        decision.left_key as person_key,
        decision.right_key as account_key,
        decision.who
    from decision_now as decision
    inner join person on person.key = decision.left_key
    inner join account on account.key = decision.right_key
    where decision.kind = 'person_account' and decision.verdict = 'accept'
    qualify row_number() over (partition by decision.left_key order by decision.id desc) = 1
),

stated as (
    select distinct
        person.key as person_key,
        company_name(record.company) as company,
        email_domain(record.email) as domain
    from person
    inner join person_record as record on record.person_key = person.key
    cross join param.run as run
    where person.account_key is null and is_email(record.email) and run.automatic_links
),

found as (
    select distinct stated.person_key, account.account_key, stated.domain
    from stated
    inner join account_evidence as account on account.name = stated.company
    inner join account_mail_domain as mail on mail.account_key = account.account_key and mail.domain = stated.domain
    left join decision_now as decision
        on decision.kind = 'person_account'
        and decision.left_key = stated.person_key
        and decision.right_key = account.account_key
        and decision.verdict = 'reject'
    where decision.left_key is null
),

single as (
    select person_key, min(account_key) as account_key, min(domain) as domain
    from found
    group by person_key
    having count(distinct account_key) = 1
)

select
    person_key,
    account_key,
    'decision' as rule,
    'Decided by ' || who || '.' as evidence,
    true as decided
from decided
union all
select
    single.person_key,
    single.account_key,
    'domain_name' as rule,
    'The company of the person and the domain ' || single.domain || ' of the e-mail agree with the account.' as evidence,
    false as decided
from single
left join decided on decided.person_key = single.person_key
where decided.person_key is null
