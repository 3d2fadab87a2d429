-- campaign: campaigns without a marketing event among their assets. Of the others the events are the campaigns.
-- grain: one campaign. inputs: campaigns, campaign_assets, campaign_budget_items, campaign_spend_items, account_info.
-- Budget and spending are sums of items, in the campaign's own currency; no item is no entry.
-- requires: campaigns, campaign_assets, campaign_budget_items, campaign_spend_items, account_info
SELECT
    c.connection || ':campaigns/' || g.id AS key,
    c.connection AS source,
    'campaigns' AS object,
    g.id AS source_id,
    REPLACE(a.link, '/contacts/', '/campaigns/') || '/' || g.id AS url,
    g."updatedAt" AS updated_at,
    g._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    g.hs_name AS name,
    g.code AS code,
    REPLACE(LOWER(g.kind), ' ', '_') AS kind,
    g.series AS series,
    g.edition AS edition,
    g.hs_start_date AS start_date,
    g.hs_end_date AS end_date,
    LOWER(g.hs_campaign_status) AS status,
    COALESCE(
        b.amount,
        NULLIF(CAST(g.hs_budget_items_sum_amount AS DECIMAL(24, 6)), 0),
        CAST(g.budget AS DECIMAL(24, 6))
    ) AS budget,
    COALESCE(
        p.amount,
        NULLIF(CAST(g.hs_spend_items_sum_amount AS DECIMAL(24, 6)), 0),
        CAST(g.actual_cost AS DECIMAL(24, 6))
    ) AS actual_cost,
    COALESCE(b.currency_code, p.currency_code, g.hs_currency_code, a.currency, c.home_currency) AS currency,
    g.expected_attendees AS expected_attendees,
    CAST(NULL AS TEXT) AS same_as,
    c.connection || ':owners/' || g.hs_owner AS owner_key
FROM raw.campaigns AS g
LEFT JOIN (
    SELECT i.campaign_id, SUM(CAST(i.amount AS DECIMAL(24, 6))) AS amount, MIN(i.currency_code) AS currency_code
    FROM raw.campaign_budget_items AS i
    WHERE i._deleted_at IS NULL
    GROUP BY i.campaign_id
) AS b ON b.campaign_id = g.id
LEFT JOIN (
    SELECT i.campaign_id, SUM(CAST(i.amount AS DECIMAL(24, 6))) AS amount, MIN(i.currency_code) AS currency_code
    FROM raw.campaign_spend_items AS i
    WHERE i._deleted_at IS NULL
    GROUP BY i.campaign_id
) AS p ON p.campaign_id = g.id
CROSS JOIN (
    SELECT
        MAX(x."companyCurrency") AS currency,
        'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
WHERE
    NOT EXISTS (
        SELECT 1
        FROM raw.campaign_assets AS s
        WHERE s.campaign_id = g.id AND s.asset_type = 'MARKETING_EVENT' AND s._deleted_at IS NULL
    )
