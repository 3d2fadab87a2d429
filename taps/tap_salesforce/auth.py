"""Salesforce's ways in: client credentials, a signed assertion (JWT bearer), a rotating refresh token, a ready token.

Salesforce does not say when an access token ends, so a new one is asked for when the old one is refused. With rotation
switched on every refresh gives a new refresh token and ends the one before: the new one is on disk before anything is
asked with it. Source: Salesforce's pages on the OAuth 2.0 flows.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import msgspec

from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.http import checked_url
from closedloop.kit.redact import redactor
from closedloop.kit.tokens import Token
from closedloop.log import get_logger
from tap_salesforce.refusals import DeadTokenError, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import HttpClient, Reply
    from closedloop.kit.policy import Rule
    from closedloop.kit.tokens import TokenStore

log = get_logger(__name__)

Grant = Literal["client_credentials", "jwt_bearer", "refresh_token", "access_token"]
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 (an address)
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Salesforce refuses assertions that end more than some five minutes ahead; three leave room for both clocks.
_ASSERTED = timedelta(minutes=3)


@dataclass(slots=True, kw_only=True)
class Login:
    """Gives each request its credential.

    Args:
        http: Where tokens are asked for.
        grant: Which way in.
        instance_url: Where the data is; what comes with a token replaces it.
        client_id: The app's consumer key.
        client_secret: The app's secret; not needed for ``jwt_bearer``.
        username: Who the assertion speaks for.
        private_key: Signs the assertion, PEM.
        audience: Whom the assertion is for: the login host of production or of sandboxes.
        store: Where the rotating token is kept; needed for ``refresh_token``.
        first: Refresh token to begin with where the store has none, or a dead one.
        access_token: A ready one, for ``access_token``.
        where: What errors call this connection.
        clock: Dates the assertion.
    """

    http: HttpClient
    grant: Grant
    instance_url: str
    client_id: str = ""
    client_secret: str | None = None
    username: str | None = None
    private_key: str | None = None
    audience: str = ""
    store: TokenStore | None = None
    first: str | None = None
    access_token: str | None = None
    where: str | None = None
    clock: Clock = field(default_factory=Clock)
    _held: Token | None = None

    def headers(self, refused: bool) -> Mapping[str, str]:  # noqa: FBT001 (the kit's authenticator)
        """Return the header with a token that works; ``refused`` says that the last one did not.

        Raises:
            ConfigError: There is none.
        """
        if self.grant == "refresh_token":
            self._held = self._stored(refused=refused)
        elif self._held is None or refused:
            self._held = self._given(refused=refused)
        return {"Authorization": f"Bearer {self._held.access_token}"}

    def _given(self, *, refused: bool) -> Token:
        if self.grant == "access_token":
            if refused or not self.access_token:
                raise self._wrong(
                    "the access token was refused, and it cannot be renewed", "give a fresh one"
                )
            return Token(access_token=self.access_token)
        form = self._assertion() if self.grant == "jwt_bearer" else {"grant_type": "client_credentials"}
        answer = self._ask(form)
        access = answer.get("access_token")
        if not isinstance(access, str) or not access:
            raise self._wrong("the answer holds no token", "check url: it must be the org's own address")
        redactor.add(access)
        return Token(access_token=access)

    def _assertion(self) -> dict[str, str]:
        claims = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience,
            "exp": int((self.clock.now() + _ASSERTED).timestamp()),
        }
        signed = ".".join(_part(msgspec.json.encode(one)) for one in ({"alg": "RS256"}, claims))
        return {"grant_type": _JWT, "assertion": f"{signed}.{_part(self._signature(signed.encode()))}"}

    def _signature(self, content: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key((self.private_key or "").replace("\\n", "\n").encode(), password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise self._wrong(
                "private_key is no RSA key", "give it in PEM form, without a password, as it was made"
            )
        return key.sign(content, padding.PKCS1v15(), SHA256())

    def _stored(self, *, refused: bool) -> Token:
        store = self.store
        if store is None:
            raise self._wrong(
                "there is no place for the token, which may change with each use",
                "set token_folder, or use another grant",
            )
        if self.first and store.seed(self.first):
            failpoint("tap_salesforce.first_token_kept")
        token = store.fresh(self._refreshed, refused=self._held if refused else None)
        failpoint("tap_salesforce.token_saved")
        if token.instance_url:
            self.instance_url = checked_url(token.instance_url, where=self.where)
        return token

    def _refreshed(self, token: Token) -> Mapping[str, Any]:
        wanted = list(dict.fromkeys(one for one in (token.refresh_token, self.first) if one))
        for place, one in enumerate(wanted, start=1):
            try:
                return self._refresh(one)
            except DeadTokenError:
                if place == len(wanted):
                    raise
                log.warning("token.dead", where=self.where, next="the refresh_token of the settings")
        raise self._wrong("there is no refresh token", "closedloop login CONNECTION")

    def _refresh(self, refresh_token: str) -> Mapping[str, Any]:
        redactor.add(refresh_token)
        failpoint("tap_salesforce.refresh_due")
        answer = self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token})
        failpoint("tap_salesforce.refresh_answered")
        return answer

    def _ask(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        fields = dict(form)
        if form["grant_type"] == "client_credentials":
            pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
            redactor.add(pair)
            headers["Authorization"] = f"Basic {pair}"
        elif form["grant_type"] == "refresh_token":
            fields |= {"client_id": self.client_id}
            fields |= {"client_secret": self.client_secret} if self.client_secret else {}
        reply = self.http.request(
            "POST", TOKEN_PATH, content=urlencode(fields).encode(), headers=headers, classify=self._fault
        )
        found = _answer(reply)
        if isinstance(address := found.get("instance_url"), str) and address:
            self.instance_url = checked_url(address, where=self.where)
        return found

    def _fault(self, reply: Reply) -> Rule | None:
        return refusal(reply, _answer(reply), grant=self.grant, now=self.clock.now())

    def _wrong(self, message: str, fix: str) -> ConfigError:
        return ConfigError(message, where=self.where, fix=fix)


def _answer(reply: Reply) -> Mapping[str, Any]:
    try:
        found = reply.json()
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
