"""HubSpot's side of the target: what is ours to write, by which call, and reading it back."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import MissingObjectError
from closedloop.kit.writer import ForeignFieldError, Record, UnknownStreamError, Writer
from tap_hubspot.faults import body_of
from target_hubspot.attendance import CONTACT, EMAIL, EVENT, SEPARATOR, STATE, WHEN, Attendance, step
from target_hubspot.batch import Batch, Ready
from target_hubspot.catalog import IMPORTED, IMPORTED_PROPERTIES, OBJECTS, PARTICIPATIONS
from target_hubspot.checks import checks
from target_hubspot.columns import KINDS, NotWritableError, spelt
from target_hubspot.imported import archived, by_email
from target_hubspot.provision import provision
from target_hubspot.reading import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from closedloop.kit.outcome import Row, Value
    from closedloop.kit.stream import Check
    from closedloop.kit.writer import FieldWish, Provisioned
    from target_hubspot.portal import Portal, Property

_NUMBER, _GUID = re.compile(r"[1-9][0-9]{0,18}"), re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_NEITHER = "nothing of HubSpot's own is written; leave it out"


class HubspotWriter(Writer):
    """Updates records by id, imports contacts by a unique property, records participants.

    Args:
        portal: The account.
        checked: Properties by object that `--check` looks for.
    """

    batch_rows = 100

    def __init__(self, portal: Portal, *, checked: Mapping[str, Sequence[str]] | None = None) -> None:
        self.portal = portal
        self._checked = dict(checked or {})
        self._keys: dict[str, str] = {}
        self._attendance = Attendance(portal=portal)
        self.sleep: Callable[[float], None] = time.sleep  # before a locked record; tests do not wait

    def open(self, stream: str, keys: Sequence[str]) -> None:
        """Note what identifies the records of a stream.

        Raises:
            UnknownStreamError: Nothing is written to it, or not by such a key.
        """
        if stream == PARTICIPATIONS:
            if list(keys) not in ([EVENT, CONTACT], [EVENT, EMAIL]):
                msg = f"participations are recorded by {EVENT} and {CONTACT}, or by {EVENT} and {EMAIL}"
                raise UnknownStreamError(msg, where=stream, fix="set key_properties to one of the two")
            self._keys[stream] = keys[1]
            return
        if stream not in OBJECTS:
            known = ", ".join([*OBJECTS, PARTICIPATIONS])
            msg = f"nothing is written to {stream}"
            raise UnknownStreamError(msg, where=stream, fix=f"use one of: {known}")
        if list(keys) == ["id"]:
            self._keys.pop(stream, None)
            return
        self._keys[stream] = self._unique(stream, keys)

    def _unique(self, stream: str, keys: Sequence[str]) -> str:
        """Return the property that imported records are known by."""
        if stream not in IMPORTED or len(keys) != 1:
            msg = f"records of {stream} are updated by id and never created"
            raise UnknownStreamError(msg, where=stream, fix="set key_properties to id")
        (key,) = keys
        found = self._properties(stream).get(key)
        if found is None or not (found.is_unique or key == EMAIL):
            msg = f"{key} is no unique property of {stream}"
            raise UnknownStreamError(
                msg, where=stream, fix="use email, or a property that was made with unique values"
            )
        return key

    def accept(self, stream: str, fields: Sequence[str]) -> None:
        """Make sure that these fields of this object are ours to write."""
        if stream == PARTICIPATIONS:
            self._accept_participation(fields)
            return
        if stream not in OBJECTS:
            self.open(stream, ["id"])
        known = self._properties(stream)
        for field in fields:
            self._accept(stream, field, known)

    def _accept(self, stream: str, field: str, known: Mapping[str, Property]) -> None:
        found = known.get(field)
        if found is None:
            msg = f"{stream} has no property {field}, or the token may not see it"
            raise ForeignFieldError(
                msg, where=stream, fix="make it with `closedloop provision`, or in HubSpot's settings"
            )
        is_brought = (stream in self._keys or self.is_import) and field in IMPORTED_PROPERTIES
        if not found.is_own and not is_brought:
            msg = f"{field} is a property of HubSpot's own"
            raise ForeignFieldError(msg, where=stream, fix=_NEITHER)
        if not found.is_writable or found.kind not in KINDS:
            msg = f"{field} holds {found.kind} and may not be written"
            raise ForeignFieldError(
                msg, where=stream, fix=f"use a property of type {', '.join(sorted(KINDS))}"
            )

        if self.currency is not None and found.currency is not None:
            self._insist_on_currency(stream, field, found.currency)

    def _insist_on_currency(self, stream: str, field: str, whose: str) -> None:
        """HubSpot prints a currency beside the number and converts nothing: it must be the one of our amounts."""
        shown = "each record's own currency"
        if whose == "account":
            shown = str(body_of(self.portal.account()).get("companyCurrency") or self.currency)
        if shown != self.currency:
            msg = f"{stream}.{field} shows {shown}, and the figures are in {self.currency}: the number would be read as another amount"
            raise ForeignFieldError(
                msg, where=stream, fix="map a number without a currency; `closedloop provision` makes one"
            )

    def _accept_participation(self, fields: Sequence[str]) -> None:
        allowed = {STATE, WHEN} | (IMPORTED_PROPERTIES if self._keys.get(PARTICIPATIONS) == EMAIL else set())
        foreign = [field for field in fields if field not in allowed]
        if foreign:
            msg = f"{', '.join(foreign)} is nothing that a participation takes"
            raise ForeignFieldError(
                msg, where=PARTICIPATIONS, fix=f"use one of: {', '.join(sorted(allowed))}"
            )

    def _properties(self, stream: str) -> Mapping[str, Property]:
        try:
            return self.portal.properties(stream)
        except MissingObjectError as error:
            msg = f"the account has no object {stream}"
            raise UnknownStreamError(msg, where=stream, fix=error.fix) from error

    def update(self, stream: str, rows: Sequence[Row]) -> Iterator[Outcome]:
        """Write rows; those that do not fit are refused before the call."""
        if stream == PARTICIPATIONS:
            yield from self._record(rows)
            return
        ready: list[Ready] = []
        for row in rows:
            try:
                ready.append(self._ready(stream, row))
            except NotWritableError as error:
                yield Outcome(id=row.id, state=State.REFUSED, reason=str(error))
        key = self._keys.get(stream)
        writing = Batch(portal=self.portal, written=OBJECTS[stream], key=key, sleep=self.sleep)
        for part in _apart(ready):
            yield from writing.write(part)

    def _record(self, rows: Sequence[Row]) -> Iterator[Outcome]:
        steps = []
        for row in rows:
            try:
                steps.append(step(row, by_email=self._keys.get(PARTICIPATIONS) == EMAIL))
            except NotWritableError as error:
                yield Outcome(id=row.id, state=State.REFUSED, reason=str(error))
        yield from self._attendance.write(steps)

    def _ready(self, stream: str, row: Row) -> Ready:
        if stream not in self._keys:
            _known_id(stream, row.id)
        known = self._properties(stream)
        spoken = {
            field: spelt(value, kind=known[field].kind, field=field) for field, value in row.fields.items()
        }
        return Ready(id=row.id, values=spoken)

    def read(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Value]]:
        """Return the present values by id; what is archived, merged or unknown is left out."""
        self.accept(stream, fields)
        if stream == PARTICIPATIONS:
            msg = "participations are not read back by id"
            raise UnknownStreamError(msg, where=stream, fix="run `closedloop sync`")
        kinds = {field: self._properties(stream)[field].kind for field in fields}
        good = [key for key in ids if _is_id(stream, key)]
        found: dict[str, Mapping[str, Value]] = {}
        size = OBJECTS[stream].batch
        for start in range(0, len(good), size):
            found |= values(self.portal, OBJECTS[stream], good[start : start + size], kinds)
        return found

    def find(
        self, stream: str, key: str, values: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Record]:
        """Return contacts by e-mail address, and participations by event and contact."""
        if stream == PARTICIPATIONS:
            return self._participations(values)
        if stream not in IMPORTED or key != EMAIL:
            msg = f"nothing is imported into {stream} by {key}"
            raise UnknownStreamError(msg, where=stream, fix="contacts are imported by email")
        known = self._properties(stream)
        return by_email(self.portal, values, {name: known[name].kind for name in fields if name in known})

    def _participations(self, values: Sequence[str]) -> Mapping[str, Record]:
        found = {}
        for value in values:
            event, _, contact = value.partition(SEPARATOR)
            state = self._attendance.states(event).get(contact)
            if state is not None:
                found[value] = Record(id=value, values={STATE: state.lower()})
        return found

    def accept_removal(self, stream: str) -> None:
        """Make sure that an import may have made records of this object."""
        if not self.is_import or stream not in IMPORTED:
            msg = f"nothing is ever removed from {stream}"
            raise UnknownStreamError(
                msg, where=stream, fix="only what an import made is removed, by its revert"
            )

    def remove(self, stream: str, ids: Sequence[str]) -> Iterator[Outcome]:
        """Archive records."""
        return archived(self.portal, OBJECTS[stream], ids)

    def provision(self, wish: FieldWish) -> Provisioned:
        """Make a property if it is not there."""
        if wish.stream not in OBJECTS:
            self.open(wish.stream, ["id"])
        if wish.field.startswith("hs_") or not _NAME.fullmatch(wish.field):
            msg = f"{wish.field} is no name for a property of ours"
            raise ForeignFieldError(
                msg, where=wish.stream, fix="use small letters, digits and _, without hs_ in front"
            )
        return provision(self.portal, wish)

    def check(self) -> Iterator[Check]:
        """Look at the credential, at every scope by itself, and at the properties."""
        yield from checks(self.portal, self._checked)


def _is_id(stream: str, key: str) -> bool:
    shape = _GUID if stream == "campaigns" else _NUMBER
    return shape.fullmatch(key) is not None


def _known_id(stream: str, key: str) -> None:
    if not _is_id(stream, key):
        raise NotWritableError("the id is none of HubSpot's")


def _apart(ready: Sequence[Ready]) -> Iterator[list[Ready]]:
    """Keys that differ in case only are one to HubSpot, and may not share a batch."""
    left = list(ready)
    while left:
        part = {one.id.casefold(): one for one in reversed(left)}
        yield [one for one in left if part[one.id.casefold()] is one]
        left = [one for one in left if part[one.id.casefold()] is not one]
