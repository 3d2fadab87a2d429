"""The identity server: consent, codes, tokens that rotate with half an hour of grace, custom connections."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.parts.consent import Consents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.xero.options import Options

CLIENT_ID, CLIENT_SECRET = "0123456789ABCDEF0123456789ABCDEF", "a-secret-of-the-simulator"
ACCESS_LIFE, REFRESH_LIFE = timedelta(minutes=30), timedelta(days=60)
GRACE, CODE_LIFE = timedelta(minutes=30), timedelta(minutes=5)


class TokenError(Exception):
    """The identity server refuses: its word is the argument."""


@dataclass(slots=True)
class Access:
    """What an access token opens, and until when; ``own`` is a custom connection's."""

    until: datetime
    own: bool


@dataclass(slots=True)
class _Refresh:
    until: datetime
    used: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Identity:
    """Tokens.

    Args:
        clock: The simulator's.
        options: Scopes.
    """

    clock: ShiftedClock
    options: Options
    consents: Consents = field(init=False)
    access: dict[str, Access] = field(default_factory=dict)
    _refresh: dict[str, _Refresh] = field(default_factory=dict)
    _made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.consents = Consents(
            client_id=CLIENT_ID, company="an organisation of Xero", now=self.clock.now, life=CODE_LIFE
        )

    def first(self) -> dict[str, Any]:
        """Return tokens as after a consent, without the way there."""
        with self._lock:
            return self._pair()

    def token(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Answer a request for a token.

        Raises:
            TokenError: With OAuth's word for what is wrong.
        """
        self._demand_client(form, authorization)
        grant = form.get("grant_type")
        with self._lock:
            if grant == "client_credentials":
                return self._answer(own=True)
            if grant == "authorization_code":
                if not self.consents.redeemed(form):
                    raise TokenError("invalid_grant")
                return self._pair()
            if grant == "refresh_token":
                return self._rotated(form.get("refresh_token", ""))
        raise TokenError("unsupported_grant_type")

    def revoke(self, token: str) -> None:
        """End a refresh token and every access token."""
        with self._lock:
            self._refresh.pop(token, None)
            self.access.clear()

    def _demand_client(self, form: Mapping[str, str], authorization: str) -> None:
        pair = f"{form.get('client_id', '')}:{form.get('client_secret', '')}"
        if authorization.startswith("Basic "):
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if pair != f"{CLIENT_ID}:{CLIENT_SECRET}":
            raise TokenError("invalid_client")

    def _rotated(self, token: str) -> dict[str, Any]:
        """A used token works on for the grace period, in case the answer was lost; then its family is dead."""
        held, now = self._refresh.get(token), self.clock.now()
        if held is None or held.until < now or (held.used is not None and now - held.used > GRACE):
            raise TokenError("invalid_grant")
        held.used = held.used or now
        return self._pair()

    def _pair(self) -> dict[str, Any]:
        refresh = self._new("refresh")
        self._refresh[refresh] = _Refresh(self.clock.now() + REFRESH_LIFE)
        return {**self._answer(own=False), "refresh_token": refresh}

    def _answer(self, *, own: bool) -> dict[str, Any]:
        access = self._new("access")
        self.access[access] = Access(self.clock.now() + ACCESS_LIFE, own)
        return {
            "access_token": access,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "Bearer",
            "scope": " ".join(sorted(self.options.scopes)),
        }

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}-{hashlib.sha256(f'{kind}{self._made}'.encode()).hexdigest()[:24]}"
