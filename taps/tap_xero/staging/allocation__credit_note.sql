-- allocation: what credit notes settle; the note itself is settled by the same amount.
-- grain: two rows for each allocation of a customer's credit note: one for the invoice, one for the note. inputs: credit_notes,
-- organisation.
-- requires: credit_notes, organisation
SELECT
    c.connection || ':Allocation/' || s.credit_note_id || '/' || s.id || s.side AS key,
    c.connection AS source,
    'Allocation' AS object,
    s.id AS source_id,
    o.link || '/AccountsReceivable/ViewCreditNote.aspx?creditNoteID=' || s.credit_note_id AS url,
    s.updated_date_utc AS updated_at,
    s.deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    CASE
        WHEN s.side = '' THEN c.connection || ':Invoice/' || s.invoice_id
        ELSE c.connection || ':CreditNote/' || s.credit_note_id
    END AS document_key,
    CAST(NULL AS TEXT) AS payment_key,
    CASE
        WHEN s.side = '' THEN c.connection || ':CreditNote/' || s.credit_note_id
        ELSE c.connection || ':Invoice/' || s.invoice_id
    END AS credit_document_key,
    s.amount AS amount,
    COALESCE(s.date, s.own_date) AS date
FROM (
    SELECT
        x.credit_note_id,
        d.side,
        COALESCE(JSON_EXTRACT_STRING(e.value, '$.AllocationID'), CAST(e.key AS TEXT)) AS id,
        JSON_EXTRACT_STRING(e.value, '$.Invoice.InvoiceID') AS invoice_id,
        CAST(JSON_EXTRACT_STRING(e.value, '$.Amount') AS DECIMAL(24, 6)) AS amount,
        CAST(LEFT(JSON_EXTRACT_STRING(e.value, '$.Date'), 10) AS DATE) AS date,
        x.date AS own_date,
        x.updated_date_utc,
        CASE WHEN x.status = 'DELETED' THEN x.updated_date_utc ELSE x._deleted_at END AS deleted_at
    FROM raw.credit_notes AS x, JSON_EACH(x.allocations) AS e
    CROSS JOIN (SELECT '' AS side UNION ALL SELECT '/credit' AS side) AS d
    WHERE
        x.type = 'ACCRECCREDIT'
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
