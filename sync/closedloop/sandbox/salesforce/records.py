"""The resources of single rows: read, create, change, delete, and by an external id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.call import answer, nothing
from closedloop.sandbox.salesforce.errors import RefusedError, not_found
from closedloop.sandbox.salesforce.etag import demand_unchanged, tag
from closedloop.sandbox.salesforce.ids import is_id
from closedloop.sandbox.salesforce.query import Query, attributes
from closedloop.sandbox.salesforce.soql import Column
from closedloop.sandbox.salesforce.wire import encode

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.call import Call, Reply
    from closedloop.sandbox.salesforce.database import Row
    from closedloop.sandbox.salesforce.schema import SObject
    from closedloop.sandbox.salesforce.state import Org
    from closedloop.sandbox.salesforce.writer import Writer


class Records:
    """Answers what is asked of one row.

    Args:
        org: The org.
        writer: Changes rows.
    """

    def __init__(self, org: Org, writer: Writer) -> None:
        self._org = org
        self._writer = writer
        self._query = Query(org)

    def create(self, call: Call, name: str) -> Reply:
        """Make a row: 201.

        Raises:
            RefusedError: A check fails.
        """
        entity, given = self._entity(name), call.record()
        call.entry["fields"] = _written(given)
        key = self._writer.insert(entity, given)
        call.entry["ids"] = [key]
        path = attributes(call.base, entity.name, key)["url"]
        return answer({"id": key, "success": True, "errors": []}, 201, Location=path)

    def read(self, call: Call, name: str, key: str) -> Reply:
        """Show a row.

        Raises:
            RefusedError: It is not there.
        """
        entity = self._entity(name)
        return self._show(call, entity, self._there(entity, key))

    def change(self, call: Call, name: str, key: str) -> Reply:
        """Change a row: 204.

        Raises:
            RefusedError: It is not there, or a check fails.
        """
        entity, given = self._entity(name), call.record()
        row = self._there(entity, key)
        demand_unchanged(call, entity.name, row)
        call.entry |= {"ids": [row["Id"]], "fields": _written(given)}
        self._writer.update(entity, row["Id"], given)
        return nothing()

    def delete(self, call: Call, name: str, key: str) -> Reply:
        """Delete a row: 204.

        Raises:
            RefusedError: It is not there.
        """
        entity = self._entity(name)
        row = self._there(entity, key)
        call.entry["ids"] = [row["Id"]]
        self._writer.delete(entity, row["Id"])
        return nothing()

    def read_by(self, call: Call, name: str, field: str, value: str) -> Reply:
        """Show the row with an external id; where there are several, where they are.

        Raises:
            RefusedError: There is none.
        """
        entity = self._entity(name)
        found = self._matching(entity, field, value)
        if len(found) > 1:
            return self._ambiguous(call, entity, found)
        if not found:
            raise not_found()
        return self._show(call, entity, found[0])

    def upsert(self, call: Call, name: str, field: str, value: str) -> Reply:
        """Change the row with an external id, or make it: 200 or 204, 201, and 300 where there are several.

        Raises:
            RefusedError: A check fails.
        """
        entity, given = self._entity(name), call.record()
        known = entity.find(field)
        if known is None or (known.name in given and known.name != "Id"):
            message = f"The {field} field should not be specified in the sobject data."
            raise (
                RefusedError("INVALID_FIELD", message)
                if known
                else not_found(f"Provided external ID field does not exist or is not accessible: {field}")
            )
        found = self._matching(entity, field, value)
        if len(found) > 1:
            return self._ambiguous(call, entity, found)
        call.entry["fields"] = _written(given)
        if not found:
            key = self._writer.insert(entity, given | {known.name: value})
            call.entry["ids"] = [key]
            path = attributes(call.base, entity.name, key)["url"]
            return answer({"id": key, "success": True, "errors": [], "created": True}, 201, Location=path)
        key = found[0]["Id"]
        call.entry["ids"] = [key]
        self._writer.update(entity, key, given)
        if self._org.options.update_status == 204:  # noqa: PLR2004 - no content
            return nothing()
        return answer({"id": key, "success": True, "errors": [], "created": False})

    def delete_by(self, call: Call, name: str, field: str, value: str) -> Reply:
        """Delete the row with an external id.

        Raises:
            RefusedError: There is none.
        """
        entity = self._entity(name)
        found = self._matching(entity, field, value)
        if len(found) > 1:
            return self._ambiguous(call, entity, found)
        if not found:
            raise not_found()
        return self.delete(call, name, found[0]["Id"])

    def _entity(self, name: str) -> SObject:
        try:
            return self._org.rights.entity(name)
        except RefusedError as error:
            raise not_found() from error

    def _there(self, entity: SObject, key: str) -> Row:
        if not is_id(key):
            message = f"Provided external ID field does not exist or is not accessible: {key}"
            raise not_found(message)
        try:
            return self._writer.row(entity, key)
        except RefusedError as error:
            if error.code == "INVALID_CROSS_REFERENCE_KEY":
                raise not_found() from error
            raise

    def _matching(self, entity: SObject, field: str, value: str) -> list[Row]:
        if field.lower() != "id":
            return self._writer.matching(entity, field, value)
        return [self._there(entity, value)]

    def _show(self, call: Call, entity: SObject, row: Row) -> Reply:
        named = [name for name in call.query.get("fields", "").split(",") if name]
        columns = [Column(tuple(name.split("."))) for name in named] or [
            Column((field.name,)) for field in self._org.rights.visible(entity)
        ]
        for column in columns:
            self._org.select.check(entity, column)
        [record] = self._query.records(call.base, entity, columns, [row["Id"]])
        reply = answer(record)
        if entity.name == "Account":
            reply.headers |= {"ETag": tag(row)}
        return reply

    def _ambiguous(self, call: Call, entity: SObject, rows: list[Row]) -> Reply:
        paths = [attributes(call.base, entity.name, row["Id"])["url"] for row in rows]
        reply = answer(None, 300)
        reply.body = encode(paths)
        return reply


def _written(given: dict[str, Any]) -> list[str]:
    return sorted(name for name in given if name not in {"attributes", "Id", "id"})
