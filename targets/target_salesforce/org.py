"""The organisation as the target asks it: JSON under one API version, and Salesforce's own way to refuse.

What ends a run (the day's calls, an API switched off) is known as the tap knows it; a refused row or request keeps Salesforce's
text, for whoever must mend it. Source: Salesforce's REST API guide, page on status codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.kit.policy import BY_STATUS, AccessError, Action, RecordError, Rule, StreamError
from closedloop.kit.redact import vendor_text
from tap_salesforce.faults import fault as ending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.kit.http import HttpClient, Reply

#: Numbers stay as Salesforce printed them; ours go out as numbers, never through a float.
decode = msgspec.json.Decoder(float_hook=str).decode
encode = msgspec.json.Encoder(decimal_format="number").encode
REASON_LENGTH = 300


class GarbledReplyError(StreamError):
    """An answer came that cannot be read: of a write it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """One organisation.

    Args:
        http: Its own host, with the credential.
        version: Of the API: ``67.0``.
    """

    http: HttpClient
    version: str = "67.0"

    @property
    def data(self) -> str:
        """Where the API's paths begin."""
        return f"/services/data/v{self.version}"

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
    ) -> Any:
        """Return the decoded answer of one call; none where it is empty.

        Args:
            method: HTTP method.
            path: Under the API's version.
            body: Sent as JSON.
            params: Query.
            headers: For this call only.
            write: Whether it changes something: then it is never repeated once Salesforce may have seen it.

        Raises:
            UnknownOutcomeError: ``write``, and Salesforce may have carried it out.
            GarbledReplyError: The answer is not JSON.
            ClosedloopError: What the policy names.
        """
        reply = self.send(
            method,
            path,
            None if body is None else encode(body),
            headers={"Content-Type": "application/json", **(headers or {})},
            params=params,
            idempotent=not write,
        )
        if not reply.content:
            return None
        try:
            return decode(reply.content)
        except msgspec.DecodeError as error:
            raise GarbledReplyError("the answer is not JSON", request_id=reply.request_id) from error

    def send(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        idempotent: bool = True,
        expect_json: bool = True,
    ) -> Reply:
        """Return the answer of one call as it came."""
        return self.http.request(
            method,
            self.data + path,
            content=content,
            params=params,
            headers=headers,
            idempotent=idempotent,
            expect_json=expect_json,
            classify=fault,
        )

    def query(self, soql: str) -> list[dict[str, Any]]:
        """Return the rows of a query whose answer fits one page.

        Raises:
            StreamError: The answer holds no rows.
        """
        found = self.ask("GET", "/query", params={"q": soql})
        rows = found.get("records") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise StreamError("the answer of a query holds no rows")
        return [row for row in rows if isinstance(row, dict)]

    def user(self) -> dict[str, Any]:
        """Return whom the credential stands for.

        Raises:
            StreamError: The answer names nobody.
        """
        reply = self.http.request("GET", "/services/oauth2/userinfo", classify=_user_fault)
        found = decode(reply.content)
        if not isinstance(found, dict) or not found.get("user_id"):
            raise StreamError("the answer does not name the user")
        return found


def _user_fault(reply: Reply) -> Rule | None:
    """The identity service says by 403, in one word that is no JSON, that a token has ended."""
    is_ended = reply.status == 403 and b"_OAuth_Token" in reply.content[:100]  # noqa: PLR2004 (RFC 9110)
    return BY_STATUS[401] if is_ended else fault(reply)


def fault(reply: Reply) -> Rule | None:
    """Return the rule of a refusal in Salesforce's own words; none leaves it to the kit's table."""
    if reply.status < 400 or reply.status >= 500 or reply.status in {401, 404}:  # noqa: PLR2004 (RFC 9110)
        return None
    rule = ending(reply, "")
    if rule is not None and rule.action in {Action.STOP_RUN, Action.WAIT}:
        return rule
    code, message = refusal(_errors(reply))
    if reply.status == 403 and code:  # noqa: PLR2004
        return Rule(
            action=Action.FAIL_STREAM,
            error=AccessError,
            message=reason(code, message),
            fix="give the API user the right to it",
        )
    if reply.status == 400 and code:  # noqa: PLR2004
        return Rule(action=Action.QUARANTINE_RECORD, error=RecordError, message=reason(code, message))
    return None


def refusal(errors: Any) -> tuple[str, str]:
    """Return code and text of the first of Salesforce's errors: calls name the code otherwise than rows do."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("statusCode") or first.get("errorCode") or ""), str(first.get("message") or "")


def reason(code: str, message: str) -> str:
    """Return what may be quoted of a refusal."""
    return vendor_text(f"{code}: {message}" if message else code, limit=REASON_LENGTH)


def _errors(reply: Reply) -> Any:
    try:
        return decode(reply.content)
    except msgspec.DecodeError:
        return None
