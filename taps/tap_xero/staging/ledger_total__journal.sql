-- ledger_total: what manual journals book on income accounts, for the monthly tie-out.
-- grain: one journal that is posted. inputs: manual_journals, accounts, organisation.
-- Journals are in the base currency, debit positive; Xero lets none of them book receivables.
-- requires: manual_journals, accounts, organisation
SELECT
    c.connection || ':ledger/ManualJournal/' || x.id AS key,
    c.connection AS source,
    'ManualJournal' AS object,
    x.id AS source_id,
    o.link || '/Journal/View.aspx?invoiceID=' || x.id AS url,
    x.updated_date_utc AS updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    x.date,
    'income' AS side,
    'journal' AS origin,
    CAST(-SUM(x.amount) AS DECIMAL(24, 6)) AS amount,
    MAX(COALESCE(o.base_currency, c.home_currency)) AS home_currency
FROM (
    SELECT
        e.manual_journal_id AS id,
        e.date,
        e.updated_date_utc,
        CAST(
            COALESCE(CAST(JSON_EXTRACT_STRING(j.value, '$.LineAmount') AS DECIMAL(24, 6)), 0)
            - CASE
                WHEN e.line_amount_types = 'Inclusive'
                    THEN COALESCE(CAST(JSON_EXTRACT_STRING(j.value, '$.TaxAmount') AS DECIMAL(24, 6)), 0)
                ELSE 0
            END AS DECIMAL(24, 6)
        ) AS amount
    FROM raw.manual_journals AS e, JSON_EACH(e.journal_lines) AS j, raw.accounts AS a
    WHERE
        (
            a.account_id = JSON_EXTRACT_STRING(j.value, '$.AccountID')
            OR (
                JSON_EXTRACT_STRING(j.value, '$.AccountID') IS NULL
                AND a.code = JSON_EXTRACT_STRING(j.value, '$.AccountCode')
            )
        )
        AND a.class = 'REVENUE'
        AND e.status = 'POSTED'
        AND e._deleted_at IS NULL
        AND e.date IS NOT NULL
) AS x
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
GROUP BY c.connection, o.link, x.id, x.date, x.updated_date_utc
