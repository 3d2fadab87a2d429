-- customer: who the ledger sells to: customers, sub-customers and projects, inactive ones too.
-- grain: one Customer. inputs: customer.
-- A name made inactive gets " (deleted)" behind it. One e-mail field may hold several, by comma. Tax numbers come masked
-- (XXXXXX1234), and a mask is no number.
-- requires: customer
SELECT
    c.connection || ':Customer/' || u.id AS key,
    c.connection AS source,
    'Customer' AS object,
    u.id AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/customerdetail?nameId=' || u.id AS url,
    u.last_updated_time AS updated_at,
    u._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    COALESCE(
        u.company_name,
        CASE
            WHEN u.display_name LIKE '% (deleted)' THEN SUBSTRING(u.display_name, 1, LENGTH(u.display_name) - 10)
            ELSE u.display_name
        END
    ) AS name,
    NULLIF(TRIM(SPLIT_PART(u.email, ',', 1)), '') AS email,
    u.website AS website,
    COALESCE(u.phone, u.mobile) AS phone,
    u.street AS street,
    u.city AS city,
    u.postal_code AS postal_code,
    u.country_code AS country,
    CASE WHEN u.tax_id LIKE '%XX%' THEN NULL ELSE u.tax_id END AS tax_id,
    c.connection || ':Customer/' || u.parent_id AS parent_key,
    u.currency AS currency,
    u.external_id AS external_id,
    u.create_time AS created_at,
    COALESCE(u.active, TRUE) AS is_active
FROM raw.customer AS u
CROSS JOIN param.connection AS c
