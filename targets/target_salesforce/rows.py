"""Rows ready to be sent, and what Salesforce answered about each."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 (dataclass fields)
from dataclasses import dataclass

from closedloop.kit.outcome import Outcome, Refusal, State
from target_salesforce.fields import Spelt  # noqa: TC001

#: Another transaction has the record or its parent: nothing wrong with the row.
LOCKED = "UNABLE_TO_LOCK_ROW"
#: Our user may not change the record, or the field.
_DENIED = (
    "INSUFFICIENT_ACCESS",  # …_OR_READONLY, …_ON_CROSS_REFERENCE_ENTITY
    "INVALID_FIELD_FOR_INSERT_UPDATE",
)
#: Where rows of an object take a lock besides their own.
PARENTS: Mapping[str, str] = {
    "Account": "ParentId",
    "Campaign": "ParentId",
    "CampaignMember": "CampaignId",
    "Contact": "AccountId",
    "Opportunity": "AccountId",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One row as it is sent.

    Args:
        id: Record id, or the external id where the way is an upsert.
        fields: Values by field, without the id.
        parent: The record that a write of this one locks too; empty where it is not known.
    """

    id: str
    fields: Mapping[str, Spelt]
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one row.

    Args:
        row: The row.
        state: As the outcome file knows it.
        reason: Why it was not written.
        locked: It may be tried again: another transaction stood in the way.
        request_id: Of the call, or of the job.
        is_denied: The whole call was refused for want of a right.
    """

    row: Ready
    state: State
    reason: str | None = None
    locked: bool = False
    request_id: str | None = None
    is_denied: bool = False

    @property
    def outcome(self) -> Outcome:
        """The answer as targets give it."""
        return Outcome(
            id=self.row.id,
            state=self.state,
            reason=self.reason,
            request_id=self.request_id,
            refusal=self._refusal,
        )

    @property
    def _refusal(self) -> Refusal | None:
        if self.state is not State.REFUSED:
            return None
        reason = self.reason or ""
        if self.is_denied or reason.startswith(_DENIED):
            return Refusal.PERMISSION
        return Refusal.LOCK if reason.startswith(LOCKED) else Refusal.VALIDATION


def in_order(rows: list[Ready]) -> list[Ready]:
    """Return rows by parent: those of one parent go together, and two of our own calls never want the same lock."""
    return sorted(rows, key=lambda row: (row.parent, row.id))


def is_same(left: str, right: object) -> bool:
    """Whether two record ids are one: the last three of 18 letters only check the 15 before."""
    return isinstance(right, str) and left[:15] == right[:15]
