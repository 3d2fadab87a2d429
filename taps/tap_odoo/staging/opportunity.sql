-- opportunity: deals, archived ones too (a lost deal is archived).
-- grain: one crm.lead of type opportunity. inputs: crm_lead, crm_stage, res_partner, res_company.
-- Lost = archived with probability 0; archived with probability left is still pending. Archiving a won deal overwrites
-- date_closed, while the date of its last stage change stays. Expected revenue is in the company's currency.
-- requires: crm_lead, crm_stage, res_partner, res_company
SELECT
    c.connection || ':crm.lead/' || CAST(o.id AS TEXT) AS key,
    c.connection AS source,
    'crm.lead' AS object,
    CAST(o.id AS TEXT) AS source_id,
    c.url || '/odoo/crm.lead/' || CAST(o.id AS TEXT) AS url,
    o.write_date AS updated_at,
    o._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    o.name AS name,
    c.connection || ':res.partner/' || CAST(o.account_id AS TEXT) AS account_key,
    c.connection || ':res.partner/' || CAST(o.person_id AS TEXT) AS person_key,
    COALESCE(
        c.connection || ':event.event/' || CAST(o.event_id AS TEXT),
        c.connection || ':utm.campaign/' || CAST(o.campaign_id AS TEXT)
    ) AS campaign_key,
    o.number AS number,
    o.po AS po,
    CAST(o.expected_revenue AS DECIMAL(24, 6)) AS amount,
    COALESCE(o.company_currency_name, c.home_currency) AS currency,
    CAST(CAST(o.probability AS DECIMAL(9, 6)) * 0.01 AS DECIMAL(9, 6)) AS probability,
    o.lead_source AS lead_source,
    c.connection || ':crm.stage/' || CAST(o.stage_id AS TEXT) AS stage_key,
    o.is_won OR o.is_lost AS is_closed,
    o.is_won AS is_won,
    o.create_date AS created_at,
    o.date_deadline AS expected_close,
    CASE
        WHEN o.is_won THEN LEAST(o.date_closed, o.date_last_stage_update)
        WHEN o.is_lost THEN o.date_closed
    END AS closed_at,
    COALESCE(
        c.connection || ':res.users/' || CAST(o.user_id AS TEXT), c.connection || ':crm.team/' || CAST(o.team_id AS TEXT)
    ) AS owner_key
FROM (
    SELECT
        l.*,
        a.id AS account_id,
        CASE WHEN NOT COALESCE(p.is_company, FALSE) THEN p.id END AS person_id,
        CASE
            WHEN l.won_status IS NOT NULL THEN l.won_status = 'won'
            ELSE COALESCE(s.is_won, FALSE) AND COALESCE(CAST(l.probability AS DECIMAL(9, 6)), 0) >= 100
        END AS is_won,
        CASE
            WHEN l.won_status IS NOT NULL THEN l.won_status = 'lost'
            ELSE NOT COALESCE(l.active, TRUE) AND COALESCE(CAST(l.probability AS DECIMAL(9, 6)), 1) = 0
        END AS is_lost
    FROM raw.crm_lead AS l
    LEFT JOIN raw.crm_stage AS s ON s.id = l.stage_id
    LEFT JOIN raw.res_partner AS p ON p.id = l.partner_id
    LEFT JOIN (
        SELECT x.id
        FROM raw.res_partner AS x
        WHERE x.is_company AND NOT EXISTS (SELECT 1 FROM raw.res_company AS o WHERE o.partner_id = x.id)
    ) AS a ON a.id = CASE WHEN p.is_company THEN p.id ELSE p.commercial_partner_id END
    WHERE l.type = 'opportunity'
) AS o
CROSS JOIN param.connection AS c
