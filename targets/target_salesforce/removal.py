"""Moves records that an import made to the recycle bin, 200 a call.

A row that is there no longer is removed. Rows are independent (`allOrNone` false), and an answer belongs to a row by its place.
Source: Salesforce's REST API guide, page on deleting multiple records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import (
    AccessError,
    HtmlReplyError,
    MissingObjectError,
    RecordError,
    UnknownOutcomeError,
)
from target_salesforce.org import GarbledReplyError, reason, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from closedloop.errors import ClosedloopError
    from target_salesforce.org import Org

_CALL_ROWS = 200
_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})


def removed(org: Org, stream: str, ids: Sequence[str]) -> Iterator[Outcome]:
    """Yield what became of each record.

    Raises:
        UnknownOutcomeError: The rows of one call were yielded as unknown; those after it were not sent.
        ClosedloopError: The rows without an outcome were surely not removed.
    """
    for start in range(0, len(ids), _CALL_ROWS):
        yield from _call(org, stream, ids[start : start + _CALL_ROWS])


def _call(org: Org, stream: str, ids: Sequence[str]) -> Iterator[Outcome]:
    params = {"ids": ",".join(ids), "allOrNone": "false"}
    try:
        items = org.ask("DELETE", "/composite/sobjects", params=params, write=True)
    except (AccessError, MissingObjectError, RecordError) as error:
        yield from _all(ids, State.REFUSED, error)
        return
    except (UnknownOutcomeError, HtmlReplyError, GarbledReplyError) as error:
        yield from _all(ids, State.UNKNOWN, error)
        raise UnknownOutcomeError(error.message, where=stream, request_id=error.request_id) from error
    failpoint("target_salesforce.removed")
    if not isinstance(items, list) or len(items) != len(ids):
        lost = UnknownOutcomeError("Salesforce answered for another number of rows", where=stream)
        yield from _all(ids, State.UNKNOWN, lost)
        raise lost
    yield from (_outcome(key, item) for key, item in zip(ids, items, strict=True))


def _outcome(key: str, item: Any) -> Outcome:
    told = item if isinstance(item, dict) else {}
    code, message = refusal(told.get("errors"))
    if told.get("success") is True or code in _GONE:
        return Outcome(id=key, state=State.WRITTEN)
    return Outcome(id=key, state=State.REFUSED, reason=reason(code or "no reason", message))


def _all(ids: Sequence[str], state: State, error: ClosedloopError) -> Iterator[Outcome]:
    for key in ids:
        yield Outcome(id=key, state=state, reason=error.message, request_id=error.request_id)
