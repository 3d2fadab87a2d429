"""A person's consent to an installed app: HubSpot's authorization code flow, with its own `optional_scope`.

From memory: the page asks for all that the app marks as required, and drops what is optional where the account does not
have it; an app's redirect address may be http on localhost only; a proof key that is not known is passed over. The token
endpoint's fields, the proof key's among them, are of HubSpot's description of OAuth 2026-09.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError
from closedloop.kit.login import REDIRECT, Consent
from closedloop.kit.tokens import token_folder
from tap_hubspot.auth import token_store
from tap_hubspot.catalog import STREAMS
from tap_hubspot.paths import NEWEST, URL, Paths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.login import Granted

AUTHORIZE_URL = "https://app.hubspot.com/oauth/authorize"
#: What no run can do without.
SCOPES = tuple(sorted({"oauth", *(one.scope for one in STREAMS.values() if not one.optional)}))
#: Writing figures back, making their properties, importing people.
_WRITING = (
    "crm.objects.companies.write",
    "crm.objects.marketing_events.write",
    "marketing.campaigns.write",
    "crm.schemas.companies.write",
    "crm.objects.contacts.write",
)
OPTIONAL = (*sorted({one.scope for one in STREAMS.values() if one.optional} - {*SCOPES}), *_WRITING)
#: HubSpot's words, partly from memory → OAuth's.
_WORDS = {
    "BAD_CLIENT_ID": "invalid_client",
    "BAD_CLIENT_SECRET": "invalid_client",
    "MISMATCH_CLIENT_ID": "invalid_client",
    "BAD_AUTH_CODE": "invalid_grant",
    "EXPIRED_AUTH_CODE": "invalid_grant",
    "BAD_REDIRECT_URI": "invalid_grant",
    "MISMATCH_REDIRECT_URI_AUTH_CODE": "invalid_grant",
}


def consent(config: Mapping[str, Any], where: str) -> Consent:
    """Return what HubSpot's consent page is told.

    Raises:
        ConfigError: The token of a private app needs no consent, a setting is missing, or there is no place for the token.
    """
    if config.get("access_token"):
        message = "the access_token of a private app needs no login"
        fix = "closedloop check; or take access_token out and set client_id and client_secret of an installed app"
        raise ConfigError(message, where=where, fix=fix)
    missing = [name for name in ("client_id", "client_secret") if not config.get(name)]
    if missing:
        message = "not set: " + ", ".join(missing)
        raise ConfigError(message, where=where, fix="tap-hubspot --about lists the settings")
    if token_folder(config) is None:
        raise ConfigError("there is no place for the token", where=where, fix="set token_folder")
    base = str(config.get("url") or URL).rstrip("/")
    optional = config.get("optional_scopes", " ".join(OPTIONAL))
    return Consent(
        authorize_url=config.get("authorize_url") or AUTHORIZE_URL,
        token_url=base + Paths(version=config.get("api") or NEWEST).token,
        client_id=config["client_id"],
        client_secret=config["client_secret"],
        redirect_url=config.get("redirect_url", REDIRECT),
        scopes=(config.get("scopes") or " ".join(SCOPES)).split(),
        is_secret_posted=True,
        extra={"optional_scope": optional} if optional else {},
        words=_WORDS,
        where=where,
    )


def keep(config: Mapping[str, Any], granted: Granted, where: str) -> str:
    """Keep the tokens of a consent, and return a sentence about the account that they open."""
    store = token_store(config, where)
    if store is not None:
        store.take(granted.answer)
    return f"connected to the HubSpot account {granted.answer.get('hub_id') or 'that was chosen'}"
