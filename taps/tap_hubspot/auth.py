"""HubSpot's two ways in: the token of a private app, which does not end, or an installed app's refresh token.

Whether a refresh gives a new refresh token depends on the release of the token endpoint: whatever comes back is on disk
before it is used. How long an access token lives is what the answer says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from closedloop.clock import Clock, system_clock
from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.policy import Action, Rule
from closedloop.kit.tokens import Token, TokenStore, token_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import HttpClient, Reply

_LOGIN = "closedloop login CONNECTION"
_ENDED = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="the refresh token was refused: the app may have been uninstalled or its access revoked",
    fix=_LOGIN,
)
_CLIENT = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="the app was refused",
    fix="correct client_id and client_secret",
)
#: Words of the token endpoint, in `status` or `error`, that speak of the app and not of its token.
_OF_THE_APP = frozenset({"BAD_CLIENT_ID", "BAD_CLIENT_SECRET", "MISMATCH_CLIENT_ID", "invalid_client"})


@dataclass(slots=True, kw_only=True)
class Login:
    """Gives each request its credential.

    Args:
        token: A private app's token; with it nothing else is needed.
        http: The token endpoint's server.
        path: The token endpoint.
        client_id: The app.
        client_secret: Its secret.
        store: Where the tokens are kept.
        first: Refresh token to begin with where the store has none.
        where: What errors call this connection.
        clock: Tells when a token has ended.
    """

    token: str | None = None
    http: HttpClient | None = None
    path: str = ""
    client_id: str = ""
    client_secret: str = ""
    store: TokenStore | None = None
    first: str | None = None
    where: str | None = None
    clock: Clock = field(default_factory=Clock)
    _held: Token | None = None

    def headers(self, refused: bool) -> Mapping[str, str]:  # noqa: FBT001 (the kit's authenticator)
        """Return the header with a token that works; ``refused`` says that the last one did not."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        self._held = self._stored(refused=refused)
        return {"Authorization": f"Bearer {self._held.access_token}"}

    def _stored(self, *, refused: bool) -> Token:
        store = self.store
        if store is None:
            raise ConfigError(
                "there is no place for the token, which may change with each use",
                where=self.where,
                fix="set token_folder, or use a private app: access_token",
            )
        if self.first and store.seed(self.first):
            failpoint("tap_hubspot.first_token_kept")
        return store.fresh(self._refreshed, refused=self._held if refused else None)

    def _refreshed(self, token: Token) -> Mapping[str, Any]:
        if not token.refresh_token or self.http is None:
            raise ConfigError("there is no refresh token", where=self.where, fix=_LOGIN)
        failpoint("tap_hubspot.refresh_due")
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": token.refresh_token,
        }
        reply = self.http.request(
            "POST",
            self.path,
            content=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            classify=_fault,
        )
        failpoint("tap_hubspot.refresh_answered")
        return _answer(reply)


def token_store(config: Mapping[str, Any], where: str) -> TokenStore | None:
    """Return the place of the app's token, which the tap and the target of a connection share; none without a folder."""
    folder = token_folder(config)
    if folder is None:
        return None
    return TokenStore(
        folder=folder,
        client=config["client_id"],
        tenant=where,
        key=config.get("token_key"),
        clock=system_clock(),
    )


def _fault(reply: Reply) -> Rule | None:
    if reply.status not in {400, 401, 403}:
        return None
    answer = _answer(reply)
    words = {str(answer.get(name)) for name in ("status", "error", "category")}
    return _CLIENT if words & _OF_THE_APP else _ENDED


def _answer(reply: Reply) -> Mapping[str, Any]:
    try:
        found = reply.json()
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}
