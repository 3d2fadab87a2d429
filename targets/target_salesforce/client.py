"""Salesforce's side of the target: which objects and fields are ours, writing, reading by id."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import MissingObjectError, StreamError
from closedloop.kit.writer import ForeignFieldError, Record, UnknownStreamError, Writer
from target_salesforce.bulk import Bulk
from target_salesforce.checks import checks
from target_salesforce.collections import CALL_ROWS, Collections
from target_salesforce.fields import FIGURES, NotWritableError, described, shown, spelt
from target_salesforce.keys import Keys
from target_salesforce.money import insist_on_currency
from target_salesforce.provision import Provisioner
from target_salesforce.removal import removed
from target_salesforce.rows import PARENTS, Answer, Ready, in_order, is_same
from target_salesforce.unfinished import outlast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from closedloop.kit.outcome import Row, Value
    from closedloop.kit.stream import Check
    from closedloop.kit.writer import FieldWish, Provisioned
    from target_salesforce.fields import Described, Field
    from target_salesforce.org import Org

#: Objects that carry figures of ours.
OBJECTS = ("Campaign", "Account", "Contact", "Lead", "Opportunity", "CampaignMember")
#: Salesforce gives this ending, and no other, to the fields that are not its own.
SUFFIX = "__c"
_OF_LEAD = (
    "Salutation FirstName LastName Title Company Email Phone MobilePhone Website Street City State PostalCode Country"
    " Industry LeadSource Description Status OwnerId CurrencyIsoCode"
)
_OF_CAMPAIGN = "Name Type Status StartDate EndDate BudgetedCost ActualCost IsActive OwnerId CurrencyIsoCode"
_OF_MEMBER = "CampaignId LeadId ContactId Status CurrencyIsoCode"
#: Fields of Salesforce's own that an imported record may bring; nothing else is ever created.
IMPORTED: Mapping[str, frozenset[str]] = {
    "Lead": frozenset(_OF_LEAD.split()),
    "CampaignMember": frozenset(_OF_MEMBER.split()),
    "Campaign": frozenset(_OF_CAMPAIGN.split()),
}
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_READ_ROWS = 2000
_TRIES = 4


class SalesforceWriter(Writer):
    """Updates records by id, and imports leads and campaign members by external id.

    Args:
        org: The organisation.
        bulk_from: Rows of one committed batch from which a bulk job is cheaper than calls of 200.
        bulk_rows: Most rows of one job.
        patience: Seconds that a job may take.
        checked: Fields by object that `--check` looks for.
    """

    def __init__(
        self,
        org: Org,
        *,
        bulk_from: int = 2001,
        bulk_rows: int = 100_000,
        patience: float = 3600.0,
        checked: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.org = org
        self.bulk_from, self._bulk_rows, self._patience = bulk_from, bulk_rows, patience
        self.batch_rows = CALL_ROWS
        self.checked = dict(checked or {})
        self.sleep: Callable[[float], None] = time.sleep  # tests do not wait
        self._objects: dict[str, Described] = {}
        self._keys: dict[str, str | None] = {}
        self._provisioner: Provisioner | None = None
        self._quiet: set[str] = set()

    def expect(self, rows: int) -> None:
        """Choose the way for a committed batch: its rows are journalled by the call that carries them."""
        self.batch_rows = self._bulk_rows if rows >= self.bulk_from else CALL_ROWS

    def find_by(self, stream: str, key: str | None) -> None:
        """Say what the rows of a stream are found by: an external id, or none for the record id."""
        self._keys[stream] = key

    def accept(self, stream: str, fields: Sequence[str]) -> None:
        """Make sure that these fields of this object are ours to write."""
        key = self._keys.get(stream)
        if key is not None:
            self._accept_import(stream, key, fields)
            return
        if stream not in OBJECTS:
            msg = f"nothing is written to {stream}"
            raise UnknownStreamError(msg, where=stream, fix=f"use one of: {', '.join(OBJECTS)}")
        if self.is_import and stream in IMPORTED:
            self._accept_completion(stream, fields)
            return
        foreign = [field for field in fields if not field.endswith(SUFFIX)]
        if foreign:
            msg = f"{', '.join(foreign)} is not a field of ours"
            raise ForeignFieldError(msg, where=stream, fix=f"ours end with {SUFFIX}; leave the others out")
        for name in fields:
            field = self._field(stream, name)
            if field.type not in FIGURES:
                msg = f"{name} holds {field.type}, which no figure is"
                raise ForeignFieldError(
                    msg, where=stream, fix="map a field of type Number, Currency, Date or Text"
                )
            if not field.updateable:
                raise _read_only(stream, name)
            if field.type == "currency":
                insist_on_currency(self.org, stream, name, self.fields(stream), self.currency)

    def _accept_completion(self, stream: str, fields: Sequence[str]) -> None:
        foreign = [name for name in fields if not name.endswith(SUFFIX) and name not in IMPORTED[stream]]
        if foreign:
            msg = f"{', '.join(foreign)} is not a field that an import may set"
            raise ForeignFieldError(
                msg, where=stream, fix=f"it may set {', '.join(sorted(IMPORTED[stream]))}"
            )
        for name in fields:
            if not self._field(stream, name).updateable:
                raise _read_only(stream, name)

    def _accept_import(self, stream: str, key: str, fields: Sequence[str]) -> None:
        if stream not in IMPORTED:
            msg = f"nothing is ever created in {stream}"
            raise UnknownStreamError(msg, where=stream, fix="send the record id in the property `id`")
        if not self._field(stream, key).is_key:
            msg = f"{key} is no external id"
            raise ForeignFieldError(msg, where=stream, fix="tick External ID and Unique on the field")
        foreign = [name for name in fields if not name.endswith(SUFFIX) and name not in IMPORTED[stream]]
        if foreign:
            msg = f"{', '.join(foreign)} is not a field that an import may set"
            fix = f"leave it out; it may set {', '.join(sorted(IMPORTED[stream]))} and fields ending with {SUFFIX}"
            raise ForeignFieldError(msg, where=stream, fix=fix)
        for name in fields:
            if not self._field(stream, name).createable:
                raise _read_only(stream, name)

    def _field(self, stream: str, name: str) -> Field:
        found = self.fields(stream).get(name)
        if found is None:
            msg = f"{stream} has no field {name}, or our user may not see it"
            fix = "make it with `closedloop provision`, or give the API user the right to see and edit it"
            raise ForeignFieldError(msg, where=stream, fix=fix)
        return found

    def fields(self, stream: str, *, anew: bool = False) -> Mapping[str, Field]:
        """Return the fields of an object that our user sees.

        Raises:
            UnknownStreamError: There is no such object, or our user may not see it.
        """
        return self._describe(stream, anew=anew).fields

    def may_edit(self, stream: str) -> bool:
        """Whether our user may change records of an object at all."""
        return self._describe(stream).updateable

    def may_create(self, stream: str) -> bool:
        """Whether our user may make records of an object at all."""
        return self._describe(stream).createable

    def _describe(self, stream: str, *, anew: bool = False) -> Described:
        if anew or stream not in self._objects:
            try:
                answer = self.org.ask("GET", f"/sobjects/{stream}/describe")
            except MissingObjectError as error:
                msg = f"Salesforce does not show the object {stream}"
                fix = f"give the API user the right to read {stream}"
                raise UnknownStreamError(msg, where=stream, fix=fix) from error
            self._objects[stream] = described(answer if isinstance(answer, dict) else {})
        return self._objects[stream]

    def update(self, stream: str, rows: Sequence[Row]) -> Iterator[Outcome]:
        """Write rows; those that met another transaction's lock are tried again, each alone, by parent."""
        key = self._keys.get(stream)
        ready = []
        for row in rows:
            try:
                ready.append(self._ready(stream, row, key))
            except NotWritableError as error:
                yield Outcome(id=row.id, state=State.REFUSED, reason=str(error))
        if key is not None:
            ready, refused = Keys(org=self.org, stream=stream, key=key, fields=self.fields(stream)).fit(ready)
            yield from (answer.outcome for answer in refused)
        locked: list[Answer] = []
        for answer in self._way(stream, key, len(ready)).send(in_order(ready)):
            if answer.locked:
                locked.append(answer)
            else:
                yield answer.outcome
        yield from self._alone(stream, key, locked)

    def _way(self, stream: str, key: str | None, rows: int) -> Collections | Bulk:
        if rows < self.bulk_from:
            return Collections(org=self.org, stream=stream, key=key)
        return Bulk(org=self.org, stream=stream, key=key, patience=self._patience, sleep=self.sleep)

    def _alone(self, stream: str, key: str | None, locked: Sequence[Answer]) -> Iterator[Outcome]:
        way = Collections(org=self.org, stream=stream, key=key)
        for row in in_order(self._with_parents(stream, key, [answer.row for answer in locked])):
            yield from self._again(way, row)

    def _again(self, way: Collections, row: Ready) -> Iterator[Outcome]:
        locked = True
        for n in range(1, _TRIES):
            if not locked:
                return
            self.sleep(0.5 * 2 ** (n - 1))
            for answer in way.send([row]):  # to its end: behind an unknown answer comes the error
                locked = answer.locked and n < _TRIES - 1
                if not locked:
                    yield answer.outcome

    def _with_parents(self, stream: str, key: str | None, rows: Sequence[Ready]) -> list[Ready]:
        """Ask for the parents of rows that did not bring them: in their order the locks are taken one after the other."""
        parent = PARENTS.get(stream)
        if key is not None or parent is None or len(rows) < 2 or parent not in self.fields(stream):  # noqa: PLR2004
            return list(rows)
        of = self._retrieve(stream, [row.id for row in rows], [parent])
        return [
            Ready(id=row.id, fields=row.fields, parent=str(of.get(row.id, {}).get(parent) or ""))
            for row in rows
        ]

    def _ready(self, stream: str, row: Row, key: str | None) -> Ready:
        if key is None and not _ID.fullmatch(row.id):
            msg = f"{row.id[:20]!r} is not an id of Salesforce"
            raise NotWritableError(msg)
        known = self.fields(stream)
        fields = {name: spelt(value, known[name]) for name, value in row.fields.items()}
        return Ready(id=row.id, fields=fields, parent=str(fields.get(PARENTS.get(stream, ""), "") or ""))

    def read(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Value]]:
        """Return the present values by id, once no bulk job of ours runs; what is gone, or hidden, is left out."""
        if stream not in OBJECTS:
            msg = f"nothing is written to {stream}, so nothing is read back"
            raise UnknownStreamError(msg, where=stream, fix=f"use one of: {', '.join(OBJECTS)}")
        for name in fields:
            self._field(stream, name)
        known = [key for key in ids if _ID.fullmatch(key)]
        self._let_jobs_end(stream)
        return self._retrieve(stream, known, fields)

    def _let_jobs_end(self, stream: str) -> None:
        if stream not in self._quiet:
            outlast(Bulk(org=self.org, stream=stream, patience=self._patience, sleep=self.sleep))
            self._quiet.add(stream)

    def _retrieve(self, stream: str, ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Value]]:
        known = self.fields(stream)
        found: dict[str, dict[str, Value]] = {}
        for start in range(0, len(ids), _READ_ROWS):
            part = list(ids[start : start + _READ_ROWS])
            body = {"ids": part, "fields": ["Id", *names]}
            rows = self.org.ask("POST", f"/composite/sobjects/{stream}", body)
            if not isinstance(rows, list) or len(rows) != len(part):
                msg = f"Salesforce answered with another number of records than the {len(part)} asked for"
                raise StreamError(msg, where=stream)
            for asked, row in zip(part, rows, strict=True):
                if isinstance(row, dict) and is_same(asked, row.get("Id")):
                    found[asked] = {name: shown(row.get(name), known[name]) for name in names}
        return found

    def find(
        self, stream: str, key: str, values: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Record]:
        """Return the records that an external id names, once no bulk job of ours runs."""
        if stream not in IMPORTED or not self._field(stream, key).is_key:
            msg = f"nothing is imported into {stream} by {key}"
            raise UnknownStreamError(
                msg, where=stream, fix="make the field with `closedloop provision --import`"
            )
        self._let_jobs_end(stream)
        known = self.fields(stream)
        names = [name for name in fields if name in known]
        rows = Keys(org=self.org, stream=stream, key=key, fields=known).records(values, names)
        by_value = {str(row.get(key) or "").casefold(): row for row in rows}
        return {
            value: Record(
                id=str(row["Id"]), values={name: shown(row.get(name), known[name]) for name in names}
            )
            for value in values
            if (row := by_value.get(value.casefold())) is not None
        }

    def accept_removal(self, stream: str) -> None:
        """Make sure that an import may have made records of this object."""
        if not self.is_import or stream not in IMPORTED:
            msg = f"nothing is ever removed from {stream}"
            raise UnknownStreamError(
                msg, where=stream, fix="only what an import made is removed, by its revert"
            )

    def remove(self, stream: str, ids: Sequence[str]) -> Iterator[Outcome]:
        """Move records to the recycle bin, 200 a call."""
        return removed(self.org, stream, ids)

    def provision(self, wish: FieldWish) -> Provisioned:
        """Make a custom field, visible and editable for our user, if it is not there."""
        if wish.stream not in OBJECTS or not wish.field.endswith(SUFFIX):
            self.accept(wish.stream, [wish.field])
        if self._provisioner is None:
            self._provisioner = Provisioner(org=self.org, fields=self.fields, sleep=self.sleep)
        return self._provisioner.provision(wish)

    def check(self) -> Iterator[Check]:
        """Look at the credential, the right to each object and field, and the right to make fields."""
        return checks(self)


def _read_only(stream: str, name: str) -> ForeignFieldError:
    msg = f"our user may not edit {stream}.{name}"
    fix = f"give the API user's permission set the right to edit {stream} and the field {name}"
    return ForeignFieldError(msg, where=stream, fix=fix)
