"""Attendance: who takes part in a marketing event, read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.batch import answer
from closedloop.sandbox.hubspot.errors import HubError, invalid, item_error, not_found
from closedloop.sandbox.hubspot.event_api import AREA, READ, WRITE
from closedloop.sandbox.hubspot.events import STATES
from closedloop.sandbox.hubspot.objects import create
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.wire import stamp

if TYPE_CHECKING:
    from closedloop.sandbox.hubspot.events import Event, Participation

STREAM = "participations"
_KNOWN = {"REGISTERED", "CANCELLED", "ATTENDED", "NO_SHOW", "EMPTY"}
_MOST = 500


@route("GET", f"{AREA} participations/contacts/{{contact}}/breakdown", READ, stream=STREAM)
def of_contact(call: Call, contact: str) -> Answer:
    """List the participations of a contact, named by id or e-mail."""
    rows = [
        one
        for there in call.account.events.there.values()
        for one in there.values()
        if _is(call, one, contact)
    ]
    return _listed(call, rows)


@route("GET", f"{AREA} participations/{{event}}/breakdown", READ, stream=STREAM)
def of_event(call: Call, event: str) -> Answer:
    """List the participations of an event."""
    return _of(call, call.account.events.get(event))


@route("GET", f"{AREA} participations/{{account}}/{{external}}/breakdown", READ, stream=STREAM)
def of_external(call: Call, account: str, external: str) -> Answer:
    """List the participations of an event by its external id."""
    return _of(call, _named(call, external, account))


@route("GET", f"{AREA} participations/{{event}}", READ, method="count", stream=STREAM)
def counted(call: Call, event: str) -> Answer:
    """Return how many registered, attended, cancelled and did not show up."""
    return 200, call.account.events.counters(call.account.events.get(event).id)


@route("GET", f"{AREA} participations/{{account}}/{{external}}", READ, method="count", stream=STREAM)
def counted_external(call: Call, account: str, external: str) -> Answer:
    """Return the counters of an event by its external id."""
    return 200, call.account.events.counters(_named(call, external, account).id)


@route("POST", f"{AREA} {{event}}/attendance/{{state}}/create", WRITE, method="write", stream=STREAM)
def join(call: Call, event: str, state: str) -> Answer:
    """Write attendance by the contacts' ids."""
    return _joined(call, call.account.events.get(event), state)


@route("POST", f"{AREA} {{event}}/attendance/{{state}}/email-create", WRITE, method="write", stream=STREAM)
def join_by_email(call: Call, event: str, state: str) -> Answer:
    """Write attendance by e-mail; a contact that is not there is made."""
    return _joined(call, call.account.events.get(event), state)


@route("POST", f"{AREA} attendance/{{external}}/{{state}}/create", WRITE, method="write", stream=STREAM)
def join_external(call: Call, external: str, state: str) -> Answer:
    """Write attendance of an event by its external id."""
    return _joined(call, _named(call, external, call.text("externalAccountId")), state)


@route("POST", f"{AREA} attendance/{{external}}/{{state}}/email-create", WRITE, method="write", stream=STREAM)
def join_external_by_email(call: Call, external: str, state: str) -> Answer:
    """Write attendance of an event by its external id, by e-mail."""
    return _joined(call, _named(call, external, call.text("externalAccountId")), state)


@route("POST", f"{AREA} events/{{external}}/{{state}}/upsert", WRITE, method="write", stream=STREAM)
def upsert(call: Call, external: str, state: str) -> Answer:
    """Write attendance in the older way, which answers nothing."""
    _joined(call, _named(call, external, call.text("externalAccountId")), state)
    return 202, None


@route("POST", f"{AREA} events/{{external}}/{{state}}/email-upsert", WRITE, method="write", stream=STREAM)
def upsert_by_email(call: Call, external: str, state: str) -> Answer:
    """Write attendance by e-mail in the older way, which answers nothing."""
    _joined(call, _named(call, external, call.text("externalAccountId")), state)
    return 202, None


def _of(call: Call, event: Event) -> Answer:
    wanted = call.text("contactIdentifier")
    rows = [*call.account.events.there[event.id].values()]
    return _listed(call, [one for one in rows if not wanted or _is(call, one, wanted)])


def _listed(call: Call, rows: list[Participation]) -> Answer:
    state = call.text("state")
    if state and state not in _KNOWN:
        message = f"{state} is no state; known: {', '.join(sorted(_KNOWN))}"
        raise invalid(message)
    rows = [one for one in rows if state in {"", one.state}]
    rows.sort(key=lambda one: int(one.id))
    found, after = call.pages.after(
        rows,
        lambda one: one.id,
        stream=STREAM,
        method="list",
        after=call.text("after"),
        size=call.number("limit", 10, 100),
    )
    call.entry["rows"] = len(found)
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return 200, {"total": len(rows), "results": [_wire(call, one) for one in found], **paging}


def _wire(call: Call, one: Participation) -> dict[str, Any]:
    event = call.account.events.by_id[one.event]
    contact = call.account.tables["contacts"].rows[one.contact]
    properties: dict[str, Any] = {"occurredAt": one.occurred, "attendanceState": one.state}
    if one.seconds is not None:
        properties["attendanceDurationSeconds"] = one.seconds
    names = {name: contact.values[name] for name in ("firstname", "lastname") if name in contact.values}
    return {
        "id": one.id,
        "createdAt": stamp(one.created),
        "properties": properties,
        "associations": {
            "contact": {"contactId": contact.id, "email": contact.values.get("email", ""), **names},
            "marketingEvent": {
                "marketingEventId": event.id,
                "name": event.values["eventName"],
                "externalEventId": event.external,
                "externalAccountId": event.account,
            },
        },
    }


def _is(call: Call, one: Participation, wanted: str) -> bool:
    email = call.account.tables["contacts"].rows[one.contact].values.get("email")
    return wanted in {one.contact, email}


def _named(call: Call, external: str, account: str) -> Event:
    found = call.account.events.named(external, account)
    if found is None:
        message = f"No marketing event with external id {external} exists"
        raise not_found(message)
    return found


def _joined(call: Call, event: Event, state: str) -> Answer:
    if state not in STATES:
        message = f"{state} is no subscriber state; known: {', '.join(STATES)}"
        raise invalid(message)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    now = call.account.clock.now()
    for one in call.inputs(_MOST):
        moment = one.get("interactionDateTime")
        if not isinstance(moment, int):
            raise invalid("interactionDateTime is required, in milliseconds")
        name = str(one.get("vid") or one.get("email") or "")
        try:
            contact = _contact(call, one)
        except HubError as error:
            errors.append(item_error(error.category, error.message, [name]))
            continue
        call.entry.setdefault("ids", []).append(contact)
        call.account.events.join(event, contact, STATES[state], moment, now)
        found: dict[str, Any] = {"vid": int(contact)}
        results.append(found if "vid" in one else found | {"email": name.strip().lower()})
    event.updated = now
    return answer(call, results, errors)


def _contact(call: Call, given: dict[str, Any]) -> str:
    table = call.account.tables["contacts"]
    if given.get("vid") is not None:
        return table.get(str(given["vid"])).id
    email = str(given.get("email") or "")
    found = table.find("email", email)
    if found is not None:
        return found.id
    values = {**(given.get("contactProperties") or {}), "email": email}
    return create(call, table, {"properties": values}).id
