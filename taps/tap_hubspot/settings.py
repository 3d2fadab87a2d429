"""The tap's settings, as `--about` prints them."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from closedloop.kit.login import LOGIN_SETTINGS
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS
from tap_hubspot.catalog import DEFAULT_MAPPINGS
from tap_hubspot.consent import AUTHORIZE_URL
from tap_hubspot.paths import NEWEST, URL

#: Our own: five minutes, because HubSpot's search learns of a change some time after it happened.
LAG_SECONDS = 300
_MAPPING = th.ObjectType(additional_properties=th.StringType)
_STATUSES = th.ObjectType(additional_properties=_MAPPING)


def settings_schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    schema: dict[str, Any] = th.PropertiesList(
        *_credentials(),
        *_consent(),
        *_reading(),
        *(
            th.Property(
                name,
                _MAPPING,
                title=name.replace("_", " ").capitalize(),
                description="Column to property of yours. Unless you say otherwise: "
                + ", ".join(f"{column}: {source}" for column, source in mapping.items()),
            )
            for name, mapping in DEFAULT_MAPPINGS.items()
        ),
        th.Property(
            "member_statuses",
            _STATUSES,
            title="Statuses",
            description="Type of event to state of participation to status: registered, attended, no_show, cancelled,"
            " invited or responded. * stands for every type. A state that nobody maps is invited.",
        ),
        *(one for one in CLOSEDLOOP_SETTINGS if one.name != "lag_seconds"),
        th.Property(
            "lag_seconds",
            th.IntegerType(minimum=0),
            default=LAG_SECONDS,
            title="Lag",
            description="HubSpot's search learns of a change some time after it happened: the bookmark and the count"
            " stay so far behind HubSpot's own time.",
        ),
    ).to_dict()
    return schema


def _credentials() -> list[th.Property[Any]]:
    return [
        th.Property(
            "access_token",
            th.StringType,
            secret=True,
            title="Access token",
            description="Token of a private app or service key. Without it: client_id and"
            " client_secret of an installed app, and `closedloop login` or a refresh_token.",
        ),
        th.Property("client_id", th.StringType, title="Client id", description="Client id of your app."),
        th.Property(
            "client_secret", th.StringType, secret=True, title="Client secret", description="Its secret."
        ),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            title="First refresh token",
            description="Used where no token is kept yet. HubSpot may replace it.",
        ),
        th.Property(
            "token_folder",
            th.StringType,
            title="Token folder",
            description="Folder that keeps the tokens between runs. closedloop's own core sets its own.",
        ),
        th.Property(
            "token_key", th.StringType, secret=True, title="Token key", description="Encrypts the kept token."
        ),
        th.Property(
            "url",
            th.StringType,
            default=URL,
            title="URL",
            description="Address of HubSpot's API.",
        ),
        th.Property(
            "api",
            th.StringType(pattern=r"v3|\d{4}-\d{2}"),
            default=NEWEST,
            title="API release",
            description="Release of the API, such as 2026-09; v3 asks the older v3 and v4, which end in 2027.",
        ),
    ]


def _consent() -> list[th.Property[Any]]:
    return [
        th.Property(
            "scopes",
            th.StringType,
            title="Scopes",
            description="What a login asks for, with blanks between: exactly what your app requires. None: what the"
            " streams cannot do without.",
        ),
        th.Property(
            "optional_scopes",
            th.StringType,
            title="Optional scopes",
            description="What a login asks for besides, where the account has it. None: all that can be read, written"
            " back or imported.",
        ),
        th.Property(
            "authorize_url",
            th.StringType,
            default=AUTHORIZE_URL,
            title="Consent page",
            description="Address of HubSpot's consent page.",
        ),
        *LOGIN_SETTINGS,
    ]


def _reading() -> list[th.Property[Any]]:
    return [
        th.Property(
            "overlap_seconds",
            th.IntegerType(minimum=0),
            default=300,
            title="Overlap",
            description="How far before the last run a run reads again.",
        ),
        th.Property(
            "associations_hours",
            th.NumberType(minimum=0),
            default=24,
            title="Associations",
            description="An association that is added or removed stamps no record. Those of changed records are read"
            " with every run; all of them, told by both sides, once in so many hours: a call for 1,000 records of"
            " each side, and one for 100 to list their ids. 0: with every run.",
        ),
        th.Property(
            "participation_days",
            th.IntegerType(minimum=0),
            default=30,
            title="Participations",
            description="Who took part is read again once a day so many days after an event, and whenever the event's"
            " own counters move.",
        ),
        th.Property(
            "lists",
            th.ArrayType(th.StringType),
            title="Lists",
            description="Names or ids of the lists whose members are read; none: all lists of contacts.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=120,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
        th.Property(
            "day_reserve",
            th.IntegerType(minimum=0),
            default=1000,
            title="Calls kept",
            description="A run stops when so many calls of the day are left to the account.",
        ),
        th.Property(
            "searches_a_second",
            th.IntegerType(minimum=1),
            default=5,
            title="Searches a second",
            description="Most searches in a second; HubSpot allows an account five, over all its apps.",
        ),
    ]
