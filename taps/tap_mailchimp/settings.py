"""The tap's settings, as `--about` prints them."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from closedloop.kit.tap import CLOSEDLOOP_SETTINGS
from tap_mailchimp.catalog import PERSON_FIELDS
from tap_mailchimp.client import PAGE, URL

_MAPPING = th.ObjectType(additional_properties=th.StringType)


def settings_schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    schema: dict[str, Any] = th.PropertiesList(
        th.Property(
            "api_key",
            th.StringType,
            secret=True,
            title="API key",
            description="A key of the account. Instead of it: access_token.",
        ),
        th.Property(
            "access_token",
            th.StringType,
            secret=True,
            title="Access token",
            description="The token of an app that somebody allowed; it does not end. Instead of it: api_key.",
        ),
        th.Property(
            "url",
            th.StringType,
            title="URL",
            description=f"Address of Mailchimp's API; none: {URL}, which every account has, or that of data_center.",
        ),
        th.Property(
            "data_center",
            th.StringType(pattern=r"[a-z]{2}\d{1,3}"),
            title="Data center",
            description="Such as us6: asks the account's own host instead of the one for all, as older networks allow.",
        ),
        th.Property(
            "audiences",
            th.ArrayType(th.StringType),
            title="Audiences",
            description="Names or ids of the audiences that are read; none: all.",
        ),
        *_meaning(),
        *_reading(),
        *CLOSEDLOOP_SETTINGS,
    ).to_dict()
    return schema


def _meaning() -> list[th.Property[Any]]:
    fields = ", ".join(f"{name}: {tag}" for name, tag in PERSON_FIELDS.items())
    return [
        th.Property(
            "campaigns",
            _MAPPING,
            title="Campaigns",
            description="Tag, segment, mailing or name of an event, by its id or name, to the CRM's campaign, by its id,"
            " code or name. A mailing is no event: what is not named here is no touch.",
        ),
        th.Property(
            "statuses",
            _MAPPING,
            title="Statuses",
            description="Tag, segment or name of an event, by its id or name, to what its people are at the campaign:"
            " invited, registered, attended, no_show, responded or cancelled. Unless you say otherwise: invited for tags"
            " and segments, responded for events. Of a mailing, who clicked responded and who got it was invited.",
        ),
        th.Property(
            "person_fields",
            _MAPPING,
            title="Person fields",
            description=f"Column to merge field of yours. Unless you say otherwise: {fields}.",
        ),
    ]


def _reading() -> list[th.Property[Any]]:
    return [
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="Leave out members not changed since this time.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0),
            default=300,
            title="Overlap",
            description="How far before the bookmark a run reads again.",
        ),
        th.Property(
            "report_days",
            th.IntegerType(minimum=0),
            default=30,
            title="Report days",
            description="Who clicked in a mailing that stands for an event is read again once a day so many days after it"
            " was sent.",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=PAGE),
            default=PAGE,
            title="Page size",
            description="Rows a request; fewer where large answers take longer than Mailchimp's two minutes.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=130,
            title="Time limit",
            description="How long to wait for one answer; Mailchimp itself gives up after 120 seconds.",
        ),
    ]
