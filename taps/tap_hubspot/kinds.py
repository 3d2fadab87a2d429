"""What a stream is: its columns by kind, its key, its scope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "decimal", "share", "time", "day", "whole", "yes", "list"]

_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_DECIMAL = {**_TEXT, "format": "singer.decimal"}
#: What a column's kind is in JSON Schema. A share is a decimal that HubSpot prints with rounding noise.
TYPES: Mapping[str, dict[str, Any]] = {
    "text": _TEXT,
    "decimal": _DECIMAL,
    "share": _DECIMAL,
    "time": {**_TEXT, "format": "date-time"},
    "day": {**_TEXT, "format": "date"},
    "whole": {"type": ["integer", "null"]},
    "yes": {"type": ["boolean", "null"]},
    "list": {"type": ["array", "null"]},
}
#: The core's mark of a deleted row.
DELETED = "_sdc_deleted_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One stream.

    Args:
        columns: Name to kind.
        key: Column that is the key.
        scope: What the token must have.
        cursor: Column that orders the changes.
        deletes: Whether deleted rows are sent.
        mapping: Setting that maps columns to the admin's custom properties.
        optional: Whether the stream may be left out where the token lacks the scope or the account the feature.
        default: Whether it is read unless the admin says otherwise.
    """

    columns: Mapping[str, Kind]
    scope: str
    key: str = "id"
    cursor: str | None = None
    deletes: bool = False
    mapping: str | None = None
    optional: bool = False
    default: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmObject(Source):
    """A stream of CRM records: `columns` are those of the record, `properties` are asked for.

    Args:
        properties: Name to kind.
        modified: Property that stamps changes.
    """

    properties: Mapping[str, Kind] = field(default_factory=dict)
    modified: str = "hs_lastmodifieddate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Association(Source):
    """A stream of associations: from one object's records to another's."""

    origin: str
    to: str


def of_kinds(text: str = "", **kinds: str) -> dict[str, Kind]:
    """Return name to kind; names are separated by blanks."""
    found: dict[str, Kind] = dict.fromkeys(text.split(), "text")
    for kind, names in kinds.items():
        found |= dict.fromkeys(names.split(), kind)  # type: ignore[arg-type] # the keyword is the kind
    return found
