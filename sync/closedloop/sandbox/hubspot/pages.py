"""Pages of listings, as the faults of the data leave them."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from closedloop.sandbox.odoo.faults import Fault, Faults

T = TypeVar("T")
DATABASE = "hubspot"


class Pages:
    """Cuts listings into pages.

    Args:
        faults: What goes wrong with them; counts go on telling the truth.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._hidden: dict[int, set[str]] = {}
        self._before: dict[int, list[Any]] = {}

    def after(
        self,
        rows: Sequence[T],
        key: Callable[[T], str],
        *,
        stream: str,
        method: str,
        after: str,
        size: int,
    ) -> tuple[list[T], str | None]:
        """Return the rows (by ascending id) above the id ``after``, and the last of them if there are more."""
        faults = self._faults.of_the_data(DATABASE, stream, method)
        rows = self._shown(rows, key, faults, size)
        low = int(after) if after.isdigit() and not self._loops(faults) else -1
        start = bisect_right(rows, low, key=lambda row: int(key(row)))
        found = [*rows[start : start + size]]
        more = key(found[-1]) if len(rows) > start + size else None
        return self._spoilt(found, faults), more

    def offset(
        self,
        rows: Sequence[T],
        key: Callable[[T], str],
        *,
        stream: str,
        method: str,
        start: int,
        size: int,
    ) -> tuple[list[T], str | None]:
        """Return the rows from an offset on, and the next offset if there are more."""
        faults = self._faults.of_the_data(DATABASE, stream, method)
        rows = self._shown(rows, key, faults, size)
        start = 0 if self._loops(faults) else start
        found = [*rows[start : start + size]]
        more = str(start + size) if len(rows) > start + size else None
        return self._spoilt(found, faults), more

    def read(self, rows: Sequence[T], key: Callable[[T], str], *, stream: str) -> list[T]:
        """Return records asked for by id: only faults of the method ``read`` take any away."""
        faults = [one for one in self._faults.of_the_data(DATABASE, stream, "read") if one.method == "read"]
        return self._spoilt([*self._shown(rows, key, faults, len(rows))], faults)

    def _shown(
        self, rows: Sequence[T], key: Callable[[T], str], faults: list[Fault], size: int
    ) -> Sequence[T]:
        for fault in faults:
            if fault.kind == "drop_row" and rows and fault.strikes():
                middle = key(rows[min(len(rows), size) // 2])
                hidden = self._hidden.setdefault(id(fault), {str(one) for one in fault.ids} or {middle})
                rows = [row for row in rows if key(row) not in hidden]
            elif fault.kind == "freeze_cursor" and fault.mode == "hide" and fault.strikes():
                rows = rows[: max(1, len(rows) // 2)]
        return rows

    @staticmethod
    def _loops(faults: list[Fault]) -> bool:
        return any(
            fault.kind == "freeze_cursor" and fault.mode == "loop" and fault.strikes() for fault in faults
        )

    def _spoilt(self, found: list[T], faults: list[Fault]) -> list[T]:
        for fault in faults:
            if fault.kind == "short_page" and len(found) > 1 and fault.strikes():
                found = found[:-1]
            elif fault.kind == "repeat_page":
                before = self._before.get(id(fault))
                if fault.strikes() and before:
                    found = before
                else:
                    self._before[id(fault)] = found
        return found
