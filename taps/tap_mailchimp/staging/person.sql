-- person: members of the audiences, subscribers in our words.
-- grain: one member: an address in two audiences is two, with a consent each. inputs: members.
-- Who is not subscribed may not be written to: unsubscribed, bounced out, not yet confirmed, or a customer who never agreed.
-- What an archived member had agreed to nobody can tell any more.
-- requires: members
SELECT
    c.connection || ':members/' || m.key AS key,
    c.connection AS source,
    'members' AS object,
    m.key AS source_id,
    'https://admin.mailchimp.com/audience/contact-profile?contact_id=' || m.contact_id AS url,
    m.last_changed AS updated_at,
    m._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'subscriber' AS kind,
    COALESCE(NULLIF(TRIM(CONCAT_WS(' ', m.first_name, m.last_name)), ''), m.full_name) AS name,
    m.first_name AS first_name,
    m.last_name AS last_name,
    m.email_address AS email,
    m.phone AS phone,
    m.sms_phone_number AS mobile,
    m.company AS company,
    CAST(NULL AS TEXT) AS account_key,
    CAST(NULL AS TEXT) AS owner_key,
    m.status AS status,
    CAST(NULL AS TEXT) AS converted_person_key,
    CAST(NULL AS TEXT) AS converted_account_key,
    CAST(NULL AS TEXT) AS converted_opportunity_key,
    COALESCE(m.status <> 'archived', TRUE) AS is_active,
    CASE WHEN m.status <> 'archived' THEN m.status <> 'subscribed' END AS has_opted_out,
    COALESCE(m.timestamp_signup, m.timestamp_opt) AS created_at
FROM raw.members AS m
CROSS JOIN param.connection AS c
