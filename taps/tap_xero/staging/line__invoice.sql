-- line: what a sales invoice is for, without taxes.
-- grain: one line of it. inputs: invoices, accounts, items, organisation.
-- With tax inside, a line's amount holds its tax: net = amount - tax. A line of text only has no amount. A discount is taken
-- off already. The class is what the tap's settings say of the item, else of the account; else it follows the account's class:
-- revenue is revenue; anything else (a liability for deposits, recharged cost) passes through.
-- requires: invoices, accounts, items, organisation
SELECT
    c.connection || ':LineItem/' || l.id AS key,
    c.connection AS source,
    'LineItem' AS object,
    COALESCE(l.line_id, l.id) AS source_id,
    o.link || '/AccountsReceivable/Edit.aspx?InvoiceID=' || l.document_id AS url,
    l.updated_date_utc AS updated_at,
    l.deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Invoice/' || l.document_id AS document_key,
    l.position AS position,
    l.description AS description,
    l.item AS item,
    COALESCE(l.account_code, a.code) AS account_code,
    COALESCE(a.name, b.name) AS account_name,
    CASE
        WHEN t.line_class IS NOT NULL THEN t.line_class
        WHEN COALESCE(a.line_class, b.line_class) IS NOT NULL THEN COALESCE(a.line_class, b.line_class)
        WHEN COALESCE(a.class, b.class, 'REVENUE') = 'REVENUE' THEN 'revenue'
        ELSE 'pass_through'
    END AS line_class,
    CAST(l.amount - CASE WHEN l.is_inclusive THEN l.tax ELSE 0 END AS DECIMAL(24, 6)) AS net,
    CAST(NULL AS DECIMAL(24, 6)) AS home_net
FROM (
    SELECT
        x.invoice_id || '/' || CAST(e.key AS TEXT) AS id,
        JSON_EXTRACT_STRING(e.value, '$.LineItemID') AS line_id,
        x.invoice_id AS document_id,
        x.updated_date_utc,
        CASE WHEN x.status = 'DELETED' THEN x.updated_date_utc ELSE x._deleted_at END AS deleted_at,
        CAST(e.key AS BIGINT) + 1 AS position,
        JSON_EXTRACT_STRING(e.value, '$.Description') AS description,
        JSON_EXTRACT_STRING(e.value, '$.ItemCode') AS item,
        JSON_EXTRACT_STRING(e.value, '$.AccountCode') AS account_code,
        JSON_EXTRACT_STRING(e.value, '$.AccountID') AS account_id,
        COALESCE(CAST(JSON_EXTRACT_STRING(e.value, '$.LineAmount') AS DECIMAL(24, 6)), 0) AS amount,
        COALESCE(CAST(JSON_EXTRACT_STRING(e.value, '$.TaxAmount') AS DECIMAL(24, 6)), 0) AS tax,
        COALESCE(x.line_amount_types = 'Inclusive', FALSE) AS is_inclusive
    FROM raw.invoices AS x, JSON_EACH(x.line_items) AS e
    WHERE x.type = 'ACCREC'
) AS l
LEFT JOIN raw.accounts AS a ON a.account_id = l.account_id
LEFT JOIN raw.accounts AS b ON a.account_id IS NULL AND b.code = l.account_code
LEFT JOIN raw.items AS t ON t.code = l.item
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
