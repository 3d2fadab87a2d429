"""Collections: up to 200 rows in a request that is itself always well, and each row's own outcome."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.call import answer
from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.ids import is_id, long_id
from closedloop.sandbox.salesforce.query import Query
from closedloop.sandbox.salesforce.soql import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.salesforce.call import Call, Reply
    from closedloop.sandbox.salesforce.schema import SObject
    from closedloop.sandbox.salesforce.state import Org
    from closedloop.sandbox.salesforce.writer import Writer

MOST, MOST_READ = 200, 2000
_ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone header"
)


class Collections:
    """Answers collections.

    Args:
        org: The org.
        writer: Changes rows.
    """

    def __init__(self, org: Org, writer: Writer) -> None:
        self._org = org
        self._writer = writer
        self._query = Query(org)

    def create(self, call: Call) -> Reply:
        """Make rows."""
        return self._each(call, self._create)

    def change(self, call: Call) -> Reply:
        """Change rows, each by its id."""
        return self._each(call, self._change)

    def upsert(self, call: Call, name: str, field: str) -> Reply:
        """Change or make rows of one object by an external id.

        Raises:
            RefusedError: The object or the field is none.
        """
        entity = self._org.rights.entity(name)
        self._writer.matching(entity, field, "") if field.lower() != "id" else None
        given = self._records(call)
        known = entity.find(field)
        values = [str(one.get(known.name if known else field) or "").casefold() for one in given]

        def act(record: dict[str, Any]) -> dict[str, Any]:
            value = record.get(known.name if known else field)
            if value is None:
                message = f"{field} not specified"
                raise RefusedError("MISSING_ARGUMENT", message)
            if values.count(str(value).casefold()) > 1:
                message = f"Duplicate external id specified: {value}"
                raise RefusedError("DUPLICATE_VALUE", message, fields=(field,))
            return self._upsert(entity, field, value, record)

        return self._each(call, act)

    def delete(self, call: Call) -> Reply:
        """Delete rows by their ids."""
        ids = [key for key in call.query.get("ids", "").split(",") if key]
        call.entry |= {"ids": ids, "rows": len(ids)}

        def act(record: dict[str, Any]) -> dict[str, Any]:
            key = record["id"]
            self._writer.delete(self._entity_of(key), key)
            return _done(key)

        return self._outcomes(
            [{"id": key} for key in ids], act, whole=call.query.get("allOrNone", "false").lower() == "true"
        )

    def read(self, call: Call, name: str) -> Reply:
        """Show rows by their ids, nothing in the place of one that is not there.

        Raises:
            RefusedError: The object or a field is none.
        """
        entity = self._org.rights.entity(name)
        given = call.record() if call.body else {}
        ids = given.get("ids") or [key for key in call.query.get("ids", "").split(",") if key]
        fields = given.get("fields") or [one for one in call.query.get("fields", "").split(",") if one]
        if len(ids) > MOST_READ:
            message = f"The number of ids exceeds the limit of {MOST_READ}"
            raise RefusedError("INVALID_BATCH_SIZE", message)
        columns = [Column(tuple(field.split("."))) for field in fields]
        for column in columns:
            self._org.select.check(entity, column)
        call.entry["rows"] = len(ids)
        return answer([self._shown(call, entity, columns, key) for key in ids])

    def _shown(self, call: Call, entity: SObject, columns: list[Column], key: str) -> Any:
        row = self._org.database.get(entity.name, key) if is_id(key) else None
        if row is None or row.get("IsDeleted"):
            return None
        return self._query.records(call.base, entity, columns, [row["Id"]])[0]

    def _records(self, call: Call) -> list[dict[str, Any]]:
        given = call.record().get("records")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise RefusedError("JSON_PARSER_ERROR", "records must be a list of objects")
        if len(given) > MOST:
            message = f"record count of {len(given)} exceeds limit of {MOST}"
            raise RefusedError("EXCEEDED_ID_LIMIT", message)
        return given

    def _each(self, call: Call, act: Callable[[dict[str, Any]], dict[str, Any]]) -> Reply:
        records = self._records(call)
        if self._org.options.unknown_field == "request":
            self._demand_fields(records)
        kinds = {str(one.get("attributes", {}).get("type")) for one in records}
        call.entry |= {
            "stream": call.entry["stream"] if len(kinds) != 1 else kinds.pop(),
            "ids": [str(one.get("Id") or one.get("id")) for one in records if one.get("Id") or one.get("id")],
            "fields": sorted({name for one in records for name in one} - {"attributes", "Id", "id"}),
            "rows": len(records),
        }
        return self._outcomes(records, act, whole=call.record().get("allOrNone") is True)

    def _demand_fields(self, records: list[dict[str, Any]]) -> None:
        """Refuse a request as a whole that names a field which is not there."""
        for record in records:
            entity = self._typed(record)
            for name in record:
                if name != "attributes" and entity.find(name) is None:
                    message = f"No such column '{name}' on sobject of type {entity.name}"
                    raise RefusedError("INVALID_FIELD", message)

    def _outcomes(
        self,
        records: list[dict[str, Any]],
        act: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        whole: bool,
    ) -> Reply:
        kept = copy.deepcopy(self._org.database.tables) if whole else None
        found = [_attempt(act, record) for record in records]
        if kept is not None and not all(one["success"] for one in found):
            self._org.database.tables.update(kept)
            self._org.database.version += 1
            error = RefusedError("ALL_OR_NONE_OPERATION_ROLLED_BACK", _ROLLED_BACK).item()
            found = [{"success": False, "errors": [error]} if one["success"] else one for one in found]
        return answer(found)

    def _create(self, record: dict[str, Any]) -> dict[str, Any]:
        return _done(self._writer.insert(self._typed(record), record))

    def _change(self, record: dict[str, Any]) -> dict[str, Any]:
        entity = self._typed(record)
        key = record.get("Id") or record.get("id")
        if key is None:
            raise RefusedError("MISSING_ARGUMENT", "Id not specified in an update call")
        values = {name: value for name, value in record.items() if name not in {"Id", "id"}}
        self._writer.update(entity, key, values)
        return _done(key)

    def _upsert(self, entity: SObject, field: str, value: Any, record: dict[str, Any]) -> dict[str, Any]:
        if field.lower() == "id":
            values = {name: given for name, given in record.items() if name.lower() != "id"}
            self._writer.update(entity, value, values)
            return _done(value) | {"created": False}
        if "Id" in record:
            message = "The Id field should not be specified in the sobject data."
            raise RefusedError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=("Id",))
        found = self._writer.matching(entity, field, value)
        if len(found) > 1:
            message = f"{field}: more than one record found for external id field: [{', '.join(row['Id'] for row in found)}]"
            raise RefusedError("DUPLICATE_EXTERNAL_ID", message, fields=(field,))
        if found:
            known = entity.find(field)
            values = {
                name: given for name, given in record.items() if name != (known.name if known else field)
            }
            self._writer.update(entity, found[0]["Id"], values)
            return _done(found[0]["Id"]) | {"created": False}
        return _done(self._writer.insert(entity, record)) | {"created": True}

    def _typed(self, record: dict[str, Any]) -> SObject:
        name = (record.get("attributes") or {}).get("type")
        if not name:
            raise RefusedError("INVALID_TYPE", "The type attribute is missing")
        return self._org.rights.entity(name)

    def _entity_of(self, key: str) -> SObject:
        name = self._org.database.object_of(key)
        if name is None or not is_id(key):
            message = f"malformed id {key}"
            raise RefusedError("MALFORMED_ID", message)
        return self._org.rights.entity(name)


def _done(key: str) -> dict[str, Any]:
    return {"id": long_id(key), "success": True, "errors": []}


def _attempt(act: Callable[[dict[str, Any]], dict[str, Any]], record: dict[str, Any]) -> dict[str, Any]:
    try:
        return act(record)
    except RefusedError as error:
        failed: dict[str, Any] = {"success": False, "errors": [error.item()]}
        key = record.get("Id") or record.get("id")
        return {"id": key} | failed if key else failed
