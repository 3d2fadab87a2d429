"""The identity server: one token a service at a time, for an hour."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.marketo.errors import MarketoError
from closedloop.sandbox.marketo.options import CLIENT_ID, CLIENT_SECRET, USER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.odoo.engine import ShiftedClock

LIFE = timedelta(seconds=3600)


@dataclass(slots=True, kw_only=True)
class Identity:
    """Tokens.

    Args:
        clock: The simulator's.
        asked: How often a token was asked for.
    """

    clock: ShiftedClock
    asked: int = 0
    _token: str = ""
    _ends: datetime | None = None
    _old: set[str] = field(default_factory=set)
    _made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a request for a token: the one that works, with the seconds it has left."""
        given = query.get("client_id"), query.get("client_secret")
        if query.get("grant_type") != "client_credentials" or given != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client", "error_description": "Bad client credentials"}
        with self._lock:
            self.asked += 1
            now = self.clock.now()
            if self._ends is None or self._ends <= now:
                self._renew(now)
            left = int(((self._ends or now) - now).total_seconds())
            return 200, {
                "access_token": self._token,
                "token_type": "bearer",
                "expires_in": left,
                "scope": USER,
            }

    def demand(self, header: str) -> None:
        """Check what a request carries.

        Raises:
            MarketoError: 601 or 602.
        """
        given = header.removeprefix("Bearer ")
        with self._lock:
            if given in self._old or (given == self._token and self._ends and self._ends <= self.clock.now()):
                raise MarketoError("602")
            if not header.startswith("Bearer ") or given != self._token:
                raise MarketoError("601")

    def end(self) -> None:
        """End the token that works."""
        with self._lock:
            self._ends = self.clock.now()

    def _renew(self, now: datetime) -> None:
        if self._token:
            self._old.add(self._token)
        self._made += 1
        self._token = hashlib.sha256(f"token {self._made}".encode()).hexdigest()[:36] + ":int"
        self._ends = now + LIFE
