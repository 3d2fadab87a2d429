"""``/__control__/…``: what a test does to the simulator, apart from what a client of Odoo can do."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.database import API_USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.odoo.engine import Engine

#: Who edits by hand: not the API's user.
PERSON = 1


class Control:
    """The simulator's own controls, by their last path part.

    Args:
        engine: The engine they act on.
        keys: World key → ``model/id``, per kind of record.
    """

    def __init__(self, engine: Engine, keys: dict[str, dict[str, str]]) -> None:
        self.engine = engine
        self.keys = keys
        self._actions: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "state"): self._state,
            ("GET", "requests"): self._requests,
            ("GET", "records"): self._records,
            ("GET", "keys"): lambda _given: self.keys,
            ("GET", "faults"): lambda _given: [asdict(fault) for fault in self.engine.faults.all()],
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "advance"): self._advance,
            ("POST", "edit"): self._edit,
            ("POST", "create"): self._create,
            ("POST", "unlink"): self._unlink,
        }

    def answer(self, verb: str, name: str, given: dict[str, Any]) -> Any:
        """Carry out one control request.

        Raises:
            KeyError: There is no such control, or an argument is missing.
            OdooError: The database refuses an edit.
        """
        return self._actions[verb, name](given)

    def edit(
        self, database: str, model: str, record: int, values: dict[str, Any], *, user: int = PERSON
    ) -> None:
        """Change a record as a person would in the browser: the time of writing moves."""
        held = self.engine.databases[database]
        with held.lock:
            held.write(model, [record], values, user=user)

    def create(self, database: str, model: str, values: dict[str, Any], *, user: int = PERSON) -> int:
        """Create a record as a person would, and return its id."""
        held = self.engine.databases[database]
        with held.lock:
            return held.create(model, [values], user=user)[0]

    def unlink(self, database: str, model: str, record: int) -> None:
        """Delete a record without a trace, as Odoo does."""
        held = self.engine.databases[database]
        with held.lock:
            held.unlink(model, [record])

    def records(self, database: str, model: str) -> list[dict[str, Any]]:
        """Return every row of a model as the database holds it: microseconds, bare ids, ``None`` for empty."""
        held = self.engine.databases[database]
        with held.lock:
            table = held.table(model)
            names = [column.name for column in table.model.fields.values() if column.name != "display_name"]
            return [{name: row.get(name) for name in names} for row in table.rows.values()]

    def _state(self, _given: dict[str, Any]) -> dict[str, Any]:
        return {
            "now": self.engine.clock.now().isoformat(),
            "requests": len(self.engine.requests()),
            "rows": {
                name: {model: len(table.rows) for model, table in held.tables.items()}
                for name, held in self.engine.databases.items()
            },
            "api_user": API_USER,
        }

    def _requests(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        return self.engine.requests(int(given.get("since", 0)))

    def _records(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        return [plain(row) for row in self.records(given["db"], given["model"])]

    def _add_fault(self, given: dict[str, Any]) -> dict[str, Any]:
        return asdict(self.engine.faults.add(**given))

    def _clear_faults(self, _given: dict[str, Any]) -> dict[str, Any]:
        self.engine.faults.clear()
        return {}

    def _advance(self, given: dict[str, Any]) -> dict[str, Any]:
        self.engine.clock.advance(float(given["seconds"]))
        return {"now": self.engine.clock.now().isoformat()}

    def _edit(self, given: dict[str, Any]) -> dict[str, Any]:
        self.edit(given["db"], given["model"], given["id"], given["values"])
        return {"id": given["id"]}

    def _create(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"id": self.create(given["db"], given["model"], given["values"])}

    def _unlink(self, given: dict[str, Any]) -> dict[str, Any]:
        self.unlink(given["db"], given["model"], given["id"])
        return {"id": given["id"]}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with times and days as ISO texts, so that JSON can carry it."""
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in row.items()
    }
