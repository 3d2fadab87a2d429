"""QuickBooks' OAuth 2.0 for a machine: the access token lives an hour, the refresh token rotates about daily.

Once a newer refresh token has been *used*, the older one is dead. The token store writes each new one before anybody
uses it, and one process refreshes at a time: killed anywhere, the newest token on disk is one that still works.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from closedloop.clock import Clock, system_clock
from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.http import HttpClient
from closedloop.kit.login import REDIRECT, Consent
from closedloop.kit.pace import MonthlyCalls
from closedloop.kit.policy import Action, Rule
from closedloop.kit.redact import redactor
from closedloop.kit.tokens import Token, TokenStore, token_folder
from closedloop.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import Reply
    from closedloop.kit.login import Granted

log = get_logger(__name__)

TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 (an address)
AUTHORIZE_URL = "https://appcenter.intuit.com/connect/oauth2"
#: Where tokens are kept when nobody says.
FOLDER = Path(".closedloop/tokens")
_SCOPES = ("com.intuit.quickbooks.accounting",)
_LOGIN = "closedloop login CONNECTION"
_CLIENT_ERROR = 400


class DeadTokenError(ConfigError):
    """The refresh token is no longer accepted."""


@dataclass(slots=True, kw_only=True)
class Session:
    """The credential of one company.

    Args:
        client_id: The app's id.
        client_secret: The app's secret.
        realm_id: The company.
        folder: Where tokens are kept.
        refresh_token: What a person pasted; used while there is no other, or when the kept one is dead.
        key: Encrypts the token file.
        token_url: Intuit's token endpoint.
        where: What errors call this connection.
        clock: Tells when a token has ended.
        http: Another client than the usual one: tests pass theirs.
    """

    client_id: str
    client_secret: str
    realm_id: str
    folder: Path
    refresh_token: str | None = None
    key: str | None = None
    token_url: str = TOKEN_URL
    where: str | None = None
    clock: Clock = field(default_factory=Clock)
    http: HttpClient | None = None
    _store: TokenStore = field(init=False)
    _current: Token | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        redactor.add(self.client_secret, self.refresh_token)
        self._store = TokenStore(
            folder=self.folder,
            client=self.client_id,
            tenant=self.realm_id,
            key=self.key,
            clock=self.clock,
            where=self.where,
        )

    @property
    def calls(self) -> MonthlyCalls:
        """The calls of the month, counted beside the token: all that read this company with this app share it."""
        return MonthlyCalls(self._store.path.with_suffix(".calls"))

    def headers(self, is_refused: bool) -> Mapping[str, str]:  # noqa: FBT001 (the kit's Authenticator)
        """Return the header with a token that works.

        Args:
            is_refused: QuickBooks has just refused the one we used.

        Raises:
            ConfigError: No refresh token is accepted: a person must log in.
        """
        self._seed()
        self._current = self._store.fresh(self._refresh, refused=self._current if is_refused else None)
        failpoint("tap_quickbooks.token_saved")
        return {"Authorization": f"Bearer {self._current.access_token}"}

    def _seed(self) -> None:
        if self.refresh_token and self._store.seed(self.refresh_token):
            failpoint("tap_quickbooks.token_seeded")

    def _refresh(self, token: Token) -> Mapping[str, Any]:
        kept = [token.refresh_token, self.refresh_token]
        wanted = list(dict.fromkeys(one for one in kept if one))
        if not wanted:
            raise ConfigError("there is no refresh token", where=self.where, fix=_LOGIN)
        for place, one in enumerate(wanted, start=1):
            try:
                return self._asked(one)
            except DeadTokenError:
                if place == len(wanted):
                    raise
                log.warning("token.dead", where=self.where, next="the refresh_token of the configuration")
        raise AssertionError

    def _asked(self, refresh_token: str) -> Mapping[str, Any]:
        redactor.add(refresh_token)
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        redactor.add(basic)
        failpoint("tap_quickbooks.refresh_begun")
        # Repeating it is safe: an answer that we never saw was never used, so the token before it still works.
        reply = self._client.request(
            "POST",
            "",
            content=_form(grant_type="refresh_token", refresh_token=refresh_token),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"},
            classify=self._classify,
        )
        failpoint("tap_quickbooks.refresh_answered")
        try:
            answer = reply.json()
        except msgspec.DecodeError:
            answer = None
        if not isinstance(answer, dict):
            message = "Intuit's token endpoint gave no answer that can be read; the token before is kept"
            raise ConfigError(message, where=self.where, fix="check token_url", request_id=reply.request_id)
        return answer

    @property
    def _client(self) -> HttpClient:
        if self.http is None:
            self.http = HttpClient(
                base_url=self.token_url,
                where=self.where,
                headers={"User-Agent": "closedloop", "Accept": "application/json"},
            )
        return self.http

    def _classify(self, reply: Reply) -> Rule | None:
        if not _CLIENT_ERROR <= reply.status <= _CLIENT_ERROR + 1:
            return None
        is_dead = b"invalid_grant" in reply.content
        return Rule(
            action=Action.STOP_RUN,
            error=DeadTokenError if is_dead else ConfigError,
            message="the refresh token is expired, revoked or replaced"
            if is_dead
            else "Intuit does not accept client_id and client_secret",
            fix=_LOGIN
            if is_dead
            else "check client_id and client_secret: sandbox and production have their own",
        )


def _form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def consent(config: Mapping[str, Any], where: str) -> Consent:
    """Return what Intuit's consent page is told."""
    return Consent(
        authorize_url=config.get("authorize_url", AUTHORIZE_URL),
        token_url=config.get("token_url", TOKEN_URL),
        client_id=config["client_id"],
        client_secret=config["client_secret"],
        redirect_url=config.get("redirect_url", REDIRECT),
        scopes=_SCOPES,
        where=where,
    )


def keep(config: Mapping[str, Any], granted: Granted, where: str) -> str:
    """Keep the tokens of a consent under the company that was chosen, and return a sentence about it.

    Raises:
        ConfigError: It is another company than the settings name, or none.
    """
    realm, wanted = granted.redirect.get("realmId"), str(config.get("realm_id") or "")
    if not realm:
        raise ConfigError("Intuit did not say which company was chosen", where=where, fix="log in again")
    if wanted and realm != wanted:
        message = f"the consent is for the company {realm}, realm_id names {wanted}"
        raise ConfigError(message, where=where, fix="log in again and choose the other, or correct realm_id")
    store = TokenStore(
        folder=token_folder(config) or FOLDER,
        client=config["client_id"],
        tenant=realm,
        key=config.get("token_key"),
        clock=system_clock(),
        where=where,
    )
    store.take(granted.answer)
    told = f"connected to the QuickBooks company {realm}"
    return told if wanted else f'{told}; now write realm_id: "{realm}" into the settings'
