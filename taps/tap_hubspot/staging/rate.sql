-- rate: exchange rates as the account keeps them: units of the company's currency for one foreign unit.
-- grain: one exchange rate. inputs: exchange_rates, account_info.
-- A midnight in UTC is a day, any other time a moment in the account's zone.
-- requires: exchange_rates, account_info
SELECT
    c.connection || ':exchange_rates/' || r.id AS key,
    c.connection AS source,
    'exchange_rates' AS object,
    r.id AS source_id,
    REPLACE(a.link, '/contacts/', '/settings/') || '/account-defaults/currency' AS url,
    r."updatedAt" AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r."fromCurrencyCode" AS currency,
    r."toCurrencyCode" AS home_currency,
    CASE
        WHEN CAST(r."effectiveAt" AT TIME ZONE 'UTC' AS TIME) = TIME '00:00:00'
            THEN CAST(r."effectiveAt" AT TIME ZONE 'UTC' AS DATE)
        ELSE CAST(r."effectiveAt" AT TIME ZONE a.zone AS DATE)
    END AS date,
    CAST(r."conversionRate" AS DECIMAL(24, 12)) AS rate,
    'multiply' AS direction
FROM raw.exchange_rates AS r
CROSS JOIN (
    SELECT
        COALESCE(MAX(x."timeZone"), 'UTC') AS zone,
        'https://' || COALESCE(MAX(x."uiDomain"), 'app.hubspot.com') || '/contacts/' || MAX(x."portalId") AS link
    FROM raw.account_info AS x
) AS a
CROSS JOIN param.connection AS c
