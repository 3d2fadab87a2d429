-- document: sales receipts, paid on the spot, void ones with their status; QuickBooks keeps no drafts.
-- grain: one SalesReceipt. inputs: sales_receipt, preferences.
-- TotalAmt includes tax whatever the prices do. Magnitudes are positive also where the document takes back. The rate is
-- home units for one foreign unit, so home = x * rate. A void has no flag: amounts are zero and the note says so.
-- requires: sales_receipt, preferences
SELECT
    c.connection || ':SalesReceipt/' || d.id AS key,
    c.connection AS source,
    'SalesReceipt' AS object,
    d.id AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/salesreceipt?txnId=' || d.id AS url,
    d.last_updated_time AS updated_at,
    d._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'sales_receipt' AS kind,
    d.doc_number AS number,
    c.connection || ':Customer/' || d.customer_id AS customer_key,
    d.txn_date AS date,
    d.due_date AS due_date,
    COALESCE(d.currency, h.currency, c.home_currency) AS currency,
    COALESCE(h.currency, c.home_currency) AS home_currency,
    CAST(CAST(d.total_amt AS DECIMAL(24, 6)) - CAST(COALESCE(d.total_tax, '0') AS DECIMAL(24, 6)) AS DECIMAL(24, 6)) AS net,
    CAST(COALESCE(d.total_tax, '0') AS DECIMAL(24, 6)) AS tax,
    CAST(d.total_amt AS DECIMAL(24, 6)) AS gross,
    CAST(NULL AS DECIMAL(24, 6)) AS home_net,
    CAST(d.home_total_amt AS DECIMAL(24, 6)) AS home_gross,
    CAST(
        CASE
            WHEN COALESCE(d.currency, h.currency, c.home_currency) = COALESCE(h.currency, c.home_currency) THEN '1'
            ELSE d.exchange_rate
        END AS DECIMAL(24, 12)
    ) AS rate,
    'multiply' AS rate_direction,
    CAST(COALESCE(d.balance, '0') AS DECIMAL(24, 6)) AS balance,
    CASE
        WHEN d.status = 'Voided' THEN 'void'
        WHEN
            CAST(d.total_amt AS DECIMAL(24, 6)) = 0
            AND (
                LOWER(d.private_note) LIKE '%void%'
                OR LOWER(d.private_note) LIKE '%annul%'
                OR LOWER(d.private_note) LIKE '%anul%'
                OR LOWER(d.private_note) LIKE '%storn%'
            )
            THEN 'void'
        WHEN d.status IN ('Draft', 'Pending') THEN 'draft'
        ELSE 'posted'
    END AS status,
    d.reference AS reference,
    d.po AS po,
    d.opportunity AS opportunity_ref,
    CAST(NULL AS TEXT) AS credited_document_key,
    c.connection || ':RecurringTransaction/' || d.recurring_id AS repeating_key
FROM raw.sales_receipt AS d
CROSS JOIN (SELECT MAX(p.home_currency) AS currency FROM raw.preferences AS p) AS h
CROSS JOIN param.connection AS c
