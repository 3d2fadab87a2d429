"""Logging in: client credentials, signed assertions, and refresh tokens that may rotate."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from closedloop.sandbox.parts.consent import Consents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.salesforce.options import Options

#: On loopback, for an invented world.
CLIENT_ID, CLIENT_SECRET = "3MVG9.closedloop.simulated", "a-secret-of-the-simulator"
USERNAME = "integration@closedloop-demo.com"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CODE_LIFE = timedelta(minutes=15)
AUDIENCES = {False: "https://login.salesforce.com", True: "https://test.salesforce.com"}
_KEY_BITS, _EXPONENT = 2048, 65537


class GrantError(Exception):
    """A request for a token is refused.

    Args:
        error: OAuth's word for it.
        description: Salesforce's sentence.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


@dataclass(slots=True, kw_only=True)
class _Refresh:
    replaced_at: datetime | None = None
    is_dead: bool = False


@dataclass(slots=True, kw_only=True)
class Tokens:
    """The tokens of one app in one org.

    Args:
        organisation: The org's id.
        user: The user's id.
        options: How tokens live.
        now: Tells the time.
        url: The org's address, known once the simulator listens.
        grants: Grants asked for so far, by their type.
        consents: The app's consent page.
    """

    organisation: str
    user: str
    options: Options
    now: Callable[[], datetime]
    url: str = ""
    grants: list[str] = field(default_factory=list)
    consents: Consents = field(init=False)
    _access: dict[str, datetime] = field(default_factory=dict)
    _is_revoked: bool = False
    _refresh: dict[str, _Refresh] = field(default_factory=dict)
    _key: rsa.RSAPrivateKey | None = None
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.consents = Consents(
            client_id=CLIENT_ID, company="an org of Salesforce", now=self.now, life=CODE_LIFE
        )

    def private_key(self) -> str:
        """Return the private key, in PEM, whose certificate the app holds."""
        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=_KEY_BITS)
        made = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return made.decode()

    def first(self) -> str:
        """Return a refresh token as after a person's consent, which also undoes a withdrawn one."""
        with self._lock:
            self._is_revoked = False
            return self._new_refresh()

    def access(self) -> str:
        """Return an access token that works."""
        with self._lock:
            return self._new_access()

    def grant(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Answer a request for a token.

        Raises:
            GrantError: It is refused.
        """
        kind = form.get("grant_type", "")
        self.grants.append(kind)
        with self._lock:
            if kind == BEARER:
                self._verify(form.get("assertion", ""))
                return self._answer()
            self._demand_app(form, authorization, needs_secret=kind == "client_credentials")
            if kind == "client_credentials" and self._is_revoked:
                raise GrantError("invalid_grant", "no client credentials user enabled")
            if kind == "client_credentials":
                return self._answer()
            if kind == "authorization_code":
                return self._answer(self._redeemed(form))
            if kind == "refresh_token":
                return self._answer(self._used(form.get("refresh_token", "")))
        word = "unsupported_grant_type"
        raise GrantError(word, "grant type not supported")

    def check(self, authorization: str) -> bool:
        """Return whether a request's access token is good; every use lengthens its life."""
        token = authorization.removeprefix("Bearer ").removeprefix("OAuth ")
        with self._lock:
            end = self._access.get(token)
            if end is None or end <= self.now():
                return False
            self._access[token] = self.now() + timedelta(seconds=self.options.session_seconds)
        return True

    def expire(self) -> None:
        """End every access token."""
        with self._lock:
            self._access.clear()

    def revoke(self) -> None:
        """Withdraw the app's permission: nothing works any more."""
        with self._lock:
            self._is_revoked = True
            self._access.clear()
            for held in self._refresh.values():
                held.is_dead = True

    def works(self, refresh_token: str) -> bool:
        """Return whether a refresh token would be accepted."""
        held = self._refresh.get(refresh_token)
        if held is None or held.is_dead:
            return False
        grace = timedelta(seconds=self.options.grace_seconds)
        return held.replaced_at is None or self.now() < held.replaced_at + grace

    def _redeemed(self, form: Mapping[str, str]) -> str:
        if not self.consents.redeemed(form):
            raise GrantError("invalid_grant", "invalid authorization code")
        return self._new_refresh()

    def _used(self, given: str) -> str | None:
        if not self.works(given):
            raise GrantError("invalid_grant", "expired access/refresh token")
        if not self.options.rotates:
            return None
        held = self._refresh[given]
        held.replaced_at = held.replaced_at or self.now()
        return self._new_refresh()

    def _demand_app(self, form: Mapping[str, str], authorization: str, *, needs_secret: bool) -> None:
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        secret = form.get("client_secret")
        is_app = form.get("client_id") == CLIENT_ID and secret in {
            CLIENT_SECRET,
            CLIENT_SECRET if needs_secret else None,
        }
        if authorization != f"Basic {basic}" and not is_app:
            raise GrantError("invalid_client", "invalid client credentials")

    def _verify(self, assertion: str) -> None:
        """Check a signed assertion: whose it is, for whom, until when, by which key."""
        expired = GrantError("invalid_grant", "expired authorization code")
        try:
            head, claims, signature = assertion.split(".")
            given = json.loads(_decoded(claims))
            self._demand_signature(head, claims, signature)
            end = float(given["exp"])
        except (ValueError, KeyError, InvalidSignature) as error:
            raise GrantError("invalid_grant", "invalid assertion") from error
        if given.get("iss") != CLIENT_ID:
            raise GrantError("invalid_client_id", "client identifier invalid")
        if given.get("aud") not in {AUDIENCES[self.options.is_sandbox], self.url}:
            raise GrantError("invalid_grant", "audience is invalid")
        if given.get("sub") != USERNAME or self._is_revoked or not self.options.is_approved:
            raise GrantError("invalid_grant", "user hasn't approved this consumer")
        now = self.now().timestamp()
        if end <= now or end > now + self.options.most_skew:
            raise expired

    def _demand_signature(self, head: str, claims: str, signature: str) -> None:
        if self._key is None or json.loads(_decoded(head)).get("alg") != "RS256":
            raise InvalidSignature
        signed = f"{head}.{claims}".encode()
        self._key.public_key().verify(_decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())

    def _answer(self, refresh_token: str | None = None) -> dict[str, Any]:
        who = f"{AUDIENCES[self.options.is_sandbox]}/id/{self.organisation}/{self.user}"
        issued = str(int(self.now().timestamp() * 1000))
        answer = {
            "access_token": self._new_access(),
            "signature": base64.b64encode(hashlib.sha256(f"{who}{issued}".encode()).digest()).decode(),
            "scope": "api refresh_token",
            "instance_url": self.url,
            "id": who,
            "token_type": "Bearer",
            "issued_at": issued,
        }
        return answer | ({"refresh_token": refresh_token} if refresh_token else {})

    def _new_access(self) -> str:
        made = f"{self.organisation[:15]}!{self._made('access')}"
        self._access[made] = self.now() + timedelta(seconds=self.options.session_seconds)
        return made

    def _new_refresh(self) -> str:
        made = self._made("refresh")
        self._refresh[made] = _Refresh()
        return made

    def _made(self, kind: str) -> str:
        self._number += 1
        return hashlib.sha256(f"{self.organisation}:{kind}:{self._number}".encode()).hexdigest()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
