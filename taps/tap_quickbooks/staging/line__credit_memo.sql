-- line: what credit memos are for, without taxes.
-- grain: one line of one CreditMemo that counts into its net. inputs: credit_memo, item, account, line_rule.
-- A subtotal repeats the lines above it; a discount is printed positive and subtracts; a group is already its lines.
-- The class follows the account that the item books to: income is revenue; an expense on a credit memo is a write-off (bad debt); anything else
-- (a liability for deposits, a recharged cost) passes through. The admin's rules by item or account outrank it.
-- requires: credit_memo, item, account, line_rule
SELECT
    c.connection || ':CreditMemo/' || x.id || '/' || CAST(x.place AS TEXT) AS key,
    c.connection AS source,
    'CreditMemo' AS object,
    x.id || '/' || CAST(x.place AS TEXT) AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/creditmemo?txnId=' || x.id AS url,
    x.last_updated_time AS updated_at,
    x._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':CreditMemo/' || x.id AS document_key,
    ROW_NUMBER() OVER (PARTITION BY x.id ORDER BY x.place) AS position,
    x.description AS description,
    x.item_name AS item,
    a.acct_num AS account_code,
    a.name AS account_name,
    CASE
        WHEN
            EXISTS (
                SELECT 1
                FROM raw.line_rule AS r
                WHERE
                    r.line_class = 'write_off'
                    AND r._deleted_at IS NULL
                    AND r.name IN (x.item_id, x.item_name, i.name, i.fully_qualified_name, a.id, a.acct_num, a.name, a.fully_qualified_name)
            )
            THEN 'write_off'
        WHEN
            EXISTS (
                SELECT 1
                FROM raw.line_rule AS r
                WHERE
                    r.line_class = 'pass_through'
                    AND r._deleted_at IS NULL
                    AND r.name IN (x.item_id, x.item_name, i.name, i.fully_qualified_name, a.id, a.acct_num, a.name, a.fully_qualified_name)
            )
            THEN 'pass_through'
        WHEN
            EXISTS (
                SELECT 1
                FROM raw.line_rule AS r
                WHERE
                    r.line_class = 'revenue'
                    AND r._deleted_at IS NULL
                    AND r.name IN (x.item_id, x.item_name, i.name, i.fully_qualified_name, a.id, a.acct_num, a.name, a.fully_qualified_name)
            )
            THEN 'revenue'
        WHEN a.account_type IS NULL OR a.account_type IN ('Income', 'Other Income') THEN 'revenue'
        WHEN a.account_type IN ('Expense', 'Other Expense', 'Cost of Goods Sold') THEN 'write_off'
        ELSE 'pass_through'
    END AS line_class,
    CAST(CASE x.kind WHEN 'DiscountLineDetail' THEN -1 ELSE 1 END * x.amount AS DECIMAL(24, 6)) AS net,
    CAST(NULL AS DECIMAL(24, 6)) AS home_net
FROM (
    SELECT
        d.id,
        d.last_updated_time,
        d._deleted_at,
        CAST(j.key AS BIGINT) + 1 AS place,
        j.value ->> 'kind' AS kind,
        j.value ->> 'description' AS description,
        j.value ->> 'item_id' AS item_id,
        j.value ->> 'item_name' AS item_name,
        COALESCE(j.value ->> 'item_account_id', j.value ->> 'discount_account_id', j.value ->> 'account_id') AS account_id,
        CAST(j.value ->> 'amount' AS DECIMAL(24, 6)) AS amount
    FROM raw.credit_memo AS d, JSON_EACH(d.line) AS j
) AS x
LEFT JOIN raw.item AS i ON i.id = x.item_id
LEFT JOIN raw.account AS a ON a.id = COALESCE(x.account_id, i.income_account_id)
CROSS JOIN param.connection AS c
WHERE COALESCE(x.kind, '') NOT IN ('SubTotalLineDetail', 'TaxLineDetail') AND x.amount <> 0
