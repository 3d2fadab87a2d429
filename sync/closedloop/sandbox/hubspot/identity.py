"""Tokens: the private app's, which does not end, and OAuth's, which live half an hour."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import HubError
from closedloop.sandbox.hubspot.wire import APP_ID, PORTAL, stamp
from closedloop.sandbox.parts.consent import Consents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.hubspot.options import Options
    from closedloop.sandbox.odoo.engine import ShiftedClock

CLIENT_ID, CLIENT_SECRET = "6c3a7c1e-6f0b-4a7b-9a52-0d0e1f2a3b4c", "a-secret-of-the-simulator"
PRIVATE = "pat-eu1-5a6b7c8d-closedloop-private-app"
ACCESS_LIFE, CODE_LIFE = timedelta(seconds=1800), timedelta(minutes=5)
USER = 88_842_095


@dataclass(slots=True, kw_only=True)
class Identity:
    """The tokens of the account.

    Args:
        clock: The simulator's.
        options: Scopes, and whether refresh tokens rotate.
        consents: The installed app's consent page.
    """

    clock: ShiftedClock
    options: Options
    private: str = PRIVATE
    consents: Consents = field(init=False)
    _access: dict[str, datetime] = field(default_factory=dict)
    _refresh: set[str] = field(default_factory=set)
    _made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.consents = Consents(
            client_id=CLIENT_ID,
            company=f"the HubSpot account {PORTAL}",
            now=self.clock.now,
            life=CODE_LIFE,
            scopes=self.options.scopes,
        )

    def first(self) -> dict[str, Any]:
        """Return tokens as after a consent, without the way there."""
        with self._lock:
            return self._answer(self._new_refresh())

    def is_private(self, token: str) -> bool:
        """Return whether a token is the private app's."""
        return token == self.private

    def demand(self, token: str) -> None:
        """Refuse a token that is unknown or has ended.

        Raises:
            HubError: 401.
        """
        if self.is_private(token):
            return
        until = self._access.get(token)
        if until is None:
            message = (
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
                "find more details in the documentation."
            )
            raise HubError(401, "INVALID_AUTHENTICATION", message)
        now = self.clock.now()
        if now >= until:
            ago = int((now - until).total_seconds())
            message = f"The OAuth token used to make this call expired {ago} second(s) ago."
            raise HubError(
                401, "EXPIRED_AUTHENTICATION", message, {"context": {"expire time": [stamp(until)]}}
            )

    def expire(self) -> None:
        """End every access token, as after half an hour."""
        with self._lock:
            now = self.clock.now()
            self._access = {token: min(until, now) for token, until in self._access.items()}

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a request for a token.

        Raises:
            HubError: The client, the code or the refresh token is wrong.
        """
        self._demand_client(form)
        grant = form.get("grant_type")
        with self._lock:
            if grant == "authorization_code":
                if not self.consents.redeemed(form):
                    raise _bad("BAD_AUTH_CODE", "missing or unknown auth code")
                return self._answer(self._new_refresh())
            if grant == "refresh_token":
                return self._refreshed(form.get("refresh_token", ""))
        raise _bad("BAD_GRANT_TYPE", "missing or unknown grant type")

    def introspect(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Say what a token is."""
        token = form.get("token", "")
        common = {
            "token": token,
            "hub_id": PORTAL,
            "app_id": APP_ID,
            "client_id": CLIENT_ID,
            "user_id": USER,
            "scopes": sorted(self.options.scopes),
            "token_type": "bearer",
        }
        until = self._access.get(token)
        if until is not None and until > self.clock.now():
            left = int((until - self.clock.now()).total_seconds())
            return {**common, "active": True, "expires_in": left, "token_use": "access_token"}
        return {**common, "active": token in self._refresh, "token_use": "refresh_token"}

    def revoke(self, token: str | None = None) -> None:
        """End a refresh token (all of them without one) and every access token, as when the app is removed."""
        with self._lock:
            self._refresh = set() if token is None else self._refresh - {token}
            self._access.clear()

    @staticmethod
    def _demand_client(form: Mapping[str, str]) -> None:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise _bad("BAD_CLIENT_ID", "missing or unknown client id or secret")

    def _refreshed(self, refresh: str) -> dict[str, Any]:
        if refresh not in self._refresh:
            raise _bad("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        if not self.options.rotates_refresh:
            return self._answer(refresh)
        self._refresh.discard(refresh)
        return self._answer(self._new_refresh())

    def _new_refresh(self) -> str:
        refresh = self._new("refresh")
        self._refresh.add(refresh)
        return refresh

    def _answer(self, refresh: str) -> dict[str, Any]:
        access = self._new("access")
        self._access[access] = self.clock.now() + ACCESS_LIFE
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "bearer",
            "token_use": "access_token",
            "hub_id": PORTAL,
            "user_id": USER,
            "scopes": sorted(self.options.scopes),
        }

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}-{hashlib.sha256(f'{kind}{self._made}'.encode()).hexdigest()[:24]}"


def _bad(word: str, message: str) -> HubError:
    return HubError(400, word, message, {"status": word})
