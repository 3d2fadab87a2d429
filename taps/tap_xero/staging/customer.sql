-- customer: who the ledger sells to.
-- grain: one contact that is a customer or stands on a sales document. inputs: contacts, invoices, credit_notes, organisation.
-- Of the addresses the first kind that has a street or a city counts: postal, then street. Of the phones the default one, else
-- direct, else mobile. The country is free text in Xero: two letters are a code, common names are known, the rest is none.
-- requires: contacts, invoices, credit_notes, organisation
SELECT
    c.connection || ':Contact/' || p.contact_id AS key,
    c.connection AS source,
    'Contact' AS object,
    p.contact_id AS source_id,
    o.link || '/Contacts/View/' || p.contact_id AS url,
    p.updated_date_utc AS updated_at,
    p._deleted_at AS deleted_at,
    c.connection || ':Contact/' || p.merged_to_contact_id AS merged_into,
    p.name AS name,
    p.email_address AS email,
    p.website AS website,
    h.phone AS phone,
    s.street AS street,
    s.city AS city,
    s.postal_code AS postal_code,
    s.country AS country,
    p.tax_number AS tax_id,
    CAST(NULL AS TEXT) AS parent_key,
    p.default_currency AS currency,
    COALESCE(p.contact_number, p.account_number) AS external_id,
    CAST(NULL AS TIMESTAMPTZ) AS created_at,
    COALESCE(p.contact_status, 'ACTIVE') = 'ACTIVE' AS is_active
FROM raw.contacts AS p
LEFT JOIN (
    SELECT
        x.contact_id,
        COALESCE(
            MAX(x.number) FILTER (WHERE x.kind = 'DEFAULT'),
            MAX(x.number) FILTER (WHERE x.kind = 'DDI'),
            MAX(x.number) FILTER (WHERE x.kind = 'MOBILE')
        ) AS phone
    FROM (
        SELECT
            z.contact_id,
            JSON_EXTRACT_STRING(e.value, '$.PhoneType') AS kind,
            NULLIF(
                CONCAT_WS(
                    ' ',
                    NULLIF(JSON_EXTRACT_STRING(e.value, '$.PhoneCountryCode'), ''),
                    NULLIF(JSON_EXTRACT_STRING(e.value, '$.PhoneAreaCode'), ''),
                    NULLIF(JSON_EXTRACT_STRING(e.value, '$.PhoneNumber'), '')
                ),
                ''
            ) AS number
        FROM raw.contacts AS z, JSON_EACH(z.phones) AS e
    ) AS x
    GROUP BY x.contact_id
) AS h ON h.contact_id = p.contact_id
LEFT JOIN (
    SELECT
        y.contact_id,
        y.street,
        y.city,
        y.postal_code,
        CASE
            WHEN LENGTH(y.country) = 2 THEN UPPER(y.country)
            WHEN UPPER(y.country) IN ('UNITED STATES', 'UNITED STATES OF AMERICA', 'USA', 'U.S.A.') THEN 'US'
            WHEN UPPER(y.country) IN ('UNITED KINGDOM', 'GREAT BRITAIN', 'ENGLAND', 'SCOTLAND', 'WALES') THEN 'GB'
            WHEN UPPER(y.country) IN ('AUSTRALIA') THEN 'AU'
            WHEN UPPER(y.country) IN ('NEW ZEALAND') THEN 'NZ'
            WHEN UPPER(y.country) IN ('CANADA') THEN 'CA'
            WHEN UPPER(y.country) IN ('GERMANY', 'DEUTSCHLAND') THEN 'DE'
            WHEN UPPER(y.country) IN ('AUSTRIA') THEN 'AT'
            WHEN UPPER(y.country) IN ('SWITZERLAND') THEN 'CH'
            WHEN UPPER(y.country) IN ('FRANCE') THEN 'FR'
            WHEN UPPER(y.country) IN ('NETHERLANDS', 'THE NETHERLANDS') THEN 'NL'
            WHEN UPPER(y.country) IN ('IRELAND') THEN 'IE'
            WHEN UPPER(y.country) IN ('SOUTH AFRICA') THEN 'ZA'
            WHEN UPPER(y.country) IN ('SINGAPORE') THEN 'SG'
            WHEN UPPER(y.country) IN ('HONG KONG') THEN 'HK'
            WHEN UPPER(y.country) IN ('JAPAN') THEN 'JP'
        END AS country,
        ROW_NUMBER() OVER (PARTITION BY y.contact_id ORDER BY y.kind, y.street, y.city) AS place
    FROM (
        SELECT
            z.contact_id,
            JSON_EXTRACT_STRING(e.value, '$.AddressType') AS kind,
            NULLIF(
                CONCAT_WS(
                    ', ',
                    NULLIF(JSON_EXTRACT_STRING(e.value, '$.AddressLine1'), ''),
                    NULLIF(JSON_EXTRACT_STRING(e.value, '$.AddressLine2'), '')
                ),
                ''
            ) AS street,
            NULLIF(JSON_EXTRACT_STRING(e.value, '$.City'), '') AS city,
            NULLIF(JSON_EXTRACT_STRING(e.value, '$.PostalCode'), '') AS postal_code,
            NULLIF(JSON_EXTRACT_STRING(e.value, '$.Country'), '') AS country
        FROM raw.contacts AS z, JSON_EACH(z.addresses) AS e
    ) AS y
    WHERE y.kind IN ('POBOX', 'STREET') AND (y.street IS NOT NULL OR y.city IS NOT NULL)
) AS s ON s.contact_id = p.contact_id AND s.place = 1
CROSS JOIN (
    SELECT
        MAX(g.base_currency) AS base_currency,
        COALESCE(
            'https://go.xero.com/organisationlogin/default.aspx?shortcode=' || MAX(g.short_code) || '&redirecturl=',
            'https://go.xero.com'
        ) AS link
    FROM raw.organisation AS g
) AS o
CROSS JOIN param.connection AS c
WHERE
    p.is_customer
    OR p.contact_id IN (SELECT i.contact_id FROM raw.invoices AS i WHERE i.type = 'ACCREC')
    OR p.contact_id IN (SELECT n.contact_id FROM raw.credit_notes AS n WHERE n.type = 'ACCRECCREDIT')
