-- rate: dated conversion rates: units of the currency for one unit of the corporate currency (corporate = x / rate).
-- grain: one DatedConversionRate on every seventh day that it holds. inputs: DatedConversionRate, CurrencyType.
-- A rate holds until the next begins, the last until now. Its own beginning stands for its last change: where a ledger has
-- a rate for the same day, the ledger's counts.
-- requires: DatedConversionRate, CurrencyType
SELECT
    c.connection || ':DatedConversionRate/' || r.Id || '/' || CAST(CAST(d.day AS DATE) AS TEXT) AS key,
    c.connection AS source,
    'DatedConversionRate' AS object,
    r.Id AS source_id,
    c.url || '/lightning/setup/CompanyCurrency/home' AS url,
    CAST(r.StartDate AS TIMESTAMPTZ) AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r.IsoCode AS currency,
    h.IsoCode AS home_currency,
    CAST(d.day AS DATE) AS date,
    CAST(r.ConversionRate AS DECIMAL(24, 12)) AS rate,
    'divide' AS direction
FROM raw."DatedConversionRate" AS r
INNER JOIN raw."CurrencyType" AS h ON h.IsCorporate AND h.IsoCode <> r.IsoCode
CROSS JOIN UNNEST(
    GENERATE_SERIES(
        CAST(r.StartDate AS TIMESTAMP),
        CAST(LEAST(COALESCE(r.NextStartDate, DATE '9999-12-31') - 1, CAST(r._loaded_at AS DATE)) AS TIMESTAMP),
        INTERVAL '7' DAY
    )
) AS d(day)
CROSS JOIN param.connection AS c
