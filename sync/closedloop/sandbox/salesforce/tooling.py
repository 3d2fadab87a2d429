"""Tooling: custom fields are made here, and nobody sees one before a permission set says so."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.call import answer, nothing
from closedloop.sandbox.salesforce.errors import RefusedError, not_found
from closedloop.sandbox.salesforce.ids import make_id
from closedloop.sandbox.salesforce.query import Query
from closedloop.sandbox.salesforce.schema import Field, SObject
from closedloop.sandbox.salesforce.select import Select
from closedloop.sandbox.salesforce.soql import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.salesforce.call import Call, Reply
    from closedloop.sandbox.salesforce.soql import Statement
    from closedloop.sandbox.salesforce.state import Org

PREFIX = "00N"
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_TYPES = {
    "Text": "string",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Date": "date",
    "DateTime": "datetime",
    "Checkbox": "boolean",
    "LongTextArea": "textarea",
    "TextArea": "textarea",
    "Email": "email",
    "Url": "url",
    "Phone": "phone",
}
_SIZED = frozenset({"Number", "Currency", "Percent"})
_MOST_DIGITS = 18
_COLUMNS = ("Id", "DeveloperName", "TableEnumOrId", "NamespacePrefix", "FullName")


class Tooling:
    """Answers what is asked of custom fields' definitions.

    Args:
        org: The org.
    """

    def __init__(self, org: Org) -> None:
        self._org = org
        self._held: dict[str, tuple[str, str]] = {}
        for entity in org.database.objects.values():
            for field in entity.fields.values():
                if field.is_custom:
                    self._remember(entity.name, field.name)

    def create(self, call: Call) -> Reply:
        """Make a custom field: 201.

        Raises:
            RefusedError: The user may not, the name is taken, or the definition is wrong.
        """
        self._demand_right()
        given = call.record()
        name, _, column = str(given.get("FullName", "")).partition(".")
        meta: dict[str, Any] = given.get("Metadata") or {}
        entity = self._org.rights.entity(name)
        call.entry |= {"stream": entity.name, "fields": [column]}
        if not _NAME.fullmatch(column):
            message = "The Field Name can only contain letters, digits and underscores, and ends with __c"
            raise RefusedError("FIELD_INTEGRITY_EXCEPTION", message, fields=("FullName",))
        if entity.find(column):
            message = f"There is already a field named {column.removesuffix('__c')} on {entity.label}."
            raise RefusedError("DUPLICATE_DEVELOPER_NAME", message, fields=("DeveloperName",))
        entity.fields[column] = _field(column, meta)
        if entity.fields[column].type == "boolean":
            for row in self._org.database.tables[entity.name].values():
                row[column] = False
        self._org.database.version += 1
        key = self._remember(entity.name, column)
        shown = {"id": key, "success": True, "errors": [], "warnings": [], "infos": []}
        return answer(shown, 201)

    def describe(self, _call: Call) -> Reply:
        """Say that the user may make custom fields.

        Raises:
            RefusedError: The user may not.
        """
        self._demand_right()
        return answer({"name": "CustomField", "keyPrefix": PREFIX, "createable": True, "deletable": True})

    def read(self, _call: Call, key: str) -> Reply:
        """Show a custom field's definition.

        Raises:
            RefusedError: There is none.
        """
        entity, field = self._find(key)
        kind = next(name for name, type_ in _TYPES.items() if type_ == field.type)
        meta: dict[str, Any] = {"label": field.label, "type": kind}
        if kind in _SIZED:
            meta |= {"precision": field.precision, "scale": field.scale}
        elif field.length:
            meta["length"] = field.length
        meta |= {"externalId": field.is_external_id, "unique": field.is_unique}
        return answer({**self._shown(key), "Metadata": meta, "FullName": f"{entity}.{field.name}"})

    def delete(self, call: Call, key: str) -> Reply:
        """Delete a custom field and what was in it.

        Raises:
            RefusedError: There is none, or the user may not.
        """
        self._demand_right()
        entity, field = self._find(key)
        call.entry |= {"stream": entity, "fields": [field.name]}
        del self._org.database.objects[entity].fields[field.name]
        del self._held[key]
        for row in self._org.database.tables[entity].values():
            row.pop(field.name, None)
        self._org.database.version += 1
        return nothing()

    def query(self, call: Call) -> Reply:
        """Answer a query over the definitions of custom fields.

        Raises:
            RefusedError: It is about something else.
        """
        statement = parse(call.query.get("q", ""), now=self._org.clock.now())
        if statement.entity.lower() != "customfield":
            return self._entities(call)
        select = _Definitions(self._org, [self._shown(key) for key in self._held])
        rows = select.found(statement)
        if statement.is_count:
            return answer({"size": len(rows), "totalSize": len(rows), "done": True, "records": []})
        wanted = [column.path[0] for column in statement.columns]
        records = [
            {
                "attributes": {
                    "type": "CustomField",
                    "url": f"{call.base}/tooling/sobjects/CustomField/{row['Id']}",
                }
            }
            | {name: row.get(name) for name in wanted}
            for row in rows
        ]
        shown = {"size": len(records), "totalSize": len(records), "done": True, "queryLocator": None}
        return answer({**shown, "records": records, "entityTypeName": "CustomField"})

    def _entities(self, call: Call) -> Reply:
        return Query(self._org).ask(call, deleted=False)

    def _demand_right(self) -> None:
        if not self._org.options.can_customize:
            message = "insufficient access rights on cross-reference id"
            raise RefusedError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, status=403)

    def _remember(self, entity: str, field: str) -> str:
        key = make_id(PREFIX, len(self._held) + 1)
        self._held[key] = (entity, field)
        return key

    def _find(self, key: str) -> tuple[str, Field]:
        if key not in self._held:
            raise not_found()
        entity, name = self._held[key]
        return entity, self._org.database.objects[entity].fields[name]

    def _shown(self, key: str) -> dict[str, Any]:
        entity, name = self._held[key]
        return {
            "Id": key,
            "DeveloperName": name.removesuffix("__c"),
            "TableEnumOrId": entity,
            "NamespacePrefix": None,
            "FullName": f"{entity}.{name}",
        }


class _Definitions(Select):
    """Answers statements over rows that no table holds."""

    def __init__(self, org: Org, rows: list[dict[str, Any]]) -> None:
        super().__init__(org.database, org.derived, org.rights)
        self._rows = rows

    def found(self, statement: Statement) -> list[dict[str, Any]]:
        fields = {name: Field(name=name, type="string", length=255) for name in _COLUMNS}
        entity = SObject(
            name="CustomField",
            prefix=PREFIX,
            flags="",
            label="Custom Field",
            plural="Custom Fields",
            fields=fields,
        )
        for column in statement.columns:
            self.check(entity, column)
        test: Callable[[Any], bool] = self._test(entity, statement.where, deleted=False)
        return [row for row in self._rows if test(row)][: statement.limit]


def _field(name: str, meta: dict[str, Any]) -> Field:
    kind, label = meta.get("type"), meta.get("label")
    if kind not in _TYPES or not label:
        missing = "type" if kind not in _TYPES else "label"
        raise RefusedError("FIELD_INTEGRITY_EXCEPTION", f"a valid {missing} is required", fields=(missing,))
    flags = "cup" + ("e" if meta.get("externalId") else "") + ("U" if meta.get("unique") else "")
    made = Field(name=name, type=_TYPES[kind], flags=flags, label=str(label))
    if kind in _SIZED:
        precision, scale = meta.get("precision"), meta.get("scale")
        if not isinstance(precision, int) or not isinstance(scale, int) or precision > _MOST_DIGITS:
            message = "Precision and scale must be given, precision at most 18"
            raise RefusedError("FIELD_INTEGRITY_EXCEPTION", message, fields=("precision",))
        return replace(made, precision=precision, scale=scale)
    if kind == "Text" and not isinstance(meta.get("length"), int):
        raise RefusedError("FIELD_INTEGRITY_EXCEPTION", "Length must be given", fields=("length",))
    lengths = {"Email": 80, "Url": 255, "Phone": 40, "TextArea": 255}
    return replace(made, length=int(meta.get("length") or lengths.get(kind, 0)))
