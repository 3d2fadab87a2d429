"""The definitions of properties and their groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import HubError, invalid, not_found
from closedloop.sandbox.hubspot.schema import OBJECTS
from closedloop.sandbox.hubspot.wire import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.sandbox.hubspot.schema import ObjectType

Definition = dict[str, Any]

FIELD_TYPES = {
    "bool": {"booleancheckbox", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "phone_number": {"phonenumber"},
    "string": {"file", "html", "phonenumber", "text", "textarea", "calculation_equation"},
}
#: Enumerations whose options are records elsewhere.
_EXTERNAL = {
    "hubspot_owner_id": "OWNER",
    "hs_owner": "OWNER",
    "hs_parent_company_id": "COMPANY",
}
_BY_A_USER = {"createdUserId": "88842095", "updatedUserId": "88842095"}
_LOOSE = {"pipeline", "dealstage", "hs_pipeline", "hs_pipeline_stage"}
_UNIQUE = 10
_KEPT = (
    "label", "description", "groupName", "displayOrder", "formField", "hidden", "options", "type", "fieldType",
    "calculationFormula", "numberDisplayHint", "showCurrencySymbol", "currencyPropertyName", "textDisplayHint",
)  # fmt: skip


class Properties:
    """The definitions of every object.

    Args:
        now: When the administrator made what is not HubSpot's own.
        currencies: The codes in use.
    """

    def __init__(self, now: datetime, currencies: list[str]) -> None:
        self._made = stamp(now)
        self.of: dict[str, dict[str, Definition]] = {}
        self.groups: dict[str, dict[str, Definition]] = {}
        for kind in OBJECTS.values():
            found = [_parsed(kind, line, self._made) for line in kind.table.strip().splitlines() if line]
            self.of[kind.name] = {one["name"]: one for one in found}
            self.groups[kind.name] = {kind.group: _group(kind.group, kind.group, 0)}
            for name in ("deal_currency_code", "hs_currency_code"):
                if name in self.of[kind.name]:
                    self.of[kind.name][name]["options"] = _options(currencies)

    def live(self, kind: str) -> dict[str, Definition]:
        """Return the properties of an object that are not archived."""
        return {name: one for name, one in self.of[kind].items() if not one.get("archived")}

    def create(self, kind: str, given: dict[str, Any], now: datetime) -> Definition:
        """Make a property.

        Raises:
            HubError: A part is missing or wrong, or the name is taken (409).
        """
        self._demand_good(kind, given)
        name = given["name"]
        if name in self.of[kind] and not self.of[kind][name].get("archived"):
            message = f"A property named '{name}' already exists."
            more = {"subCategory": "Properties.PROPERTY_EXISTS", "context": {"name": [name]}}
            raise HubError(409, "OBJECT_ALREADY_EXISTS", message, more)
        made = _definition(name, given["label"], given["type"], given["fieldType"], given["groupName"])
        made |= {part: given[part] for part in _KEPT if given.get(part) is not None}
        made |= {
            "createdAt": stamp(now),
            "updatedAt": stamp(now),
            **_BY_A_USER,
            "archived": False,
            "hasUniqueValue": bool(given.get("hasUniqueValue")),
            "calculated": given["fieldType"] == "calculation_equation",
        }
        made["modificationMetadata"]["readOnlyValue"] = made["calculated"]
        self.of[kind][name] = made
        return made

    def update(self, kind: str, name: str, given: dict[str, Any], now: datetime) -> Definition:
        """Change a property that HubSpot did not define."""
        held = self.get(kind, name)
        if held["modificationMetadata"]["readOnlyDefinition"]:
            message = f"The property '{name}' cannot be changed"
            raise invalid(message, subCategory="Properties.READ_ONLY")
        held |= {part: given[part] for part in _KEPT if given.get(part) is not None}
        held["updatedAt"] = stamp(now)
        return held

    def archive(self, kind: str, name: str, now: datetime) -> None:
        """Archive a property that HubSpot did not define."""
        held = self.get(kind, name)
        if held.get("hubspotDefined"):
            message = f"The property '{name}' cannot be archived"
            raise invalid(message)
        held |= {"archived": True, "archivedAt": stamp(now)}

    def get(self, kind: str, name: str, *, archived: bool = False) -> Definition:
        """Return a definition.

        Raises:
            HubError: There is none (404).
        """
        held = self.of[kind].get(name)
        if held is None or bool(held.get("archived")) != archived:
            message = f'Property "{name}" does not exist'
            raise not_found(message)
        return held

    def create_group(self, kind: str, given: dict[str, Any]) -> Definition:
        """Make a group.

        Raises:
            HubError: The name is taken (409) or missing.
        """
        if not given.get("name") or not given.get("label"):
            raise invalid("name and label are required")
        if given["name"] in self.groups[kind]:
            raise HubError(
                409, "OBJECT_ALREADY_EXISTS", f"A property group named '{given['name']}' already exists."
            )
        made = _group(given["name"], given["label"], int(given.get("displayOrder") or -1))
        self.groups[kind][given["name"]] = made
        return made

    def _demand_good(self, kind: str, given: dict[str, Any]) -> None:
        missing = [
            part for part in ("name", "label", "groupName", "type", "fieldType") if not given.get(part)
        ]
        if missing:
            message = f"Invalid input JSON: missing {', '.join(missing)}"
            raise invalid(message)
        if given["groupName"] not in self.groups[kind]:
            message = f"The property group '{given['groupName']}' does not exist"
            raise invalid(message)
        if given["fieldType"] not in FIELD_TYPES.get(given["type"], set()):
            message = f"The field type {given['fieldType']} does not fit the type {given['type']}"
            raise invalid(message)
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", given["name"]):
            raise invalid("Property names are lower case letters, digits and underscores")
        if given["name"].startswith("hs_"):
            raise invalid("Property names may not start with hs_")
        unique = sum(bool(one.get("hasUniqueValue")) for one in self.live(kind).values())
        if given.get("hasUniqueValue") and unique >= _UNIQUE:
            message = f"An object may have {_UNIQUE} unique properties"
            raise invalid(message)


def _parsed(kind: ObjectType, line: str, made: str) -> Definition:
    name, type_, field_type, label, marks = [*(part.strip() for part in line.split("|")), ""][:5]
    words, _, options = marks.partition("options ")
    own = "user" in words.split()
    found = _definition(name, label, type_, field_type, kind.group)
    read_only = "ro" in words.split()
    found |= {
        "calculated": "calc" in words.split(),
        "hasUniqueValue": "unique" in words.split(),
        "options": _options([one.strip() for one in options.split(",") if one.strip()]),
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": not own,
            "readOnlyValue": read_only,
        },
        "createdAt": made if own else "2019-08-06T02:41:46.048Z",
        "updatedAt": made if own else "2024-12-19T18:53:37.030Z",
    }
    found |= {**_BY_A_USER, "archived": False} if own else {"hubspotDefined": True}
    if name in _EXTERNAL:
        found |= {"referencedObjectType": _EXTERNAL[name], "externalOptions": True}
    if name in _LOOSE:
        found["externalOptions"] = True
    return found


def _definition(name: str, label: str, type_: str, field_type: str, group: str) -> Definition:
    return {
        "name": name,
        "label": label,
        "type": type_,
        "fieldType": field_type,
        "description": "",
        "groupName": group,
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False},
        "formField": False,
        "dataSensitivity": "non_sensitive",
    }


def _options(values: list[str]) -> list[dict[str, Any]]:
    return [
        {"label": value, "value": value, "displayOrder": place, "hidden": False}
        for place, value in enumerate(values)
    ]


def _group(name: str, label: str, order: int) -> Definition:
    return {"name": name, "label": label, "displayOrder": order, "archived": False}
