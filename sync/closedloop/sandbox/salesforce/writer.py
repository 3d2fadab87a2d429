"""Changes rows as the API's user may: every check that a write goes through, whichever resource it came by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.convert import converted
from closedloop.sandbox.salesforce.errors import RefusedError, not_found
from closedloop.sandbox.salesforce.hooks import Hooks
from closedloop.sandbox.salesforce.ids import is_id, long_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.salesforce.database import Row
    from closedloop.sandbox.salesforce.schema import Field, SObject
    from closedloop.sandbox.salesforce.state import Org


@dataclass(slots=True, kw_only=True)
class Refusal:
    """A refusal switched on by hand: a validation rule, a lock.

    Args:
        entity: The object.
        error: What is answered.
        ids: Only these rows; none means every one.
        times: How often; ``None`` for always.
    """

    entity: str
    error: RefusedError
    ids: frozenset[str] = frozenset()
    times: int | None = 1

    def strikes(self, entity: str, key: str | None) -> bool:
        """Count a write and return whether it is refused."""
        struck = self.entity == entity and self.times != 0 and (not self.ids or key in self.ids)
        if struck and self.times is not None:
            self.times -= 1
        return struck


class Writer:
    """Makes, changes and deletes rows.

    Args:
        org: The org.
    """

    def __init__(self, org: Org) -> None:
        self._org = org
        self._database = org.database
        self._hooks = Hooks(org.derived)
        self.refusals: list[Refusal] = []

    def insert(self, entity: SObject, given: Mapping[str, Any], *, user: str | None = None) -> str:
        """Make a row and return its id; with ``user`` no right is checked: a person did it by hand.

        Raises:
            RefusedError: A check fails.
        """
        self._demand(entity, "c")
        values = self._values(entity, given, is_new=True, trusted=user is not None)
        missing = [
            field.name
            for field in entity.fields.values()
            if field.is_required and field.type != "boolean" and values.get(field.name) is None
        ]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise RefusedError("REQUIRED_FIELD_MISSING", message, fields=tuple(missing))
        self._strike(entity.name, None)
        if "OwnerId" in entity.fields:
            values.setdefault("OwnerId", user or self._database.user)
        made = self._hooks.before(entity.name, None, values)
        self._unique(entity, None, made)
        key = self._database.put(entity.name, made, user=user)
        self._hooks.after(entity.name, key, None)
        return key

    def update(self, entity: SObject, key: str, given: Mapping[str, Any], *, user: str | None = None) -> None:
        """Change a row; with ``user`` no right is checked: a person did it by hand.

        Raises:
            RefusedError: A check fails.
        """
        self._demand(entity, "u")
        row = self.row(entity, key)
        values = self._values(entity, given, is_new=False, trusted=user is not None)
        for field in entity.fields.values():
            if field.name in values and values[field.name] is None and "!" in field.flags:
                message = f"Required fields are missing: [{field.name}]"
                raise RefusedError("REQUIRED_FIELD_MISSING", message, fields=(field.name,))
        self._strike(entity.name, row["Id"])
        old = dict(row)
        made = self._hooks.before(entity.name, row, values)
        self._unique(entity, row["Id"], made)
        self._database.change(entity.name, row["Id"], made, user=user)
        self._hooks.after(entity.name, row["Id"], old)

    def delete(self, entity: SObject, key: str) -> None:
        """Delete a row.

        Raises:
            RefusedError: It is not there, or locked.
        """
        self._demand(entity, "d")
        row = self.row(entity, key)
        self._strike(entity.name, row["Id"])
        self._database.remove(entity.name, row["Id"])

    def row(self, entity: SObject, key: str) -> Row:
        """Return a row that is there.

        Raises:
            RefusedError: It is not, or it was deleted.
        """
        if not is_id(key):
            message = f"Id: id value of incorrect type: {key}"
            raise RefusedError("MALFORMED_ID", message, fields=("Id",))
        row = self._database.get(entity.name, key)
        if (row is None and long_id(key) in self._database.deleted) or (row or {}).get("IsDeleted"):
            raise RefusedError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        if row is None:
            raise RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
        return row

    def matching(self, entity: SObject, name: str, value: Any) -> list[Row]:
        """Return the rows with that external id, whatever its case.

        Raises:
            RefusedError: The field is none to name rows by.
        """
        field = self._org.rights.field(entity, name)
        if field is None or not (field.is_external_id or "i" in field.flags):
            message = f"Provided external ID field does not exist or is not accessible: {name}"
            raise not_found(message)
        wanted = str(value).casefold()
        rows = self._database.tables[entity.name].values()
        return [
            row
            for row in rows
            if not row.get("IsDeleted") and str(row.get(field.name) or "").casefold() == wanted
        ]

    def _demand(self, entity: SObject, letter: str) -> None:
        if letter not in entity.flags:
            message = f"entity type {entity.name} does not support this operation"
            raise RefusedError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)

    def _values(self, entity: SObject, given: Mapping[str, Any], *, is_new: bool, trusted: bool) -> Row:
        values: Row = {}
        for name, value in given.items():
            if name == "attributes":
                continue
            field = entity.find(name)
            if not trusted:
                field = self._writable(entity, name, is_new=is_new)
            if field is None:
                raise KeyError(name)
            values[field.name] = converted(field, value, self._database)
        return values

    def _writable(self, entity: SObject, name: str, *, is_new: bool) -> Field:
        """Return a field that the user may write.

        Raises:
            RefusedError: There is none, or it is read-only, or hidden.
        """
        field = entity.find(name)
        if field is None or (not field.is_custom and not self._org.rights.can_see(entity, field)):
            message = f"No such column '{name}' on sobject of type {entity.name}"
            raise RefusedError("INVALID_FIELD", message)
        allowed = field.is_createable if is_new else field.is_updateable
        if not allowed or not self._org.rights.can_change(entity, field):
            message = (
                f"Unable to create/update fields: {field.name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set."
            )
            raise RefusedError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=(field.name,))
        return field

    def _unique(self, entity: SObject, key: str | None, values: Row) -> None:
        for field in entity.fields.values():
            value = values.get(field.name)
            if not field.is_unique or value is None:
                continue
            for row in self._database.tables[entity.name].values():
                if (
                    row["Id"] != key
                    and not row.get("IsDeleted")
                    and str(row.get(field.name) or "").casefold() == value.casefold()
                ):
                    message = f"duplicate value found: {field.name} duplicates value on record with id: {row['Id'][:15]}"
                    raise RefusedError("DUPLICATE_VALUE", message)

    def _strike(self, entity: str, key: str | None) -> None:
        for one in self.refusals:
            if one.strikes(entity, key):
                raise one.error
