-- allocation: what overpayments settle.
-- grain: one allocation of a customer's overpayment. inputs: overpayments, organisation.
-- requires: overpayments, organisation
SELECT
    c.connection || ':Allocation/' || s.overpayment_id || '/' || s.id AS key,
    c.connection AS source,
    'Allocation' AS object,
    s.id AS source_id,
    o.link || '/Bank/ViewTransaction.aspx?bankTransactionID=' || s.overpayment_id AS url,
    s.updated_date_utc AS updated_at,
    s.deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Invoice/' || s.invoice_id AS document_key,
    c.connection || ':Overpayment/' || s.overpayment_id AS payment_key,
    CAST(NULL AS TEXT) AS credit_document_key,
    s.amount AS amount,
    COALESCE(s.date, s.own_date) AS date
FROM (
    SELECT
        x.overpayment_id,
        COALESCE(JSON_EXTRACT_STRING(e.value, '$.AllocationID'), CAST(e.key AS TEXT)) AS id,
        JSON_EXTRACT_STRING(e.value, '$.Invoice.InvoiceID') AS invoice_id,
        CAST(JSON_EXTRACT_STRING(e.value, '$.Amount') AS DECIMAL(24, 6)) AS amount,
        CAST(LEFT(JSON_EXTRACT_STRING(e.value, '$.Date'), 10) AS DATE) AS date,
        x.date AS own_date,
        x.updated_date_utc,
        CASE WHEN x.status = 'DELETED' THEN x.updated_date_utc ELSE x._deleted_at END AS deleted_at
    FROM raw.overpayments AS x, JSON_EACH(x.allocations) AS e
    WHERE
        (x.type LIKE 'RECEIVE-%' OR x.type LIKE 'AR%')
        AND x.status <> 'VOIDED'
        AND COALESCE(JSON_EXTRACT_STRING(e.value, '$.IsDeleted'), 'false') <> 'true'
) AS s
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
