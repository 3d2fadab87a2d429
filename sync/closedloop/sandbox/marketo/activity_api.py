"""Activities from a paging token on. A page is what was looked through, so it may hold few rows of the wanted types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.marketo import wire
from closedloop.sandbox.marketo.account import CHANGE_VALUE, DELETE, NEW_LEAD, TYPES
from closedloop.sandbox.marketo.errors import MarketoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.marketo.account import Row
    from closedloop.sandbox.marketo.call import Call

_MOST_TYPES = 10


def types(call: Call) -> dict[str, Any]:
    """Return the types of activities."""
    del call
    found = []
    for key, (name, primary) in TYPES.items():
        own = {"primaryAttribute": {"name": primary, "dataType": "string"}} if primary else {}
        found.append({"id": key, "name": name, "description": name, "attributes": [], **own})
    return {"result": found}


def paging_token(call: Call) -> dict[str, Any]:
    """Return the token that begins at a moment."""
    given = call.query.get("sinceDatetime") or ""
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise MarketoError("704", f"Invalid date format '{given}'") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return {"nextPageToken": wire.token(f"{wire.stamp(moment)}|0")}


def activities(call: Call) -> dict[str, Any]:
    """Return a page of activities of some types."""
    wanted = call.words("activityTypeIds", needed=True)
    if len(wanted) > _MOST_TYPES:
        raise MarketoError("1003", "Too many values for activityTypeIds")
    if set(wanted) & {str(DELETE)}:
        raise MarketoError("1003", "Activity type 37 is not supported")
    leads = set(call.words("leadIds"))
    return _page(
        call,
        lambda row: str(row["activityTypeId"]) in wanted and (not leads or str(row["leadId"]) in leads),
        printed,
    )


def lead_changes(call: Call) -> dict[str, Any]:
    """Return a page of new leads, and of changes of some fields."""
    fields = set(call.words("fields", needed=True))

    def is_wanted(row: Row) -> bool:
        kind = row["activityTypeId"]
        return kind == NEW_LEAD or (kind == CHANGE_VALUE and row["primaryAttributeValue"] in fields)

    return _page(call, is_wanted, _change)


def deleted_leads(call: Call) -> dict[str, Any]:
    """Return a page of deletions of leads."""
    return _page(call, lambda row: row["activityTypeId"] == DELETE, printed)


def printed(row: Row) -> Row:
    """Return an activity: what has no value is left out."""
    names = ["id", "marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId"]
    names += ["primaryAttributeValueId", "primaryAttributeValue"]
    attributes = [{"name": name, "value": value} for name, value in row["attributes"].items()]
    return {**wire.record(row, names), "attributes": attributes}


def _change(row: Row) -> Row:
    found = printed(row)
    attributes = row["attributes"]
    change = {"id": 48, "name": row["primaryAttributeValue"]}
    if row["activityTypeId"] == CHANGE_VALUE:
        change |= {"oldValue": attributes.get("Old Value"), "newValue": attributes.get("New Value")}
    return {**found, "fields": [change] if change["name"] else []}


def _page(call: Call, is_wanted: Callable[[Row], bool], show: Callable[[Row], Row]) -> dict[str, Any]:
    since, after = _place(call)
    rows = [
        row
        for row in call.account.activities
        if (wire.stamp(row["activityDate"]), row["id"]) > (since, after)
    ]
    most = call.account.options.page_size
    size = call.number("batchSize", most, most)
    looked = rows if call.account.options.empty_pages else [row for row in rows if is_wanted(row)]
    page, end = call.cut(looked, 0, size, may_repeat=False)
    last = looked[end - 1] if end else None
    token = call.query.get("nextPageToken")
    on = call.faults.of_the_data("marketo", call.name, "list")
    repeats = any(fault.strikes() for fault in on if fault.kind == "repeat_page")
    if last is not None and not repeats:
        token = wire.token(f"{wire.stamp(last['activityDate'])}|{last['id']}")
    found = [show(row) for row in page if is_wanted(row)]
    more = end < len(looked)
    return {**({"result": found} if found or more else {}), "nextPageToken": token, "moreResult": more}


def _place(call: Call) -> tuple[str, int]:
    given = call.query.get("nextPageToken")
    if not given:
        raise MarketoError("1002", "Missing value for required parameter 'nextPageToken'")
    try:
        moment, _, after = wire.place(given).partition("|")
        return moment, int(after)
    except ValueError:
        raise MarketoError("1003", "Invalid nextPageToken") from None
