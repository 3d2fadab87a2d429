"""The first consent of a person: OAuth 2.0's authorization code, with a state and a proof key.

    tap-x --login           says the address to open, and waits for the browser on this machine's own loopback
    tap-x --login --paste   takes from its input the address that the browser was sent to, where it cannot reach us

Both write JSON lines: ``{"login": "address", "url": …}``, then ``{"login": "done", "message": …}``. A vendor is a
`Consent` and what its tap does with the answer; nothing here knows one. Sources: RFC 6749 section 4.1, RFC 7636
(proof key), RFC 8252 section 7.3 (loopback).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import sys
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from singer_sdk import typing as th

from closedloop.errors import ConfigError, UnreachableError
from closedloop.kit.http import HttpClient, is_loopback
from closedloop.kit.policy import Action, Rule, UnknownOutcomeError
from closedloop.kit.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from closedloop.kit.http import Reply

REDIRECT = "http://localhost:8914/callback"
#: Seconds a person has for the vendor's pages.
_PATIENCE = 600.0
_PAGE = b"<!doctype html>\n<title>closedloop</title>\n<p>You can close this window: the terminal says the rest.</p>\n"
#: Settings of every tap that a person can log in to.
LOGIN_SETTINGS = (
    th.Property(
        "redirect_url",
        th.StringType,
        default=REDIRECT,
        title="Redirect address",
        description="Where the consent page sends the browser back to: register exactly this one with your app. On "
        "another address than this machine's own, log in with --paste.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a vendor's consent page and token endpoint are told.

    Args:
        authorize_url: Address of the consent page.
        token_url: Where a code is changed for tokens.
        client_id: The app.
        client_secret: Its secret; none for an app that has none.
        redirect_url: Where the browser comes back to; port 0: any free one.
        scopes: What is asked for.
        is_secret_posted: Whether the secret goes into the form instead of the header.
        extra: More parameters of the consent page.
        words: The vendor's own words for a refusal of the token endpoint → OAuth's (``invalid_client`` …).
        where: What errors call this connection.
    """

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str | None
    redirect_url: str
    scopes: Sequence[str]
    is_secret_posted: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a consent gave.

    Args:
        redirect: What the vendor said to the browser's address: some name the tenant here.
        answer: What the token endpoint said.
    """

    redirect: Mapping[str, str]
    answer: Mapping[str, Any]


def log_in(
    consent: Consent,
    tell: Callable[[Mapping[str, Any]], None],
    *,
    is_pasted: bool,
    patience: float = _PATIENCE,
) -> Granted:
    """Lead a person through the consent and return what it gave.

    Args:
        consent: The vendor's.
        tell: Takes the line with the address to open.
        is_pasted: Whether the address that the browser was sent to comes by stdin.
        patience: Seconds to wait for the browser.

    Raises:
        ConfigError: It did not come to tokens, and why.
    """
    _refuse_foreign(consent, is_pasted=is_pasted)
    server = None if is_pasted else _listener(consent)
    redirect_url = _with_port(consent.redirect_url, server)
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    redactor.add(verifier, consent.client_secret)
    tell({"login": "address", "url": _address(consent, redirect_url, state, verifier)})
    came = _pasted(consent) if server is None else _received(server, consent, patience)
    redirect = _checked(consent, came, redirect_url, state)
    form = {"grant_type": "authorization_code", "code": redirect["code"], "redirect_uri": redirect_url}
    return Granted(redirect=redirect, answer=_changed(consent, {**form, "code_verifier": verifier}))


def _refuse_foreign(consent: Consent, *, is_pasted: bool) -> None:
    parts = urlsplit(consent.redirect_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("redirect_url is not an address", where=consent.where, fix=f"write {REDIRECT}")
    if not is_pasted and not (parts.scheme == "http" and is_loopback(consent.redirect_url)):
        message = "redirect_url is not an http address of this machine, so that nobody here can wait for it"
        raise ConfigError(message, where=consent.where, fix="log in with --paste")


def _address(consent: Consent, redirect_url: str, state: str, verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": consent.client_id,
        "redirect_uri": redirect_url,
        "scope": " ".join(consent.scopes),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        **consent.extra,
    }
    return f"{consent.authorize_url}?{urlencode(query)}"


# The way back


class _Listener(HTTPServer):
    came: str | None = None
    path = "/"


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def do_GET(self) -> None:
        """Take the one request that is meant for us; a browser asks for icons too."""
        is_ours = urlsplit(self.path).path == self.server.path
        if is_ours:
            self.server.came = self.path
        self.send_response(200 if is_ours else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE) if is_ours else 0))
        self.send_header("Referrer-Policy", "no-referrer")  # the address holds the code
        self.end_headers()
        self.wfile.write(_PAGE if is_ours else b"")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Keep quiet: the address holds the code."""


def _listener(consent: Consent) -> _Listener:
    parts = urlsplit(consent.redirect_url)
    port = 80 if parts.port is None else parts.port
    try:
        server = _Listener(("127.0.0.1", port), _Handler)
    except OSError as error:
        message = f"port {port} of redirect_url is taken by another program"
        fix = "stop it, or write another port and register that address too; or log in with --paste"
        raise ConfigError(message, where=consent.where, fix=fix) from error
    server.path = parts.path or "/"
    return server


def _with_port(redirect_url: str, server: _Listener | None) -> str:
    parts = urlsplit(redirect_url)
    if server is None or parts.port != 0:
        return redirect_url
    return urlunsplit(parts._replace(netloc=f"{parts.hostname}:{server.server_port}"))


def _received(server: _Listener, consent: Consent, patience: float) -> str:
    end = monotonic() + patience
    with server:
        while server.came is None and (left := end - monotonic()) > 0:
            server.timeout = left
            server.handle_request()
    if server.came is None:
        message = f"nobody came back from the consent page within {patience / 60:.0f} minutes"
        fix = (
            f"if the page shows an error about the redirect, register {consent.redirect_url} with your app; "
            "if the browser is on another machine, log in with --paste"
        )
        raise ConfigError(message, where=consent.where, fix=fix)
    return server.came


def _pasted(consent: Consent) -> str:
    came = sys.stdin.readline().strip()
    begin = urlsplit(consent.redirect_url)
    parts = urlsplit(came)
    if (parts.scheme, parts.netloc, parts.path or "/") != (begin.scheme, begin.netloc, begin.path or "/"):
        message = "what was pasted is not the address that the browser was sent to"
        fix = f"after the consent, copy the whole address line: it begins with {consent.redirect_url}"
        raise ConfigError(message, where=consent.where, fix=fix)
    return came


def _checked(consent: Consent, came: str, redirect_url: str, state: str) -> dict[str, str]:
    """Return what the vendor said, if it is the answer to our question."""
    said = dict(parse_qsl(urlsplit(came).query))
    redactor.add(said.get("code"))
    if not secrets.compare_digest(said.get("state", "").encode(), state.encode()):
        message = "the answer does not belong to this login: its state is another one"
        raise ConfigError(message, where=consent.where, fix="begin again, and open only the newest address")
    if error := said.get("error"):
        denied = error == "access_denied"
        message = "the consent was refused" if denied else f"the consent page answered {_word(error)}"
        fix = (
            "log in again and agree" if denied else f"check the app's scopes and its redirect {redirect_url}"
        )
        raise ConfigError(message, where=consent.where, fix=fix)
    if not said.get("code"):
        raise ConfigError("the answer holds no code", where=consent.where, fix="begin again")
    return said


def _word(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum() or letter == "_")[:40]


# Code for tokens


def _changed(consent: Consent, form: Mapping[str, str]) -> Mapping[str, Any]:
    client, secret = consent.client_id, consent.client_secret or ""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if consent.is_secret_posted or not secret:
        form = {**form, "client_id": client, **({"client_secret": secret} if secret else {})}
    else:
        pair = base64.b64encode(f"{client}:{secret}".encode()).decode()
        redactor.add(pair)
        headers["Authorization"] = f"Basic {pair}"
    http = HttpClient(base_url=consent.token_url, where=consent.where, headers={"User-Agent": "closedloop"})
    # A code works once: an answer that was lost cannot be asked for again.
    try:
        reply = http.request(
            "POST",
            "",
            content=urlencode(form).encode(),
            headers=headers,
            idempotent=False,
            classify=partial(_fault, consent.words),
        )
    except UnknownOutcomeError as error:
        message = f"the token endpoint did not answer: {error.message.partition(';')[0]}"
        raise UnreachableError(message, where=consent.where, fix="begin again") from error
    answer = _answer(reply)
    if not isinstance(answer.get("access_token"), str):
        raise ConfigError(
            "the token endpoint's answer holds no token", where=consent.where, fix="begin again"
        )
    return answer


#: What a token endpoint answers, by the word in `error` (RFC 6749, 5.2); a vendor's own may stand elsewhere.
_PLACES = ("error", "status", "category")
_REFUSED: Mapping[str, tuple[str, str]] = {
    "invalid_client": (
        "client_id and client_secret were not accepted",
        "copy both from the app again: a test app and a live app have their own",
    ),
    "invalid_grant": (
        "the code was not accepted: it was used before, is too old, or was given for another redirect address",
        "begin again; redirect_url must be, letter by letter, the one registered with the app",
    ),
}


def _fault(words: Mapping[str, str], reply: Reply) -> Rule | None:
    if reply.status not in {400, 401, 403}:
        return None
    answer = _answer(reply)
    said = [str(answer[place]) for place in _PLACES if answer.get(place)]
    meant = [words.get(one, one) for one in said] or (["invalid_client"] if reply.status == 401 else [])  # noqa: PLR2004 (HTTP)
    known = next((_REFUSED[one] for one in meant if one in _REFUSED), None)
    word = next((one for one in said if one != "error"), "")  # which some say beside the word itself
    message, fix = known or (f"no token was given ({_word(word) or reply.status})", "begin again")
    return Rule(action=Action.STOP_RUN, error=ConfigError, message=message, fix=fix)


def _answer(reply: Reply) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(reply.content)
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}
