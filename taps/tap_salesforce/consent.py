"""A person's consent: Salesforce's web server flow with a proof key, for orgs that want a person to stand for the app.

From memory: an app may register http://localhost as its callback. Sources: Salesforce Help, "OAuth 2.0 Web Server Flow
for Web App Integration"; the token's answer names the org's address in `instance_url`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from closedloop.errors import ConfigError
from closedloop.kit.http import checked_url
from closedloop.kit.login import REDIRECT, Consent
from tap_salesforce.auth import TOKEN_PATH
from tap_salesforce.connect import grant_of, token_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.login import Granted

AUTHORIZE_PATH = "/services/oauth2/authorize"
#: Without `refresh_token` the connection would end with the session.
_SCOPES = ("api", "refresh_token")
_WORDS = {"invalid_client_id": "invalid_client"}


def consent(config: Mapping[str, Any], where: str) -> Consent:
    """Return what Salesforce's consent page is told.

    Raises:
        ConfigError: The grant needs no consent, a setting is missing, or there is no place for the token.
    """
    grant = grant_of(config)
    if grant != "refresh_token":
        message = f"the grant {grant} needs no login"
        fix = "closedloop check; or set grant: refresh_token to let a person consent"
        raise ConfigError(message, where=where, fix=fix)
    if not config.get("client_id"):
        raise ConfigError("not set: client_id", where=where, fix="tap-salesforce --about lists the settings")
    if token_store(config, where) is None:
        raise ConfigError("there is no place for the token", where=where, fix="set token_folder")
    address = str(config.get("login_url") or config["url"]).rstrip("/")
    return Consent(
        authorize_url=config.get("authorize_url") or f"{address}{AUTHORIZE_PATH}",
        token_url=f"{address}{TOKEN_PATH}",
        client_id=config["client_id"],
        client_secret=config.get("client_secret"),
        redirect_url=config.get("redirect_url", REDIRECT),
        scopes=_SCOPES,
        is_secret_posted=True,
        words=_WORDS,
        where=where,
    )


def keep(config: Mapping[str, Any], granted: Granted, where: str) -> str:
    """Keep the tokens of a consent, and return a sentence about the org that they open.

    Raises:
        ConfigError: It is another org than the settings name.
    """
    given = str(granted.answer.get("instance_url") or config["url"])
    address = checked_url(given, where=where)
    wanted = [config[name] for name in ("instance_url", "url") if config.get(name)]
    if _host(address) not in map(_host, wanted):
        message = f"the consent is for the org at {address}, the settings name {wanted[0]}"
        fix = "log in again as a user of the other org, or correct url; instance_url, where the org has both addresses"
        raise ConfigError(message, where=where, fix=fix)
    store = token_store(config, where)
    if store is not None:
        store.take(granted.answer)
    return f"connected to the Salesforce org at {address}"


def _host(address: str) -> str:
    return urlsplit(address).netloc.lower()
