-- campaign: campaigns, events among them.
-- grain: one Campaign. inputs: Campaign.
-- Salesforce has no headcount: its expected response is a percentage of what was sent. Code, series, edition, kind,
-- headcount and money come from the fields that the settings map.
-- requires: Campaign
SELECT
    c.connection || ':Campaign/' || m.Id AS key,
    c.connection AS source,
    'Campaign' AS object,
    m.Id AS source_id,
    c.url || '/lightning/r/Campaign/' || m.Id || '/view' AS url,
    m.SystemModstamp AS updated_at,
    m._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    m.Name AS name,
    m.code AS code,
    REPLACE(LOWER(m.kind), ' ', '_') AS kind,
    m.series AS series,
    m.edition AS edition,
    m.StartDate AS start_date,
    m.EndDate AS end_date,
    LOWER(m.Status) AS status,
    CAST(m.budget AS DECIMAL(24, 6)) AS budget,
    CAST(m.actual_cost AS DECIMAL(24, 6)) AS actual_cost,
    COALESCE(m.CurrencyIsoCode, c.home_currency) AS currency,
    m.expected_attendees AS expected_attendees,
    CAST(NULL AS TEXT) AS same_as,
    c.connection || CASE WHEN m.OwnerId LIKE '00G%' THEN ':Group/' ELSE ':User/' END || m.OwnerId AS owner_key
FROM raw."Campaign" AS m
CROSS JOIN param.connection AS c
