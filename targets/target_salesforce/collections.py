"""Writes rows through sObject collections: 200 a call, each row with an answer of its own.

Rows are independent (`allOrNone` false). An answer belongs to a row by its place, and must carry the row's id too; anything
else means that we do not know what was written.
Source: Salesforce's REST API guide, pages on sObject collections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence  # noqa: TC003 (dataclass fields)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import State
from closedloop.kit.policy import (
    AccessError,
    HtmlReplyError,
    MissingObjectError,
    RecordError,
    UnknownOutcomeError,
)
from target_salesforce.org import GarbledReplyError, Org, reason, refusal
from target_salesforce.rows import LOCKED, Answer, Ready, is_same

if TYPE_CHECKING:
    from closedloop.errors import ClosedloopError

#: Most rows of one call.
CALL_ROWS = 200
#: Figures give no lead another owner, and no rule about duplicates has anything to say on them. Imports heed both.
QUIET = {"Sforce-Auto-Assign": "FALSE", "Sforce-Duplicate-Rule-Header": "allowSave=true"}
#: Refusals of a whole call that no row of it would escape.
_EVERY_ROW = ("INVALID_FIELD:", "INVALID_TYPE:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collections:
    """One object's way through collections.

    Args:
        org: The organisation.
        stream: The object.
        key: The external id that rows are found by; none: the record id, and nothing is created.
    """

    org: Org
    stream: str
    key: str | None = None

    def send(self, rows: Sequence[Ready]) -> Iterator[Answer]:
        """Yield what became of each row.

        Raises:
            UnknownOutcomeError: The rows of one call were yielded as unknown; those after it were not sent.
            ClosedloopError: The rows without an answer were surely not written.
        """
        for start in range(0, len(rows), CALL_ROWS):
            yield from self._call(rows[start : start + CALL_ROWS])

    def _call(self, rows: Sequence[Ready]) -> Iterator[Answer]:
        try:
            headers = None if self.key else QUIET
            items = self.org.ask("PATCH", self._path(), self._body(rows), headers=headers, write=True)
        except (AccessError, MissingObjectError) as error:
            yield from _all(rows, State.REFUSED, error)
            return
        except RecordError as error:
            yield from self._halves(rows, error)
            return
        except (UnknownOutcomeError, HtmlReplyError, GarbledReplyError) as error:
            yield from self._lost(rows, error)
            return
        failpoint("target_salesforce.collection_answered")
        yield from self._answers(rows, items)

    def _answers(self, rows: Sequence[Ready], items: Any) -> Iterator[Answer]:
        if not isinstance(items, list) or len(items) != len(rows):
            yield from self._lost(rows, GarbledReplyError("Salesforce answered for another number of rows"))
            return
        answers = [self._answer(row, item) for row, item in zip(rows, items, strict=True)]
        yield from answers
        if any(answer.state is State.UNKNOWN for answer in answers):
            raise UnknownOutcomeError(
                "Salesforce answered for other records than were sent", where=self.stream
            )

    def _answer(self, row: Ready, item: Any) -> Answer:
        if not isinstance(item, dict) or (
            self.key is None and item.get("id") and not is_same(row.id, item["id"])
        ):
            return Answer(row=row, state=State.UNKNOWN, reason="Salesforce answered for another record")
        if item.get("success") is True and item.get("id"):
            return Answer(row=row, state=State.WRITTEN)
        code, message = refusal(item.get("errors"))
        if item.get("success") is True or not code:
            return Answer(
                row=row, state=State.UNKNOWN, reason="Salesforce's answer about the record is incomplete"
            )
        return Answer(row=row, state=State.REFUSED, reason=reason(code, message), locked=code == LOCKED)

    def _path(self) -> str:
        if self.key is None:
            return "/composite/sobjects"
        return f"/composite/sobjects/{quote(self.stream, safe='')}/{quote(self.key, safe='')}"

    def _body(self, rows: Sequence[Ready]) -> Mapping[str, Any]:
        key = self.key or "id"
        records = [{"attributes": {"type": self.stream}, key: row.id, **row.fields} for row in rows]
        return {"allOrNone": False, "records": records}

    def _halves(self, rows: Sequence[Ready], error: ClosedloopError) -> Iterator[Answer]:
        """Find the rows that make Salesforce refuse the call as a whole: then none of it is written."""
        if len(rows) == 1 or error.message.startswith(_EVERY_ROW):
            yield from _all(rows, State.REFUSED, error)
            return
        middle = len(rows) // 2
        yield from self._call(rows[:middle])
        yield from self._call(rows[middle:])

    def _lost(self, rows: Sequence[Ready], error: ClosedloopError) -> Iterator[Answer]:
        yield from _all(rows, State.UNKNOWN, error)
        raise UnknownOutcomeError(error.message, where=self.stream, request_id=error.request_id)


def _all(rows: Sequence[Ready], state: State, error: ClosedloopError) -> Iterator[Answer]:
    locked = state is State.REFUSED and error.message.startswith(LOCKED)
    for row in rows:
        yield Answer(
            row=row,
            state=state,
            reason=error.message,
            request_id=error.request_id,
            locked=locked,
            is_denied=isinstance(error, AccessError),
        )
