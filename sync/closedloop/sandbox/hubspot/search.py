"""The search: filters over an index that lags behind, with its own limits."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import invalid
from closedloop.sandbox.hubspot.objects import AREA
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.wire import epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.hubspot.records import Record, Table

PAGE, CAP, BODY = 200, 10_000, 3_000
GROUPS, FILTERS, ALL_FILTERS = 5, 6, 18
_TEXT = {
    "companies": ("name", "domain"),
    "contacts": ("email", "firstname", "lastname"),
    "deals": ("dealname",),
}


@route("POST", f"{AREA} {{kind}}/search", "{objects}.read", method="search")
def searched(call: Call, kind: str) -> Answer:
    """Search live records."""
    table = call.account.table(kind)
    given = call.given()
    _demand_small(given)
    start, size = _window(given)
    names = call.account.shown(table.kind.name, given.get("properties") or table.kind.defaults)
    groups = [
        [_test(call, table, one) for one in group.get("filters") or []]
        for group in given.get("filterGroups") or []
    ]
    lingers = call.account.options.archived_linger
    rows = [
        row
        for row in table.indexed(call.account.clock.now(), lingers=lingers)
        if (not groups or any(all(test(row) for test in group) for group in groups))
        and _says(table, row, str(given.get("query") or ""))
    ]
    rows = _sorted(call, table, rows, given.get("sorts") or [])
    found, after = call.pages.offset(
        rows, lambda row: row.id, stream=table.kind.name, method="search", start=start, size=size
    )
    call.entry["rows"] = len(found)
    answer: dict[str, Any] = {
        "total": len(rows),
        "results": [table.wire(row, names) for row in found],
    }
    if after:
        answer["paging"] = {"next": {"after": after}}
    return 200, answer


def _demand_small(given: dict[str, Any]) -> None:
    groups = given.get("filterGroups") or []
    counts = [len(group.get("filters") or []) for group in groups]
    if len(json.dumps(given, separators=(",", ":"))) > BODY:
        message = f"The request body of a search may have {BODY} characters"
        raise invalid(message)
    if len(groups) > GROUPS or max(counts, default=0) > FILTERS or sum(counts) > ALL_FILTERS:
        message = f"At most {GROUPS} groups of {FILTERS} filters, {ALL_FILTERS} in all"
        raise invalid(message)
    if len(given.get("sorts") or []) > 1:
        raise invalid("Only one sort is supported")


def _window(given: dict[str, Any]) -> tuple[int, int]:
    after, size = str(given.get("after") or 0), int(given.get("limit") or 10)
    if not 0 < size <= PAGE:
        message = f"limit must be between 1 and {PAGE}"
        raise invalid(message)
    if not after.isdigit():
        raise invalid("after must be a number")
    if int(after) + size > CAP:
        message = f"Paging past {CAP} results is not supported: narrow the search"
        raise invalid(message)
    return int(after), size


def _says(table: Table, row: Record, query: str) -> bool:
    if not query:
        return True
    texts = [row.values.get(name, "").lower() for name in _TEXT.get(table.kind.name, ())]
    return any(query.lower() in text for text in texts)


def _sorted(call: Call, table: Table, rows: list[Record], sorts: list[Any]) -> list[Record]:
    if not sorts:
        return sorted(rows, key=lambda row: (row.created, int(row.id)))
    sort = sorts[0]
    if isinstance(sort, str):
        name, down = sort.removeprefix("-"), sort.startswith("-")
    else:
        name, down = str(sort.get("propertyName")), sort.get("direction") == "DESCENDING"
    has = _reader(call, table, name)
    have = sorted((row for row in rows if has(row) is not None), key=lambda row: int(row.id))
    have.sort(key=has, reverse=down)
    return [*have, *(row for row in rows if has(row) is None)]


def _reader(call: Call, table: Table, name: str) -> Callable[[Record], Any]:
    """Return what reads a property so that it compares as its type does: times as milliseconds."""
    convert = _converter(call, table, name)
    if name == table.kind.modified:
        return lambda row: epoch(row.updated)
    if name in {"createdate", "hs_createdate"}:
        return lambda row: epoch(row.created)

    def read(row: Record) -> Any:
        text = table.value(row, name)
        return None if text is None else convert(text)

    return read


def _converter(call: Call, table: Table, name: str) -> Callable[[str], Any]:
    definition = call.account.properties.of[table.kind.name].get(name)
    if definition is None or definition.get("archived"):
        message = f"There was a problem with the request: property '{name}' does not exist"
        raise invalid(message)
    type_ = definition["type"]
    by_type: dict[str, Callable[[str], Any]] = {"number": Decimal, "date": _epoch, "datetime": _epoch}
    chosen = by_type.get(type_, str.lower)

    def convert(text: str) -> Any:
        try:
            return chosen(text)
        except (InvalidOperation, ValueError):
            message = f"There was a problem with the request: '{text}' is no {type_} for {name}"
            raise invalid(message) from None

    return convert


def _epoch(text: str) -> int:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    moment = datetime.fromisoformat(text)
    return epoch(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _test(call: Call, table: Table, given: dict[str, Any]) -> Callable[[Record], bool]:
    name, operator = str(given.get("propertyName")), str(given.get("operator"))
    has, convert = _reader(call, table, name), _converter(call, table, name)
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return lambda row: (has(row) is not None) == (operator == "HAS_PROPERTY")
    if operator in {"IN", "NOT_IN"}:
        wanted = [convert(str(one)) for one in given.get("values") or []]
        return lambda row: (has(row) in wanted) == (operator == "IN")
    value = convert(str(given.get("value", "")))
    if operator == "BETWEEN":
        high = convert(str(given.get("highValue", "")))
        return lambda row: (found := has(row)) is not None and value <= found <= high
    return _compared(operator, has, value)


def _compared(operator: str, has: Callable[[Record], Any], value: Any) -> Callable[[Record], bool]:
    compare: dict[str, Callable[[Any], bool]] = {
        "EQ": lambda found: bool(found == value),
        "GT": lambda found: bool(found > value),
        "GTE": lambda found: bool(found >= value),
        "LT": lambda found: bool(found < value),
        "LTE": lambda found: bool(found <= value),
        "CONTAINS_TOKEN": lambda found: str(value).strip("*") in str(found),
    }
    if operator in {"NEQ", "NOT_CONTAINS_TOKEN"}:
        positive = compare["EQ" if operator == "NEQ" else "CONTAINS_TOKEN"]
        return lambda row: (found := has(row)) is None or not positive(found)
    if operator not in compare:
        message = f"There was a problem with the request: unknown operator {operator}"
        raise invalid(message)
    chosen = compare[operator]
    return lambda row: (found := has(row)) is not None and chosen(found)
