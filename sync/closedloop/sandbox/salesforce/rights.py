"""Who may see and change what: the user's own switches, and field-level security of fields somebody made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.errors import no_type

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.database import Database
    from closedloop.sandbox.salesforce.options import Options
    from closedloop.sandbox.salesforce.schema import Field, SObject


class Rights:
    """What the API's user may do.

    Args:
        database: The rows; permission sets and what they grant are among them.
        options: What the user may not see at all.
    """

    def __init__(self, database: Database, options: Options) -> None:
        self._database = database
        self._options = options
        self._granted: tuple[int, dict[str, tuple[bool, bool]]] = (-1, {})

    def entity(self, name: str) -> SObject:
        """Return an object by its name in any case.

        Raises:
            RefusedError: There is none, or the user may not see it.
        """
        objects = self._database.objects
        found = objects.get(name) or next(
            (one for key, one in objects.items() if key.lower() == name.lower()), None
        )
        if found is None or found.name in self._options.hidden_objects:
            raise no_type(name)
        return found

    def entities(self) -> list[SObject]:
        """Return the objects that the user may see."""
        return [
            one for name, one in self._database.objects.items() if name not in self._options.hidden_objects
        ]

    def can_see(self, entity: SObject, field: Field) -> bool:
        """Return whether the user may read a field."""
        return f"{entity.name}.{field.name}" not in self._options.hidden_fields and (
            not field.is_custom or self._grants().get(f"{entity.name}.{field.name}", (False, False))[0]
        )

    def can_change(self, entity: SObject, field: Field) -> bool:
        """Return whether the user may write a field at all."""
        path = f"{entity.name}.{field.name}"
        return (
            self.can_see(entity, field)
            and path not in self._options.read_only_fields
            and (not field.is_custom or self._grants().get(path, (False, False))[1])
        )

    def field(self, entity: SObject, name: str) -> Field | None:
        """Return a field that the user may see."""
        found = entity.find(name)
        return found if found is not None and self.can_see(entity, found) else None

    def visible(self, entity: SObject) -> list[Field]:
        """Return the fields that the user may see."""
        return [field for field in entity.fields.values() if self.can_see(entity, field)]

    def _grants(self) -> dict[str, tuple[bool, bool]]:
        version, held = self._granted
        if version != self._database.version:
            held = self._read_grants()
            self._granted = (self._database.version, held)
        return held

    def _read_grants(self) -> dict[str, tuple[bool, bool]]:
        tables = self._database.tables
        assigned = {
            row["PermissionSetId"]
            for row in tables["PermissionSetAssignment"].values()
            if row["AssigneeId"] == self._database.user
        }
        found: dict[str, tuple[bool, bool]] = {}
        for row in tables["FieldPermissions"].values():
            if row["ParentId"] in assigned:
                read, edit = found.get(row["Field"], (False, False))
                found[row["Field"]] = (read or row["PermissionsRead"], edit or row["PermissionsEdit"])
        return found
