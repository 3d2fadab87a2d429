"""``/__control__/…``: what a test does to the simulator, apart from what a client of HubSpot can do."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.hubspot.simulator import Simulator


class Control:
    """The simulator's own controls, by verb and last path part; what a person does is called as the simulator's method.

    Args:
        simulator: What they act on.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._actions: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "requests"): lambda given: simulator.requests(int(given.get("since", 0))),
            ("GET", "keys"): lambda _given: simulator.keys,
            ("GET", "state"): lambda _given: self._state(),
            ("GET", "records"): lambda given: simulator.records(given["name"]),
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): lambda _given: simulator.faults.clear(),
            ("POST", "advance"): self._advance,
        }
        for name in (
            "edit",
            "create",
            "remove",
            "restore",
            "erase",
            "merge",
            "edit_event",
            "edit_campaign",
            "attend",
            "add_property",
            "remove_property",
        ):
            self._actions["POST", name] = self._method(name)

    def answer(self, verb: str, name: str, given: dict[str, Any]) -> Any:
        """Carry out one control request.

        Raises:
            KeyError: There is no such control, or an argument is missing.
        """
        return self._actions[verb, name](given)

    def _method(self, name: str) -> Callable[[dict[str, Any]], Any]:
        return lambda given: getattr(self._simulator, name)(**given)

    def _state(self) -> dict[str, Any]:
        rows = {name: len(table.rows) for name, table in self._simulator.account.tables.items()}
        return {
            "now": self._simulator.now().isoformat(),
            "requests": len(self._simulator.requests()),
            "rows": rows,
        }

    def _add_fault(self, given: dict[str, Any]) -> dict[str, Any]:
        fault = self._simulator.faults.add(**given)
        return {name: value for name, value in asdict(fault).items() if name not in {"ids", "page"}}

    def _advance(self, given: dict[str, Any]) -> dict[str, Any]:
        self._simulator.advance(float(given["seconds"]))
        return {"now": self._simulator.now().isoformat()}
