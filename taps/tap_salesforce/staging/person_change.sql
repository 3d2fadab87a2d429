-- person_change: when a contact moved to another account, from field history tracking of the contact's account.
-- grain: one ContactHistory of the field Account. inputs: ContactHistory.
-- A change of a lookup is written twice: once with names, once with ids (the object reference, EntityHistory). Only the ids
-- say which account it is; where the kind of the values is not shown, an account's key prefix tells them.
-- requires: ContactHistory
SELECT
    c.connection || ':ContactHistory/' || h.Id AS key,
    c.connection AS source,
    'ContactHistory' AS object,
    h.Id AS source_id,
    c.url || '/lightning/r/Contact/' || h.ContactId || '/view' AS url,
    h.CreatedDate AS updated_at,
    h._deleted_at AS deleted_at,
    CAST(NULL AS TEXT) AS merged_into,
    c.connection || ':Contact/' || h.ContactId AS person_key,
    h.CreatedDate AS changed_at,
    'account' AS field,
    c.connection || ':Account/' || h.OldValue AS old_account_key,
    c.connection || ':Account/' || h.NewValue AS new_account_key
FROM raw."ContactHistory" AS h
CROSS JOIN param.connection AS c
WHERE
    h.Field IN ('Account', 'AccountId')
    AND COALESCE(h.DataType, 'EntityId') = 'EntityId'
    AND (h.OldValue IS NULL OR (h.OldValue LIKE '001%' AND LENGTH(h.OldValue) IN (15, 18) AND STRPOS(h.OldValue, ' ') = 0))
    AND (h.NewValue IS NULL OR (h.NewValue LIKE '001%' AND LENGTH(h.NewValue) IN (15, 18) AND STRPOS(h.NewValue, ' ') = 0))
    AND (h.OldValue IS NOT NULL OR h.NewValue IS NOT NULL)
