"""The tap's settings, as `--about` documents them."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from closedloop.kit.login import LOGIN_SETTINGS
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS
from tap_salesforce.catalog import DEFAULT_MAPPINGS
from tap_salesforce.changed import DEFAULT_OVERLAP
from tap_salesforce.statuses import MEANINGS
from tap_salesforce.streams import DEFAULT_THRESHOLD

GRANTS = ("client_credentials", "jwt_bearer", "refresh_token", "access_token")
DEFAULT_VERSION, DEFAULT_RESERVE = "67.0", 100
_MAPPING = th.ObjectType(additional_properties=th.StringType)
_LISTS = th.ObjectType(additional_properties=th.ArrayType(th.StringType))


def _text(name: str, title: str, description: str, **more: Any) -> th.Property[Any]:
    return th.Property(name, th.StringType, title=title, description=description, **more)


def _number(name: str, title: str, default: int, description: str, **bounds: int) -> th.Property[Any]:
    kind = th.IntegerType(**bounds)
    return th.Property(name, kind, default=default, title=title, description=description)


#: What a login needs; the target has the same.
CREDENTIALS = (
    _text(
        "url",
        "URL",
        "The org's own address (My Domain): https://NAME.my.salesforce.com, for a sandbox "
        "https://NAME--SANDBOX.sandbox.my.salesforce.com.",
        required=True,
    ),
    _text(
        "grant",
        "Grant",
        "Way in; without it, what is given decides: access_token, private_key (jwt_bearer), refresh_token, otherwise "
        "client_credentials. With refresh_token alone, `closedloop login` asks a person.",
        allowed_values=list(GRANTS),
    ),
    _text("client_id", "Consumer key", "Consumer key of the External Client App or Connected App."),
    _text("client_secret", "Consumer secret", "Its secret; jwt_bearer needs none.", secret=True),
    _text("username", "Username", "For jwt_bearer: the integration user's Salesforce username."),
    _text(
        "private_key",
        "Private key",
        "For jwt_bearer: the RSA key, PEM, of the app's certificate.",
        secret=True,
    ),
    _text(
        "audience",
        "Audience",
        "For jwt_bearer: https://login.salesforce.com, or https://test.salesforce.com for a sandbox; found from url.",
    ),
    _text(
        "refresh_token",
        "First refresh token",
        "Used where no token is kept yet, or the kept one is dead. With rotation Salesforce replaces it at its use.",
        secret=True,
    ),
    _text("access_token", "Access token", "A ready one, for a trial: it ends within hours.", secret=True),
    _text("instance_url", "Instance URL", "Where the data is, if not at url; what comes with a token wins."),
    _text("login_url", "Login URL", "Where tokens are asked for, if not at url."),
    _text(
        "token_folder",
        "Token folder",
        "Folder that keeps the rotating token and the descriptions of objects between runs. closedloop's own core "
        "sets its own.",
    ),
    _text("token_key", "Token key", "Encrypts the kept token.", secret=True),
)
_CONSENT = (
    _text(
        "authorize_url",
        "Consent page",
        "Address of the consent page, if not /services/oauth2/authorize at url.",
    ),
    *LOGIN_SETTINGS,
)
_READING = (
    _text("api_version", "API version", "Version of the API to speak.", default=DEFAULT_VERSION),
    _number("page_size", "Page size", 2000, "Rows a request.", minimum=200, maximum=2000),
    _number(
        "bulk_threshold",
        "Bulk beyond",
        DEFAULT_THRESHOLD,
        "Rows of one query beyond which Bulk API 2.0 reads it; 0: never.",
        minimum=0,
    ),
    _number("bulk_timeout_seconds", "Time limit of Bulk", 3600, "Longest wait for one bulk job.", minimum=1),
    _number(
        "overlap_seconds",
        "Overlap",
        DEFAULT_OVERLAP,
        "How far before the last run a run reads again: longer than the org's longest transaction.",
        minimum=0,
    ),
    _number(
        "timeout_seconds",
        "Time limit",
        150,
        "How long to wait for one answer; queries may take 120 s.",
        minimum=1,
    ),
    _number(
        "day_reserve",
        "Calls kept",
        DEFAULT_RESERVE,
        "A run stops, and the next goes on, when so many calls of the org's day are left.",
        minimum=0,
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description="Leave out rows not changed since this time.",
    ),
    _text("currency", "Currency", "The org's currency (ISO code), where it keeps only one."),
    th.Property(
        "extra_fields",
        _LISTS,
        title="Further fields",
        description="Object to fields of yours that are read too. Formula fields change without a trace: such a "
        "change comes with the row's next one, or with a backfill.",
    ),
    th.Property(
        "member_statuses",
        th.ObjectType(additional_properties=_MAPPING),
        title="Statuses of members",
        description="Type of campaign, or * for all, to status to one of: "
        + ", ".join(MEANINGS)
        + ". Usual words are known; what is not mapped is responded where Salesforce says so, otherwise invited. "
        "A campaign's type that changes later counts for a member from the member's own next change on.",
    ),
    *(
        th.Property(
            name,
            _MAPPING,
            title=name.replace("_", " ").capitalize(),
            description="Column to field of yours. Unless you say otherwise: "
            + ", ".join(f"{column}: {source}" for column, source in mapping.items()),
        )
        for name, mapping in DEFAULT_MAPPINGS.items()
    ),
)


def settings_schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    schema: dict[str, Any] = th.PropertiesList(
        *CREDENTIALS, *_CONSENT, *_READING, *CLOSEDLOOP_SETTINGS
    ).to_dict()
    return schema
