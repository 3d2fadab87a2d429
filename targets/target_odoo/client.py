"""Odoo's side of the target: which objects and fields are ours, reading by id, rights."""

from __future__ import annotations

import time
from itertools import groupby
from typing import TYPE_CHECKING, Any

from closedloop.errors import ClosedloopError
from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from closedloop.kit.stream import Check
from closedloop.kit.writer import ForeignFieldError, UnknownStreamError, Writer
from target_odoo.columns import KINDS, NotWritableError, shown, spelt
from target_odoo.load import Loader, Ready
from target_odoo.provision import provision

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
        self.sleep: Callable[[float], None] = (
            time.sleep
        )  # before a locked row is tried again; tests do not wait

    def accept(self, stream: str, fields: Sequence[str]) -> None:
        """Make sure that these fields of this model are ours to write."""
        if stream not in MODELS:
            msg = f"nothing is written to {stream}"
            raise UnknownStreamError(msg, where=stream, fix=f"use one of: {', '.join(MODELS)}")
        foreign = [field for field in fields if not field.startswith(PREFIX)]
        if foreign:
            msg = f"{', '.join(foreign)} is not a field of ours"
            raise ForeignFieldError(msg, where=stream, fix=f"ours begin with {PREFIX}; leave the others out")
        for field in fields:
            self._accept(stream, field)

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
        ready.sort(key=lambda row: row.fields)
        for fields, group in groupby(ready, key=lambda row: row.fields):
            yield from Loader(odoo=self.odoo, model=stream, fields=fields, sleep=self.sleep).load(list(group))

    def _ready(self, model: str, row: Row) -> Ready:
        if not row.id.isascii() or not row.id.isdecimal() or int(row.id) == 0:
            msg = f"{row.id[:20]!r} is not an id of Odoo"
            raise NotWritableError(msg)
        kinds = self.kinds(model)
        fields = tuple(sorted(row.fields))
        values = tuple(spelt(row.fields[field], kind=kinds[field], field=field) for field in fields)
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
