"""One simulated database: tables of rows, searched and changed the way Odoo's ORM does it."""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from closedloop.sandbox.odoo import hooks
from closedloop.sandbox.odoo.deletion import delete
from closedloop.sandbox.odoo.domain import compile_domain, naive
from closedloop.sandbox.odoo.errors import missing_error, required_error, user_error, value_error
from closedloop.sandbox.odoo.order import check_limits, id_floor, ids_named, sort_rows
from closedloop.sandbox.odoo.values import outward, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from closedloop.sandbox.odoo.schema import Field, Model

Row = dict[str, Any]


class SupportsNow(Protocol):
    """Whatever tells the time."""

    def now(self) -> datetime:
        """Return the time, aware."""
        ...


#: What callers may name in ``write`` and ``create`` but the server decides itself.
OWN = frozenset({"id", "display_name", "create_uid", "create_date", "write_uid", "write_date"})
#: The user an API key belongs to, and the one who edits by hand in the simulator's control calls.
API_USER = 2


@dataclass(slots=True, kw_only=True)
class Table:
    """The rows of one model by id, in ascending order of id."""

    model: Model
    rows: dict[int, Row] = field(default_factory=dict)
    next_id: int = 1
    _keys: list[int] | None = None

    def keys(self) -> list[int]:
        """Return the ids in ascending order."""
        if self._keys is None:
            self._keys = sorted(self.rows)
        return self._keys

    def put(self, row: Row) -> int:
        """Add a row (with its own id, or the next free one) and return the id."""
        key = row.setdefault("id", self.next_id)
        self.next_id = max(self.next_id, key + 1)
        self.rows[key] = row
        self._keys = None
        return int(key)

    def drop(self, key: int) -> None:
        """Remove a row."""
        del self.rows[key]
        self._keys = None


class Database:
    """A database of the simulator.

    Args:
        name: What clients call it: ``crm`` or ``books``.
        models: Its models; creating a custom field adds to them.
        clock: Gives the time of every write.
        whole_seconds: Times in domains compare by whole seconds (Odoo 19) or by microseconds (older).
        restricted: The API user has a salesperson's rights only.
    """

    def __init__(
        self,
        name: str,
        models: dict[str, Model],
        clock: SupportsNow,
        *,
        whole_seconds: bool = True,
        restricted: bool = False,
    ) -> None:
        self.name = name
        self.models = models
        self.clock = clock
        self.whole_seconds = whole_seconds
        self.restricted = restricted
        self.tables = {known: Table(model=model) for known, model in models.items()}
        self.field_ids: dict[tuple[str, str], int] = {}
        self.external: dict[str, tuple[str, int]] = {}
        self.lock = threading.RLock()

    def table(self, model: str) -> Table:
        """Return the table of ``model``; an unknown one is a KeyError, which the web layer answers."""
        return self.tables[model]

    def remove_model(self, model: str) -> None:
        """Take a model away, with every field that points at it: its application was never installed."""
        self.models.pop(model, None)
        self.tables.pop(model, None)
        for other in self.models.values():
            for name in [column.name for column in other.fields.values() if column.relation == model]:
                del other.fields[name]

    def display_name(self, model: str, key: int) -> str | bool:
        """Return what a many2one to this record shows; ``False`` where the model has no name (messages)."""
        row = self.tables[model].rows.get(key) if model in self.tables else None
        return hooks.display_name(self, model, row) if row is not None else False

    def search(
        self,
        model: str,
        domain: object,
        *,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> list[int]:
        """Return the ids that match, in order. No limit, ``0`` or ``False`` mean all.

        Raises:
            OdooError: The domain, the order or a limit is not valid.
        """
        table = self.table(model)
        offset, limit = check_limits(offset, limit)
        matches = self._matcher(table.model, domain, context or {})
        keys, rows = table.keys(), table.rows
        floor, named = id_floor(domain), ids_named(domain)
        if named is not None:
            keys = sorted(named & rows.keys())
        elif floor is not None:
            keys = keys[bisect_right(keys, floor) :]
        terms = order or table.model.order
        if terms.strip().lower() in {"id", "id asc"}:
            return _first(keys, rows, matches, offset, limit)
        found = sort_rows(table.model, [rows[key] for key in keys if matches(rows[key])], terms)
        end = None if limit is None else offset + limit
        return [int(row["id"]) for row in found[offset:end]]

    def _matcher(self, model: Model, domain: object, context: dict[str, Any]) -> Callable[[Row], bool]:
        matches = compile_domain(self, model, domain)
        named = (
            {leaf[0] for leaf in domain if not isinstance(leaf, str)} if isinstance(domain, list) else set()
        )
        if "active" in model.fields and "active" not in named and context.get("active_test", True):
            return lambda row: bool(row.get("active")) and matches(row)
        return matches

    def read(
        self, model: str, ids: Iterable[int], fields: Sequence[str] | None, *, classic: bool
    ) -> list[Row]:
        """Return the records as Odoo prints them; ids that do not exist are left out.

        Args:
            model: The model.
            ids: Record ids.
            fields: Field names; none means all.
            classic: Relations as ``[id, name]``; else as the bare id.

        Raises:
            OdooError: A field does not exist.
        """
        known = self.models[model].fields
        chosen = [self._field(model, name) for name in fields] if fields else list(known.values())
        printers = [(f.name, self._printer(model, f, classic=classic)) for f in chosen if f.name != "id"]
        rows = self.tables[model].rows
        found = (rows[key] for key in ids if key in rows)
        return [{"id": row["id"], **{name: show(row) for name, show in printers}} for row in found]

    def _field(self, model: str, name: str) -> Field:
        try:
            return self.models[model].fields[name]
        except KeyError as error:
            message = f"Invalid field {name!r} on {model!r}"
            raise value_error(message) from error

    def _printer(self, model: str, column: Field, *, classic: bool) -> Callable[[Row], object]:
        name = column.name
        if name == "display_name":
            return lambda row: hooks.display_name(self, model, row)
        if column.type == "many2one" and classic:
            relation = column.relation or ""
            memory: dict[int, object] = {}

            def pair(row: Row) -> object:
                key = row.get(name)
                if not key:
                    return False
                if key not in memory:
                    memory[key] = self.display_name(relation, key)
                return [key, memory[key]]

            return pair
        show = outward(column)
        return lambda row: show(row.get(name))

    def checked(self, model: str, values: object) -> Row:
        """Return the values as rows keep them, without those that only the server sets.

        Raises:
            OdooError: An unknown field, a wrong type, or a relation to a record that is not there.
        """
        if not isinstance(values, dict):
            message = f"{type(values).__name__!r} object has no attribute 'get'"
            raise value_error(message, "AttributeError")
        known = self.models[model].fields
        for name in values:
            if name not in known:
                message = f"Invalid field {name!r} in {model!r}"
                raise value_error(message)
        kept = {name: stored(model, known[name], value) for name, value in values.items() if name not in OWN}
        for name, value in kept.items():
            self._check_relation(known[name], value)
        return kept

    def _check_relation(self, column: Field, value: object) -> None:
        if column.type != "many2one" or value is None or column.relation not in self.tables:
            return
        if value not in self.tables[column.relation].rows:
            raise missing_error(column.relation, value, API_USER)  # type: ignore[arg-type]

    def checked_value(self, column: Field, value: object) -> object:
        """Return one value as rows keep it.

        Raises:
            OdooError: It is not of the field's type.
        """
        return stored("", column, value)

    def new_values(self, model: str) -> Row:
        """Return the defaults of a new record."""
        return hooks.defaults(self, model)

    def create(self, model: str, values: Sequence[object], *, user: int = API_USER) -> list[int]:
        """Create records, all or none, and return their ids."""
        rows = [hooks.defaults(self, model) | self.checked(model, item) for item in values]
        for row in rows:
            hooks.before_create(self, model, row)
            self._check_required(model, row)
        now = naive(self.clock.now())
        stamp = {"create_uid": user, "create_date": now, "write_uid": user, "write_date": now}
        keys = [self.tables[model].put({**row, **stamp}) for row in rows]
        for key in keys:
            hooks.after_create(self, model, self.tables[model].rows[key])
        return keys

    def _check_required(self, model: str, row: Row) -> None:
        described = self.models[model]
        for name, column in described.fields.items():
            if column.is_missing(row.get(name)):
                raise required_error(described, name)

    def write(self, model: str, ids: Sequence[int], values: object, *, user: int = API_USER) -> bool:
        """Change records, all or none.

        Raises:
            OdooError: A record is missing, or a value is refused; nothing is changed then.
        """
        if not ids:
            return True
        rows = self.existing(model, ids)
        kept = self.verified(model, values)
        now = naive(self.clock.now())
        for row in rows:
            before = dict(row)
            row.update(kept, write_uid=user, write_date=now)
            hooks.after_write(self, model, before, row, user)
        return True

    def verified(self, model: str, values: object) -> Row:
        """Return the values of a change as rows keep them.

        Raises:
            OdooError: A value is refused.
        """
        kept = self.checked(model, values)
        described = self.models[model]
        for name, value in kept.items():
            if value is None and described.fields[name].required:
                raise required_error(described, name)
        hooks.before_write(self, model, kept)
        return kept

    def existing(self, model: str, ids: Sequence[int]) -> list[Row]:
        """Return the rows of ``ids``.

        Raises:
            OdooError: One of them does not exist (MissingError).
        """
        rows = self.tables[model].rows
        for key in ids:
            if key not in rows:
                raise missing_error(model, key, API_USER)
        return [rows[key] for key in ids]

    def unlink(self, model: str, ids: Sequence[int]) -> bool:
        """Delete records, all or none, with what hangs on them (``deletion``)."""
        for row in self.existing(model, ids):
            if model == "ir.model.fields" and row.get("state") != "manual":
                raise user_error("This column contains module data and cannot be removed!")
        for key in dict.fromkeys(ids):
            delete(self, model, key)
        return True

    def add_field(self, model: str, column: Field) -> None:
        """Give ``model`` a custom field: every row is empty there."""
        self.models[model].fields[column.name] = replace(column, manual=True)


def _first(
    keys: Sequence[int], rows: dict[int, Row], matches: Callable[[Row], bool], offset: int, limit: int | None
) -> list[int]:
    found: list[int] = []
    end = None if limit is None else offset + limit
    for key in keys:
        if matches(rows[key]):
            found.append(key)
            if end is not None and len(found) >= end:
                break
    return found[offset:]
