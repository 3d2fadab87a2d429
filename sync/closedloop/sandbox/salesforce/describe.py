"""The resources that say what there is: versions, objects, fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.call import answer
from closedloop.sandbox.salesforce.errors import RefusedError, not_found

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.call import Call, Reply
    from closedloop.sandbox.salesforce.rights import Rights
    from closedloop.sandbox.salesforce.schema import Field, SObject
    from closedloop.sandbox.salesforce.state import Org

#: Versions and the releases that brought them.
VERSIONS = {
    "52.0": "Summer '21",
    "58.0": "Summer '23",
    "59.0": "Winter '24",
    "60.0": "Spring '24",
    "61.0": "Summer '24",
    "62.0": "Winter '25",
    "63.0": "Spring '25",
    "64.0": "Summer '25",
    "65.0": "Winter '26",
    "66.0": "Spring '26",
    "67.0": "Summer '26",
}
RESOURCES = (
    "tooling",
    "composite",
    "query",
    "queryAll",
    "sobjects",
    "jobs/query",
    "jobs/ingest",
    "limits",
)
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "anyType": "xsd:anyType",
}
_NOT_GROUPED = frozenset({"double", "currency", "percent", "datetime", "anyType", "combobox"})
_NOT_ADDED_UP = frozenset({"boolean", "anyType"})
_LONGEST_GROUPED = 255
#: Texts are counted in bytes of UTF-8, those that hold no letters of a language in single ones.
_PLAIN = frozenset({"id", "reference"})
_BYTES = 3
_OBJECT_LETTERS = {
    "createable": "c",
    "updateable": "u",
    "deletable": "d",
    "undeletable": "z",
    "mergeable": "m",
    "replicateable": "r",
    "searchable": "q",
    "layoutable": "z",
    "triggerable": "c",
}


def versions(_call: Call) -> Reply:
    """Answer with the API's versions."""
    return answer(
        [
            {"label": label, "url": f"/services/data/v{number}", "version": number}
            for number, label in VERSIONS.items()
        ]
    )


class Describe:
    """Answers what the user may know of the org.

    Args:
        org: The org.
    """

    def __init__(self, org: Org) -> None:
        self._org = org

    def resources(self, call: Call) -> Reply:
        """Answer with the resources of a version."""
        return answer({name.replace("/", "_"): f"{call.base}/{name}" for name in RESOURCES})

    def everything(self, call: Call) -> Reply:
        """Answer with all objects, in short."""
        found = [entity_summary(call.base, one) for one in self._org.rights.entities()]
        return answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})

    def basic(self, call: Call, name: str) -> Reply:
        """Answer with an object in short.

        Raises:
            RefusedError: There is none.
        """
        entity = self._entity(name)
        return answer({"objectDescribe": entity_summary(call.base, entity), "recentItems": []})

    def whole(self, call: Call, name: str) -> Reply:
        """Answer with an object and its fields.

        Raises:
            RefusedError: There is none.
        """
        entity = self._entity(name)
        call.entry["stream"] = entity.name
        return answer(describe_entity(call.base, entity, self._org.rights))

    def _entity(self, name: str) -> SObject:
        try:
            return self._org.rights.entity(name)
        except RefusedError as error:
            raise not_found() from error


def entity_summary(base: str, entity: SObject) -> dict[str, Any]:
    """Return what the list of all objects says of one."""
    path = f"{base}/sobjects/{entity.name}"
    letters = {word: letter in entity.flags for word, letter in _OBJECT_LETTERS.items()}
    return letters | {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "custom": entity.name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": entity.prefix,
        "label": entity.label,
        "labelPlural": entity.plural,
        "mruEnabled": "z" in entity.flags,
        "name": entity.name,
        "queryable": True,
        "retrieveable": True,
        "urls": {"rowTemplate": f"{path}/{{ID}}", "describe": f"{path}/describe", "sobject": path},
    }


def describe_entity(base: str, entity: SObject, rights: Rights) -> dict[str, Any]:
    """Return what describe says of an object."""
    fields = [
        describe_field(field, can_change=rights.can_change(entity, field)) for field in rights.visible(entity)
    ]
    return entity_summary(base, entity) | {
        "actionOverrides": [],
        "childRelationships": [],
        "compactLayoutable": "z" in entity.flags,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": fields,
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": "q" in entity.flags,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [],
    }


def describe_field(field: Field, *, can_change: bool) -> dict[str, Any]:
    """Return what describe says of a field."""
    is_text = field.length > 0
    return {
        "aggregatable": field.type not in _NOT_ADDED_UP and field.is_filterable,
        "aiPredictionField": False,
        "autoNumber": field.name == "CaseNumber",
        "byteLength": field.length * _bytes(field),
        "calculated": field.is_calculated and field.is_custom,
        "calculatedFormula": "TEXT(Account.Tier__c)" if field.name == "Account_Tier__c" else None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": None,
        "controllerName": None,
        "createable": field.is_createable and can_change,
        "custom": field.is_custom,
        "defaultValue": False if field.type == "boolean" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": "d" in field.flags or (field.type == "boolean" and not field.is_custom),
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.precision if field.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.is_external_id,
        "extraTypeInfo": _extra(field),
        "filterable": field.is_filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": _is_groupable(field),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": "i" in field.flags or field.is_external_id,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length if is_text else 0,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": "N" in field.flags,
        "namePointing": len(field.targets) > 1,
        "nillable": "!" not in field.flags and field.type != "boolean",
        "permissionable": "p" in field.flags,
        "picklistValues": [
            {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
            for value in field.values
        ],
        "polymorphicForeignKey": len(field.targets) > 1,
        "precision": field.precision if field.is_number else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.targets),
        "relationshipName": field.relation,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.type == "picklist" and "r" in field.flags,
        "scale": field.scale,
        "searchPrefilterable": False,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.is_filterable,
        "type": field.type,
        "unique": field.is_unique,
        "updateable": field.is_updateable and can_change,
        "writeRequiresMasterRead": False,
    }


def _bytes(field: Field) -> int:
    return 1 if field.type in _PLAIN or field.name == "Fiscal" else _BYTES


def _is_groupable(field: Field) -> bool:
    if field.name == "CaseNumber" or not field.is_filterable:
        return False
    return field.type not in _NOT_GROUPED and field.length <= _LONGEST_GROUPED


def _extra(field: Field) -> str | None:
    if field.type == "textarea":
        return "plaintextarea"
    return "personname" if field.name in {"FirstName", "LastName", "Salutation"} else None
