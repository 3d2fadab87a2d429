"""Which streams there are, and their columns; behaviour lives in the modules named after it.

Columns are called as HubSpot calls the field. Columns that the admin maps to custom properties are always there and
null where nothing is mapped. Streams whose rows have no id of their own get one text column, `key`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "decimal", "share", "time", "day", "whole", "yes", "any"]

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
    "any": {"type": ["object", "array", "null"]},
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


def _columns(text: str = "", **kinds: str) -> dict[str, Kind]:
    """Return name to kind; names are separated by blanks."""
    found: dict[str, Kind] = dict.fromkeys(text.split(), "text")
    for kind, names in kinds.items():
        found |= dict.fromkeys(names.split(), kind)  # type: ignore[arg-type] # the keyword is the kind
    return found


#: Columns of ours to the admin's custom properties, where the admin does not say otherwise.
DEFAULT_MAPPINGS: Mapping[str, Mapping[str, str]] = {
    "campaign_fields": {
        "code": "event_code",
        "series": "event_series",
        "edition": "event_edition",
        "kind": "event_kind",
        "expected_attendees": "expected_attendees",
        "budget": "event_budget",
        "actual_cost": "event_actual_cost",
    },
    "opportunity_fields": {
        "number": "deal_number",
        "po": "po_number",
        "lead_source": "hs_analytics_source",
        "campaign": "hs_campaign",
    },
    "account_fields": {"tax_id": "tax_id", "external_id": "external_id", "email": "email"},
}
#: Kinds of the mapped columns.
MAPPED: Mapping[str, Mapping[str, Kind]] = {
    "campaign_fields": _columns(
        "code series edition kind", whole="expected_attendees", decimal="budget actual_cost"
    ),
    "opportunity_fields": _columns("number po lead_source campaign"),
    "account_fields": _columns("tax_id external_id email"),
}
#: Status of a participation to the status of a touch; ``*`` stands for every type of event.
DEFAULT_STATUSES: Mapping[str, Mapping[str, str]] = {
    "*": {"REGISTERED": "registered", "ATTENDED": "attended", "NO_SHOW": "no_show", "CANCELLED": "cancelled"}
}

_RECORD = _columns("id merged_into", time="createdAt updatedAt archivedAt", yes="archived")
_STAMPS = _columns("hs_object_id hubspot_owner_id hs_merged_object_ids", time="hs_lastmodifieddate")
_ACTIVITY = {
    **_STAMPS,
    **_columns("hs_object_source hs_object_source_id", time="hs_timestamp hs_createdate"),
}


def _object(
    name: str, properties: Mapping[str, Kind], *, scope: str | None = None, **more: Any
) -> tuple[str, CrmObject]:
    return name, CrmObject(
        columns=_RECORD,
        properties=properties,
        scope=scope or f"crm.objects.{name}.read",
        cursor="updatedAt",
        deletes=True,
        **more,
    )


OBJECTS: Mapping[str, CrmObject] = dict(
    [
        _object(
            "companies",
            {
                **_columns(
                    "name domain website phone address address2 city state zip country hs_country_code"
                ),
                **_columns("industry type lifecyclestage hs_parent_company_id"),
                **_columns(decimal="annualrevenue numberofemployees", time="createdate"),
                **_STAMPS,
            },
            mapping="account_fields",
        ),
        _object(
            "contacts",
            {
                **_columns("email firstname lastname company jobtitle phone mobilephone website"),
                **_columns(
                    "address city state zip country lifecyclestage hs_lead_status associatedcompanyid"
                ),
                **_columns("hs_additional_emails hs_calculated_merged_vids hs_marketable_status"),
                **_columns("hs_object_id hubspot_owner_id hs_merged_object_ids"),
                **_columns(time="createdate lastmodifieddate", yes="hs_email_optout"),
            },
            modified="lastmodifieddate",
        ),
        _object(
            "deals",
            {
                **_columns("dealname deal_currency_code dealstage pipeline dealtype closed_lost_reason"),
                **_columns("hs_campaign hs_analytics_source hs_analytics_source_data_1"),
                **_columns(time="closedate createdate", share="hs_deal_stage_probability"),
                **_columns(yes="hs_is_closed hs_is_closed_won"),
                **_columns(decimal="amount amount_in_home_currency hs_exchange_rate"),
                **_columns(decimal="hs_closed_amount hs_closed_amount_in_home_currency"),
                **_STAMPS,
            },
            mapping="opportunity_fields",
        ),
        _object(
            "leads",
            {
                **_columns("hs_lead_name hs_lead_type hs_lead_label hs_pipeline hs_pipeline_stage"),
                **_columns(time="hs_createdate"),
                **_STAMPS,
            },
            optional=True,
        ),
        _object(
            "tickets",
            {
                **_columns("subject hs_pipeline hs_pipeline_stage hs_ticket_priority hs_ticket_category"),
                **_columns("source_type", time="createdate closed_date"),
                **_STAMPS,
            },
            scope="tickets",
            optional=True,
        ),
        _object(
            "calls",
            {
                **_columns("hs_call_title hs_call_direction hs_call_status hs_call_disposition"),
                **_columns(decimal="hs_call_duration"),
                **_ACTIVITY,
            },
            optional=True,
        ),
        _object(
            "meetings",
            {
                **_columns("hs_meeting_title hs_meeting_outcome"),
                **_columns(time="hs_meeting_start_time hs_meeting_end_time"),
                **_ACTIVITY,
            },
            optional=True,
        ),
        _object(
            "emails",
            {**_columns("hs_email_subject hs_email_direction hs_email_status"), **_ACTIVITY},
            optional=True,
        ),
        _object(
            "tasks",
            {
                **_columns("hs_task_subject hs_task_status hs_task_type", time="hs_task_completion_date"),
                **_ACTIVITY,
            },
            optional=True,
        ),
    ]
)

_ACTIVITIES = ("calls", "meetings", "emails", "tasks")
_PAIRS = (
    ("contacts", "companies"),
    ("deals", "companies"),
    ("deals", "contacts"),
    ("leads", "contacts"),
    ("leads", "companies"),
    ("tickets", "contacts"),
    ("tickets", "companies"),
    *((activity, to) for activity in _ACTIVITIES for to in ("contacts", "companies", "deals")),
)

ASSOCIATIONS: Mapping[str, Association] = {
    f"{origin}_to_{to}": Association(
        columns=_columns("key from_id to_id category label", whole="type_id"),
        key="key",
        scope=OBJECTS[origin].scope,
        origin=origin,
        to=to,
        optional=OBJECTS[origin].optional,
    )
    for origin, to in _PAIRS
}

#: Deals' properties whose history is read.
HISTORY: tuple[str, ...] = ("dealstage", "amount")

_EVENTS = "crm.objects.marketing_events.read"
_CAMPAIGNS = "marketing.campaigns.read"
_ITEM = _columns("id campaign_id name description currency_code", decimal="amount", whole="order")

OTHERS: Mapping[str, Source] = {
    "owners": Source(
        columns=_columns(
            "id email type firstName lastName userId userIdIncludingInactive",
            time="createdAt updatedAt",
            yes="archived",
            any="teams",
        ),
        scope="crm.objects.owners.read",
    ),
    "pipeline_stages": Source(
        columns=_columns(
            "key object_type pipeline_id pipeline_label id label",
            whole="display_order pipeline_display_order",
            share="probability",
            yes="is_closed archived",
            time="createdAt updatedAt",
        ),
        key="key",
        scope="crm.objects.deals.read",
    ),
    "account_info": Source(
        columns=_columns(
            "portalId accountType timeZone companyCurrency dataHostingLocation uiDomain utcOffset",
            any="additionalCurrencies",
        ),
        key="portalId",
        scope="oauth",
    ),
    "company_currency": Source(
        columns=_columns("id currencyCode", time="createdAt updatedAt"),
        scope="settings.currencies.read",
        optional=True,
    ),
    "exchange_rates": Source(
        columns=_columns(
            "id fromCurrencyCode toCurrencyCode",
            decimal="conversionRate",
            time="effectiveAt createdAt updatedAt",
            yes="visibleInUI",
        ),
        scope="settings.currencies.read",
        optional=True,
    ),
    "campaigns": Source(
        columns=_columns(
            "id hs_name hs_notes hs_audience hs_goal hs_currency_code hs_campaign_status hs_owner hs_utm"
            " hs_object_id",
            day="hs_start_date hs_end_date",
            decimal="hs_budget_items_sum_amount hs_spend_items_sum_amount",
            time="createdAt updatedAt",
        ),
        scope=_CAMPAIGNS,
        cursor="updatedAt",
        mapping="campaign_fields",
        optional=True,
    ),
    "campaign_budget_items": Source(
        columns={**_ITEM, **_columns(time="createdAt updatedAt")}, scope=_CAMPAIGNS, optional=True
    ),
    "campaign_spend_items": Source(
        columns={**_ITEM, **_columns(time="createdAt updatedAt")}, scope=_CAMPAIGNS, optional=True
    ),
    "campaign_assets": Source(
        columns=_columns("key campaign_id asset_type id name"), key="key", scope=_CAMPAIGNS, optional=True
    ),
    "marketing_events": Source(
        columns=_columns(
            "objectId eventName eventType eventOrganizer eventDescription eventUrl eventStatus eventStatusV2"
            " externalEventId app_id app_name",
            time="startDateTime endDateTime createdAt updatedAt",
            yes="eventCancelled eventCompleted",
            whole="registrants attendees cancellations noShows",
            any="customProperties",
        ),
        key="objectId",
        scope=_EVENTS,
        mapping="campaign_fields",
    ),
    "participations": Source(
        columns=_columns(
            "id marketing_event_id contact_id email firstname lastname attendanceState touch_status",
            time="occurredAt createdAt",
            whole="attendanceDurationSeconds",
            decimal="attendancePercentage",
        ),
        scope=_EVENTS,
    ),
    "property_history": Source(
        columns=_columns("key object id property value source_type source_id", time="timestamp"),
        key="key",
        scope="crm.objects.deals.read",
    ),
    "forms": Source(
        columns=_columns("id name formType", time="createdAt updatedAt", yes="archived"),
        scope="forms",
        optional=True,
    ),
    "form_submissions": Source(
        columns=_columns(
            "key form_id email firstname lastname company phone page_url", time="submitted_at", any="values"
        ),
        key="key",
        scope="forms",
        optional=True,
        default=False,
    ),
    "lists": Source(
        columns=_columns(
            "listId name objectTypeId processingType processingStatus",
            time="createdAt updatedAt deletedAt",
            whole="listVersion size",
        ),
        key="listId",
        scope="crm.lists.read",
        optional=True,
    ),
    "list_memberships": Source(
        columns=_columns("key list_id object_type_id record_id", time="membership_timestamp"),
        key="key",
        scope="crm.lists.read",
        optional=True,
        default=False,
    ),
    "subscriptions": Source(
        columns=_columns("key email subscription_id subscription_name status source", time="timestamp"),
        key="key",
        scope="communication_preferences.read",
        optional=True,
        default=False,
    ),
}

#: Every stream, in the order in which they are read: what others build on comes first.
STREAMS: Mapping[str, Source] = {**OBJECTS, **ASSOCIATIONS, **OTHERS}


def columns(stream: str) -> dict[str, Kind]:
    """Return the columns of a stream, mapped ones included, in their order."""
    source = STREAMS[stream]
    own = {**source.columns, **(source.properties if isinstance(source, CrmObject) else {})}
    return {**own, **(MAPPED[source.mapping] if source.mapping else {})}


def schema(stream: str, *, written: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the columns of a stream as JSON Schema.

    Args:
        stream: Its name.
        written: Properties that closedloop writes: read as text too.
    """
    source = STREAMS[stream]
    found = {name: TYPES[kind] for name, kind in columns(stream).items()}
    for name in written:
        found.setdefault(name, _TEXT)
    if source.deletes:
        found[DELETED] = TYPES["time"]
    found[source.key] = {"type": ["string"]}
    return {"type": "object", "required": [source.key], "properties": found}
