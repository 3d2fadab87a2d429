-- touch: a person's place at an event, as the event app holds it.
-- grain: one event.registration. inputs: event_registration, res_partner.
-- partner_id is who booked. It is the attendee only if name or e-mail agree; otherwise the phone that Odoo copied from
-- the booker is not the attendee's either. date_closed survives a cancellation: it is a check-in only in state done.
-- Odoo has no no-show and no invitation. An archived registration that was not attended counts as cancelled.
-- requires: event_registration, res_partner
SELECT
    c.connection || ':event.registration/' || CAST(r.id AS TEXT) AS key,
    c.connection AS source,
    'event.registration' AS object,
    CAST(r.id AS TEXT) AS source_id,
    c.url || '/odoo/event.registration/' || CAST(r.id AS TEXT) AS url,
    r.write_date AS updated_at,
    r._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':event.event/' || CAST(r.event_id AS TEXT) AS campaign_key,
    CASE WHEN r.is_booker THEN c.connection || ':res.partner/' || CAST(r.partner_id AS TEXT) END AS person_key,
    r.email AS email,
    r.name AS name,
    r.company_name AS company,
    CASE WHEN r.is_booker OR r.booker_phone IS NULL OR r.phone <> r.booker_phone THEN r.phone END AS phone,
    CASE
        WHEN r.state = 'done' THEN 'attended'
        WHEN r.state = 'cancel' OR NOT COALESCE(r.active, TRUE) THEN 'cancelled'
        ELSE 'registered'
    END AS status,
    CASE WHEN r.state = 'done' THEN r.date_closed END AS occurred_at,
    CAST(NULL AS DATE) AS occurred_on,
    r.create_date AS created_at
FROM (
    SELECT
        g.id,
        g.write_date,
        g.create_date,
        g._deleted_at,
        g.event_id,
        g.partner_id,
        NULLIF(TRIM(g.name), '') AS name,
        NULLIF(LOWER(TRIM(g.email)), '') AS email,
        NULLIF(TRIM(g.phone), '') AS phone,
        NULLIF(TRIM(g.company_name), '') AS company_name,
        g.state,
        g.active,
        g.date_closed,
        NULLIF(TRIM(p.phone), '') AS booker_phone,
        COALESCE(
            NOT COALESCE(p.is_company, FALSE)
            AND (
                COALESCE(LOWER(TRIM(g.email)) = LOWER(TRIM(p.email)), FALSE)
                OR COALESCE(LOWER(TRIM(g.name)) = LOWER(TRIM(p.name)), FALSE)
            ),
            FALSE
        ) AS is_booker
    FROM raw.event_registration AS g
    LEFT JOIN raw.res_partner AS p ON p.id = g.partner_id
) AS r
CROSS JOIN param.connection AS c
