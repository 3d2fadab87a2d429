"""Makes properties, in a group of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.kit.policy import AccessError, MissingObjectError, RecordError, UnknownOutcomeError
from closedloop.kit.writer import Provisioned
from target_hubspot.catalog import OBJECTS
from target_hubspot.portal import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.errors import ClosedloopError
    from closedloop.kit.writer import FieldWish
    from target_hubspot.catalog import Written
    from target_hubspot.portal import Portal

GROUP, LABEL = "closedloop", "closedloop"
#: What each kind of figure is kept in: HubSpot's type, and the kind of input beside it.
TYPES: Mapping[str, tuple[str, str]] = {
    "money": ("number", "number"),
    "ratio": ("number", "number"),
    "count": ("number", "number"),
    "date": ("date", "date"),
    "text": ("string", "text"),
}


def provision(portal: Portal, wish: FieldWish) -> Provisioned:
    """Make the property if it is not there.

    Raises:
        ClosedloopError: HubSpot cannot be asked.
    """
    written = OBJECTS[wish.stream]
    try:
        found = portal.properties(wish.stream).get(wish.field)
        if found is not None:
            return _known(wish, found.kind)
        _group(portal, written)
        _create(portal, written, wish)
    except (AccessError, MissingObjectError, RecordError) as error:
        return _denied(wish, written, error)
    except UnknownOutcomeError:
        portal.forget(wish.stream)
        if wish.field not in portal.properties(wish.stream):
            raise
    portal.forget(wish.stream)
    return Provisioned(stream=wish.stream, field=wish.field, state="created")


def _known(wish: FieldWish, kind: str) -> Provisioned:
    fitting = TYPES[wish.type][0]
    if kind == fitting:
        return Provisioned(stream=wish.stream, field=wish.field, state="exists")
    reason = f"it holds {kind}, a {wish.type} needs {fitting}: map another property name"
    return Provisioned(stream=wish.stream, field=wish.field, state="wrong_type", reason=reason)


def _denied(wish: FieldWish, written: Written, error: ClosedloopError) -> Provisioned:
    kind, field = TYPES[wish.type]
    reason = (
        f"{error.message}. Making it takes the scope {written.schema_scope}; or let an admin make it: object"
        f" {wish.stream}, internal name {wish.field}, label {wish.label!r}, type {kind} ({field}), group {LABEL}"
    )
    return Provisioned(stream=wish.stream, field=wish.field, state="denied", reason=reason)


def _group(portal: Portal, written: Written) -> None:
    path = f"{written.properties(portal.paths)}/groups"
    if any(one.get("name") == GROUP for one in rows(portal.get(path), "results")):
        return
    try:
        portal.write(path, {"name": GROUP, "label": LABEL, "displayOrder": -1})
    except UnknownOutcomeError:
        if not any(one.get("name") == GROUP for one in rows(portal.get(path), "results")):
            raise


def _create(portal: Portal, written: Written, wish: FieldWish) -> None:
    kind, field = TYPES[wish.type]
    body = {
        "name": wish.field,
        "label": wish.label,
        "description": wish.help,
        "groupName": GROUP,
        "type": kind,
        "fieldType": field,
    }
    portal.write(written.properties(portal.paths), body)
