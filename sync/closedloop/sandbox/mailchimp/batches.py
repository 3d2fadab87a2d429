"""Batches: many questions at once, answered some looks later in an archive that lies elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from closedloop.sandbox.parts.rest import Asked, RefusedError

if TYPE_CHECKING:
    from closedloop.sandbox.parts.rest import Row


class Answers(Protocol):
    """What answers one question."""

    def found(self, path: str, asked: Asked) -> Row | None:
        """Return what a path holds."""


class Batches:
    """The batches of an account.

    Args:
        looks: How often a batch is not finished yet when asked.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._held: dict[str, Row] = {}
        self._archives: dict[str, bytes] = {}

    def begin(self, answers: Answers, given: Row, asked: Asked) -> Row:
        """Take a batch's operations and answer them."""
        done = [self._answered(answers, one, asked) for one in given["operations"]]
        key = hashlib.sha256(f"batch {len(self._held)}".encode()).hexdigest()[:10]
        self._archives[key] = _packed(list(reversed(done)))  # in no order
        self._held[key] = {
            "id": key,
            "status": "pending",
            "total_operations": len(done),
            "finished_operations": 0,
            "errored_operations": sum(one["status_code"] >= 400 for one in done),  # noqa: PLR2004
            "looks": self._looks,
        }
        return {name: value for name, value in self._held[key].items() if name != "looks"}

    @staticmethod
    def _answered(answers: Answers, one: Row, asked: Asked) -> Row:
        params = {name: str(value) for name, value in (one.get("params") or {}).items()}
        body = str(one.get("body") or "").encode()
        question = replace(asked, verb=one["method"], query=params, body=body, entry={})
        try:
            status, value = 200, answers.found(one["path"].strip("/"), question)
        except RefusedError as refused:
            status, value = refused.answer.status, refused.answer.value
        response = json.dumps(value)
        return {"status_code": status, "operation_id": one.get("operation_id"), "response": response}

    def look(self, key: str, host: str) -> Row | None:
        """Return how far a batch is; none where it has expired."""
        row = self._held.get(key)
        if row is None:
            return None
        row["looks"] -= 1
        is_done = row["looks"] < 0
        found = {name: value for name, value in row.items() if name != "looks"}
        if is_done:
            found |= {
                "finished_operations": row["total_operations"],
                "response_body_url": f"{host}/archive/{key}?sign=x",
            }
        return {**found, "status": "finished" if is_done else "started"}

    def archive(self, key: str) -> bytes:
        """Return the archive of a finished batch."""
        return self._archives[key]

    def expire(self) -> None:
        """Forget every batch, as after some days."""
        self._held.clear()


def _packed(answers: list[Any]) -> bytes:
    held = io.BytesIO()
    middle = (len(answers) + 1) // 2
    with tarfile.open(fileobj=held, mode="w") as files:
        for number, part in enumerate((answers[:middle], answers[middle:])):
            body = json.dumps(part).encode()
            member = tarfile.TarInfo(f"answers/{number}.json")
            member.size = len(body)
            files.addfile(member, io.BytesIO(body))
    return gzip.compress(held.getvalue())
