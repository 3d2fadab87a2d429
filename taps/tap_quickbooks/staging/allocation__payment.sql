-- allocation: what a payment settles, and what credit memos settle through it.
-- grain: one part of one document settled by one payment, one credit memo or one refund. inputs: payment.
-- A payment's lines are all positive: charges (invoices, a refund's cheque) on one side, credits (credit memos, deposits,
-- journals) on the other; its own money makes up the difference. Charges and credits are laid end to end in the order of
-- the lines: where a charge and a credit overlap, the one settles the other; what no credit covers, the money settles.
-- A credit memo that settles an invoice yields two rows, one for each document.
-- requires: payment
WITH part AS (
    SELECT
        p.id,
        p.last_updated_time,
        p._deleted_at,
        p.txn_date,
        CAST(j.key AS BIGINT) AS place,
        j.value -> 'linked' -> 0 ->> 'id' AS linked_id,
        j.value -> 'linked' -> 0 ->> 'type' AS kind,
        CASE
            WHEN (j.value -> 'linked' -> 0 ->> 'type') IN ('CreditMemo', 'Deposit', 'JournalEntry') THEN 'credit'
            ELSE 'charge'
        END AS side,
        CAST(j.value ->> 'amount' AS DECIMAL(24, 6)) AS amount
    FROM raw.payment AS p, JSON_EACH(p.line) AS j
),

laid AS (
    SELECT
        part.*,
        SUM(part.amount) OVER (PARTITION BY part.id, part.side ORDER BY part.place) AS upto,
        SUM(part.amount) OVER (PARTITION BY part.id, part.side ORDER BY part.place) - part.amount AS upfrom
    FROM part
    WHERE part.amount > 0 AND part.linked_id IS NOT NULL
),

credited AS (
    SELECT laid.id, SUM(laid.amount) AS amount
    FROM laid
    WHERE laid.side = 'credit'
    GROUP BY laid.id
),

joined AS (
    SELECT
        y.id,
        y.last_updated_time,
        y._deleted_at,
        y.txn_date,
        y.kind AS charge_kind,
        y.linked_id AS charge_id,
        x.kind AS credit_kind,
        x.linked_id AS credit_id,
        CAST(y.place AS TEXT) || '/' || CAST(x.place AS TEXT) AS place,
        LEAST(x.upto, y.upto) - GREATEST(x.upfrom, y.upfrom) AS amount
    FROM laid AS y
    INNER JOIN laid AS x ON x.id = y.id AND x.upfrom < y.upto AND y.upfrom < x.upto
    WHERE y.side = 'charge' AND x.side = 'credit'
),

settled AS (
    SELECT
        j.id,
        j.last_updated_time,
        j._deleted_at,
        j.txn_date,
        j.place,
        'Invoice/' || j.charge_id AS document,
        CAST(NULL AS TEXT) AS payment,
        CASE j.credit_kind WHEN 'CreditMemo' THEN 'CreditMemo/' || j.credit_id END AS other,
        j.amount
    FROM joined AS j
    WHERE j.charge_kind = 'Invoice'
    UNION ALL
    SELECT
        j.id,
        j.last_updated_time,
        j._deleted_at,
        j.txn_date,
        j.place || '/credit' AS place,
        'CreditMemo/' || j.credit_id AS document,
        CASE WHEN j.charge_kind IN ('Check', 'Expense', 'CreditCardCredit', 'Purchase') THEN 'Purchase/' || j.charge_id END AS payment,
        CASE j.charge_kind WHEN 'Invoice' THEN 'Invoice/' || j.charge_id END AS other,
        j.amount
    FROM joined AS j
    WHERE j.credit_kind = 'CreditMemo'
    UNION ALL
    SELECT
        y.id,
        y.last_updated_time,
        y._deleted_at,
        y.txn_date,
        CAST(y.place AS TEXT) AS place,
        'Invoice/' || y.linked_id AS document,
        'Payment/' || y.id AS payment,
        CAST(NULL AS TEXT) AS other,
        y.upto - GREATEST(y.upfrom, COALESCE(k.amount, 0)) AS amount
    FROM laid AS y
    LEFT JOIN credited AS k ON k.id = y.id
    WHERE y.kind = 'Invoice' AND y.upto > COALESCE(k.amount, 0)
)

SELECT
    c.connection || ':Payment/' || s.id || '/' || s.place AS key,
    c.connection AS source,
    'Payment' AS object,
    s.id || '/' || s.place AS source_id,
    CASE
        WHEN c.url LIKE '%sandbox%' THEN 'https://app.sandbox.qbo.intuit.com' ELSE 'https://app.qbo.intuit.com'
    END || '/app/recvpayment?txnId=' || s.id AS url,
    s.last_updated_time AS updated_at,
    s._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':' || s.document AS document_key,
    c.connection || ':' || s.payment AS payment_key,
    c.connection || ':' || s.other AS credit_document_key,
    CAST(s.amount AS DECIMAL(24, 6)) AS amount,
    s.txn_date AS date
FROM settled AS s
CROSS JOIN param.connection AS c
