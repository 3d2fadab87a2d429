"""Lists and their members, forms and what came in, subscriptions to e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import invalid, not_found
from closedloop.sandbox.hubspot.fill_marketing import FORM
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.wire import stamp

if TYPE_CHECKING:
    from datetime import datetime

_LISTS = "crm/lists"
_READ = "crm.lists.read"
_ADDRESSES = 100
_SUBSCRIPTION: dict[str, Any] = {
    "id": "1",
    "name": "Marketing Information",
    "description": "Offers, events and news",
    "purpose": "Marketing",
    "communicationMethod": "Email",
    "isActive": True,
    "isDefault": True,
    "isInternal": False,
}


@route("POST", f"{_LISTS} search", _READ, method="search", stream="lists")
def lists(call: Call) -> Answer:
    """Find lists."""
    given = call.given()
    start, size = int(given.get("offset") or 0), int(given.get("count") or 20)
    wanted = str(given.get("query") or "").lower()
    rows = [_list(call, key) for key in call.account.lists]
    rows = [one for one in rows if wanted in one["name"].lower()]
    found = rows[start : start + size]
    more = start + size < len(rows)
    shown = [
        {name: value for name, value in one.items() if name != "size"}
        | {"additionalProperties": {"hs_list_size": str(one["size"])}}
        for one in found
    ]
    return 200, {"lists": shown, "hasMore": more, "offset": start + len(found), "total": len(rows)}


@route("GET", f"{_LISTS} {{list}}", _READ, method="get", stream="lists")
def one_list(call: Call, list: str) -> Answer:  # noqa: A002 - named by the path
    """Return a list."""
    return 200, {"list": _list(call, list)}


@route("GET", f"{_LISTS} {{list}}/memberships/join-order", _READ, stream="list_memberships")
def members_joined(call: Call, list: str) -> Answer:  # noqa: A002 - named by the path
    """List the members of a list in the order of joining."""
    members = sorted(_members(call, list).items(), key=lambda one: (one[1], int(one[0])))
    return _memberships(call, members)


@route("GET", f"{_LISTS} {{list}}/memberships", _READ, stream="list_memberships")
def members(call: Call, list: str) -> Answer:  # noqa: A002 - named by the path
    """List the members of a list by their ids."""
    return _memberships(call, sorted(_members(call, list).items(), key=lambda one: int(one[0])))


def _memberships(call: Call, rows: list[tuple[str, datetime]]) -> Answer:
    found, after = call.pages.offset(
        rows,
        lambda one: one[0],
        stream="list_memberships",
        method="list",
        start=int(call.text("after") or 0),
        size=call.number("limit", 100, 250),
    )
    call.entry["rows"] = len(found)
    paging = {"paging": {"next": {"after": after}}} if after else {}
    results = [{"recordId": key, "membershipTimestamp": stamp(at)} for key, at in found]
    return 200, {"total": len(rows), "results": results, **paging}


def _members(call: Call, wanted: str) -> dict[str, datetime]:
    if wanted not in call.account.lists:
        message = f"List {wanted} does not exist"
        raise not_found(message)
    rows = call.account.tables["contacts"].rows
    members_ = call.account.lists[wanted][1]
    return {key: at for key, at in members_.items() if key in rows and rows[key].archived is None}


def _list(call: Call, wanted: str) -> dict[str, Any]:
    size = len(_members(call, wanted))
    return {**call.account.lists[wanted][0], "size": size}


@route("GET", "marketing/forms ", "forms", stream="forms")
def forms(call: Call) -> Answer:
    """List forms."""
    made = "2023-11-01T00:00:00.000Z"
    form = {
        "id": FORM,
        "name": "Event registration",
        "createdAt": made,
        "updatedAt": made,
        "archived": False,
        "formType": "hubspot",
        "fieldGroups": [],
    }
    del call
    return 200, {"results": [form]}


@route("GET", "form-integrations submissions/forms/{form}", "forms", stream="form_submissions")
def submissions(call: Call, form: str) -> Answer:
    """List what came in by a form, newest first."""
    if form not in call.account.submissions:
        message = f"Form {form} does not exist"
        raise not_found(message)
    found, after = call.pages.offset(
        call.account.submissions[form],
        lambda one: str(one["submittedAt"]),
        stream="form_submissions",
        method="list",
        start=int(call.text("after") or 0),
        size=call.number("limit", 20, 50),
    )
    call.entry["rows"] = len(found)
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return 200, {"results": found, **paging}


@route(
    "GET",
    "communication-preferences definitions",
    "communication_preferences.read",
    stream="subscription_definitions",
)
def definitions(call: Call) -> Answer:
    """List the kinds of subscription."""
    del call
    return 200, {"subscriptionDefinitions": [_SUBSCRIPTION]}


@route(
    "GET",
    "communication-preferences status/email/{email}",
    "communication_preferences.read",
    stream="subscriptions",
)
def status(call: Call, email: str) -> Answer:
    """Return what an address is subscribed to."""
    found = {"id": _SUBSCRIPTION["id"], "name": _SUBSCRIPTION["name"], **_status(call, email)}
    return 200, {"recipient": email, "subscriptionStatuses": [found]}


@route(
    "POST",
    "communication-preferences statuses/batch/read",
    "communication_preferences.read",
    method="read",
    stream="subscriptions",
)
def statuses(call: Call) -> Answer:
    """Return what addresses are subscribed to."""
    inputs = call.given().get("inputs") or []
    if len(inputs) > _ADDRESSES:
        message = f"At most {_ADDRESSES} subscribers"
        raise invalid(message)
    results = [
        {
            "subscriberIdString": one,
            "statuses": [
                {
                    "channel": call.text("channel"),
                    "subscriberIdString": one,
                    "subscriptionId": int(_SUBSCRIPTION["id"]),
                    "subscriptionName": _SUBSCRIPTION["name"],
                    "timestamp": "2023-11-01T00:00:00.000Z",
                    **_status(call, str(one)),
                }
            ],
        }
        for one in inputs
    ]
    call.entry["rows"] = len(results)
    return 200, {"status": "COMPLETE", "results": results}


def _status(call: Call, email: str) -> dict[str, Any]:
    row = call.account.tables["contacts"].find("email", email)
    out = row is not None and row.values.get("hs_email_optout") == "true"
    return {
        "status": "UNSUBSCRIBED" if out else "SUBSCRIBED" if row is not None else "NOT_SPECIFIED",
        "source": "SUBSCRIPTION_STATUS",
    }
