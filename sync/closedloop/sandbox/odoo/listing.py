"""Listings under faults of the data: the same search, with a row missing, a page cut, or the cursor stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.order import id_floor

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.faults import Fault, Faults
    from closedloop.sandbox.odoo.methods import Call

LISTINGS = frozenset({"search", "search_read"})


class Pages:
    """What was listed last, per database, model and method, so that a page can be shown twice."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._last: dict[tuple[str, str, str], list[int]] = {}

    def prepare(self, call: Call) -> None:
        """Let the faults of the data change the listing that ``call`` asks for."""
        if call.method not in LISTINGS or call.arguments.get("limit") == 1:
            return
        place = (call.database.name, call.model, call.method)
        struck = [fault for fault in self._faults.of_the_data(*place) if fault.strikes()]
        for fault in struck:
            if fault.kind == "drop_row":
                _drop(call, fault)
            elif fault.kind == "freeze_cursor" and fault.mode == "hide":
                _freeze(call, fault)
        call.reshape = lambda ids: self._reshape(call, place, struck, ids)

    def _reshape(
        self, call: Call, place: tuple[str, str, str], struck: list[Fault], ids: list[int]
    ) -> list[int]:
        continued = _continues(call)
        for fault in struck:
            if fault.kind == "short_page":
                ids = _cut(fault, ids, continued=continued)
            elif fault.kind == "repeat_page" and continued:
                ids = self._last.get(place, ids)
            elif fault.kind == "freeze_cursor" and fault.mode == "loop":
                fault.page = fault.page or ids
                ids = fault.page
        self._last[place] = ids
        return ids


def _continues(call: Call) -> bool:
    return bool(call.arguments.get("offset")) or id_floor(call.arguments.get("domain") or []) is not None


def _cut(fault: Fault, ids: list[int], *, continued: bool) -> list[int]:
    """Half a page, and nothing after it until somebody lists from the start again."""
    if continued and fault.ended:
        return []
    fault.ended = True
    return ids[: len(ids) // 2]


def _narrow(call: Call, leaf: list[Any]) -> None:
    call.arguments["domain"] = [*(call.arguments["domain"] or []), leaf]


def _drop(call: Call, fault: Fault) -> None:
    if not fault.ids:
        domain = call.arguments["domain"] or []
        found = call.database.search(call.model, domain, order="id", context=call.context)
        fault.ids = found[len(found) // 2 : len(found) // 2 + 1]
    if fault.ids:
        _narrow(call, ["id", "not in", list(fault.ids)])


def _freeze(call: Call, fault: Fault) -> None:
    if fault.since is None:
        written = sorted(row["write_date"] for row in call.database.table(call.model).rows.values())
        fault.since = str(written[(len(written) - 1) // 2])[:19] if written else "1970-01-01 00:00:00"
    _narrow(call, ["write_date", "<=", fault.since])
