"""The public methods of the simulated models: their arguments, and what they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.database import API_USER
from closedloop.sandbox.odoo.errors import access_error, database_error, python_error, value_error
from closedloop.sandbox.odoo.groups import read_group
from closedloop.sandbox.odoo.load import Import
from closedloop.sandbox.odoo.rights import allowed, demand

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.odoo.database import Database

#: Marks an argument without a default.
REQUIRED = object()
CLASSIC = "_classic_read"


@dataclass(slots=True, kw_only=True)
class Call:
    """One call on its way to a model: who it is for, with which arguments."""

    database: Database
    model: str
    method: str
    arguments: dict[str, Any]
    ids: list[int] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)
    reshape: Callable[[list[int]], list[int]] | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Method:
    """A method: its named arguments with defaults, and whether it works on the model rather than on records."""

    run: Callable[[Call], Any]
    parameters: dict[str, Any]
    on_model: bool = False
    needs: str = "read"
    only: str | None = None


def _search(call: Call) -> list[int]:
    given = call.arguments
    ids = call.database.search(
        call.model,
        given["domain"] or [],
        offset=given["offset"],
        limit=given["limit"],
        order=given["order"],
        context=call.context,
    )
    return ids if call.reshape is None else call.reshape(ids)


def _search_count(call: Call) -> int:
    found = call.database.search(call.model, call.arguments["domain"] or [], order="id", context=call.context)
    limit = call.arguments["limit"]
    return min(len(found), limit) if limit else len(found)


def _read(call: Call) -> list[dict[str, Any]]:
    given = call.arguments
    return call.database.read(call.model, call.ids, given["fields"], classic=given["load"] == CLASSIC)


def _search_read(call: Call) -> list[dict[str, Any]]:
    call.ids = _search(call)
    return _read(call)


def _write(call: Call) -> bool:
    return call.database.write(call.model, call.ids, call.arguments["vals"])


def _create(call: Call) -> list[int]:
    values = call.arguments["vals_list"]
    return call.database.create(call.model, [values] if isinstance(values, dict) else values)


def _unlink(call: Call) -> bool:
    return call.database.unlink(call.model, call.ids)


def _fields_get(call: Call) -> dict[str, dict[str, Any]]:
    names, wanted = call.arguments["allfields"], call.arguments["attributes"]
    fields = call.database.models[call.model].fields
    chosen = (column for name, column in fields.items() if not names or name in names)
    shown = {column.name: column.description() for column in chosen}
    if not wanted:
        return shown
    return {
        name: {key: value for key, value in text.items() if key in wanted} for name, text in shown.items()
    }


def _load(call: Call) -> dict[str, Any]:
    given = call.arguments
    return Import(call.database, call.model, call.context).run(given["fields"], given["data"])


def _has_access(call: Call) -> bool:
    return allowed(call.database, call.model, call.arguments["operation"])


def _has_group(call: Call) -> bool:
    return not call.database.restricted


def _nothing(_call: Call) -> None:
    return None


def _context_get(_call: Call) -> dict[str, Any]:
    return {"lang": "en_US", "tz": "UTC", "uid": API_USER}


def _name_search(call: Call) -> list[list[Any]]:
    given = call.arguments
    domain = [["name", given["operator"], given["name"]], *(given["domain"] or [])] if given["name"] else []
    ids = call.database.search(call.model, domain, limit=given["limit"], context=call.context)
    return [[key, call.database.display_name(call.model, key)] for key in ids]


def _formatted_read_group(call: Call) -> list[dict[str, Any]]:
    given = call.arguments
    ids = call.database.search(call.model, given["domain"] or [], order="id", context=call.context)
    return read_group(call.database, call.model, ids, given["groupby"], given["aggregates"])


_PAGE = {"offset": 0, "limit": None, "order": None}

METHODS: dict[str, Method] = {
    "search": Method(run=_search, parameters={"domain": REQUIRED, **_PAGE}, on_model=True),
    "search_count": Method(run=_search_count, parameters={"domain": REQUIRED, "limit": None}, on_model=True),
    "search_read": Method(
        run=_search_read,
        parameters={"domain": None, "fields": None, **_PAGE, "load": CLASSIC},
        on_model=True,
    ),
    "read": Method(run=_read, parameters={"fields": None, "load": CLASSIC}),
    "write": Method(run=_write, parameters={"vals": REQUIRED}, needs="write"),
    "create": Method(run=_create, parameters={"vals_list": REQUIRED}, on_model=True, needs="create"),
    "unlink": Method(run=_unlink, parameters={}, needs="unlink"),
    "load": Method(
        run=_load, parameters={"fields": REQUIRED, "data": REQUIRED}, on_model=True, needs="write"
    ),
    "fields_get": Method(
        run=_fields_get, parameters={"allfields": None, "attributes": None}, on_model=True, needs=""
    ),
    "has_access": Method(run=_has_access, parameters={"operation": REQUIRED}, needs=""),
    "check_access_rights": Method(
        run=_nothing, parameters={"operation": REQUIRED, "raise_exception": True}, on_model=True, needs=""
    ),
    "has_group": Method(run=_has_group, parameters={"group_ext_id": REQUIRED}, needs="", only="res.users"),
    "context_get": Method(run=_context_get, parameters={}, on_model=True, needs="", only="res.users"),
    "name_search": Method(
        run=_name_search,
        parameters={"name": "", "domain": None, "operator": "ilike", "limit": 100},
        on_model=True,
    ),
    "formatted_read_group": Method(
        run=_formatted_read_group,
        parameters={"domain": REQUIRED, "groupby": (), "aggregates": (), "having": (), **_PAGE},
        on_model=True,
    ),
}
#: What an argument of the wrong shape makes Python raise.
TRIPPED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
#: Names that Odoo keeps to itself although they carry no underscore.
PRIVATE = frozenset({"check_access", "browse", "sudo", "with_context", "flush_recordset"})


def find(model: str, name: str) -> Method | None:
    """Return the public method ``name`` of ``model``, ``None`` if there is none.

    Raises:
        OdooError: The method is private.
    """
    if name.startswith("_") or name in PRIVATE:
        message = f"Private methods (such as '{model}.{name}') cannot be called remotely."
        raise access_error(message)
    found = METHODS.get(name)
    return found if found is not None and found.only in {None, model} else None


def run(method: Method, call: Call) -> Any:
    """Carry out ``call`` as one transaction.

    Raises:
        OdooError: The user may not, or the database refuses; nothing is changed then.
    """
    with call.database.lock:
        if method.needs:
            demand(call.database, call.model, method.needs)
        _check_ids(call.ids)
        try:
            return method.run(call)
        except TRIPPED as error:
            raise python_error(error) from error


def _check_ids(ids: list[Any]) -> None:
    for key in ids:
        if not isinstance(key, int) or isinstance(key, bool):
            message = f'invalid input syntax for type integer: "{key}"\n'
            raise database_error("errors.InvalidTextRepresentation", message)


def id_list(value: Any) -> list[int]:
    """Return what a caller gave as ids (one id, a list, or nothing) as a list.

    Raises:
        OdooError: It is neither.
    """
    if value is None or value is False:
        return []
    if isinstance(value, int):
        return [value]
    if not isinstance(value, list | tuple):
        message = f"{type(value).__name__!r} is no list of ids"
        raise value_error(message, "TypeError")
    return list(value)
