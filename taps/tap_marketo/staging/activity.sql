-- activity: e-mails that one of our sales people sent.
-- grain: one such e-mail. inputs: activities, programs.
-- What Marketo itself sends is nobody's work, and what a person clicks or fills in is not ours.
-- requires: activities, programs
SELECT
    c.connection || ':activities/' || v."marketoGUID" AS key,
    c.connection AS source,
    'activities' AS object,
    v."marketoGUID" AS source_id,
    COALESCE(a.host, c.url) || '/leadDatabase/loadLeadDetail?leadId=' || COALESCE(v."leadId", '') AS url,
    v."activityDate" AS updated_at,
    v._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    'email' AS kind,
    c.connection || ':leads/' || v."leadId" AS person_key,
    CAST(NULL AS TEXT) AS account_key,
    CAST(NULL AS TEXT) AS opportunity_key,
    CAST(NULL AS TEXT) AS owner_key,
    v."activityDate" AS "at"
FROM raw.activities AS v
CROSS JOIN (
    SELECT SPLIT_PART(MIN(x.url), '/#', 1) AS host
    FROM raw.programs AS x
) AS a
CROSS JOIN param.connection AS c
WHERE v.activity_type = 'Send Sales Email'
