-- rate: exchange rates as the ledger keeps them: home units for one foreign unit, so home = x * rate.
-- grain: one currency on one day. inputs: exchange_rate.
-- requires: exchange_rate
SELECT
    c.connection || ':ExchangeRate/' || r.id AS key,
    c.connection AS source,
    'ExchangeRate' AS object,
    r.id AS source_id,
    CAST(NULL AS TEXT) AS url,
    r.last_updated_time AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    r.source_currency_code AS currency,
    r.target_currency_code AS home_currency,
    r.as_of_date AS date,
    CAST(r.rate AS DECIMAL(24, 12)) AS rate,
    'multiply' AS direction
FROM raw.exchange_rate AS r
CROSS JOIN param.connection AS c
