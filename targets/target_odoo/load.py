"""Writes many records, each with its own values, in one call of Odoo's `load`.

What a real Odoo 19 does, and so what this file is about:

- A call is one transaction: one row in error and none is written. Its `messages` name the rows.
- An empty `.id` creates a record, and a missing one tries to. The context `mode: update` makes the server refuse
  both; we send no empty id either.
- After a refused batch the server tries row by row. If the batch failed with an error for users, it also blames
  row 0 with that same text, guilty or not. After ten errors it stops, so rows behind may be unnamed.
- A row locked by another transaction is such a message too ("could not serialize access…"), not a failed call.
- `active_test` must be off, or an archived record counts as missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import Outcome, Refusal, State
from closedloop.kit.policy import (
    AccessError,
    HtmlReplyError,
    MissingObjectError,
    RecordError,
    UnknownOutcomeError,
)
from closedloop.kit.redact import vendor_text
from tap_odoo.backends import GarbledReplyError
from tap_odoo.faults import RolledBackError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from closedloop.errors import ClosedloopError
    from tap_odoo.client import Odoo

#: No mail, no chatter line, no follower: our figures are nobody's news.
QUIET = {
    "mode": "update",
    "active_test": False,
    "tracking_disable": True,
    "mail_notrack": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
}
#: PostgreSQL's words for a conflict with another transaction: nothing wrong with the row.
_LOCKED = re.compile(r"could not serialize access|deadlock detected|could not obtain lock")
#: Odoo's words for a record that a rule keeps from our user.
_DENIED = re.compile(r"not allowed to|security restrictions|have '\w+' access")
_TRIES = 4
_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One row as `load` takes it.

    Args:
        id: Database id, digits.
        fields: Names, in order.
        values: Texts, in the same order.
    """

    id: str
    fields: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Why the server refused a row.

    Args:
        reason: Its text, bounded.
        certain: The value itself is wrong; otherwise another try may do.
        locked: Another transaction has the record.
    """

    reason: str
    certain: bool
    locked: bool

    @property
    def refusal(self) -> Refusal:
        """What kind of refusal it is."""
        if self.locked:
            return Refusal.LOCK
        return Refusal.PERMISSION if _DENIED.search(self.reason) else Refusal.VALIDATION


@dataclass(slots=True, kw_only=True)
class Loader:
    """Writes rows of one model that set the same fields.

    Args:
        odoo: The database.
        model: The model.
        fields: The fields of every row.
        sleep: Waits before a locked row is tried again; tests pass their own.
    """

    odoo: Odoo
    model: str
    fields: Sequence[str]
    sleep: Callable[[float], None]

    def load(self, rows: Sequence[Ready]) -> Iterator[Outcome]:
        """Yield what became of each row.

        Raises:
            ClosedloopError: The rows without an outcome were not sent.
        """
        yield from self._load(list(rows), tries=_TRIES)

    def _load(self, rows: list[Ready], *, tries: int) -> Iterator[Outcome]:
        again: list[tuple[Ready, Blame]] = []
        pending = rows
        while pending:
            blamed = yield from self._pass(pending, tries)
            for index, why in blamed.items():
                if why.certain or tries <= 1:
                    yield Outcome(
                        id=pending[index].id, state=State.REFUSED, reason=why.reason, refusal=why.refusal
                    )
                else:
                    again.append((pending[index], why))
            pending = [row for index, row in enumerate(pending) if blamed and index not in blamed]
        yield from self._again(again, tries)

    def _pass(self, rows: list[Ready], tries: int) -> Generator[Outcome, None, Mapping[int, Blame]]:
        """Send rows once. Returns the guilty ones: their neighbours were not written either; none if all is settled."""
        try:
            reply = self._call(rows)
        except (AccessError, MissingObjectError) as error:
            denied = Refusal.PERMISSION if isinstance(error, AccessError) else None
            yield from _all(rows, State.REFUSED, error.message, error.request_id, denied)
            return {}
        except (RecordError, RolledBackError) as error:
            yield from self._halves(rows, error, tries)
            return {}
        except (UnknownOutcomeError, GarbledReplyError, HtmlReplyError) as error:
            yield from self._lost(rows, error)
            raise
        failpoint("target.loaded")
        if _is_written(reply, rows):
            yield from _all(rows, State.WRITTEN)
            return {}
        blamed = {place: why for place, why in blame(_messages(reply)).items() if place < len(rows)}
        if reply.get("ids") or not blamed:
            yield from self._unexplained(rows, reply, tries)
            return {}
        return blamed

    def _again(self, rows: Sequence[tuple[Ready, Blame]], tries: int) -> Iterator[Outcome]:
        """Another transaction's lock passes: each such row alone. The others get one more chance, together."""
        for row in [row for row, why in rows if why.locked]:
            self.sleep(0.5 * 2 ** (_TRIES - tries))
            yield from self._load([row], tries=tries - 1)
        doubted = [row for row, why in rows if not why.locked]
        if doubted:
            yield from self._load(doubted, tries=1)

    def _call(self, rows: Sequence[Ready]) -> Mapping[str, Any]:
        reply = self.odoo.call(
            self.model,
            "load",
            idempotent=False,
            fields=[".id", *self.fields],
            data=[[row.id, *row.values] for row in rows],
            context={**self.odoo.context, **QUIET},
        )
        if not isinstance(reply, dict):
            raise GarbledReplyError("Odoo's answer to `load` cannot be read")
        return reply

    def _halves(self, rows: list[Ready], error: ClosedloopError, tries: int) -> Iterator[Outcome]:
        """Find the rows that make the whole call fail."""
        if len(rows) == 1:
            yield from _all(rows, State.REFUSED, error.message, error.request_id)
            return
        middle = len(rows) // 2
        yield from self._load(rows[:middle], tries=tries)
        yield from self._load(rows[middle:], tries=tries)

    def _unexplained(self, rows: list[Ready], reply: Mapping[str, Any], tries: int) -> Iterator[Outcome]:
        """The server wrote something else than it was asked, or refused without naming a row."""
        if reply.get("ids"):
            yield from self._lost(rows, GarbledReplyError("Odoo answered with other records than were sent"))
        texts = [str(message.get("message")) for message in _messages(reply)]
        why = vendor_text(texts[0] if texts else "Odoo refused without a reason", limit=_REASON_LENGTH)
        yield from self._halves(rows, RecordError(why), tries)

    def _lost(self, rows: Sequence[Ready], error: ClosedloopError) -> Iterator[Outcome]:
        yield from _all(rows, State.UNKNOWN, error.message, error.request_id)
        raise UnknownOutcomeError(error.message, where=self.model, request_id=error.request_id)


def blame(messages: Sequence[Mapping[str, Any]]) -> dict[int, Blame]:
    """Return the guilty rows of a refused call, by their place in it."""
    errors = [
        message for message in messages if message.get("type") == "error" and _place(message) is not None
    ]
    found: dict[int, Blame] = {}
    for n, message in enumerate(errors):
        place = _place(message)
        if place is None or place in found or _is_scapegoat(n, message, errors):
            continue
        text = str(message.get("message") or "")
        is_locked = _LOCKED.search(text) is not None
        found[place] = Blame(
            reason=vendor_text(text, limit=_REASON_LENGTH),
            certain="field" in message and not is_locked,
            locked=is_locked,
        )
    return found


def _is_scapegoat(n: int, message: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether row 0 is blamed for another row's fault: the same text, without a field, before that row's own."""
    if _place(message) != 0 or "field" in message:
        return False
    return any(
        _place(other) != 0 and other.get("message") == message.get("message") for other in errors[n + 1 :]
    )


def _place(message: Mapping[str, Any]) -> int | None:
    record = message.get("record")
    if isinstance(record, int):
        return record
    rows = message.get("rows")
    start = rows.get("from") if isinstance(rows, dict) else None
    return start if isinstance(start, int) else None


def _messages(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [message for message in reply.get("messages") or [] if isinstance(message, dict)]


def _is_written(reply: Mapping[str, Any], rows: Sequence[Ready]) -> bool:
    ids = reply.get("ids")
    return isinstance(ids, list) and [str(key) for key in ids] == [row.id for row in rows]


def _all(
    rows: Sequence[Ready],
    state: State,
    reason: str | None = None,
    request_id: str | None = None,
    refusal: Refusal | None = None,
) -> Iterator[Outcome]:
    for row in rows:
        yield Outcome(id=row.id, state=state, reason=reason, request_id=request_id, refusal=refusal)
