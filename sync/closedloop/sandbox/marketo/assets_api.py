"""Programs, channels and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.marketo import wire
from closedloop.sandbox.marketo.errors import MarketoError

if TYPE_CHECKING:
    from closedloop.sandbox.marketo.account import Row
    from closedloop.sandbox.marketo.call import Call

_USUAL, _MOST = 20, 200
_NOTHING = "No assets found for the given search criteria."
#: What the listing leaves out.
_HIDDEN = frozenset({"tags", "costs", "headStart"})


def programs(call: Call) -> dict[str, Any]:
    """Return a page of programs, without tags and costs."""
    rows = [row for row in call.account.programs.values() if _is_wanted(row, call)]
    return _page(call, [{name: one for name, one in row.items() if name not in _HIDDEN} for row in rows])


def _is_wanted(row: Row, call: Call) -> bool:
    changed, begin, end = wire.stamp(row["updatedAt"]), *map(call.query.get, _RANGE)
    status = call.query.get("status")
    return (not begin or changed >= begin) and (not end or changed <= end) and status in {None, row["status"]}


_RANGE = ("earliestUpdatedAt", "latestUpdatedAt")


def program(call: Call) -> dict[str, Any]:
    """Return one program with its tags and costs."""
    row = call.account.programs.get(int(call.ids[0]))
    if row is None:
        raise MarketoError("702", "Record of type 'program' not found")
    return {"result": [wire.asset(row)]}


def program_by_name(call: Call) -> dict[str, Any]:
    """Return one program by its name; tags and costs only where they are asked for."""
    wants = {
        part
        for part, name in (("tags", "includeTags"), ("costs", "includeCosts"))
        if call.query.get(name) == "true"
    }
    for row in call.account.programs.values():
        if row["name"] == call.query.get("name"):
            hidden = {"tags", "costs"} - wants
            return {"result": [wire.asset({name: one for name, one in row.items() if name not in hidden})]}
    return _nothing(call)


def channels(call: Call) -> dict[str, Any]:
    """Return a page of channels."""
    return _page(call, call.account.channels)


def channel_by_name(call: Call) -> dict[str, Any]:
    """Return one channel by its name."""
    wanted = call.query.get("Name") or call.query.get("name")
    rows = [row for row in call.account.channels if row["name"] == wanted]
    return {"result": wire.asset(rows)} if rows else _nothing(call)


def tag_types(call: Call) -> dict[str, Any]:
    """Return the types of tags."""
    names = sorted({tag["tagType"] for row in call.account.programs.values() for tag in row["tags"]})
    kinds = "program, engagement, event, webinar, email"
    return _page(
        call, [{"tagType": name, "applicableProgramTypes": kinds, "required": False} for name in names]
    )


def _page(call: Call, rows: list[Row]) -> dict[str, Any]:
    size, start = call.number("maxReturn", _USUAL, _MOST), call.number("offset", 0, 1 << 31)
    page, _ = call.cut(rows, start, size)
    return {"result": wire.asset(page)} if page else _nothing(call)


def _nothing(call: Call) -> dict[str, Any]:
    empty: dict[str, Any] = {} if call.account.options.prints_no_result else {"result": []}
    return {**empty, "warnings": [_NOTHING]}
