-- campaign: marketing events.
-- grain: one marketing event. inputs: marketing_events, campaigns, campaign_assets, campaign_budget_items,
-- campaign_spend_items, account_info.
-- HubSpot keeps money on campaigns: an event has the budget and the spending of the campaigns whose only event it is, else
-- what the admin keeps in properties of the event. No item is no entry. Two currencies are never added up. An event's days
-- are those of the account's zone.
-- requires: marketing_events, campaigns, campaign_assets, campaign_budget_items, campaign_spend_items, account_info
SELECT
    c.connection || ':marketing_events/' || e."objectId" AS key,
    c.connection AS source,
    'marketing_events' AS object,
    e."objectId" AS source_id,
    a.link || '/record/0-54/' || e."objectId" AS url,
    e."updatedAt" AS updated_at,
    e._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    e."eventName" AS name,
    COALESCE(e.code, k.code, e."externalEventId") AS code,
    REPLACE(LOWER(COALESCE(e.kind, e."eventType", k.kind)), ' ', '_') AS kind,
    COALESCE(e.series, k.series) AS series,
    COALESCE(e.edition, k.edition) AS edition,
    CAST(e."startDateTime" AT TIME ZONE a.zone AS DATE) AS start_date,
    CAST(e."endDateTime" AT TIME ZONE a.zone AS DATE) AS end_date,
    CASE
        WHEN e."eventCancelled" THEN 'cancelled'
        WHEN e."eventCompleted" THEN 'completed'
        ELSE LOWER(COALESCE(e."eventStatusV2", e."eventStatus"))
    END AS status,
    CASE WHEN k.has_money THEN k.budget ELSE CAST(e.budget AS DECIMAL(24, 6)) END AS budget,
    CASE WHEN k.has_money THEN k.spend ELSE CAST(e.actual_cost AS DECIMAL(24, 6)) END AS actual_cost,
    COALESCE(CASE WHEN k.has_money THEN k.currency END, a.currency, c.home_currency) AS currency,
    COALESCE(e.expected_attendees, k.expected_attendees) AS expected_attendees,
    CAST(NULL AS TEXT) AS same_as,
    c.connection || ':owners/' || k.owner_id AS owner_key
FROM raw.marketing_events AS e
LEFT JOIN (
    SELECT
        o.event_id,
        MIN(m.currency) AS currency,
        COUNT(DISTINCT m.currency) <= 1 AND COUNT(COALESCE(m.budget, m.spend)) > 0 AS has_money,
        SUM(m.budget) AS budget,
        SUM(m.spend) AS spend,
        MIN(m.code) AS code,
        MIN(m.kind) AS kind,
        MIN(m.series) AS series,
        MIN(m.edition) AS edition,
        MIN(m.expected_attendees) AS expected_attendees,
        MIN(m.owner_id) AS owner_id
    FROM (
        SELECT s.campaign_id, MIN(s.id) AS event_id
        FROM raw.campaign_assets AS s
        WHERE s.asset_type = 'MARKETING_EVENT' AND s._deleted_at IS NULL
        GROUP BY s.campaign_id
        HAVING COUNT(DISTINCT s.id) = 1
    ) AS o
    INNER JOIN (
        SELECT
            g.id,
            g.code,
            g.kind,
            g.series,
            g.edition,
            g.expected_attendees,
            g.hs_owner AS owner_id,
            COALESCE(b.currency_code, p.currency_code, g.hs_currency_code) AS currency,
            COALESCE(b.amount, NULLIF(CAST(g.hs_budget_items_sum_amount AS DECIMAL(24, 6)), 0)) AS budget,
            COALESCE(p.amount, NULLIF(CAST(g.hs_spend_items_sum_amount AS DECIMAL(24, 6)), 0)) AS spend
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
        WHERE g._deleted_at IS NULL
    ) AS m ON m.id = o.campaign_id
    GROUP BY o.event_id
) AS k ON k.event_id = e."objectId"
CROSS JOIN (
    SELECT
        MAX(x."companyCurrency") AS currency,
        COALESCE(MAX(x."timeZone"), 'UTC') AS zone,
        'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
