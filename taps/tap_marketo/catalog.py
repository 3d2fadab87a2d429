"""Which streams there are, and their columns; behaviour lives in the modules named after it.

Columns are called as Marketo calls the field; what is written with an underscore is worked out here. Mapped columns are
always there, and null where nothing is mapped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_marketo.values import TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_marketo.values import Kind

#: The core's mark of a deleted row.
DELETED = "_sdc_deleted_at"


def _kinds(text: str = "", **kinds: str) -> dict[str, Kind]:
    found: dict[str, Kind] = dict.fromkeys(text.split(), "text")
    for kind, names in kinds.items():
        found |= dict.fromkeys(names.split(), kind)  # type: ignore[arg-type] # the keyword is the kind
    return found


#: Column of a program ← name of the tag that holds it, where the admin does not say otherwise.
CAMPAIGN_FIELDS: Mapping[str, str] = {
    "code": "Event Code",
    "kind": "Event Kind",
    "series": "Event Series",
    "edition": "Event Edition",
    "budget": "Event Budget",
    "expected_attendees": "Expected Attendees",
}
#: Column of a lead ← name of the field that holds it. The names of the fields of the Salesforce sync are from memory;
#: a field that the subscription does not have is not asked for.
LEAD_FIELDS: Mapping[str, str] = {
    name: name
    for name in _kinds(
        "email firstName lastName company phone mobilePhone title country leadSource leadStatus unsubscribed"
        " unsubscribedReason emailInvalid marketingSuspended blackListed sfdcType sfdcLeadId sfdcContactId sfdcAccountId"
        " createdAt updatedAt"
    )
}
#: Program types that are events, in small letters: as the documentation has them, and as the API's description does.
EVENT_TYPES = ("Event", "Event with Webinar")
#: Types of activities that are read: ids, or names. 104 is the change of a program status.
CHANGE_STATUS, NEW_LEAD, MERGE = 104, 12, 32
ACTIVITY_TYPES = (
    "Change Program Status",
    "Fill Out Form",
    "Click Email",
    "Email Bounced",
    "Unsubscribe Email",
    "Send Sales Email",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One stream.

    Args:
        columns: Name to kind.
        key: Column that is the key.
        cursor: Column that orders the changes.
        deletes: Whether deleted rows are sent.
        permission: What the API user's role must have, in Marketo's words.
    """

    columns: Mapping[str, Kind]
    permission: str
    key: str = "id"
    cursor: str | None = None
    deletes: bool = False


_ASSETS, _LEADS, _ACTIVITIES = "Read-Only Assets", "Read-Only Lead", "Read-Only Activity"

#: Every stream, in the order in which they are read: what others build on comes first.
STREAMS: Mapping[str, Source] = {
    "channels": Source(
        columns=_kinds("id name applicableProgramType", time="createdAt updatedAt"), permission=_ASSETS
    ),
    "program_statuses": Source(
        columns=_kinds(
            "key channel_id channel name type description touch_status", whole="step", yes="success hidden"
        ),
        key="key",
        permission=_ASSETS,
    ),
    "programs": Source(
        columns=_kinds(
            "id name description type channel status workspace url sfdcId sfdcName code kind series edition same_as"
            " time_zone",
            time="createdAt updatedAt startDate endDate",
            decimal="cost budget",
            whole="expected_attendees",
            list="costs tags",
        ),
        cursor="updatedAt",
        permission=_ASSETS,
    ),
    "program_members": Source(
        columns=_kinds(
            "key programId leadId channel statusName statusReason touch_status nurtureCadence",
            time="membershipDate reachedSuccessDate createdAt updatedAt",
            yes="reachedSuccess acquiredBy isExhausted",
        ),
        key="key",
        cursor="updatedAt",
        deletes=True,
        permission=_LEADS,
    ),
    "leads": Source(
        columns=_kinds(
            "id " + " ".join(LEAD_FIELDS) + " merged_into crm_person_key",
            time="createdAt updatedAt",
            yes="unsubscribed emailInvalid marketingSuspended blackListed",
        ),
        cursor="updatedAt",
        deletes=True,
        permission=_LEADS,
    ),
    "activities": Source(
        columns=_kinds(
            "marketoGUID id leadId activity_type primaryAttributeValueId primaryAttributeValue campaignId"
            " old_status new_status",
            time="activityDate",
            whole="activityTypeId",
            yes="success",
            object="attributes",
        ),
        key="marketoGUID",
        cursor="activityDate",
        permission=_ACTIVITIES,
    ),
}


def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream as JSON Schema."""
    source = STREAMS[stream]
    found = {name: TYPES[kind] for name, kind in source.columns.items()}
    if source.deletes:
        found[DELETED] = TYPES["time"]
    found[source.key] = {"type": ["string"]}
    return {"type": "object", "required": [source.key], "properties": found}
