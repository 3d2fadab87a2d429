"""Which streams there are, and their columns; behaviour lives in the modules named after it.

Columns are called as HubSpot calls the field. Columns that the admin maps to custom properties are always there and
null where nothing is mapped. Streams whose rows have no id of their own get one text column, `key`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_hubspot.kinds import DELETED, TYPES, Association, CrmObject, Source, of_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_hubspot.kinds import Kind

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
        "po": "po",
        "lead_source": "hs_analytics_source",
        "campaign": "hs_campaign",
    },
    "account_fields": {"tax_id": "tax_id", "external_id": "external_id", "email": "company_email"},
}
#: Kinds of the mapped columns.
MAPPED: Mapping[str, Mapping[str, Kind]] = {
    "campaign_fields": of_kinds(
        "code series edition kind", whole="expected_attendees", decimal="budget actual_cost"
    ),
    "opportunity_fields": of_kinds("number po lead_source campaign"),
    "account_fields": of_kinds("tax_id external_id email"),
}
#: Status of a participation to the status of a touch; ``*`` stands for every type of event.
DEFAULT_STATUSES: Mapping[str, Mapping[str, str]] = {
    "*": {"REGISTERED": "registered", "ATTENDED": "attended", "NO_SHOW": "no_show", "CANCELLED": "cancelled"}
}

_RECORD = of_kinds("id merged_into", time="createdAt updatedAt archivedAt", yes="archived")
_STAMPS = of_kinds("hs_object_id hubspot_owner_id hs_merged_object_ids", time="hs_lastmodifieddate")
_ACTIVITY = {
    **_STAMPS,
    **of_kinds("hs_object_source hs_object_source_id", time="hs_timestamp hs_createdate"),
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
                **of_kinds(
                    "name domain website phone address address2 city state zip country hs_country_code"
                ),
                **of_kinds("industry type lifecyclestage hs_parent_company_id"),
                **of_kinds(decimal="annualrevenue numberofemployees", time="createdate"),
                **_STAMPS,
            },
            mapping="account_fields",
        ),
        _object(
            "contacts",
            {
                **of_kinds("email firstname lastname company jobtitle phone mobilephone website"),
                **of_kinds(
                    "address city state zip country lifecyclestage hs_lead_status associatedcompanyid"
                ),
                **of_kinds("hs_additional_emails hs_calculated_merged_vids hs_marketable_status"),
                **of_kinds("hs_object_id hubspot_owner_id hs_merged_object_ids"),
                **of_kinds(time="createdate lastmodifieddate", yes="hs_email_optout"),
            },
            modified="lastmodifieddate",
        ),
        _object(
            "deals",
            {
                **of_kinds("dealname deal_currency_code dealstage pipeline dealtype closed_lost_reason"),
                **of_kinds("hs_campaign hs_analytics_source hs_analytics_source_data_1"),
                **of_kinds(time="closedate createdate", share="hs_deal_stage_probability"),
                **of_kinds(yes="hs_is_closed hs_is_closed_won"),
                **of_kinds(decimal="amount amount_in_home_currency hs_exchange_rate"),
                **of_kinds(decimal="hs_closed_amount hs_closed_amount_in_home_currency"),
                **_STAMPS,
            },
            mapping="opportunity_fields",
        ),
        _object(
            "leads",
            {
                **of_kinds("hs_lead_name hs_lead_type hs_lead_label hs_pipeline hs_pipeline_stage"),
                **of_kinds(time="hs_createdate"),
                **_STAMPS,
            },
            optional=True,
        ),
        _object(
            "tickets",
            {
                **of_kinds("subject hs_pipeline hs_pipeline_stage hs_ticket_priority hs_ticket_category"),
                **of_kinds("source_type", time="createdate closed_date"),
                **_STAMPS,
            },
            scope="tickets",
            optional=True,
        ),
        _object(
            "calls",
            {
                **of_kinds("hs_call_title hs_call_direction hs_call_status hs_call_disposition"),
                **of_kinds(decimal="hs_call_duration"),
                **_ACTIVITY,
            },
            optional=True,
        ),
        _object(
            "meetings",
            {
                **of_kinds("hs_meeting_title hs_meeting_outcome"),
                **of_kinds(time="hs_meeting_start_time hs_meeting_end_time"),
                **_ACTIVITY,
            },
            optional=True,
        ),
        _object(
            "emails",
            {**of_kinds("hs_email_subject hs_email_direction hs_email_status"), **_ACTIVITY},
            optional=True,
        ),
        _object(
            "tasks",
            {
                **of_kinds("hs_task_subject hs_task_status hs_task_type", time="hs_task_completion_date"),
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
        columns=of_kinds("key from_id to_id category label", whole="type_id"),
        key="key",
        scope=OBJECTS[origin].scope,
        origin=origin,
        to=to,
        optional=OBJECTS[origin].optional,
    )
    for origin, to in _PAIRS
}

#: Streams of history: the object, and its properties whose old values are read.
HISTORY: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "property_history": ("deals", ("dealstage", "amount")),
    "contact_history": ("contacts", ("associatedcompanyid",)),
}
_ENTRY = of_kinds("key object id property value source_type source_id", time="timestamp")

_EVENTS = "crm.objects.marketing_events.read"
_CAMPAIGNS = "marketing.campaigns.read"
_ITEM = of_kinds("id campaign_id name description currency_code", decimal="amount", whole="order")

OTHERS: Mapping[str, Source] = {
    "owners": Source(
        columns=of_kinds(
            "id email type firstName lastName userId userIdIncludingInactive",
            time="createdAt updatedAt",
            yes="archived",
            list="teams",
        ),
        scope="crm.objects.owners.read",
    ),
    "pipeline_stages": Source(
        columns=of_kinds(
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
        columns=of_kinds(
            "portalId accountType timeZone companyCurrency dataHostingLocation uiDomain utcOffset",
            list="additionalCurrencies",
        ),
        key="portalId",
        scope="oauth",
    ),
    "company_currency": Source(
        columns=of_kinds("id currencyCode", time="createdAt updatedAt"),
        scope="settings.currencies.read",
        optional=True,
    ),
    "exchange_rates": Source(
        columns=of_kinds(
            "id fromCurrencyCode toCurrencyCode",
            decimal="conversionRate",
            time="effectiveAt createdAt updatedAt",
            yes="visibleInUI",
        ),
        scope="settings.currencies.read",
        optional=True,
    ),
    "campaigns": Source(
        columns=of_kinds(
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
        columns={**_ITEM, **of_kinds(time="createdAt updatedAt")}, scope=_CAMPAIGNS, optional=True
    ),
    "campaign_spend_items": Source(
        columns={**_ITEM, **of_kinds(time="createdAt updatedAt")}, scope=_CAMPAIGNS, optional=True
    ),
    "campaign_assets": Source(
        columns=of_kinds("key campaign_id asset_type id name"), key="key", scope=_CAMPAIGNS, optional=True
    ),
    "marketing_events": Source(
        columns=of_kinds(
            "objectId eventName eventType eventOrganizer eventDescription eventUrl eventStatus eventStatusV2"
            " externalEventId app_id app_name",
            time="startDateTime endDateTime createdAt updatedAt",
            yes="eventCancelled eventCompleted",
            whole="registrants attendees cancellations noShows",
            list="customProperties",
        ),
        key="objectId",
        scope=_EVENTS,
        mapping="campaign_fields",
    ),
    "participations": Source(
        columns=of_kinds(
            "id marketing_event_id contact_id email firstname lastname attendanceState touch_status",
            time="occurredAt createdAt",
            whole="attendanceDurationSeconds",
            decimal="attendancePercentage",
        ),
        scope=_EVENTS,
    ),
    "property_history": Source(columns=_ENTRY, key="key", scope="crm.objects.deals.read"),
    "contact_history": Source(columns=_ENTRY, key="key", scope="crm.objects.contacts.read"),
    "forms": Source(
        columns=of_kinds("id name formType", time="createdAt updatedAt", yes="archived"),
        scope="forms",
        optional=True,
    ),
    "form_submissions": Source(
        columns=of_kinds(
            "key form_id email firstname lastname company phone page_url", time="submitted_at", list="values"
        ),
        key="key",
        scope="forms",
        optional=True,
        default=False,
    ),
    "lists": Source(
        columns=of_kinds(
            "listId name objectTypeId processingType processingStatus",
            time="createdAt updatedAt deletedAt",
            whole="listVersion size",
        ),
        key="listId",
        scope="crm.lists.read",
        optional=True,
    ),
    "list_memberships": Source(
        columns=of_kinds("key list_id object_type_id record_id", time="membership_timestamp"),
        key="key",
        scope="crm.lists.read",
        optional=True,
        default=False,
    ),
    "subscriptions": Source(
        columns=of_kinds("key email subscription_id subscription_name status source", time="timestamp"),
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
        found.setdefault(name, TYPES["text"])
    if source.deletes:
        found[DELETED] = TYPES["time"]
    found[source.key] = {"type": ["string"]}
    return {"type": "object", "required": [source.key], "properties": found}
