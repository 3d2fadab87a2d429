"""One request, and the pages of what it lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.marketo import wire
from closedloop.sandbox.marketo.errors import MarketoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.sandbox.marketo.account import Account, Row
    from closedloop.sandbox.odoo.faults import Faults


@dataclass(slots=True, kw_only=True)
class Call:
    """A request on its way.

    Args:
        account: The subscription.
        faults: Those that are on.
        name: What it is about, for faults and the log.
        ids: The parts of its path that are ids.
        query: Its parameters.
        body: Its JSON.
        headers: In small letters.
    """

    account: Account
    faults: Faults
    name: str = ""
    ids: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str, usual: int, most: int) -> int:
        """Return a whole number of the query.

        Raises:
            MarketoError: It is none.
        """
        given = self.query.get(name)
        if given is None:
            return usual
        if not given.isdigit():
            raise MarketoError("1001", f"Invalid value '{given}' for field '{name}'")
        return min(int(given), most)

    def words(self, name: str, *, needed: bool = False) -> list[str]:
        """Return a list of the query.

        Raises:
            MarketoError: There is none and must be one.
        """
        found = [one.strip() for one in self.query.get(name, "").split(",") if one.strip()]
        if needed and not found:
            raise MarketoError("1002", f"Missing value for required parameter '{name}'")
        return found

    def cut(
        self, rows: Sequence[Row], start: int, size: int, *, may_repeat: bool = True
    ) -> tuple[list[Row], int]:
        """Return a page and where the next begins, as the faults that are on leave it."""
        page = list(rows[start : start + size])
        after = start + len(page)
        for fault in self.faults.of_the_data("marketo", self.name, "list"):
            if (fault.kind == "repeat_page" and not may_repeat) or not fault.strikes():
                continue
            if fault.kind == "drop_row" and page:
                del page[len(page) // 2]
            elif fault.kind == "short_page" and len(page) > 1:
                page = page[: len(page) // 2]
                after = start + len(page)
            elif fault.kind == "repeat_page" and start:
                page, after = list(rows[max(0, start - size) : start]), start
        return page, after

    def listed(self, rows: Sequence[Row], size: int) -> dict[str, Any]:
        """Return a page of a listing whose token is a place in it."""
        given = self.query.get("nextPageToken")
        try:
            start = int(wire.place(given)) if given else 0
        except ValueError:
            raise MarketoError("1003", "Invalid nextPageToken") from None
        page, after = self.cut(rows, start, size)
        more = {"nextPageToken": wire.token(str(after))} if after < len(rows) else {}
        return {"result": page, **more}
