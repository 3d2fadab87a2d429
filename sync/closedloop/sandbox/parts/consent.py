"""A consent page: who asks, where the browser goes back to, and codes that buy tokens once.

Follows RFC 6749 section 4.1 and RFC 7636: a redirect address that is not registered never gets an answer, and a code
belongs to the address and the proof key with which it was asked for.
"""

from __future__ import annotations

import base64
import hashlib
import html
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FORM = (
    "<!DOCTYPE html>\n<title>Consent</title>\n<h1>closedloop wants access to {company}</h1>\n<p>It asks for: {scope}</p>\n"
    '<form method="post"><button name="answer" value="allow">Allow access</button>'
    '<button name="answer" value="deny">Cancel</button></form>\n'
)


class PageError(Exception):
    """The page shows an error and sends nobody anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    until: datetime
    redirect_url: str | None = None
    challenge: str | None = None


@dataclass(slots=True, kw_only=True)
class Consents:
    """The consent page of one app.

    Args:
        client_id: The app.
        company: What is opened, as the page calls it.
        now: Tells the time.
        life: How long a code works.
        redirects: The addresses registered with the app; none: any of this machine's own.
        scopes: What the app may ask for; none: anything.
    """

    client_id: str
    company: str
    now: Callable[[], datetime]
    life: timedelta = timedelta(minutes=5)
    redirects: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    _codes: dict[str, _Code] = field(default_factory=dict)

    def page(self, query: Mapping[str, str]) -> str:
        """Return the page that a person sees.

        Raises:
            PageError: The app or the redirect address is not known.
        """
        self._demand(query)
        return _FORM.format(company=html.escape(self.company), scope=html.escape(query.get("scope", "")))

    def answered(self, query: Mapping[str, str], form: Mapping[str, str], **more: str) -> str:
        """Return where the browser is sent to after a person's answer.

        Args:
            query: Of the page's address.
            form: What was pressed.
            **more: What the vendor adds to a consent.

        Raises:
            PageError: The app or the redirect address is not known.
        """
        self._demand(query)
        if form.get("answer") == "allow":
            code = self.code(query["redirect_uri"], query.get("code_challenge"))
            back = {"code": code, **more}
        else:
            back = {"error": "access_denied"}
        back["state"] = query.get("state", "")
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def code(self, redirect_url: str | None = None, challenge: str | None = None) -> str:
        """Return a code, as after a consent; it belongs to an address and a proof key if they are given."""
        made = f"code-{secrets.token_hex(16)}"
        self._codes[made] = _Code(
            until=self.now() + self.life, redirect_url=redirect_url, challenge=challenge
        )
        return made

    def redeemed(self, form: Mapping[str, str]) -> bool:
        """Take a code out of a request for tokens, and return whether it is good."""
        held = self._codes.pop(form.get("code", ""), None)
        if held is None or held.until < self.now():
            return False
        if held.redirect_url is not None and held.redirect_url != form.get("redirect_uri"):
            return False
        return held.challenge is None or held.challenge == _digest(form.get("code_verifier", ""))

    def _demand(self, query: Mapping[str, str]) -> None:
        if query.get("client_id") != self.client_id or query.get("response_type") != "code":
            raise PageError("unknown client")
        redirect_url = query.get("redirect_uri", "")
        known = (
            urlsplit(redirect_url).hostname in _LOOPBACK
            if self.redirects is None
            else redirect_url in self.redirects
        )
        if not known:
            raise PageError("invalid redirect_uri")
        if self.scopes is not None and not self.scopes.issuperset(query.get("scope", "").split()):
            raise PageError("scopes mismatch")


def _digest(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
