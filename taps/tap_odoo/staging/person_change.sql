-- person_change: when a contact moved to another company, from the record's own history.
-- grain: one mail.tracking.value of a contact's parent. inputs: mail_tracking_value, res_partner, crm_lead, res_company.
-- Odoo tracks the parent of a contact by itself and writes 0 for none. The company is the parent's own (a contact may be
-- below another contact). Reading this model needs rights that sales managers do not have: it may be absent.
-- requires: mail_tracking_value, res_partner, crm_lead, res_company
SELECT
    c.connection || ':mail.tracking.value/' || CAST(t.id AS TEXT) AS key,
    c.connection AS source,
    'mail.tracking.value' AS object,
    CAST(t.id AS TEXT) AS source_id,
    c.url || '/odoo/res.partner/' || CAST(t.res_id AS TEXT) AS url,
    t.write_date AS updated_at,
    t._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':res.partner/' || CAST(t.res_id AS TEXT) AS person_key,
    t."at" AS changed_at,
    'account' AS field,
    c.connection || ':res.partner/' || CAST(o.id AS TEXT) AS old_account_key,
    c.connection || ':res.partner/' || CAST(n.id AS TEXT) AS new_account_key
FROM raw.mail_tracking_value AS t
INNER JOIN raw.res_partner AS p ON p.id = t.res_id AND NOT COALESCE(p.is_company, FALSE)
LEFT JOIN raw.res_partner AS x ON x.id = NULLIF(t.old_integer, 0)
LEFT JOIN raw.res_partner AS y ON y.id = NULLIF(t.new_integer, 0)
LEFT JOIN (
    SELECT k.id
    FROM raw.res_partner AS k
    WHERE k.is_company AND NOT EXISTS (SELECT 1 FROM raw.res_company AS u WHERE u.partner_id = k.id)
) AS o ON o.id = COALESCE(x.commercial_partner_id, x.id)
LEFT JOIN (
    SELECT k.id
    FROM raw.res_partner AS k
    WHERE k.is_company AND NOT EXISTS (SELECT 1 FROM raw.res_company AS u WHERE u.partner_id = k.id)
) AS n ON n.id = COALESCE(y.commercial_partner_id, y.id)
CROSS JOIN param.connection AS c
WHERE t.model = 'res.partner' AND t.field_name = 'parent_id'
