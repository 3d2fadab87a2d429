"""What Salesforce says when it refuses."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """A refusal: a status, a code and a sentence; in collections and bulk jobs only the last two.

    Args:
        code: Salesforce's code.
        message: Its sentence.
        fields: Fields that it is about.
        status: HTTP status where it is the answer to a whole request.
    """

    def __init__(self, code: str, message: str, *, fields: tuple[str, ...] = (), status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status

    def body(self) -> list[dict[str, Any]]:
        """Return the body of a reply."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            error["fields"] = list(self.fields)
        return [error]

    def item(self) -> dict[str, Any]:
        """Return the error of one record in a collection: there the code is called otherwise."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def line(self) -> str:
        """Return the error as the result of a bulk job has it."""
        return f"{self.code}:{self.message}:{','.join(self.fields)} --"


def not_found(message: str = "The requested resource does not exist") -> RefusedError:
    """Return the refusal of an address or record that is not there."""
    return RefusedError("NOT_FOUND", message, status=404)


def malformed(message: str) -> RefusedError:
    """Return the refusal of a query that cannot be read."""
    return RefusedError("MALFORMED_QUERY", message)


def no_column(field: str, entity: str) -> RefusedError:
    """Return the refusal of a field that is not there, or that the user may not see."""
    message = (
        f"\nSELECT {field}\n       ^\nERROR at Row:1:Column:8\nNo such column '{field}' on entity '{entity}'. If you "
        "are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    )
    return RefusedError("INVALID_FIELD", message)


def no_type(name: str) -> RefusedError:
    """Return the refusal of an object that is not there, or that the user may not see."""
    message = f"sObject type '{name}' is not supported."
    return RefusedError("INVALID_TYPE", message)


def session_ended() -> RefusedError:
    """Return the refusal of a token that is no longer good."""
    return RefusedError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def limit_reached(*, is_daily: bool) -> RefusedError:
    """Return the refusal of one request too many: over the day's allowance, or at the same time."""
    daily = "TotalRequests Limit exceeded."
    at_once = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    return RefusedError("REQUEST_LIMIT_EXCEEDED", daily if is_daily else at_once, status=403)
