"""Zendesk's ways in: an OAuth client of its own, a person's consent, a token that somebody made, or an API token.

A refresh gives a new access token and a new refresh token, so both are on disk before anything is asked with them.
API tokens stop working on 30 April 2027 and are answered with a warning until then.
Source: Zendesk's pages on OAuth and its notice about the end of API tokens.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.clock import Clock, system_clock
from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.login import REDIRECT, Consent
from closedloop.kit.policy import Action, Rule
from closedloop.kit.redact import redactor
from closedloop.kit.tokens import Token, TokenStore, token_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import HttpClient, Reply

#: From this day on no API token works.
API_TOKENS_END = date(2027, 4, 30)
SCOPES = "read"
#: What we ask an access token to live, in seconds; Zendesk gives two days at most.
_LIFE = 172_800
_MARGIN = timedelta(seconds=60)
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
        message="the OAuth client was refused",
        fix="correct client_id (the client's unique identifier) and client_secret",
    ),
    "invalid_scope": Rule(
        action=Action.STOP_RUN, error=ConfigError, message="a scope was refused", fix="correct scopes"
    ),
}
_OTHER = Rule(
    action=Action.STOP_RUN, error=ConfigError, message="no token was given", fix="closedloop login CONNECTION"
)


@dataclass(slots=True, kw_only=True)
class Login:
    """Gives each request its credential.

    Args:
        http: The account, without a credential.
        config: The settings.
        store: Where rotating tokens are kept; needed after a consent.
        where: What errors call this connection.
        clock: Tells when a token has ended.
    """

    http: HttpClient
    config: Mapping[str, Any]
    store: TokenStore | None
    where: str
    clock: Clock = field(default_factory=system_clock)
    _held: Token | None = None

    def headers(self, refused: bool) -> Mapping[str, str]:  # noqa: FBT001 (the kit's authenticator)
        """Return the header with a credential that works; ``refused`` says that the last one did not."""
        if given := self.config.get("access_token"):
            return {"Authorization": f"Bearer {given}"}
        if uses_api_token(self.config):
            return {"Authorization": f"Basic {_pair(self.config)}"}
        grant = self.config.get("grant", "client_credentials")
        self._held = (
            self._own(refused=refused) if grant == "client_credentials" else self._stored(refused=refused)
        )
        return {"Authorization": f"Bearer {self._held.access_token}"}

    def _own(self, *, refused: bool) -> Token:
        held = self._held
        if held and not refused and held.expires_at and held.expires_at - _MARGIN > self.clock.now():
            return held
        answer = self._ask({"grant_type": "client_credentials", "scope": self.config.get("scopes") or SCOPES})
        access = answer.get("access_token")
        if not isinstance(access, str):
            raise ConfigError("the answer holds no token", where=self.where, fix="check the OAuth client")
        life = timedelta(seconds=float(answer.get("expires_in") or _LIFE))
        return Token(access_token=access, expires_at=self.clock.now() + life)

    def _stored(self, *, refused: bool) -> Token:
        if self.store is None:
            raise ConfigError(
                "there is no place for the token, which changes with each use",
                where=self.where,
                fix="set token_folder, or use grant: client_credentials",
            )
        first = self.config.get("refresh_token")
        if first and self.store.seed(first):
            failpoint("tap_zendesk.first_token_kept")
        token = self.store.fresh(self._refreshed, refused=self._held if refused else None)
        failpoint("tap_zendesk.token_saved")
        return token

    def _refreshed(self, token: Token) -> Mapping[str, Any]:
        if not token.refresh_token:
            raise ConfigError(
                "there is no refresh token", where=self.where, fix="closedloop login CONNECTION"
            )
        failpoint("tap_zendesk.refresh_due")
        return self._ask({"grant_type": "refresh_token", "refresh_token": token.refresh_token})

    def _ask(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        own = {"client_id": self.config["client_id"], "client_secret": self.config["client_secret"]}
        reply = self.http.request(
            "POST", "/oauth/tokens", json={**form, **own, "expires_in": _LIFE}, classify=_fault
        )
        return _answer(reply)


def uses_api_token(config: Mapping[str, Any]) -> bool:
    """Say whether the settings hold an API token and nothing newer."""
    return bool(config.get("api_token")) and not config.get("access_token") and not config.get("client_id")


def demand(config: Mapping[str, Any], where: str) -> None:
    """Make sure that there is a credential.

    Raises:
        ConfigError: A setting is missing.
    """
    if not config.get("url"):
        raise ConfigError("not set: url", where=where, fix="write it as https://acme.zendesk.com")
    if config.get("access_token"):
        return
    names = ("email", "api_token") if uses_api_token(config) else ("client_id", "client_secret")
    missing = [name for name in names if not config.get(name)]
    if missing:
        message = "not set: " + ", ".join(missing)
        raise ConfigError(message, where=where, fix="tap-zendesk --about lists the settings")


def token_store(config: Mapping[str, Any], where: str) -> TokenStore | None:
    """Return the place of the client's token for the account; none without a folder."""
    folder = token_folder(config)
    if folder is None or not config.get("client_id"):
        return None
    return TokenStore(
        folder=folder,
        client=config["client_id"],
        tenant=config.get("url") or "",
        key=config.get("token_key"),
        clock=system_clock(),
        where=where,
    )


def consent(config: Mapping[str, Any], where: str) -> Consent:
    """Return what Zendesk's consent page is told.

    Raises:
        ConfigError: This way in has no consent, or there is no place for the token.
    """
    if config.get("grant", "client_credentials") != "authorization_code":
        message = "this connection has no login: its credential stands in the settings"
        raise ConfigError(message, where=where, fix="set grant: authorization_code for a person's consent")
    if token_folder(config) is None:
        raise ConfigError("there is no place for the token", where=where, fix="set token_folder")
    base = str(config["url"]).rstrip("/")
    return Consent(
        authorize_url=f"{base}/oauth/authorizations/new",
        token_url=f"{base}/oauth/tokens",
        client_id=config["client_id"],
        client_secret=config["client_secret"],
        redirect_url=config.get("redirect_url", REDIRECT),
        scopes=tuple((config.get("scopes") or SCOPES).split()),
        is_secret_posted=True,
        where=where,
    )


def _pair(config: Mapping[str, Any]) -> str:
    pair = base64.b64encode(f"{config['email']}/token:{config['api_token']}".encode()).decode()
    redactor.add(pair)
    return pair


def _fault(reply: Reply) -> Rule | None:
    if reply.status not in {400, 401, 403}:
        return None
    return _REFUSED.get(str(_answer(reply).get("error")), _OTHER)


def _answer(reply: Reply) -> Mapping[str, Any]:
    try:
        found = reply.json()
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}
