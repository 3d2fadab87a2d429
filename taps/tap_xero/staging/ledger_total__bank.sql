-- ledger_total: money received or spent straight on income accounts, without a document, for the monthly tie-out.
-- grain: one bank transaction. inputs: bank_transactions, accounts, organisation.
-- Prepayments and overpayments are bank transactions too, but payments, and no rows here. The own rate divides.
-- requires: bank_transactions, accounts, organisation
SELECT
    c.connection || ':ledger/BankTransaction/' || x.id AS key,
    c.connection AS source,
    'BankTransaction' AS object,
    x.id AS source_id,
    o.link || '/Bank/ViewTransaction.aspx?bankTransactionID=' || x.id AS url,
    x.updated_date_utc AS updated_at,
    CAST(NULL AS TIMESTAMPTZ) AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    x.date,
    'income' AS side,
    'bank' AS origin,
    CAST(
        SUM(HOME_AMOUNT(x.amount, x.currency_code, x.rate, 'divide', COALESCE(o.base_currency, c.home_currency))) AS DECIMAL(24, 6)
    ) AS amount,
    MAX(COALESCE(o.base_currency, c.home_currency)) AS home_currency
FROM (
    SELECT
        e.bank_transaction_id AS id,
        e.date,
        e.updated_date_utc,
        e.currency_code,
        CAST(e.currency_rate AS DECIMAL(24, 12)) AS rate,
        CAST(
            CASE e.type WHEN 'RECEIVE' THEN 1 ELSE -1 END * (
                COALESCE(CAST(JSON_EXTRACT_STRING(j.value, '$.LineAmount') AS DECIMAL(18, 6)), 0)
                - CASE
                    WHEN e.line_amount_types = 'Inclusive'
                        THEN COALESCE(CAST(JSON_EXTRACT_STRING(j.value, '$.TaxAmount') AS DECIMAL(18, 6)), 0)
                    ELSE 0
                END
            ) AS DECIMAL(18, 6)
        ) AS amount
    FROM raw.bank_transactions AS e, JSON_EACH(e.line_items) AS j, raw.accounts AS a
    WHERE
        (
            a.account_id = JSON_EXTRACT_STRING(j.value, '$.AccountID')
            OR (
                JSON_EXTRACT_STRING(j.value, '$.AccountID') IS NULL
                AND a.code = JSON_EXTRACT_STRING(j.value, '$.AccountCode')
            )
        )
        AND a.class = 'REVENUE'
        AND e.type IN ('RECEIVE', 'SPEND')
        AND e.status = 'AUTHORISED'
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
