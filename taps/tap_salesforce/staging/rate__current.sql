-- rate: the rates that Salesforce converts with now: units of the currency for one unit of the corporate currency, so
-- corporate = x / rate.
-- grain: one CurrencyType on every seventh day since it was last changed: what held before is not known. inputs:
-- CurrencyType.
-- No time of change is given: where dated rates or a ledger have one for the same day, theirs counts.
-- requires: CurrencyType
SELECT
    c.connection || ':CurrencyType/' || r.Id || '/' || CAST(CAST(d.day AS DATE) AS TEXT) AS key,
    c.connection AS source,
    'CurrencyType' AS object,
    r.Id AS source_id,
    c.url || '/lightning/setup/CompanyCurrency/home' AS url,
    CAST(NULL AS TIMESTAMPTZ) AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r.IsoCode AS currency,
    h.IsoCode AS home_currency,
    CAST(d.day AS DATE) AS date,
    CAST(r.ConversionRate AS DECIMAL(24, 12)) AS rate,
    'divide' AS direction
FROM raw."CurrencyType" AS r
INNER JOIN raw."CurrencyType" AS h ON h.IsCorporate AND h.IsoCode <> r.IsoCode
CROSS JOIN UNNEST(
    GENERATE_SERIES(
        CAST(CAST(r.SystemModstamp AS DATE) AS TIMESTAMP),
        CAST(CAST(r._loaded_at AS DATE) AS TIMESTAMP),
        INTERVAL '7' DAY
    )
) AS d(day)
CROSS JOIN param.connection AS c
