"""Makes custom fields through the Tooling API, and lets our user see and edit them.

A field made by the API is hidden from everybody: field-level security is given by a permission set, one of our own
(`closedloop`), assigned to the user we run as. Whether it worked is asked of `describe`, which lags a little.
Source: Salesforce's Tooling API guide (CustomField) and Object Reference (FieldPermissions, PermissionSetAssignment).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping  # noqa: TC003 (dataclass fields)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.kit.failpoint import failpoint
from closedloop.kit.policy import AccessError, MissingObjectError, RecordError, UnknownOutcomeError
from closedloop.kit.writer import Provisioned
from tap_salesforce.soql import among, select

if TYPE_CHECKING:
    from closedloop.kit.writer import FieldWish
    from target_salesforce.fields import Field
    from target_salesforce.org import Org

PERMISSION_SET = "closedloop"
#: What each kind of figure is kept in, as the Metadata API writes it.
_MADE: Mapping[str, Mapping[str, Any]] = {
    "money": {"type": "Number", "precision": 18, "scale": 2},
    "count": {"type": "Number", "precision": 18, "scale": 0},
    "ratio": {"type": "Number", "precision": 18, "scale": 6},
    "date": {"type": "Date"},
    "text": {"type": "Text", "length": 255},
    "key": {"type": "Text", "length": 80, "externalId": True, "unique": True, "caseSensitive": False},
}
#: And what else does: type as `describe` writes it, with the fewest decimals.
_FITTING: Mapping[str, tuple[tuple[str, int], ...]] = {
    "money": (("double", 2), ("currency", 2)),
    "count": (("double", 0), ("int", 0), ("currency", 0)),
    "ratio": (("double", 6),),
    "date": (("date", 0),),
    "text": (("string", 0), ("textarea", 0)),
    "key": (("string", 0),),
}
#: Salesforce's own bounds of a label and of the help beside a field.
_LABEL, _HELP = 40, 510
#: Looks at `describe` before a field counts as hidden.
_LOOKS = 4
_NO_RIGHT = (AccessError, MissingObjectError, RecordError)


@dataclass(slots=True, kw_only=True)
class Provisioner:
    """Makes fields in one organisation.

    Args:
        org: The organisation.
        fields: Returns the fields of an object that our user sees; ``anew`` asks Salesforce again.
        sleep: Waits between two looks; tests pass their own.
    """

    org: Org
    fields: Callable[..., Mapping[str, Field]]
    sleep: Callable[[float], None]
    _held: str = ""

    def provision(self, wish: FieldWish) -> Provisioned:
        """Make the field, if it is not there, and let our user edit it.

        Raises:
            UnknownStreamError: Our user does not see the object at all.
        """
        found = self.fields(wish.stream).get(wish.field)
        if found is not None and found.updateable:
            return _known(wish, found)
        state = "exists"
        if found is None:
            try:
                state = self._make(wish)
            except _NO_RIGHT as error:
                return _denied(wish, f"{error.message}; it needs the permission Customize Application")
            failpoint("target_salesforce.field_made")
        try:
            self._show(wish)
        except _NO_RIGHT as error:
            return _hidden(wish, error.message)
        return self._seen(wish, state)

    def _make(self, wish: FieldWish) -> str:
        """Make the field. One that is there already, and hidden, is no error; nor is an answer that got lost."""
        body = {
            "FullName": f"{wish.stream}.{wish.field}",
            "Metadata": {
                "label": wish.label[:_LABEL],
                "inlineHelpText": wish.help[:_HELP] or None,
                "description": "Written by closedloop. Do not edit by hand.",
                **_MADE[wish.type],
            },
        }
        try:
            self.org.ask("POST", "/tooling/sobjects/CustomField", body, write=True)
        except RecordError as error:
            if "DUPLICATE" not in error.message:
                raise
            return "exists"
        except UnknownOutcomeError:
            pass
        return "created"

    def _show(self, wish: FieldWish) -> None:
        """Give our own permission set the field, and our user the permission set."""
        self._held = self._held or self._permission_set()
        held = self._held
        field = f"{wish.stream}.{wish.field}"
        where = [among("ParentId", [held]), among("Field", [field])]
        rows = self.org.query(select(["Id", "PermissionsEdit"], "FieldPermissions", where=where))
        rights = {"PermissionsRead": True, "PermissionsEdit": True}
        if not rows:
            wanted = {"ParentId": held, "SobjectType": wish.stream, "Field": field, **rights}
            self._create("FieldPermissions", wanted)
        elif not rows[0].get("PermissionsEdit"):
            self.org.ask("PATCH", f"/sobjects/FieldPermissions/{rows[0]['Id']}", rights)

    def _permission_set(self) -> str:
        ours = select(["Id"], "PermissionSet", where=[among("Name", [PERMISSION_SET])])
        found = self.org.query(ours)
        if not found:
            self._create("PermissionSet", {"Name": PERMISSION_SET, "Label": PERMISSION_SET})
            found = self.org.query(ours)
        held = str(found[0]["Id"]) if found else ""
        user = str(self.org.user()["user_id"])
        where = [among("PermissionSetId", [held]), among("AssigneeId", [user])]
        mine = self.org.query(select(["Id"], "PermissionSetAssignment", where=where))
        if not mine:
            self._create("PermissionSetAssignment", {"PermissionSetId": held, "AssigneeId": user})
        return held

    def _create(self, name: str, body: Mapping[str, Any]) -> None:
        """Make a setup record; that it is there already is as good, and a lost answer shows in the end."""
        try:
            self.org.ask("POST", f"/sobjects/{name}", body, write=True)
        except RecordError as error:
            if "DUPLICATE" not in error.message:
                raise
        except UnknownOutcomeError:
            return

    def _seen(self, wish: FieldWish, state: str) -> Provisioned:
        for look in range(_LOOKS):
            if look:
                self.sleep(float(2**look))
            found = self.fields(wish.stream, anew=True).get(wish.field)
            if found is not None and found.updateable:
                known = _known(wish, found)
                if known.state == "exists" and state == "created":
                    return Provisioned(stream=wish.stream, field=wish.field, state="created")
                return known
        return _hidden(wish, "the field is there, but our user does not see it or may not edit it")


def type_in_words(wish: FieldWish) -> str:
    """Return how an admin reads the type on the page that makes a field."""
    made = _MADE[wish.type]
    if made["type"] == "Number":
        whole = made["precision"] - made["scale"]
        return f"Number, length {whole}, decimal places {made['scale']}"
    return f"Text, length {made['length']}" if made["type"] == "Text" else str(made["type"])


def _known(wish: FieldWish, field: Field) -> Provisioned:
    if any(field.type == kind and field.scale >= scale for kind, scale in _FITTING[wish.type]):
        return Provisioned(stream=wish.stream, field=wish.field, state="exists")
    decimals = f" with {field.scale} decimals" if field.type in {"double", "currency"} else ""
    reason = (
        f"it holds {field.type}{decimals}, a {wish.type} needs {type_in_words(wish)}: map another field name"
    )
    return Provisioned(stream=wish.stream, field=wish.field, state="wrong_type", reason=reason)


def _denied(wish: FieldWish, why: str) -> Provisioned:
    reason = (
        f"{why}. Let an admin make it: Setup, Object Manager, {wish.stream}, Fields, New: {type_in_words(wish)}, API name"
        f" {wish.field}, label {wish.label[:_LABEL]!r}; then visible and editable for the API user"
    )
    return Provisioned(stream=wish.stream, field=wish.field, state="denied", reason=reason)


def _hidden(wish: FieldWish, why: str) -> Provisioned:
    reason = (
        f"{why}. Let an admin give the API user's permission set Read and Edit access to {wish.stream}.{wish.field}"
        " (Setup, Permission Sets, Object Settings)"
    )
    return Provisioned(stream=wish.stream, field=wish.field, state="denied", reason=reason)
