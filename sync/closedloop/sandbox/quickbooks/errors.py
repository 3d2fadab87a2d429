"""QuickBooks' faults: upper case as a rule, lower case for a credential that is refused."""

from __future__ import annotations

from typing import Any


class QuickBooksError(Exception):
    """A fault that QuickBooks answers with.

    Args:
        status: HTTP status.
        code: QuickBooks' own code.
        message: What it says in short.
        detail: What it says at length.
        kind: The fault's type.
        element: The property it is about.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        detail: str,
        *,
        kind: str = "ValidationFault",
        element: str | None = None,
    ) -> None:
        super().__init__(f"{code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.kind = kind
        self.element = element

    def fault(self) -> dict[str, Any]:
        """Return the fault as it stands in a batch's item."""
        error: dict[str, Any] = {"Message": self.message, "Detail": self.detail, "code": self.code}
        if self.element is not None:
            error["element"] = self.element
        return {"Fault": {"Error": [error], "type": self.kind}}

    def document(self, time: str) -> dict[str, Any]:
        """Return the whole body."""
        return {**self.fault(), "time": time}


class AuthenticationError(QuickBooksError):
    """The access token is refused: another body than every other fault has."""

    def __init__(self, status: int, code: str, name: str, detail: str) -> None:
        message = f"message={name}; errorCode={code.zfill(6)}; statusCode={status}"
        super().__init__(status, code, message, detail, kind="AUTHENTICATION")

    def document(self, time: str) -> dict[str, Any]:
        """Return the whole body, in lower case."""
        error = {"message": self.message, "detail": self.detail, "code": self.code, "element": None}
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": time,
            "status": None,
            "cdcresponse": [],
        }


def throttled() -> QuickBooksError:
    """Return the fault of too many requests."""
    message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    return QuickBooksError(429, "3001", message, "The request limit was reached.", kind="SERVICE")


def expired() -> AuthenticationError:
    """Return the fault of an access token that has ended."""
    return AuthenticationError(401, "3200", "AuthenticationFailed", "Token expired: simulated")


def other_company() -> AuthenticationError:
    """Return the fault of a token for another company."""
    return AuthenticationError(
        403, "3100", "ApplicationAuthorizationFailed", "Token not valid for this company"
    )


def bad_query(detail: str, what: object = "") -> QuickBooksError:
    """Return the fault of a statement that cannot be read."""
    return QuickBooksError(400, "4000", "Error parsing query", f"QueryParserError: {detail} {what}".rstrip())
