"""The tap's settings, as `--about` prints them."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from closedloop.kit.tap import CLOSEDLOOP_SETTINGS
from tap_marketo.catalog import ACTIVITY_TYPES, CAMPAIGN_FIELDS, EVENT_TYPES, LEAD_FIELDS

_MAPPING = th.ObjectType(additional_properties=th.StringType)
_STATUSES = th.ObjectType(additional_properties=_MAPPING)


def settings_schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    schema: dict[str, Any] = th.PropertiesList(
        *_credentials(), *_meaning(), *_reading(), *_budget(), *CLOSEDLOOP_SETTINGS
    ).to_dict()
    return schema


def _credentials() -> list[th.Property[Any]]:
    return [
        th.Property(
            "url",
            th.StringType,
            required=True,
            title="URL",
            description="Address of your subscription: https://123-ABC-456.mktorest.com.",
        ),
        th.Property(
            "client_id",
            th.StringType,
            required=True,
            title="Client id",
            description="Of a LaunchPoint service whose API user's role may read assets, leads and activities.",
        ),
        th.Property(
            "client_secret",
            th.StringType,
            required=True,
            secret=True,
            title="Client secret",
            description="Its secret.",
        ),
    ]


def _meaning() -> list[th.Property[Any]]:
    return [
        th.Property(
            "statuses",
            _STATUSES,
            title="Statuses",
            description="Channel to status of a member to status of a touch: attended, responded, registered, invited,"
            " no_show or cancelled. * stands for every channel. Unless you say otherwise well-known names decide, then"
            " the status's success and step in its channel.",
        ),
        th.Property(
            "kinds",
            _MAPPING,
            title="Kinds",
            description="Channel to kind of event, such as trade_show. Unless you say otherwise: the tag mapped as kind,"
            " else the channel's name.",
        ),
        th.Property(
            "campaigns",
            _MAPPING,
            title="Campaigns",
            description="Id or name of a program to the id, code or name of the CRM's campaign for the same event. A"
            " program that Marketo synchronises with Salesforce needs none.",
        ),
        th.Property(
            "campaign_fields",
            _MAPPING,
            title="Campaign fields",
            description="Column to tag of yours. Unless you say otherwise: "
            + ", ".join(f"{column}: {tag}" for column, tag in CAMPAIGN_FIELDS.items()),
        ),
        th.Property(
            "lead_fields",
            _MAPPING,
            title="Lead fields",
            description="Column to field of yours, by its REST name. Columns: " + ", ".join(LEAD_FIELDS),
        ),
        th.Property(
            "crm_connection",
            th.StringType,
            title="Salesforce connection",
            description="Name of the connection to the Salesforce that Marketo synchronises with: a person with an id"
            " there is then the same person, whatever the e-mail says.",
        ),
        th.Property(
            "time_zone",
            th.StringType,
            default="UTC",
            title="Time zone",
            description="IANA name of the zone that the programs' dates are meant in, such as America/Chicago.",
        ),
    ]


def _reading() -> list[th.Property[Any]]:
    return [
        th.Property(
            "program_types",
            th.ArrayType(th.StringType),
            default=list(EVENT_TYPES),
            title="Program types",
            description="Types of programs that are campaigns; * for all, which may be many: each program costs a call a"
            " day, and its members one for 300.",
        ),
        th.Property(
            "leads",
            th.StringType,
            default="members",
            allowed_values=["members", "all"],
            title="Leads",
            description="members: those of the programs; all: every lead since start_date, by bulk extract.",
        ),
        th.Property(
            "activity_types",
            th.ArrayType(th.StringType),
            default=list(ACTIVITY_TYPES),
            title="Activity types",
            description="Names or ids of the types of activities that are read; sent and opened e-mails are many.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="Activities and, with leads: all, leads are read from here on; none: activities of the last"
            " two years.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0),
            default=3600,
            title="Overlap",
            description="How far before the last run a run reads again.",
        ),
        th.Property(
            "details_hours",
            th.NumberType(minimum=0),
            default=24,
            title="Details",
            description="A period cost or a tag may change without stamping its program: all programs are read one by"
            " one once in so many hours, changed ones with every run.",
        ),
        th.Property(
            "member_days",
            th.IntegerType(minimum=0),
            default=30,
            title="Members",
            description="The members of a program are read whole once a day until so many days after its end, and"
            " whenever a member's status changes those members.",
        ),
        th.Property(
            "leads_hours",
            th.NumberType(minimum=0),
            default=168,
            title="Leads again",
            description="With leads: members, all known leads are read again once in so many hours; changes that"
            " Marketo logs come with every run.",
        ),
        th.Property(
            "bulk",
            th.StringType,
            default="auto",
            allowed_values=["auto", "never"],
            title="Bulk extract",
            description="auto: where a bulk extract is the way for so much; never: page by page, whatever it costs.",
        ),
        th.Property(
            "bulk_after_pages",
            th.IntegerType(minimum=1),
            default=100,
            title="Bulk extract of activities",
            description="A first read of activities that has more pages goes on by bulk extract.",
        ),
        th.Property(
            "bulk_timeout_seconds",
            th.IntegerType(minimum=60),
            default=7200,
            title="Bulk time limit",
            description="Longest wait for a bulk extract; a later run takes it up again.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=120,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=300),
            default=300,
            title="Page size",
            description="Rows a request; of assets at most 200.",
        ),
    ]


def _budget() -> list[th.Property[Any]]:
    return [
        th.Property(
            "calls_in_20_seconds",
            th.IntegerType(minimum=1, maximum=100),
            default=80,
            title="Calls in 20 seconds",
            description="Marketo allows a subscription 100, over all its services.",
        ),
        th.Property(
            "day_limit",
            th.IntegerType(minimum=1),
            default=50_000,
            title="Calls a day",
            description="What your contract allows the subscription; the day ends at midnight US Central.",
        ),
        th.Property(
            "day_reserve",
            th.IntegerType(minimum=0),
            default=10_000,
            title="Calls kept",
            description="A run stops when so many calls of the day are left to the subscription's other services.",
        ),
    ]
