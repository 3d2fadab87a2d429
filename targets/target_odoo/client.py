"""Odoo's side of the target: which objects and fields are ours, reading by id, rights."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from closedloop.errors import ClosedloopError
from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from closedloop.kit.stream import Check
from closedloop.kit.writer import ForeignFieldError, Record, UnknownStreamError, Writer
from target_odoo.columns import IMPORTED_KINDS, KINDS, NotWritableError, shown, spelt
from target_odoo.load import Loader, Ready
from target_odoo.money import foreign
from target_odoo.provision import provision
from target_odoo.removal import removed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from closedloop.kit.outcome import Row, Value
    from closedloop.kit.writer import FieldWish, Provisioned
    from tap_odoo.client import Odoo

#: Objects that carry rollups.
MODELS = ("event.event", "utm.campaign", "res.partner", "crm.lead", "event.registration")
#: Odoo gives this prefix, and no other, to the fields that are not its own.
PREFIX = "x_"
_READ_ROWS = 1000
#: The field that holds our key of a record that an import made, and the module of its external id.
KEY, MODULE = "x_closedloop_key", "closedloop_import"
#: When Odoo says that a record last changed; nobody can write it.
_STAMP = "write_date"
_KEY_SHAPE = re.compile(r"[a-z0-9-]{1,60}")
_OF_LEAD = "name type contact_name partner_name email_from phone function website street city zip description"
_OF_REGISTRATION = "event_id partner_id name email phone company_name state date_closed"
#: Fields of Odoo's own that an imported record may bring; nothing else is ever created.
IMPORTED: Mapping[str, frozenset[str]] = {
    "crm.lead": frozenset(_OF_LEAD.split()),
    "event.registration": frozenset(_OF_REGISTRATION.split()),
    "event.event": frozenset(["name", "date_begin", "date_end", "date_tz"]),
}


class OdooWriter(Writer):
    """Updates records by id through `load`, one transaction a call.

    Args:
        odoo: The database.
        checked: Fields by model that `--check` looks for.
    """

    def __init__(self, odoo: Odoo, *, checked: Mapping[str, Sequence[str]] | None = None) -> None:
        self.odoo = odoo
        self._checked = dict(checked or {})
        self._kinds: dict[str, dict[str, str]] = {}
        self._imports: set[str] = set()
        self.sleep: Callable[[float], None] = (
            time.sleep
        )  # before a locked row is tried again; tests do not wait

    def accept(self, stream: str, fields: Sequence[str]) -> None:
        """Make sure that these fields of this model are ours to write."""
        if stream not in MODELS:
            msg = f"nothing is written to {stream}"
            raise UnknownStreamError(msg, where=stream, fix=f"use one of: {', '.join(MODELS)}")
        if stream in self._imports or (self.is_import and stream in IMPORTED):
            self._accept_import(stream, fields)
            return
        foreign = [field for field in fields if not field.startswith(PREFIX)]
        if foreign:
            msg = f"{', '.join(foreign)} is not a field of ours"
            raise ForeignFieldError(msg, where=stream, fix=f"ours begin with {PREFIX}; leave the others out")
        for field in fields:
            self._accept(stream, field)

    def find_by(self, stream: str, key: str | None) -> None:
        """Say what the rows of a stream are known by: our key of an imported record, or none for the database id.

        Raises:
            UnknownStreamError: Nothing is imported there, or not by such a key.
        """
        if key is None:
            self._imports.discard(stream)
            return
        if stream not in IMPORTED or key != KEY:
            msg = f"nothing is imported into {stream} by {key}"
            raise UnknownStreamError(
                msg, where=stream, fix=f"set key_properties to id, or to {KEY} for an import"
            )
        self._imports.add(stream)

    def _accept_import(self, stream: str, fields: Sequence[str]) -> None:
        known = self.kinds(stream)
        if stream in self._imports and KEY not in known:
            msg = f"{stream} has no field {KEY}"
            raise ForeignFieldError(msg, where=stream, fix="make it with `closedloop provision --import`")
        for field in fields:
            name = field.partition("/")[0]
            if not name.startswith(PREFIX) and name not in IMPORTED[stream]:
                msg = f"{field} is not a field that an import may set"
                raise ForeignFieldError(
                    msg, where=stream, fix=f"it may set {', '.join(sorted(IMPORTED[stream]))}"
                )
            if known.get(name) not in IMPORTED_KINDS:
                msg = f"{stream} has no field {name}, or it may not be written"
                raise ForeignFieldError(
                    msg, where=stream, fix="correct the mapping, or give the API user the right"
                )

    def _accept(self, model: str, field: str) -> None:
        kind = self.kinds(model).get(field)
        if kind is None:
            msg = f"{model} has no field {field}, or it may not be written"
            raise ForeignFieldError(
                msg, where=model, fix="make it with `closedloop provision`, or in Odoo's settings"
            )
        if kind not in KINDS:
            msg = f"{field} holds {kind}, which no figure is"
            raise ForeignFieldError(msg, where=model, fix=f"use a field of type {', '.join(sorted(KINDS))}")

    def kinds(self, model: str) -> Mapping[str, str]:
        """Return the type of every field that can be written.

        Raises:
            UnknownStreamError: The database has no such model.
        """
        if model not in self._kinds:
            try:
                found = self.odoo.call(model, "fields_get", attributes=["type", "readonly"])
            except MissingObjectError as error:
                raise UnknownStreamError(error.message, where=model, fix=error.fix) from error
            self._kinds[model] = {
                name: field["type"] for name, field in found.items() if not field.get("readonly")
            }
        return self._kinds[model]

    def forget(self, model: str) -> None:
        """Ask again for a model's fields: one was made."""
        self._kinds.pop(model, None)

    def update(self, stream: str, rows: Sequence[Row]) -> Iterator[Outcome]:
        """Write rows; those with the same fields go in one call."""
        ready: list[Ready] = []
        for row in rows:
            try:
                ready.append(self._ready(stream, row))
            except NotWritableError as error:
                yield Outcome(id=row.id, state=State.REFUSED, reason=str(error))
        refused = self._foreign(stream, ready)
        yield from (Outcome(id=key, state=State.REFUSED, reason=why) for key, why in refused.items())
        ready = [row for row in ready if row.id not in refused]
        ready.sort(key=lambda row: row.fields)
        for fields, group in groupby(ready, key=lambda row: row.fields):
            if stream in self._imports:
                yield from self._load_new(stream, fields, list(group))
            else:
                yield from Loader(odoo=self.odoo, model=stream, fields=fields, sleep=self.sleep).load(
                    list(group)
                )

    def _foreign(self, stream: str, rows: Sequence[Ready]) -> Mapping[str, str]:
        """Return why records cannot take our amounts: their monetary fields show another currency."""
        if self.currency is None or stream in self._imports or self.is_import:
            return {}
        kinds = self.kinds(stream)
        fields = sorted({name for row in rows for name in row.fields if kinds[name] == "monetary"})
        return foreign(self.odoo, stream, fields, [row.id for row in rows], self.currency) if fields else {}

    def _load_new(self, stream: str, fields: tuple[str, ...], rows: Sequence[Ready]) -> Iterator[Outcome]:
        """Load records under external ids: the same key again is the same record, whoever asks."""
        named = [
            Ready(id=f"{MODULE}.{row.id}", fields=(KEY, *fields), values=(row.id, *row.values))
            for row in rows
        ]
        loader = Loader(odoo=self.odoo, model=stream, fields=(KEY, *fields), sleep=self.sleep, is_import=True)
        for outcome in loader.load(named):
            yield replace(outcome, id=outcome.id.removeprefix(f"{MODULE}."))

    def _ready(self, model: str, row: Row) -> Ready:
        if model in self._imports:
            if not _KEY_SHAPE.fullmatch(row.id):
                raise NotWritableError("the key is none of ours")
        elif not row.id.isascii() or not row.id.isdecimal() or int(row.id) == 0:
            msg = f"{row.id[:20]!r} is not an id of Odoo"
            raise NotWritableError(msg)
        kinds = self.kinds(model)
        fields = tuple(sorted(row.fields))
        values = tuple(
            spelt(row.fields[field], kind=kinds[field.partition("/")[0]], field=field) for field in fields
        )
        return Ready(id=row.id, fields=fields, values=values)

    def read(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Value]]:
        """Return the present values by id; `search_read` leaves out what is gone, where `read` may fail."""
        self.accept(stream, fields)
        numbers = [int(key) for key in ids if key.isdecimal()]
        found: dict[str, dict[str, Value]] = {}
        for start in range(0, len(numbers), _READ_ROWS):
            part = numbers[start : start + _READ_ROWS]
            rows = self.odoo.read(stream, [["id", "in", part]], fields, limit=len(part))
            for row in rows:
                kinds = self.kinds(stream)
                found[str(row["id"])] = {name: shown(row.get(name), kind=kinds[name]) for name in fields}
        return found

    def find(
        self, stream: str, key: str, values: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Record]:
        """Return imported records by our key."""
        self.find_by(stream, key)
        self._accept_import(stream, ())
        known = self.kinds(stream)
        wanted = dict.fromkeys(field.partition("/")[0] for field in fields)
        names = [name for name in wanted if name in known or name == _STAMP]
        found: dict[str, Record] = {}
        for start in range(0, len(values), _READ_ROWS):
            part = list(values[start : start + _READ_ROWS])
            for row in self.odoo.read(stream, [[KEY, "in", part]], [KEY, *names], limit=len(part)):
                held = {name: _held(row.get(name), known.get(name, "datetime")) for name in names}
                found[str(row[KEY])] = Record(id=str(row["id"]), values=held)
        return found

    def accept_removal(self, stream: str) -> None:
        """Make sure that an import may have made records of this model."""
        if not self.is_import or stream not in IMPORTED:
            msg = f"nothing is ever removed from {stream}"
            raise UnknownStreamError(
                msg, where=stream, fix="only what an import made is removed, by its revert"
            )

    def remove(self, stream: str, ids: Sequence[str]) -> Iterator[Outcome]:
        """Delete records, one call each: what keeps one of them keeps no other."""
        there = {
            str(row["id"])
            for row in self.odoo.read(
                stream, [["id", "in", [int(key) for key in ids]]], ["id"], limit=len(ids)
            )
        }
        for key in ids:
            yield removed(self.odoo, stream, key) if key in there else Outcome(id=key, state=State.WRITTEN)

    def provision(self, wish: FieldWish) -> Provisioned:
        """Make a custom field if it is not there."""
        if wish.stream not in MODELS or not wish.field.startswith(PREFIX):
            self.accept(wish.stream, [wish.field])
        return provision(self, wish)

    def check(self) -> Iterator[Check]:
        """Look at the credential, the right to write each model, and the right to make fields."""
        try:
            self.odoo.context  # noqa: B018 (asks who we are: the first call that needs the credential)
        except ClosedloopError as error:
            yield Check(name="login", ok=False, message=error.message, fix=error.fix)
            return
        yield Check(name="login", ok=True, message=f"logged in to {self.odoo.settings.database}")
        for model in self._checked or MODELS:
            yield from self._check_model(model)
        yield self._check_provision()

    def _check_model(self, model: str) -> Iterator[Check]:
        name, needed = f"permission:{model}", model in self._checked
        try:
            kinds = self.kinds(model)
        except (StreamError, UnknownStreamError) as error:
            yield Check(name=name, ok=False, message=error.message, fix=error.fix, required=needed)
            return
        may = may_do(self.odoo, model, "write")
        yield Check(
            name=name,
            ok=may,
            message=f"{model} can be written" if may else f"the API user may not change {model}",
            fix=None if may else f"give the API user a group that may change {model}",
            required=needed,
        )
        for field in self._checked.get(model, ()):
            there = kinds.get(field) in KINDS
            yield Check(
                name=f"field:{model}.{field}",
                ok=there,
                message="is there" if there else "is missing or of another type",
                fix=None if there else "make it with `closedloop provision`",
            )

    def _check_provision(self) -> Check:
        may = may_do(self.odoo, "ir.model.fields", "create")
        return Check(
            name="permission:ir.model.fields",
            ok=may,
            message="custom fields can be made" if may else "the API user may not make custom fields",
            fix=None
            if may
            else "for `provision` give it the group Administration / Settings, or let an admin make them",
            required=False,
        )


def _held(value: Any, kind: str) -> Value:
    """Return a value as it is compared: of a related record its id."""
    if kind == "many2one" and isinstance(value, (list, tuple)):
        return str(value[0])
    return shown(value, kind=kind)


def may_do(odoo: Odoo, model: str, operation: str) -> bool:
    """Whether our user may do something with a model at all.

    `has_access` came with Odoo 18; before it there was `check_access_rights`.
    """
    try:
        return bool(_ask_right(odoo, model, operation))
    except AccessError:
        return False


def _ask_right(odoo: Odoo, model: str, operation: str) -> Any:
    try:
        return odoo.call(model, "has_access", ids=[], operation=operation)
    except AccessError:
        raise
    except (StreamError, ClosedloopError):
        return odoo.call(model, "check_access_rights", operation=operation, raise_exception=False)
