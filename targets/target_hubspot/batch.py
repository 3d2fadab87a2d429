"""Writes many records in one call and finds out what became of each.

- A batch answers 200 or 207, with what was written under `results` in any order, and the rest under `errors`.
- An error names its records, or none of them. Records that are under neither are asked about again in smaller parts
  if an error stands for them; if nothing does, what became of them is not known.
- One wrong value can refuse the whole batch (400): it is halved until that record stands alone.
- A locked record (423) passes: the halves wait a little.
- Marketing events drop a property that does not exist without a word: what was sent must be in the answer.
- The id of a merged record leads to the one it was merged into, which then has the value.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from target_hubspot.faults import LockedError, about, refusal, text
from target_hubspot.portal import GarbledReplyError, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from closedloop.errors import ClosedloopError
    from target_hubspot.catalog import Shape, Written
    from target_hubspot.portal import Portal

_TRIES = 4
#: Seconds that a record stays locked after another write, as seen.
_LOCK = 2.0
_LOCKED = frozenset({"423", "LOCKED", "RESOURCE_LOCKED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One record as it is sent.

    Args:
        id: The record's id, or its value of the unique property.
        values: Texts by property.
    """

    id: str
    values: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class _Found:
    """What one answer says, by place in the batch."""

    written: dict[int, str | None]
    refused: dict[int, str]
    locked: dict[int, str]
    unnamed: str | None = None


@dataclass(slots=True, kw_only=True)
class Batch:
    """Writes records of one object.

    Args:
        portal: The account.
        written: The object.
        key: The unique property that ``Ready.id`` is the value of; none: it is the record's own id.
        sleep: Waits before a locked record is tried again; tests pass their own.
    """

    portal: Portal
    written: Written
    key: str | None
    sleep: Callable[[float], None]

    def write(self, ready: Sequence[Ready]) -> Iterator[Outcome]:
        """Yield what became of each record.

        Raises:
            ClosedloopError: The records without an outcome were not sent.
        """
        size = self.written.batch
        for part in (ready[start : start + size] for start in range(0, len(ready), size)):
            yield from self._send(list(part), tries=_TRIES)

    def _send(self, sent: list[Ready], *, tries: int) -> Iterator[Outcome]:
        try:
            answer, request_id = self._call(sent)
        except AccessError as error:
            yield from _all(sent, State.REFUSED, error)
            return
        except (RecordError, MissingObjectError) as error:
            yield from self._halves(sent, error, tries)
            return
        except (UnknownOutcomeError, GarbledReplyError, HtmlReplyError) as error:
            yield from self._lost(sent, error)
            return
        failpoint("target_hubspot.answered")
        found = self._found(sent, answer)
        yield from self._settled(sent, found, request_id)
        told = {*found.written, *found.refused, *found.locked}
        left = [one for place, one in enumerate(sent) if place not in told]
        yield from self._rest(sent, left, found.unnamed, request_id, tries)
        for place, why in found.locked.items():
            yield from self._halves([sent[place]], LockedError(why, request_id=request_id), tries)

    def _call(self, sent: Sequence[Ready]) -> tuple[Mapping[str, Any], str | None]:
        action = "upsert" if self.key else "update"
        inputs = [self._input(place, one) for place, one in enumerate(sent)]
        return self.portal.write(self.portal.path(self.written, "batch", action), {"inputs": inputs})

    def _input(self, place: int, one: Ready) -> Mapping[str, Any]:
        if self.written.shape == "event":
            properties = [{"name": name, "value": value} for name, value in one.values.items()]
            return {"objectId": one.id, "customProperties": properties}
        item: dict[str, Any] = {"id": one.id, "properties": dict(one.values)}
        if self.written.shape == "crm":
            item["objectWriteTraceId"] = str(place)
        if self.key:
            item["idProperty"] = self.key
        return item

    def _found(self, sent: Sequence[Ready], answer: Mapping[str, Any]) -> _Found:
        places = {one.id.casefold(): place for place, one in enumerate(sent)}
        found = _Found(written={}, refused={}, locked={})
        for result in rows(answer, "results"):
            place = self._place(result, places, len(sent))
            if place is None:
                continue
            wrong = self._wrong(sent[place], result)
            if wrong:
                found.refused[place] = wrong
            else:
                found.written[place] = None
        for error in rows(answer, "errors"):
            self._blame(error, places, found, len(sent))
        if answer.get("numErrors") and not rows(answer, "errors"):
            found.unnamed = "HubSpot counts errors and names none"
        return found

    def _place(self, result: Mapping[str, Any], places: Mapping[str, int], size: int) -> int | None:
        trace = str(result.get("objectWriteTraceId") or "")
        if trace.isdecimal() and int(trace) < size:
            return int(trace)
        if self.key:
            value = (result.get("properties") or {}).get(self.key)
        else:
            value = result.get(_ID[self.written.shape])
        return places.get(str(value or "").casefold())

    def _wrong(self, one: Ready, result: Mapping[str, Any]) -> str | None:
        """Why a record that HubSpot reports as written is not what was asked for."""
        if self.written.shape == "event":
            kept = {str(each.get("name")) for each in rows(result, "customProperties")}
            dropped = [name for name, value in one.values.items() if value and name not in kept]
            return f"HubSpot left out {', '.join(dropped)}: no such property" if dropped else None
        if self.key or str(result.get("id")) == one.id:
            return None
        return f"the record was merged into {result.get('id')}, which HubSpot wrote to: run `closedloop sync`"

    def _blame(self, error: Mapping[str, Any], places: Mapping[str, int], found: _Found, size: int) -> None:
        why = text(error)
        guilty = _guilty(error, places, size) - set(found.written)
        if not guilty:
            found.unnamed = why
        is_locked = not _LOCKED.isdisjoint({str(error.get("category")), str(error.get("status"))})
        (found.locked if is_locked else found.refused).update(dict.fromkeys(sorted(guilty), why))

    def _settled(self, sent: Sequence[Ready], found: _Found, request_id: str | None) -> Iterator[Outcome]:
        for place in found.written:
            yield Outcome(id=sent[place].id, state=State.WRITTEN, request_id=request_id)
        for place, why in found.refused.items():
            yield Outcome(id=sent[place].id, state=State.REFUSED, reason=why, request_id=request_id)

    def _rest(
        self,
        sent: Sequence[Ready],
        left: list[Ready],
        unnamed: str | None,
        request_id: str | None,
        tries: int,
    ) -> Iterator[Outcome]:
        """Records that the answer does not mention: an error that names nobody may stand for them."""
        if not left:
            return
        if unnamed is None:
            error = GarbledReplyError("HubSpot's answer does not mention the record", request_id=request_id)
            yield from self._lost(left, error)
        elif len(left) < len(sent):
            yield from self._send(left, tries=tries)
        else:
            yield from self._halves(left, RecordError(unnamed, request_id=request_id), tries)

    def _halves(self, sent: list[Ready], error: ClosedloopError, tries: int) -> Iterator[Outcome]:
        """Find the record that makes the whole call fail. Alone, it is refused; a locked one gets a few chances."""
        is_locked = isinstance(error, LockedError)
        if len(sent) == 1 and not (is_locked and tries > 1):
            yield from _all(sent, State.REFUSED, error)
            return
        if is_locked:
            self.sleep(_LOCK)
        if len(sent) == 1:
            yield from self._send(sent, tries=tries - 1)
            return
        middle = len(sent) // 2
        yield from self._send(sent[:middle], tries=tries)
        yield from self._send(sent[middle:], tries=tries)

    def _lost(self, sent: Sequence[Ready], error: ClosedloopError) -> Iterator[Outcome]:
        yield from _all(sent, State.UNKNOWN, error)
        raise UnknownOutcomeError(error.message, where=self.written.name, request_id=error.request_id)


#: Where an answer tells a record's own id.
_ID: Mapping[Shape, str] = {"crm": "id", "campaign": "id", "event": "objectId"}


def _guilty(error: Mapping[str, Any], places: Mapping[str, int], size: int) -> set[int]:
    named = dict(about(error))
    traces = named.pop("objectWriteTraceId", set())
    found = {int(trace) for trace in traces if trace.isdecimal() and int(trace) < size}
    return found | {places[key] for keys in named.values() for key in keys if key in places}


def _all(sent: Sequence[Ready], state: State, error: ClosedloopError) -> Iterator[Outcome]:
    for one in sent:
        yield Outcome(
            id=one.id,
            state=state,
            reason=error.message,
            request_id=error.request_id,
            refusal=refusal(error) if state is State.REFUSED else None,
        )
