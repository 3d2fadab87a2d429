"""What a target must know about its vendor: the seam between the Singer side and the API side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from closedloop.kit.outcome import Outcome, Row, Value
    from closedloop.kit.stream import Check


class UnknownStreamError(ConfigError):
    """The target cannot write to such an object."""


class ForeignFieldError(ConfigError):
    """The field is not one that we own, or the vendor does not have it."""


class MissingIdError(ConfigError):
    """A record came without its id: writing it would create a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWish:
    """One custom field that should exist.

    Args:
        stream: The vendor's object.
        field: Name of the field.
        type: What it holds; ``key``: our name of a record that we made, which no two records share.
        label: What a person sees beside it.
        help: What it means.
    """

    stream: str
    field: str
    type: Literal["money", "count", "ratio", "date", "text", "key"]
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """What became of one wish.

    Args:
        stream: The vendor's object.
        field: Name of the field.
        state: ``created``, ``exists``, ``denied`` (an admin must make it) or ``wrong_type``.
        reason: Why, and what an admin must do.
    """

    stream: str
    field: str
    state: Literal["created", "exists", "denied", "wrong_type"]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it was found.

    Args:
        id: The vendor's id.
        values: Present values by field.
    """

    id: str
    values: Mapping[str, Value]


class Writer(ABC):
    """One vendor's way to update records by id, and where it says so to import some by a key of ours.

    Attributes:
        batch_rows: Most rows of one `update`.
        is_import: The core imports people and events: then the vendor's own fields that an import sets may be written by
            id too, and what an import made may be removed.
        currency: What amounts are in, where the core says so: a field that would show them in another is not written.
    """

    batch_rows: int = 500
    is_import: bool = False
    currency: str | None = None

    @abstractmethod
    def accept(self, stream: str, fields: Sequence[str]) -> None:
        """Make sure that these fields of this object are ours to write.

        Args:
            stream: The vendor's object.
            fields: Fields without the id.

        Raises:
            UnknownStreamError: We do not write to this object.
            ForeignFieldError: A field is not ours, or does not exist.
        """

    @abstractmethod
    def update(self, stream: str, rows: Sequence[Row]) -> Iterable[Outcome]:
        """Write rows by id, and yield what became of each, in any order, as soon as it is known.

        A row is only called written when the vendor said so. Nothing that the vendor may have carried out is sent
        again: such rows are unknown. A row without an outcome was surely not sent.

        Raises:
            UnknownOutcomeError: The rows without an outcome so far are unknown, unless unknown ones were yielded.
            ClosedloopError: The rows without an outcome so far were surely not written, and it was no row's fault.
        """

    @abstractmethod
    def read(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Value]]:
        """Return the present values by id; a record that is gone is left out."""

    def find(
        self, stream: str, key: str, values: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Record]:
        """Return the records that a key names, by its value; what does not exist is left out.

        Args:
            stream: The vendor's object.
            key: What `update` finds its rows by.
            values: Of the key.
            fields: To read beside it; those that the vendor does not have are left out.

        Raises:
            UnknownStreamError: Nothing is imported there.
        """
        del key, values, fields
        raise _nothing_imported(stream)

    def accept_removal(self, stream: str) -> None:
        """Make sure that records of this object may be removed: an import made them.

        Raises:
            UnknownStreamError: They may not.
        """
        raise _nothing_imported(stream)

    def remove(self, stream: str, ids: Sequence[str]) -> Iterable[Outcome]:
        """Remove records by id, and yield what became of each, as `update` does. One that is gone is removed."""
        del ids
        raise _nothing_imported(stream)

    @abstractmethod
    def provision(self, wish: FieldWish) -> Provisioned:
        """Make a custom field if it is not there."""

    @abstractmethod
    def check(self) -> Iterator[Check]:
        """Look at the credential, the rights and the objects."""


def _nothing_imported(stream: str) -> UnknownStreamError:
    msg = f"nothing is imported into {stream}"
    return UnknownStreamError(msg, where=stream, fix="import through a connector whose target does it")
