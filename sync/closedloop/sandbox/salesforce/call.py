"""A request and its answer, apart from the connection that they came by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.wire import encode

JSON = "application/json;charset=UTF-8"
CSV = "text/csv"


@dataclass(slots=True, kw_only=True)
class Call:
    """A request.

    Args:
        verb: GET, POST …
        path: The address without the query.
        version: The API's version in it, as ``67.0``.
        query: What stands after the question mark.
        headers: By their names in small letters.
        body: What was sent.
        entry: The request's line in the log.
    """

    verb: str
    path: str
    version: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    entry: dict[str, Any]

    @property
    def base(self) -> str:
        """Where this version's resources begin."""
        return f"/services/data/v{self.version}"

    def json(self) -> Any:
        """Return the body.

        Raises:
            RefusedError: It is no JSON.
        """
        try:
            return json.loads(self.body or b"{}", parse_float=str)
        except ValueError as error:
            raise RefusedError("JSON_PARSER_ERROR", str(error)) from error

    def record(self) -> dict[str, Any]:
        """Return the body, an object.

        Raises:
            RefusedError: It is something else.
        """
        given = self.json()
        if not isinstance(given, dict):
            code = "JSON_PARSER_ERROR"
            raise RefusedError(code, "Cannot deserialize the body: an object is expected")
        return given


@dataclass(slots=True, kw_only=True)
class Reply:
    """An answer."""

    status: int = 200
    body: bytes = b""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def answer(value: Any, status: int = 200, **headers: str) -> Reply:
    """Return an answer in JSON."""
    return Reply(status=status, body=encode(value), headers=headers)


def nothing() -> Reply:
    """Return the answer that has no body."""
    return Reply(status=204)


def refusal(error: RefusedError) -> Reply:
    """Return a refusal as an answer."""
    return answer(error.body(), error.status)
