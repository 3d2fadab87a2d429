-- opportunity: deals.
-- grain: one deal, archived and merged ones too. inputs: deals, deals_to_companies, deals_to_contacts, pipeline_stages,
-- campaign_assets, account_info.
-- The close date of an open deal is the expected one. A deal names a campaign: where that has one marketing event, the
-- event is meant, where it has several, none. Of several contacts the one with a label of the admin's own is the person.
-- requires: deals, deals_to_companies, deals_to_contacts, pipeline_stages, campaign_assets, account_info
SELECT
    c.connection || ':deals/' || d.id AS key,
    c.connection AS source,
    'deals' AS object,
    d.id AS source_id,
    a.link || '/record/0-3/' || d.id AS url,
    d."updatedAt" AS updated_at,
    d._deleted_at AS deleted_at,
    c.connection || ':deals/' || d.merged_into AS merged_into,
    d.dealname AS name,
    c.connection || ':companies/' || o.to_id AS account_key,
    c.connection || ':contacts/' || k.to_id AS person_key,
    CASE
        WHEN e.events = 1 THEN c.connection || ':marketing_events/' || e.event_id
        WHEN e.events IS NULL THEN c.connection || ':campaigns/' || d.campaign
    END AS campaign_key,
    d.number AS number,
    d.po AS po,
    CAST(d.amount AS DECIMAL(24, 6)) AS amount,
    COALESCE(d.deal_currency_code, a.currency, c.home_currency) AS currency,
    CAST(COALESCE(CAST(d.hs_deal_stage_probability AS DECIMAL(24, 12)), s.probability) AS DECIMAL(9, 6)) AS probability,
    d.lead_source AS lead_source,
    c.connection || ':stages/' || d.dealstage AS stage_key,
    d.is_closed AS is_closed,
    d.is_won AS is_won,
    COALESCE(d.createdate, d."createdAt") AS created_at,
    CASE WHEN NOT d.is_closed THEN CAST(d.closedate AT TIME ZONE a.zone AS DATE) END AS expected_close,
    CASE WHEN d.is_closed THEN d.closedate END AS closed_at,
    c.connection || ':owners/' || d.hubspot_owner_id AS owner_key
FROM (
    SELECT
        x.*,
        COALESCE(x.hs_is_closed, y.is_closed, FALSE) OR COALESCE(x.hs_is_closed_won, FALSE) AS is_closed,
        COALESCE(x.hs_is_closed_won, y.is_closed AND y.probability = 1, FALSE) AS is_won
    FROM raw.deals AS x
    LEFT JOIN (
        SELECT z.id, BOOL_OR(z.is_closed) AS is_closed, MAX(CAST(z.probability AS DECIMAL(24, 12))) AS probability
        FROM raw.pipeline_stages AS z
        WHERE z.object_type = 'deals'
        GROUP BY z.id
    ) AS y ON y.id = x.dealstage
) AS d
LEFT JOIN (
    SELECT z.id, MAX(CAST(z.probability AS DECIMAL(24, 12))) AS probability
    FROM raw.pipeline_stages AS z
    WHERE z.object_type = 'deals'
    GROUP BY z.id
) AS s ON s.id = d.dealstage
LEFT JOIN (
    SELECT
        x.from_id,
        x.to_id,
        ROW_NUMBER() OVER (
            PARTITION BY x.from_id ORDER BY CASE WHEN x.type_id = 5 OR x.label = 'Primary' THEN 0 ELSE 1 END, x.to_id, x.key
        ) AS place
    FROM raw.deals_to_companies AS x
    WHERE x._deleted_at IS NULL
) AS o ON o.from_id = d.id AND o.place = 1
LEFT JOIN (
    SELECT
        x.from_id,
        x.to_id,
        ROW_NUMBER() OVER (
            PARTITION BY x.from_id ORDER BY CASE WHEN x.category = 'USER_DEFINED' THEN 0 ELSE 1 END, x.to_id, x.key
        ) AS place
    FROM raw.deals_to_contacts AS x
    WHERE x._deleted_at IS NULL
) AS k ON k.from_id = d.id AND k.place = 1
LEFT JOIN (
    SELECT g.campaign_id, MIN(g.id) AS event_id, COUNT(DISTINCT g.id) AS events
    FROM raw.campaign_assets AS g
    WHERE g.asset_type = 'MARKETING_EVENT' AND g._deleted_at IS NULL
    GROUP BY g.campaign_id
) AS e ON e.campaign_id = d.campaign
CROSS JOIN (
    SELECT
        MAX(x."companyCurrency") AS currency,
        COALESCE(MAX(x."timeZone"), 'UTC') AS zone,
        'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
