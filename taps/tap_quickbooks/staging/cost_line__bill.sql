-- cost_line: money spent on an event: vendors' bills.
-- grain: one line of one Bill that carries a class, or else a customer or project. inputs: bill, class, customer, account,
-- item, preferences.
-- The class's (else the project's) name is the event's code or name. Only expense accounts are cost: a prepayment becomes an
-- expense later, and a cheque to receivables is a customer's refund.
-- requires: bill, class, customer, account, item, preferences
SELECT
    c.connection || ':Bill/' || x.id || '/' || CAST(x.place AS TEXT) AS key,
    c.connection AS source,
    'Bill' AS object,
    x.id || '/' || CAST(x.place AS TEXT) AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/bill?txnId=' || x.id AS url,
    x.last_updated_time AS updated_at,
    x._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CAST(NULL AS TEXT) AS campaign_key,
    COALESCE(k.name, u.display_name) AS campaign_code,
    COALESCE(k.name, u.display_name) AS campaign_name,
    x.txn_date AS date,
    x.doc_number AS document_number,
    x.description AS description,
    CAST(x.amount AS DECIMAL(24, 6)) AS net,
    COALESCE(x.currency, h.currency, c.home_currency) AS currency,
    CAST(
        HOME_AMOUNT(x.amount, x.currency, x.rate, 'multiply', COALESCE(h.currency, c.home_currency)) AS DECIMAL(24, 6)
    ) AS home_net,
    COALESCE(h.currency, c.home_currency) AS home_currency,
    x.state AS status
FROM (
    SELECT
        p.id,
        p.last_updated_time,
        p._deleted_at,
        p.txn_date,
        p.doc_number,
        p.currency,
        CAST(p.exchange_rate AS DECIMAL(24, 12)) AS rate,
        CASE
            WHEN p.status = 'Voided' THEN 'void'
            WHEN
                CAST(p.total_amt AS DECIMAL(24, 6)) = 0
                AND (
                    LOWER(p.private_note) LIKE '%void%'
                    OR LOWER(p.private_note) LIKE '%annul%'
                    OR LOWER(p.private_note) LIKE '%anul%'
                    OR LOWER(p.private_note) LIKE '%storn%'
                )
                THEN 'void'
            WHEN p.status IN ('Draft', 'Pending') THEN 'draft'
            ELSE 'posted'
        END AS state,
        CAST(j.key AS BIGINT) + 1 AS place,
        j.value ->> 'description' AS description,
        j.value ->> 'account_id' AS account_id,
        j.value ->> 'item_id' AS item_id,
        j.value ->> 'class_id' AS class_id,
        j.value ->> 'customer_id' AS customer_id,
        CAST(j.value ->> 'amount' AS DECIMAL(18, 6)) AS amount
    FROM raw.bill AS p, JSON_EACH(p.line) AS j
) AS x
LEFT JOIN raw.item AS i ON i.id = x.item_id
INNER JOIN raw.account AS a
    ON a.id = COALESCE(x.account_id, i.expense_account_id)
    AND a.account_type IN ('Expense', 'Other Expense', 'Cost of Goods Sold')
LEFT JOIN raw.class AS k ON k.id = x.class_id
LEFT JOIN raw.customer AS u ON u.id = x.customer_id
CROSS JOIN (SELECT MAX(p.home_currency) AS currency FROM raw.preferences AS p) AS h
CROSS JOIN param.connection AS c
WHERE x.class_id IS NOT NULL OR x.customer_id IS NOT NULL
