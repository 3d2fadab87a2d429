"""The tap's settings, as `--about` prints them."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from closedloop.kit.tap import CLOSEDLOOP_SETTINGS
from tap_eventbrite.client import URL
from tap_eventbrite.kinds import DEFAULT_KINDS

#: Our own: Eventbrite shows a change up to five minutes late.
LAG_SECONDS = 300
_MAPPING = th.ObjectType(additional_properties=th.StringType)


def settings_schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    schema: dict[str, Any] = th.PropertiesList(
        th.Property(
            "access_token",
            th.StringType,
            required=True,
            secret=True,
            title="Access token",
            description="The private token of an API key, or the token of an app that somebody allowed. It does not end.",
        ),
        th.Property(
            "url", th.StringType, default=URL, title="URL", description="Address of Eventbrite's API."
        ),
        th.Property(
            "organizations",
            th.ArrayType(th.StringType),
            title="Organizations",
            description="Ids of the organizations that are read; none: all that the token's user belongs to.",
        ),
        *_meaning(),
        *_reading(),
        *(one for one in CLOSEDLOOP_SETTINGS if one.name != "lag_seconds"),
        th.Property(
            "lag_seconds",
            th.IntegerType(minimum=0),
            default=LAG_SECONDS,
            title="Lag",
            description="Eventbrite shows a change up to five minutes late: the count stays so far behind its own time.",
        ),
    ).to_dict()
    return schema


def _meaning() -> list[th.Property[Any]]:
    return [
        th.Property(
            "campaigns",
            _MAPPING,
            title="Campaigns",
            description="Event, by its id, its series' id or its name, to the CRM's campaign, by its id, code or name:"
            " both are then one campaign.",
        ),
        th.Property(
            "event_kinds",
            _MAPPING,
            title="Kinds of events",
            description="Event, by its id, or format, by its name, to kind. Unless you say otherwise: "
            + ", ".join(f"{name}: {kind}" for name, kind in DEFAULT_KINDS.items())
            + "; a seminar or class without a place is a webinar.",
        ),
        th.Property(
            "ticket_classes_left_out",
            th.ArrayType(th.StringType),
            title="Ticket classes left out",
            description="Names or ids of ticket classes whose holders are no guests: staff, exhibitors, press.",
        ),
        th.Property(
            "capacity_is_expected",
            th.BooleanType,
            default=False,
            title="Capacity is expected",
            description="Take an event's capacity as the number of attendees that you expect.",
        ),
    ]


def _reading() -> list[th.Property[Any]]:
    return [
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="Leave out orders and attendees not changed since this time.",
        ),
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0),
            default=900,
            title="Overlap",
            description="How far before the last run a run reads again.",
        ),
        th.Property(
            "watched_days",
            th.IntegerType(minimum=0),
            default=7,
            title="Watched days",
            description="The attendees of an event are read again once a day while it is on and so many days after it:"
            " a check-in may not count as a change.",
        ),
        th.Property(
            "calls_a_run",
            th.IntegerType(minimum=30),
            default=1800,
            title="Calls a run",
            description="A run stops after so many calls, and the next one goes on; Eventbrite allows a token 2,000 an"
            " hour.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=120,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
    ]
