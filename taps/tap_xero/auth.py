"""Xero's two ways in: a person's consent with a rotating refresh token, or a custom connection of its own.

Every refresh gives a new refresh token and the one before ends; Xero honours the old one for half an hour more, in case
the answer was lost. So the new one is on disk before anything is asked with it, and a refresh may be repeated.
Source: Xero's pages on the OAuth 2.0 flow and on custom connections.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import msgspec

from closedloop.clock import Clock, system_clock
from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.http import HttpClient
from closedloop.kit.login import REDIRECT, Consent
from closedloop.kit.policy import Action, Rule
from closedloop.kit.tokens import Token, TokenStore, token_folder
from tap_xero.catalog import ENDPOINTS, REPORTS
from tap_xero.client import Xero

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import Reply
    from closedloop.kit.login import Granted

URL, IDENTITY_URL = "https://api.xero.com", "https://identity.xero.com"
AUTHORIZE_URL = "https://login.xero.com/identity/connect/authorize"
Grant = Literal["authorization_code", "client_credentials"]
#: A token so close to its end is asked for anew.
_MARGIN = timedelta(seconds=60)
#: How long a refresh token lasts that nobody uses (developer.xero.com, OAuth 2.0 token types).
REFRESH_LASTS = timedelta(days=60)
#: What Xero's identity server answers, by the word in `error` (RFC 6749, 5.2).
_REFUSED: Mapping[str, Rule] = {
    "invalid_grant": Rule(
        action=Action.STOP_RUN,
        error=ConfigError,
        message="the refresh token has ended or was used by somebody else",
        fix="closedloop login CONNECTION",
    ),
    "invalid_client": Rule(
        action=Action.STOP_RUN,
        error=ConfigError,
        message="the app was refused",
        fix="correct client_id and client_secret",
    ),
    "invalid_scope": Rule(
        action=Action.STOP_RUN,
        error=ConfigError,
        message="a scope was refused",
        fix="correct scopes: apps made since March 2026 have granular ones only",
    ),
}
_OTHER = Rule(
    action=Action.STOP_RUN, error=ConfigError, message="no token was given", fix="closedloop login CONNECTION"
)


@dataclass(slots=True, kw_only=True)
class Login:
    """Gives each request its credential.

    Args:
        http: The identity server.
        client_id: The app.
        client_secret: Its secret.
        grant: ``authorization_code`` after a person's consent; ``client_credentials`` for a custom connection.
        store: Where the rotating token is kept; needed for ``authorization_code``.
        first: Refresh token to begin with where the store has none.
        scopes: Asked for by a custom connection; empty: all that it has.
        where: What errors call this connection.
        clock: Tells when a token has ended.
    """

    http: HttpClient
    client_id: str
    client_secret: str
    grant: Grant = "authorization_code"
    store: TokenStore | None = None
    first: str | None = None
    scopes: str = ""
    where: str | None = None
    clock: Clock = field(default_factory=Clock)
    _held: Token | None = None

    def headers(self, refused: bool) -> Mapping[str, str]:  # noqa: FBT001 (the kit's authenticator)
        """Return the header with a token that works; ``refused`` says that the last one did not."""
        token = (
            self._own(refused=refused)
            if self.grant == "client_credentials"
            else self._stored(refused=refused)
        )
        self._held = token
        return {"Authorization": f"Bearer {token.access_token}"}

    def _own(self, *, refused: bool) -> Token:
        held = self._held
        if held and not refused and held.expires_at and held.expires_at - _MARGIN > self.clock.now():
            return held
        answer = self._ask(
            {"grant_type": "client_credentials", **({"scope": self.scopes} if self.scopes else {})}
        )
        access, seconds = answer.get("access_token"), answer.get("expires_in") or 1800
        if not isinstance(access, str):
            raise ConfigError(
                "the answer holds no token", where=self.where, fix="check the custom connection"
            )
        return Token(access_token=access, expires_at=self.clock.now() + timedelta(seconds=float(seconds)))

    def _stored(self, *, refused: bool) -> Token:
        store = self.store
        if store is None:
            raise ConfigError(
                "there is no place for the token, which changes with each use",
                where=self.where,
                fix="set token_folder, or use a custom connection: grant: client_credentials",
            )
        if self.first and store.seed(self.first):
            failpoint("tap_xero.first_token_kept")
        token = store.fresh(self._refreshed, refused=self._held if refused else None)
        failpoint("tap_xero.token_saved")
        return token

    def _refreshed(self, token: Token) -> Mapping[str, Any]:
        if not token.refresh_token:
            raise ConfigError(
                "there is no refresh token", where=self.where, fix="closedloop login CONNECTION"
            )
        failpoint("tap_xero.refresh_due")
        answer = self._ask({"grant_type": "refresh_token", "refresh_token": token.refresh_token})
        failpoint("tap_xero.refresh_answered")
        return answer

    def _ask(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        reply = self.http.request(
            "POST",
            "/connect/token",
            content=urlencode(form).encode(),
            headers={
                "Authorization": f"Basic {pair}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            classify=_fault,
        )
        return _answer(reply)


def _fault(reply: Reply) -> Rule | None:
    if reply.status not in {400, 401}:
        return None
    return _REFUSED.get(str(_answer(reply).get("error")), _OTHER)


def _answer(reply: Reply) -> Mapping[str, Any]:
    try:
        found = reply.json()
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}


def token_store(config: Mapping[str, Any], where: str) -> TokenStore | None:
    """Return the place of the app's token for the organisation that the settings name; none without a folder."""
    folder = token_folder(config)
    if folder is None:
        return None
    return TokenStore(
        folder=folder,
        client=config["client_id"],
        tenant=config.get("tenant_id") or "",
        key=config.get("token_key"),
        clock=system_clock(),
        where=where,
        refresh_lasts=REFRESH_LASTS,
    )


# A person's consent


def consent(config: Mapping[str, Any], where: str) -> Consent:
    """Return what Xero's consent page is told.

    Raises:
        ConfigError: A custom connection has no consent, or there is no place for the token.
    """
    if config.get("grant") == "client_credentials":
        message = "a custom connection has no login: whoever made it has consented already"
        raise ConfigError(message, where=where, fix="closedloop check")
    if token_folder(config) is None:
        raise ConfigError("there is no place for the token", where=where, fix="set token_folder")
    needed = [*(one.scope for one in ENDPOINTS.values()), *REPORTS.values()]
    own = (config.get("scopes") or " ".join(needed)).split()
    return Consent(
        authorize_url=config.get("authorize_url", AUTHORIZE_URL),
        token_url=f"{config.get('identity_url', IDENTITY_URL).rstrip('/')}/connect/token",
        client_id=config["client_id"],
        client_secret=config["client_secret"],
        redirect_url=config.get("redirect_url", REDIRECT),
        scopes=tuple(dict.fromkeys(["offline_access", *own])),  # without it there is no refresh token
        where=where,
    )


def keep(config: Mapping[str, Any], granted: Granted, where: str) -> str:
    """Keep the tokens of a consent, and return a sentence about the organisation that they open.

    Raises:
        ConfigError: They do not open the one that is meant, or several.
    """
    token = {"Authorization": f"Bearer {granted.answer['access_token']}"}
    http = HttpClient(
        base_url=config.get("url", URL), where=where, headers=token | {"User-Agent": "closedloop"}
    )
    xero = Xero(http=http, where=where)
    wanted = config.get("tenant_id")
    names = {str(one.get("tenantId")): str(one.get("tenantName")) for one in xero.connections()}
    if wanted and wanted not in names:
        message = "the consent does not cover the organisation of tenant_id"
        fix = "log in again and choose it, or set tenant_id to one of: " + ", ".join(names)
        raise ConfigError(message, where=where, fix=fix)
    tenant = wanted or xero.organisation()
    store = token_store(config, where)
    if store is not None:
        store.take(granted.answer)
    return f"connected to the Xero organisation {names[tenant]}"
