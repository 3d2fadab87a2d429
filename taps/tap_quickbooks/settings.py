"""What the admin may set."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from closedloop.kit.login import LOGIN_SETTINGS
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS
from tap_quickbooks import auth, client
from tap_quickbooks.catalog import DEFAULT_MAPPINGS

_NAMES = th.ArrayType(th.StringType)
_SETTINGS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    (
        "realm_id",
        th.StringType,
        {"description": "The company: realmId of the consent, which `closedloop login` tells."},
    ),
    (
        "client_id",
        th.StringType,
        {"required": True, "description": "Id of your app (developer portal, Keys)."},
    ),
    ("client_secret", th.StringType, {"required": True, "secret": True, "description": "Its secret."}),
    (
        "refresh_token",
        th.StringType,
        {
            "secret": True,
            "description": "The first refresh token. Later ones are kept in token_folder; this one is used "
            "again only when the kept one is dead.",
        },
    ),
    (
        "token_folder",
        th.StringType,
        {
            "description": "Where tokens are kept. closedloop's own core has its folder; alone: .closedloop/tokens."
        },
    ),
    ("token_key", th.StringType, {"secret": True, "description": "Encrypts the kept tokens."}),
    (
        "url",
        th.StringType,
        {"default": client.PRODUCTION, "description": "Address of the API: production's, or the sandbox's."},
    ),
    ("token_url", th.StringType, {"default": auth.TOKEN_URL, "description": "Intuit's token endpoint."}),
    (
        "authorize_url",
        th.StringType,
        {"default": auth.AUTHORIZE_URL, "description": "Intuit's consent page."},
    ),
    (
        "page_size",
        th.IntegerType(minimum=1, maximum=client.MOST_ROWS),
        {"default": client.MOST_ROWS, "description": "Rows a query."},
    ),
    (
        "overlap_seconds",
        th.IntegerType(minimum=0),
        {"default": 300, "description": "How far before the bookmark a run reads again."},
    ),
    (
        "timeout_seconds",
        th.IntegerType(minimum=1),
        {"default": 125, "description": "How long to wait for one answer; QuickBooks gives up after 120."},
    ),
    (
        "max_calls",
        th.IntegerType(minimum=1),
        {"description": "Most calls a run may make."},
    ),
    (
        "calls_a_month",
        th.IntegerType(minimum=1),
        {
            "default": client.MONTHLY,
            "description": "Most calls of all runs in a calendar month: past Intuit's allowance for reads (CorePlus) "
            "every app of your workspace stands still until the next. Give each company its share.",
        },
    ),
    (
        "calls_a_second",
        th.IntegerType(minimum=1),
        {"default": client.A_SECOND, "description": "Most calls in a second; Intuit allows ten."},
    ),
    (
        "capture",
        th.BooleanType,
        {"default": True, "description": "Read increments by change data capture, one call for all streams."},
    ),
    (
        "pass_through",
        _NAMES,
        {
            "description": "Items and accounts (id, name, number or SHIPPING_ITEM_ID) whose lines are no revenue."
        },
    ),
    (
        "write_off",
        _NAMES,
        {"description": "Items and accounts whose lines on a credit memo write off what will not be paid."},
    ),
    (
        "revenue",
        _NAMES,
        {
            "description": "Items and accounts whose lines are revenue although their account is no income account."
        },
    ),
)


def schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    mappings = (
        th.Property(
            name,
            th.ObjectType(additional_properties=th.StringType),
            title=name.replace("_", " ").capitalize(),
            description="Column to custom field of yours, or to a property. Unless you say otherwise: "
            + ", ".join(f"{column}: {source}" for column, source in mapping.items()),
        )
        for name, mapping in DEFAULT_MAPPINGS.items()
    )
    own = (
        th.Property(name, kind, title=name.replace("_", " ").capitalize(), **more)
        for name, kind, more in _SETTINGS
    )
    found: dict[str, Any] = th.PropertiesList(
        *own, *mappings, *LOGIN_SETTINGS, *CLOSEDLOOP_SETTINGS
    ).to_dict()
    return found
