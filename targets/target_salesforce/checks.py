"""What `--check` looks at: each permission that an admin must grant, one by one, and what to do where it is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from closedloop.errors import ClosedloopError
from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Check
from closedloop.kit.writer import UnknownStreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_salesforce.client import SalesforceWriter

#: Objects that figures go to where the settings name none.
_USUAL = ("Campaign", "Account")
#: What only `provision` and imports need: object, permission, what is asked of the admin, what for.
_MORE = (
    ("PermissionSet", "ManagePermissionSets", "Manage Profiles and Permission Sets", "provision"),
    ("PermissionSetAssignment", "AssignPermissionSets", "Assign Permission Sets", "provision"),
    ("Lead", "Lead.create", "Create on Lead", "importing leads"),
    (
        "CampaignMember",
        "CampaignMember.create",
        "Create on Campaign Member, and Marketing User",
        "importing members",
    ),
)
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


def checks(writer: SalesforceWriter) -> Iterator[Check]:
    """Yield one line for each permission."""
    try:
        user = writer.org.user()
        reply = writer.org.send("GET", "/sobjects")
    except ClosedloopError as error:
        yield Check(name="login", ok=False, message=error.message, fix=error.fix)
        return
    yield Check(name="login", ok=True, message=f"user {user['user_id']} of {user.get('organization_id')}")
    yield Check(name="permission:ApiEnabled", ok=True, message="the API answers")
    for name in writer.checked or _USUAL:
        yield from _object(writer, name, writer.checked.get(name, ()))
    yield _customize(writer)
    yield from (_may_create(writer, *line) for line in _MORE)
    yield from _quota(reply.headers.get("Sforce-Limit-Info", ""))


def _object(writer: SalesforceWriter, name: str, wanted: Sequence[str]) -> Iterator[Check]:
    needed = name in writer.checked
    try:
        shown = writer.fields(name)
    except (StreamError, UnknownStreamError) as error:
        yield Check(
            name=f"permission:{name}", ok=False, message=error.message, fix=error.fix, required=needed
        )
        return
    may = writer.may_edit(name)
    yield Check(
        name=f"permission:{name}",
        ok=may,
        message=f"{name} can be edited" if may else f"the API user may not edit {name}",
        fix=None if may else f"give the API user's permission set Edit on {name}",
        required=needed,
    )
    for field in wanted:
        found = shown.get(field)
        yield Check(
            name=f"field:{name}.{field}",
            ok=found is not None and found.updateable,
            message="can be edited" if found and found.updateable else _why(found is not None),
            fix=None if found and found.updateable else _fix(name, field, there=found is not None),
        )


def _why(there: bool) -> str:  # noqa: FBT001
    return "our user may not edit it" if there else "it does not exist, or field-level security hides it"


def _fix(name: str, field: str, *, there: bool) -> str:
    grant = f"give the API user's permission set Read and Edit access to the field {name}.{field}"
    return grant if there else f"make it with `closedloop provision`, or {grant}"


def _customize(writer: SalesforceWriter) -> Check:
    """Whether fields can be made. Salesforce shows the object of fields only to those who may."""
    name = "permission:CustomizeApplication"
    try:
        found = writer.org.ask("GET", "/tooling/sobjects/CustomField/describe")
        may = isinstance(found, dict) and bool(found.get("createable"))
        message = "custom fields can be made" if may else "the API user may not make custom fields"
    except ClosedloopError as error:
        may, message = False, f"custom fields cannot be made: {error.message}"
    fix = "for `provision` give it Customize Application, or let an admin make the fields it lists"
    return Check(name=name, ok=may, message=message, fix=None if may else fix, required=False)


def _may_create(writer: SalesforceWriter, name: str, permission: str, grant: str, purpose: str) -> Check:
    try:
        may = writer.may_create(name)
    except (StreamError, UnknownStreamError):
        may = False
    return Check(
        name=f"permission:{permission}",
        ok=may,
        message=f"{name} can be made" if may else f"the API user may not make {name}",
        fix=None if may else f"for {purpose} give it: {grant}",
        required=False,
    )


def _quota(header: str) -> Iterator[Check]:
    found = _USAGE.search(header)
    if found is None:
        return
    used, allowed = int(found[1]), int(found[2])
    left = allowed - used
    yield Check(
        name="quota",
        ok=left > 0,
        message=f"{left} of {allowed} calls in 24 hours are left",
        fix=None if left > 0 else "wait, or have the allowance raised",
        required=False,
    )
