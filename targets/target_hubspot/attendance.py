"""Records who registered for an event, attended it, or cancelled.

HubSpot gives a participation no key of ours: sending one twice may show twice on the contact's timeline. So the event's
participations are read first, what is already so is not sent, and after an answer that got lost they are read again.
A contact who is named by e-mail and does not exist is made by HubSpot: that is the import of a lead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from closedloop.errors import ClosedloopError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import (
    AccessError,
    HtmlReplyError,
    MissingObjectError,
    RecordError,
    UnknownOutcomeError,
)
from target_hubspot.catalog import OBJECTS, PARTICIPATIONS
from target_hubspot.columns import NotWritableError
from target_hubspot.faults import about, refusal, text
from target_hubspot.portal import GarbledReplyError, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from closedloop.kit.outcome import Row, Value
    from target_hubspot.portal import Portal

#: A row's key is the event with one of these, parted by the sign below, which neither ids nor addresses hold.
EVENT, CONTACT, EMAIL = "marketing_event_id", "contact_id", "email"
SEPARATOR = "/"
STATE, WHEN = "attendanceState", "occurredAt"
#: What a state is called where it is recorded, and where it is read.
_STEPS: Mapping[str, str] = {"registered": "register", "attended": "attend", "cancelled": "cancel"}
_STATES: Mapping[str, str] = {step: state.upper() for state, step in _STEPS.items()}
#: States in which a step has been made already.
_DONE: Mapping[str, frozenset[str]] = {
    "register": frozenset({"REGISTERED", "ATTENDED", "NO_SHOW"}),
    "attend": frozenset({"ATTENDED"}),
    "cancel": frozenset({"CANCELLED"}),
}
_PAGE, _BATCH = 100, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One participation to record.

    Args:
        id: The row's key.
        event: The marketing event's id.
        who: Contact id, or e-mail address in lower case.
        by_email: Which of the two it is.
        step: ``register``, ``attend`` or ``cancel``.
        at: Epoch milliseconds.
        contact: Properties of a contact that has to be made.
    """

    id: str
    event: str
    who: str
    by_email: bool
    step: str
    at: int
    contact: Mapping[str, str]

    def input(self) -> Mapping[str, Any]:
        """Return it as HubSpot takes it."""
        common = {"interactionDateTime": self.at, "properties": {}}
        if self.by_email:
            return {**common, "email": self.who, "contactProperties": dict(self.contact)}
        return {**common, "vid": int(self.who)}


def step(row: Row, *, by_email: bool) -> Step:
    """Return what a row asks for.

    Raises:
        NotWritableError: The row does not say so.
    """
    event, _, who = row.id.partition(SEPARATOR)
    if not _is_number(event) or not (who and "@" in who if by_email else _is_number(who)):
        raise NotWritableError("the key is no event with a contact")
    name = _STEPS.get(str(row.fields.get(STATE) or "").lower())
    if name is None:
        msg = f"{STATE} is none of {', '.join(_STEPS)}"
        raise NotWritableError(msg)
    contact = {key: str(value) for key, value in row.fields.items() if key not in {STATE, WHEN} and value}
    who = who.lower() if by_email else who
    at = _milliseconds(row.fields.get(WHEN))
    return Step(id=row.id, event=event, who=who, by_email=by_email, step=name, at=at, contact=contact)


@dataclass(slots=True, kw_only=True)
class Attendance:
    """Records participations.

    Args:
        portal: The account.
    """

    portal: Portal
    _held: dict[str, dict[str, str]] = field(default_factory=dict)

    def write(self, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Yield what became of each step, event by event.

        Raises:
            ClosedloopError: The steps without an outcome were not sent.
        """
        order = sorted(steps, key=lambda one: (one.event, one.step, one.by_email))
        for (event, _, _), group in groupby(order, key=lambda one: (one.event, one.step, one.by_email)):
            yield from self._of_event(event, list(group))

    def _of_event(self, event: str, steps: list[Step]) -> Iterator[Outcome]:
        try:
            present = self._present(event)
        except (AccessError, MissingObjectError, RecordError) as error:
            yield from _all(steps, State.REFUSED, error)
            return
        due = [one for one in steps if not _is_done(one, present)]
        yield from _all([one for one in steps if one not in due], State.WRITTEN)
        for start in range(0, len(due), _BATCH):
            yield from self._send(due[start : start + _BATCH])

    def _send(self, steps: list[Step]) -> Iterator[Outcome]:
        try:
            answer, request_id = self._call(steps)
        except AccessError as error:
            yield from _all(steps, State.REFUSED, error)
            return
        except (RecordError, MissingObjectError) as error:
            yield from self._halves(steps, error)
            return
        except (UnknownOutcomeError, GarbledReplyError, HtmlReplyError) as error:
            yield from self._lost(steps, error)
            return
        failpoint("target_hubspot.recorded")
        told = {
            str(one.get("email" if steps[0].by_email else "vid")).lower() for one in rows(answer, "results")
        }
        done = [one for one in steps if one.who in told]
        self._note(done)
        yield from _all(done, State.WRITTEN)
        yield from self._rest(steps, [one for one in steps if one.who not in told], answer, request_id)

    def _rest(
        self, steps: list[Step], left: list[Step], answer: Mapping[str, Any], request_id: str | None
    ) -> Iterator[Outcome]:
        """Steps that HubSpot does not confirm: an error stands for them, or they are looked up."""
        if not left:
            return
        errors = rows(answer, "errors")
        why = {who: error for error in errors for keys in about(error).values() for who in keys}
        for one in [one for one in left if one.who in why]:
            yield from _all([one], State.REFUSED, RecordError(text(why[one.who]), request_id=request_id))
        open_ = [one for one in left if one.who not in why]
        unnamed = next((error for error in errors if not about(error)), None)
        if open_ and unnamed is None:
            lost = GarbledReplyError("HubSpot's answer does not mention the person", request_id=request_id)
            yield from self._lost(open_, lost)
        elif open_ and len(open_) < len(steps):
            yield from self._send(open_)
        elif open_ and unnamed is not None:
            yield from self._halves(open_, RecordError(text(unnamed), request_id=request_id))

    def _halves(self, steps: list[Step], error: ClosedloopError) -> Iterator[Outcome]:
        if len(steps) == 1:
            yield from _all(steps, State.REFUSED, error)
            return
        middle = len(steps) // 2
        yield from self._send(steps[:middle])
        yield from self._send(steps[middle:])

    def _lost(self, steps: Sequence[Step], error: ClosedloopError) -> Iterator[Outcome]:
        """Look up what the lost call recorded. What it did not is not known: it may still be under way."""
        self._held.pop(steps[0].event, None)
        try:
            present = self._present(steps[0].event)
        except ClosedloopError:
            present = {}
        done = [one for one in steps if _is_done(one, present)]
        yield from _all(done, State.WRITTEN)
        left = [one for one in steps if one not in done]
        if left:
            yield from _all(left, State.UNKNOWN, error)
            raise UnknownOutcomeError(error.message, where=PARTICIPATIONS, request_id=error.request_id)

    def _call(self, steps: Sequence[Step]) -> tuple[Mapping[str, Any], str | None]:
        one = steps[0]
        verb = "email-create" if one.by_email else "create"
        path = self.portal.path(OBJECTS["marketing_events"], one.event, "attendance", one.step, verb)
        return self.portal.write(path, {"inputs": [each.input() for each in steps]})

    def _note(self, steps: Sequence[Step]) -> None:
        for one in steps:
            self._held[one.event][one.who] = _STATES[one.step]

    def _present(self, event: str) -> Mapping[str, str]:
        """Return the newest state of everybody at an event, by contact id and by e-mail address."""
        if event not in self._held:
            found: dict[str, tuple[int, str]] = {}
            for one in self._breakdown(event):
                said = one.get("properties") or {}
                contact = (one.get("associations") or {}).get("contact") or {}
                state = (int(said.get("occurredAt") or 0), str(said.get("attendanceState")))
                for who in (str(contact.get("contactId") or ""), str(contact.get("email") or "").lower()):
                    found[who] = max(found.get(who, state), state)
            self._held[event] = {who: state for who, (_, state) in found.items() if who}
        return self._held[event]

    def _breakdown(self, event: str) -> Iterator[Mapping[str, Any]]:
        path = self.portal.path(OBJECTS["marketing_events"], "participations", event, "breakdown")
        params, seen = {"limit": str(_PAGE)}, set[str]()
        while True:
            answer = self.portal.get(path, params)
            yield from rows(answer, "results")
            after = str(((answer.get("paging") or {}).get("next") or {}).get("after") or "")
            if not after:
                return
            if after in seen:
                raise GarbledReplyError("the list of participations does not move on", where=PARTICIPATIONS)
            seen.add(after)
            params = {**params, "after": after}


def _is_done(one: Step, present: Mapping[str, str]) -> bool:
    return present.get(one.who) in _DONE[one.step]


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and int(value) > 0


def _milliseconds(value: Value) -> int:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        msg = f"{WHEN} is not a time"
        raise NotWritableError(msg) from error
    if moment.tzinfo is None:
        msg = f"{WHEN} has no zone"
        raise NotWritableError(msg)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _all(steps: Sequence[Step], state: State, error: ClosedloopError | None = None) -> Iterator[Outcome]:
    for one in steps:
        yield Outcome(
            id=one.id,
            state=state,
            reason=error.message if error else None,
            request_id=error.request_id if error else None,
            refusal=refusal(error) if error and state is State.REFUSED else None,
        )
