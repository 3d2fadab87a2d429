-- cost_line: money spent on an event: lines of bills, by the tracking option that they carry.
-- grain: one line, for each of its tracking options (two at most). inputs: invoices, accounts, organisation.
-- Only expense accounts are cost. Xero states no home amount: the document's own rate divides.
-- requires: invoices, accounts, organisation
SELECT
    c.connection || ':LineItem/' || l.id || '/' || l.tracking_id AS key,
    c.connection AS source,
    'LineItem' AS object,
    COALESCE(l.line_id, l.id) AS source_id,
    o.link || '/AccountsPayable/Edit.aspx?InvoiceID=' || l.document_id AS url,
    l.updated_date_utc AS updated_at,
    l.deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CAST(NULL AS TEXT) AS campaign_key,
    l.option AS campaign_code,
    l.option AS campaign_name,
    l.date AS date,
    l.document_number AS document_number,
    l.description AS description,
    l.net AS net,
    COALESCE(l.currency_code, o.base_currency, c.home_currency) AS currency,
    HOME_AMOUNT(l.net, l.currency_code, l.rate, 'divide', COALESCE(o.base_currency, c.home_currency)) AS home_net,
    COALESCE(o.base_currency, c.home_currency) AS home_currency,
    CASE
        WHEN l.status IN ('AUTHORISED', 'PAID') THEN 'posted'
        WHEN l.status IN ('VOIDED', 'DELETED') THEN 'void'
        ELSE 'draft'
    END AS status
FROM (
    SELECT
        x.invoice_id || '/' || CAST(e.key AS TEXT) AS id,
        JSON_EXTRACT_STRING(e.value, '$.LineItemID') AS line_id,
        x.invoice_id AS document_id,
        x.invoice_number AS document_number,
        x.date,
        x.status,
        x.currency_code,
        CAST(x.currency_rate AS DECIMAL(24, 12)) AS rate,
        x.updated_date_utc,
        CASE WHEN x.status = 'DELETED' THEN x.updated_date_utc ELSE x._deleted_at END AS deleted_at,
        JSON_EXTRACT_STRING(e.value, '$.Description') AS description,
        JSON_EXTRACT_STRING(e.value, '$.AccountCode') AS account_code,
        COALESCE(JSON_EXTRACT_STRING(t.value, '$.TrackingCategoryID'), CAST(t.key AS TEXT)) AS tracking_id,
        JSON_EXTRACT_STRING(t.value, '$.Option') AS option,
        CAST(
            COALESCE(CAST(JSON_EXTRACT_STRING(e.value, '$.LineAmount') AS DECIMAL(24, 6)), 0)
            - CASE
                WHEN x.line_amount_types = 'Inclusive'
                    THEN COALESCE(CAST(JSON_EXTRACT_STRING(e.value, '$.TaxAmount') AS DECIMAL(24, 6)), 0)
                ELSE 0
            END AS DECIMAL(24, 6)
        ) AS net
    FROM raw.invoices AS x, JSON_EACH(x.line_items) AS e, JSON_EACH(JSON_EXTRACT(e.value, '$.Tracking')) AS t
    WHERE x.type = 'ACCPAY'
) AS l
INNER JOIN raw.accounts AS a ON a.code = l.account_code AND a.class = 'EXPENSE'
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
