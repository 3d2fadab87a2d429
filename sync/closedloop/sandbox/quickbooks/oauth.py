"""Intuit's OAuth 2.0: consent, code, and refresh tokens that rotate."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.parts.consent import Consents
from closedloop.sandbox.quickbooks.errors import AuthenticationError, expired, other_company

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.quickbooks.books import Oddities

_LIFE = timedelta(days=101)
_DAY = timedelta(days=1)


class GrantError(Exception):
    """A request for a token that is refused.

    Args:
        status: HTTP status.
        error: OAuth's own word for it.
    """

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(slots=True, kw_only=True)
class _Refresh:
    born: datetime
    is_dead: bool = False
    followed_by: str | None = None


@dataclass(slots=True, kw_only=True)
class Tokens:
    """The tokens of one app at one company.

    Args:
        client_id: The app.
        client_secret: Its secret.
        realm: The company.
        now: Tells the time.
        oddities: How long tokens live and how they rotate.
        consents: The consent page.
        refreshes: Refreshes so far.
    """

    client_id: str
    client_secret: str
    realm: str
    now: Callable[[], datetime]
    oddities: Oddities
    consents: Consents = field(init=False)
    refreshes: int = 0
    _refresh: dict[str, _Refresh] = field(default_factory=dict)
    _access: dict[str, datetime] = field(default_factory=dict)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.consents = Consents(client_id=self.client_id, company="a company of QuickBooks", now=self.now)

    def first(self) -> str:
        """Return a refresh token as the first consent gives it."""
        with self._lock:
            return self._new_refresh()

    def grant(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Answer a request for tokens.

        Raises:
            GrantError: The app, the code or the refresh token is refused.
        """
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        posted = (form.get("client_id"), form.get("client_secret")) == (self.client_id, self.client_secret)
        if authorization != f"Basic {basic}" and not posted:
            raise GrantError(401, "invalid_client")
        with self._lock:
            if form.get("grant_type") == "authorization_code":
                if not self.consents.redeemed(form):
                    raise GrantError(400, "invalid_grant")
                return self._answer(self._new_refresh())
            if form.get("grant_type") != "refresh_token":
                raise GrantError(400, "unsupported_grant_type")
            return self._answer(self._rotated(form.get("refresh_token", "")))

    def check(self, authorization: str, realm: str) -> None:
        """Refuse a request whose access token does not open the company.

        Raises:
            AuthenticationError: It does not.
        """
        token = authorization.removeprefix("Bearer ")
        end = self._access.get(token)
        if end is None:
            raise AuthenticationError(
                401, "3200", "AuthenticationFailed", "Malformed bearer token: simulated"
            )
        if end <= self.now():
            raise expired()
        if realm != self.realm:
            raise other_company()

    def expire(self) -> None:
        """End every access token."""
        with self._lock:
            self._access = dict.fromkeys(self._access, self.now())

    def revoke(self) -> None:
        """Withdraw the consent: nothing works any more."""
        with self._lock:
            self._access.clear()
            for held in self._refresh.values():
                held.is_dead = True

    def works(self, refresh_token: str) -> bool:
        """Return whether a refresh token would be accepted."""
        held = self._refresh.get(refresh_token)
        return held is not None and not held.is_dead and held.born + _LIFE > self.now()

    def _rotated(self, given: str) -> str:
        if not self.works(given):
            raise GrantError(400, "invalid_grant")
        self.refreshes += 1
        held = self._refresh[given]
        for other in self._refresh.values():
            if other.followed_by == given:
                other.is_dead = True  # the newer one is used now
        if self.oddities.rotates == "daily" and self.now() - held.born < _DAY:
            return given
        if self.oddities.old_dies == "at_once":
            held.is_dead = True
        if held.followed_by is None or not self.works(held.followed_by):
            held.followed_by = self._new_refresh()
        return held.followed_by

    def _answer(self, refresh_token: str) -> dict[str, Any]:
        access = self._made("access")
        self._access[access] = self.now() + timedelta(seconds=self.oddities.token_seconds)
        left = self._refresh[refresh_token].born + _LIFE - self.now()
        return {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": self.oddities.token_seconds,
            "refresh_token": refresh_token,
            "x_refresh_token_expires_in": int(left.total_seconds()),
        }

    def _new_refresh(self) -> str:
        made = self._made("refresh")
        self._refresh[made] = _Refresh(born=self.now())
        return made

    def _made(self, kind: str) -> str:
        self._number += 1
        digest = hashlib.sha256(f"{self.realm}:{kind}:{self._number}".encode()).hexdigest()
        return f"{kind[:2].upper()}{self._number}{digest[:40]}"
