"""Makes custom fields: rows of `ir.model.fields`. Odoo reloads its registry after each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.kit.policy import AccessError, RecordError, UnknownOutcomeError
from closedloop.kit.writer import Provisioned

if TYPE_CHECKING:
    from closedloop.kit.writer import FieldWish
    from target_odoo.client import OdooWriter

#: What each kind of figure is kept in: the type we make first, then the others that do.
#: Money is a plain decimal: `monetary` needs a currency field beside it, and would print the record's own currency.
_TYPES = {
    "money": ("float", "monetary"),
    "ratio": ("float",),
    "count": ("integer", "float"),
    "date": ("date",),
    "text": ("char", "text"),
    "key": ("char",),
}


def provision(writer: OdooWriter, wish: FieldWish) -> Provisioned:
    """Make the field if it is not there.

    Raises:
        UnknownStreamError: The database has no such model.
    """
    found = writer.kinds(wish.stream).get(wish.field)
    if found is not None:
        return _known(wish, found)
    try:
        _create(writer, wish)
    except AccessError as error:
        return _denied(wish, f"{error.message}; it needs the group Administration / Settings")
    except RecordError as error:
        return _denied(wish, error.message)
    except UnknownOutcomeError:
        writer.forget(wish.stream)
        if wish.field not in writer.kinds(wish.stream):
            raise
    writer.forget(wish.stream)
    return Provisioned(stream=wish.stream, field=wish.field, state="created")


def _known(wish: FieldWish, kind: str) -> Provisioned:
    fitting = _TYPES[wish.type]
    if kind in fitting:
        return Provisioned(stream=wish.stream, field=wish.field, state="exists")
    reason = f"it holds {kind}, a {wish.type} needs {' or '.join(fitting)}: map another field name"
    return Provisioned(stream=wish.stream, field=wish.field, state="wrong_type", reason=reason)


def _denied(wish: FieldWish, why: str) -> Provisioned:
    reason = (
        f"{why}. Let an admin make it: model {wish.stream}, name {wish.field}, type {_TYPES[wish.type][0]}"
    )
    return Provisioned(stream=wish.stream, field=wish.field, state="denied", reason=reason)


def _create(writer: OdooWriter, wish: FieldWish) -> None:
    models = writer.odoo.call("ir.model", "search", domain=[["model", "=", wish.stream]])
    field = {
        "model_id": models[0],
        "name": wish.field,
        "field_description": wish.label,
        "help": wish.help,
        "ttype": _TYPES[wish.type][0],
        "state": "manual",
        "copied": False,
    }
    writer.odoo.call("ir.model.fields", "create", idempotent=False, vals_list=[field])
