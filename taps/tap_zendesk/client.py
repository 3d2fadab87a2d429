"""Zendesk as our streams need it: exports, listings, counts, and what its refusals mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from closedloop.errors import ConfigError
from closedloop.kit.policy import AccessError, Action, MissingObjectError, Rule, StreamError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from closedloop.kit.http import HttpClient, Reply

_EXPORTS = "/api/v2/incremental/"
_LIMIT = Rule(
    action=Action.WAIT,
    error=StreamError,
    message="Zendesk's limit of requests a minute is reached (429)",
    fix="lower calls_a_minute, or run fewer things against this account at once",
    pause=60.0,
)


@dataclass(slots=True, kw_only=True)
class Zendesk:
    """One account.

    Args:
        http: For everything but exports.
        exports: For exports, which have a limit of their own.
        where: What errors call this connection.
    """

    http: HttpClient
    exports: HttpClient
    where: str

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, scope: str = "read"
    ) -> dict[str, Any]:
        """Return an answer's object.

        Raises:
            StreamError: It holds none.
        """
        http = self.exports if path.startswith(_EXPORTS) else self.http
        reply = http.request("GET", path, params=params, classify=partial(_fault, scope=scope))
        try:
            found = reply.json()
        except msgspec.DecodeError as error:
            raise StreamError(
                "the answer is not JSON", where=self.where, request_id=reply.request_id
            ) from error
        if not isinstance(found, dict):
            raise StreamError("the answer holds no object", where=self.where, request_id=reply.request_id)
        return found

    def next(self, address: str, *, scope: str) -> dict[str, Any]:
        """Return the answer at an address that Zendesk gave; its host is not followed."""
        parts = urlsplit(address)
        return self.get(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), scope=scope)

    def rows(self, answer: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        """Return the rows of an answer.

        Raises:
            StreamError: It holds none.
        """
        rows = answer.get(key)
        if not isinstance(rows, list):
            msg = f"the answer holds no {key}"
            raise StreamError(msg, where=self.where)
        return [row if isinstance(row, dict) else {"value": row} for row in rows]

    def count(self, kind: str, until: datetime) -> int | None:
        """Return how many records of a kind were made up to then, by the search; none where it cannot be asked."""
        made = until.strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            found = self.get("/api/v2/search/count.json", {"query": f"type:{kind} created<={made}"}).get(
                "count"
            )
        except (AccessError, MissingObjectError):
            return None
        return found if isinstance(found, int) else None

    def me(self) -> dict[str, Any]:
        """Return who we are."""
        found: dict[str, Any] = self.get("/api/v2/users/me.json").get("user") or {}
        return found

    def now(self) -> datetime:
        """Return Zendesk's time at its newest answer."""
        times = [http.server_time for http in (self.http, self.exports) if http.server_time is not None]
        return max(times) if times else self.http.clock.now()

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received."""
        both = (self.http, self.exports)
        return sum(one.request_count for one in both), sum(one.byte_count for one in both)


def _fault(reply: Reply, *, scope: str) -> Rule | None:
    if reply.status == 429:  # noqa: PLR2004 (HTTP)
        return _LIMIT
    if reply.status == 403:  # noqa: PLR2004 (HTTP)
        return _forbidden(reply, scope)
    if reply.status == 401 and "invalid_token" not in _words(reply):  # noqa: PLR2004 (HTTP)
        return Rule(
            action=Action.REAUTHENTICATE_ONCE,
            error=ConfigError,
            message="the credential was refused (401)",
            fix="correct it; API tokens that nobody used for 30 days are switched off",
        )
    if reply.status in {400, 422}:
        return Rule(
            action=Action.FAIL_STREAM,
            error=CursorError if "cursor" in _words(reply) or "start_time" in _words(reply) else StreamError,
            message=f"the request was refused ({reply.status})",
            fix="run again; if it persists, ask Zendesk's support",
        )
    return None


class CursorError(StreamError):
    """Zendesk does not take the cursor or the time that was kept."""


def _forbidden(reply: Reply, scope: str) -> Rule:
    lacks = "scope" in _words(reply)
    return Rule(
        action=Action.FAIL_STREAM,
        error=AccessError,
        message=f"the token lacks the scope {scope}" if lacks else "the user may not read this (403)",
        fix=f"give the OAuth client the scope {scope}"
        if lacks
        else "exports are for administrators: give the user that role",
    )


def _words(reply: Reply) -> str:
    """Return what kind of refusal it is; never shown, as it may quote values."""
    try:
        found = reply.json()
    except msgspec.DecodeError:
        return ""
    said = (
        [found.get(name) for name in ("error", "error_description", "description")]
        if isinstance(found, dict)
        else []
    )
    return " ".join(str(one).lower() for one in said if one)
