"""Leads and program members."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.marketo import wire
from closedloop.sandbox.marketo.account import LEAD_FIELDS, LEAD_YES, MEMBER_FIELDS
from closedloop.sandbox.marketo.errors import MarketoError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from closedloop.sandbox.marketo.account import Row
    from closedloop.sandbox.marketo.call import Call

_MOST_VALUES, _MOST_LEADS = 300, 1000
_USUAL = ["id", "email", "updatedAt", "createdAt", "firstName", "lastName"]
_USUAL_MEMBER = ["acquiredBy", "leadId", "membershipDate", "programId", "reachedSuccess"]
_SEARCHABLE = frozenset({"id", "email", "sfdcLeadId", "sfdcContactId", "sfdcAccountId"})
_WEEK = timedelta(days=7)
_TIMES = frozenset({"createdAt", "updatedAt", "membershipDate", "reachedSuccessDate"})


def leads(call: Call) -> dict[str, Any]:
    """Return leads that have one of some values."""
    kind, values = _filter(call)
    if kind not in _SEARCHABLE:
        raise MarketoError("1003", f"Invalid filterType '{kind}'")
    wanted = {value.lower() for value in values}
    rows = [row for row in call.account.leads.values() if str(row.get(kind) or "").lower() in wanted]
    if len(rows) > _MOST_LEADS:
        raise MarketoError("1003", "Too many results match the filter")
    names = _fields(call, LEAD_FIELDS, _USUAL)
    return call.listed([wire.record(row, names) for row in rows], _size(call))


def lead(call: Call) -> dict[str, Any]:
    """Return one lead."""
    row = call.account.leads.get(int(call.ids[0]))
    if row is None:
        raise MarketoError("1004", f"Lead '{call.ids[0]}' not found")
    return {"result": [wire.record(row, _fields(call, LEAD_FIELDS, _USUAL))]}


def leads_of_program(call: Call) -> dict[str, Any]:
    """Return the leads of a program, with their membership."""
    key = _program(call)
    names, found = _fields(call, LEAD_FIELDS, _USUAL), []
    for (program, person), row in call.account.members.items():
        if program == key:
            membership = {"progressionStatus": row["statusName"], "reachedSuccess": row["reachedSuccess"]}
            membership["membershipDate"] = wire.stamp(row["membershipDate"])
            found.append({**wire.record(call.account.leads[person], names), "membership": membership})
    return call.listed(found, _size(call))


def describe_lead(call: Call) -> dict[str, Any]:
    """Return the fields of leads."""
    del call
    return {
        "result": [
            {
                "id": place,
                "displayName": name,
                "dataType": _kind(name),
                "rest": {"name": name, "readOnly": name in {"id", "createdAt", "updatedAt"}},
            }
            for place, name in enumerate(LEAD_FIELDS, start=1)
        ]
    }


def _kind(name: str) -> str:
    if name in _TIMES:
        return "datetime"
    return "boolean" if name in LEAD_YES.split() else "string"


def members(call: Call) -> dict[str, Any]:
    """Return members of a program; a filter there must be."""
    key = _program(call)
    kind = call.query.get("filterType") or ""
    if not kind:
        raise MarketoError("1002", "Missing value for required parameter 'filterType'")
    own = (row for (program, _), row in call.account.members.items() if program == key)
    rows = list(_by_time(call, own) if kind == "updatedAt" else _by_value(call, own))
    if len(rows) > call.account.options.member_limit:
        raise MarketoError("1003", "The number of program members exceeds the limit allowed")
    names = _fields(call, MEMBER_FIELDS, _USUAL_MEMBER)
    found = [{"seq": place, **wire.record(row, names)} for place, row in enumerate(rows)]
    return call.listed(found, _size(call))


def _by_value(call: Call, rows: Iterable[Row]) -> Iterable[Row]:
    kind, values = _filter(call)
    if kind not in call.account.options.searchable:
        raise MarketoError("1003", f"Invalid filterType '{kind}'")
    wanted = {value.lower() for value in values}
    return (row for row in rows if str(row.get(kind)).lower() in wanted)


def _by_time(call: Call, rows: Iterable[Row]) -> Iterable[Row]:
    begin, end = call.query.get("startAt"), call.query.get("endAt")
    if not begin or not end:
        raise MarketoError("1002", "Missing value for required parameter 'startAt'")
    try:
        span = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    except ValueError:
        raise MarketoError("704", "Invalid date format") from None
    if "." in begin + end or not timedelta(0) <= span <= _WEEK:
        raise MarketoError("1003", "The date range must be 7 days at most")
    return (row for row in rows if begin <= wire.stamp(row["updatedAt"]) <= end)


def describe_member(call: Call) -> dict[str, Any]:
    """Return the fields of program members, and what they can be filtered by."""
    fields = [
        {"name": name, "displayName": name, "dataType": "string", "updateable": False, "crmManaged": False}
        for name in MEMBER_FIELDS
    ]
    found = {
        "name": "API Program Membership",
        "dedupeFields": ["leadId", "programId"],
        "searchableFields": [[name] for name in call.account.options.searchable],
        "fields": fields,
    }
    return {"result": [found]}


def _program(call: Call) -> int:
    key = int(call.ids[0])
    if key not in call.account.programs:
        raise MarketoError("1013", f"Program '{key}' not found")
    return key


def _filter(call: Call) -> tuple[str, list[str]]:
    kind, values = call.query.get("filterType") or "", call.words("filterValues", needed=True)
    if len(values) > _MOST_VALUES:
        raise MarketoError("1003", "Too many values to filter")
    return kind, values


def _fields(call: Call, known: list[str], usual: list[str]) -> list[str]:
    names = call.words("fields") or usual
    unknown = [name for name in names if name not in known]
    if unknown:
        raise MarketoError("1006", f"Field '{unknown[0]}' not found")
    identity = ["id"] if "id" in known else ["leadId", "programId"]
    return list(dict.fromkeys([*identity, *names]))


def _size(call: Call) -> int:
    most = call.account.options.page_size
    return call.number("batchSize", most, most)
