"""Contacts as an import sees them: found by e-mail address, and archived when the import is reverted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import (
    AccessError,
    HtmlReplyError,
    MissingObjectError,
    RecordError,
    UnknownOutcomeError,
)
from closedloop.kit.writer import Record
from target_hubspot.catalog import OBJECTS
from target_hubspot.columns import shown
from target_hubspot.faults import fault
from target_hubspot.portal import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from closedloop.errors import ClosedloopError
    from target_hubspot.catalog import Written
    from target_hubspot.portal import Portal

_BATCH = 100
_EMAIL = "email"


def by_email(portal: Portal, values: Sequence[str], kinds: Mapping[str, str]) -> dict[str, Record]:
    """Return contacts by e-mail address; capitals do not matter.

    Args:
        portal: The account.
        values: Addresses.
        kinds: Type of each property wanted.
    """
    written, found = OBJECTS["contacts"], dict[str, Record]()
    path = portal.path(written, "batch", "read")
    for start in range(0, len(values), _BATCH):
        part = values[start : start + _BATCH]
        inputs = [{"id": value} for value in dict.fromkeys(value.lower() for value in part)]
        names = [*dict.fromkeys([_EMAIL, *kinds])]
        body = {"inputs": inputs, "properties": names, "propertiesWithHistory": [], "idProperty": _EMAIL}
        for one in rows(portal.read(path, body), "results"):
            held = one.get("properties") or {}
            shown_values = {name: shown(held.get(name), kind=kind) for name, kind in kinds.items()}
            found[str(held.get(_EMAIL) or "").lower()] = Record(id=str(one.get("id")), values=shown_values)
    return {value: found[value.lower()] for value in values if value.lower() in found}


def archived(portal: Portal, written: Written, ids: Sequence[str]) -> Iterator[Outcome]:
    """Archive records, a hundred a call; one that is archived already is well.

    Raises:
        UnknownOutcomeError: A call may have arrived.
        ClosedloopError: The rows without an outcome were surely not archived.
    """
    for start in range(0, len(ids), _BATCH):
        yield from _call(portal, written, ids[start : start + _BATCH])


def _call(portal: Portal, written: Written, ids: Sequence[str]) -> Iterator[Outcome]:
    sent = {"inputs": [{"id": key} for key in ids]}
    path = portal.path(written, "batch", "archive")
    try:
        portal.http.request("POST", path, json=sent, classify=fault, idempotent=False)
    except (AccessError, MissingObjectError, RecordError) as error:
        yield from _all(ids, State.REFUSED, error)
        return
    except (UnknownOutcomeError, HtmlReplyError) as error:
        yield from _all(ids, State.UNKNOWN, error)
        raise UnknownOutcomeError(error.message, where=written.name, request_id=error.request_id) from error
    failpoint("target_hubspot.archived")
    yield from _all(ids, State.WRITTEN)


def _all(ids: Sequence[str], state: State, error: ClosedloopError | None = None) -> Iterator[Outcome]:
    for key in ids:
        yield Outcome(
            id=key,
            state=state,
            reason=error.message if error else None,
            request_id=error.request_id if error else None,
        )
