"""Marketo's way in: a service's id and secret buy a token for an hour. There is no refresh token.

Asked early, the identity server answers with the same token and the seconds it has left, so a fresh one cannot be had
before the old one ends: who is told that it has ended waits those seconds. The token travels in a header only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.kit.policy import Action, Rule
from closedloop.kit.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import HttpClient, Reply

#: A token that lives longer than this though it was refused is not waited for.
_LONGEST_WAIT = 90.0
_REFUSED = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="client_id and client_secret were not accepted",
    fix="copy both from the service in Admin > LaunchPoint",
)


@dataclass(slots=True, kw_only=True)
class Login:
    """Gives each request its credential.

    Args:
        http: The identity server.
        client_id: The service.
        client_secret: Its secret.
        where: What errors call this connection.
        clock: Tells when a token has ended.
        user: The API user that the token belongs to, as the identity server names it.
    """

    http: HttpClient
    client_id: str
    client_secret: str
    where: str | None = None
    clock: Clock = field(default_factory=Clock)
    user: str | None = None
    _token: str | None = None
    _ends: datetime | None = None

    def headers(self, refused: bool) -> Mapping[str, str]:  # noqa: FBT001 (the kit's authenticator)
        """Return the header with a token that works; ``refused`` says that the last one did not."""
        if self._token is None or refused or self._ends is None or self._ends <= self.clock.now():
            before, seconds = self._token, self._renew()
            if refused and self._token == before and seconds <= _LONGEST_WAIT:
                self.http.sleep(seconds + 1)
                self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> float:
        """Take the token that the identity server gives, and return how long it lives."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        reply = self.http.request(
            "POST",
            "/identity/oauth/token",
            params=form,  # that a body is read instead is documented nowhere
            headers={"Accept": "application/json"},
            classify=_fault,
        )
        answer = _answer(reply)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise ConfigError(
                "the identity server's answer holds no token", where=self.where, fix="check the url"
            )
        redactor.add(token)
        seconds = float(answer.get("expires_in") or 0)
        self._token, self._ends = token, self.clock.now() + timedelta(seconds=seconds)
        self.user = str(answer.get("scope") or "") or None
        return seconds


def _fault(reply: Reply) -> Rule | None:
    said = str(_answer(reply).get("error") or "")
    if reply.status in {400, 401} or said in {"unauthorized", "invalid_client"}:
        return _REFUSED
    return None


def _answer(reply: Reply) -> Mapping[str, Any]:
    try:
        found = reply.json()
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}
