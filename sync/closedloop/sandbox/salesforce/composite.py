"""Several requests in one: up to 25, each with its own answer, later ones naming what earlier ones answered."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.call import Call, Reply, answer, refusal
from closedloop.sandbox.salesforce.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 25
_NAMED = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class Composite:
    """Answers requests made of requests.

    Args:
        run: Carries out one of them: verb, address with query, headers, body.
    """

    def __init__(self, run: Callable[[Call, str, str, bytes], Reply]) -> None:
        self._run = run

    def ask(self, call: Call) -> Reply:
        """Answer each request; with ``allOrNone`` nothing is done after one that failed.

        Raises:
            RefusedError: There are too many.
        """
        given = call.record()
        asked = given.get("compositeRequest") or []
        if len(asked) > MOST:
            message = f"The request can't have more than {MOST} operations"
            raise RefusedError("BAD_REQUEST", message)
        answers: dict[str, Any] = {}
        found: list[dict[str, Any]] = []
        for one in asked:
            halted = given.get("allOrNone") is True and any(r["httpStatusCode"] >= 400 for r in found)  # noqa: PLR2004 - failures
            reply = _halted() if halted else self._one(call, one, answers)
            body = json.loads(reply.body) if reply.body else None
            answers[one["referenceId"]] = body
            found.append(
                {
                    "body": body,
                    "httpHeaders": {k: v for k, v in reply.headers.items() if k == "Location"},
                    "httpStatusCode": reply.status,
                    "referenceId": one["referenceId"],
                }
            )
        return answer({"compositeResponse": found})

    def _one(self, call: Call, one: dict[str, Any], answers: dict[str, Any]) -> Reply:
        try:
            text = _NAMED.sub(lambda found: _value(answers, found[1], found[2]), json.dumps(one))
        except (KeyError, IndexError, TypeError):
            return _halted()
        known = json.loads(text)
        body = json.dumps(known["body"]).encode() if "body" in known else b""
        return self._run(call, known["method"].upper(), known["url"], body)


def _value(answers: dict[str, Any], name: str, path: str) -> str:
    found = answers[name]
    for step in _STEP.finditer(path):
        found = found[step[1]] if step[1] else found[int(step[2])]
    return str(found)


def _halted() -> Reply:
    message = "The transaction was rolled back since another operation in the same transaction failed."
    return refusal(RefusedError("PROCESSING_HALTED", message))
