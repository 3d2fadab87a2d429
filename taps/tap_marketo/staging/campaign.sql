-- campaign: the programs that are events.
-- grain: one program. inputs: programs.
-- What an event cost is the sum of its period costs, which have no currency of their own: they are in the subscription's,
-- and that is taken to be the company's. Series, edition, code, budget and expected attendees are tags, where there are
-- such. An event's days are those of the zone in the settings. The campaign that it is in the CRM is the one that the
-- settings name, else the one that Marketo keeps in step in Salesforce.
-- requires: programs
SELECT
    c.connection || ':programs/' || p.id AS key,
    c.connection AS source,
    'programs' AS object,
    p.id AS source_id,
    COALESCE(p.url, c.url) AS url,
    p."updatedAt" AS updated_at,
    p._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    p.name AS name,
    p.code AS code,
    p.kind AS kind,
    p.series AS series,
    p.edition AS edition,
    CAST(p."startDate" AT TIME ZONE COALESCE(p.time_zone, 'UTC') AS DATE) AS start_date,
    CAST(p."endDate" AT TIME ZONE COALESCE(p.time_zone, 'UTC') AS DATE) AS end_date,
    LOWER(p.status) AS status,
    CAST(p.budget AS DECIMAL(24, 6)) AS budget,
    CAST(p.cost AS DECIMAL(24, 6)) AS actual_cost,
    c.home_currency AS currency,
    p.expected_attendees AS expected_attendees,
    COALESCE(p.same_as, p."sfdcId") AS same_as,
    CAST(NULL AS TEXT) AS owner_key
FROM raw.programs AS p
CROSS JOIN param.connection AS c
