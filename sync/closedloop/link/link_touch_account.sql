-- link_touch_account: the account that a touch points to although the CRM gives its person none, or another (definition 8).
-- grain: one touch. A decision, else the company on the scan and the domain of its e-mail when both name one account, else
-- the account that was found for its person.
with decided as (
    select
        decision.left_key as touch_key,
        decision.right_key as account_key,
        decision.who
    from decision_now as decision
    inner join touch on touch.key = decision.left_key
    inner join account on account.key = decision.right_key
    where decision.kind = 'touch_account' and decision.verdict = 'accept'
    qualify row_number() over (partition by decision.left_key order by decision.id desc) = 1
),

found as (
    select distinct touch.key as touch_key, account.account_key, touch.domain
    from touch_evidence as touch
    inner join account_evidence as account on account.name = touch.company
    inner join account_mail_domain as mail on mail.account_key = account.account_key and mail.domain = touch.domain
    cross join param.run as run
    left join decision_now as decision
        on decision.kind = 'touch_account'
        and decision.left_key = touch.key
        and decision.right_key = account.account_key
        and decision.verdict = 'reject'
    where run.automatic_links and decision.left_key is null
),

single as (
    select touch_key, min(account_key) as account_key, min(domain) as domain
    from found
    group by touch_key
    having count(*) = 1
),

own as (
    select
        touch_key,
        account_key,
        'decision' as rule,
        'Decided by ' || who || '.' as evidence,
        true as decided
    from decided
    union all
    select
        single.touch_key,
        single.account_key,
        'domain_name' as rule,
        'The company on the registration and the domain ' || single.domain || ' of its e-mail agree.' as evidence,
        false as decided
    from single
    left join decided on decided.touch_key = single.touch_key
    where decided.touch_key is null
)

select touch_key, account_key, rule, evidence, decided
from own
union all
select
    touch.key as touch_key,
    person.account_key,
    'person' as rule,
    person.evidence,
    false as decided
from touch
inner join link_person as link on link.identity_key = touch.key
inner join link_person_account as person on person.person_key = link.person_key
left join own on own.touch_key = touch.key
where own.touch_key is null
