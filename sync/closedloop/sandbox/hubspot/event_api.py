"""Marketing events over the API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.batch import answer
from closedloop.sandbox.hubspot.errors import HubError, invalid, item_error, not_found
from closedloop.sandbox.hubspot.events import old
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.values import kept
from closedloop.sandbox.hubspot.wire import stamp

if TYPE_CHECKING:
    from closedloop.sandbox.hubspot.events import Event

AREA = "marketing/marketing-events"
READ, WRITE = "crm.objects.marketing_events.read", "crm.objects.marketing_events.write"
STREAM = "marketing_events"
_TEXTS = ("eventName", "eventType", "eventOrganizer", "eventDescription", "eventUrl")
_TIMES = ("startDateTime", "endDateTime")
_FLAGS = ("eventCancelled", "eventCompleted")
_UNDATED = ("createdAt", "updatedAt")
_NEEDED = ("eventName", "eventOrganizer", "externalAccountId", "externalEventId")


@route("GET", f"{AREA} ", READ, stream=STREAM)
def listed(call: Call) -> Answer:
    """List events by ascending object id."""
    events = call.account.events
    found, after = call.pages.after(
        [*events.by_id.values()],
        lambda one: one.id,
        stream=STREAM,
        method="list",
        after=call.text("after"),
        size=call.number("limit", 10, 100),
    )
    call.entry["rows"] = len(found)
    now = call.account.clock.now()
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return 200, {"results": [events.wire(one, now) for one in found], **paging}


@route("GET", f"{AREA} events/search", READ, stream=STREAM)
def searched(call: Call) -> Answer:
    """Find this app's events by the beginning of their external id."""
    found = [one for one in call.account.events.by_id.values() if one.external.startswith(call.text("q"))]
    return 200, {
        "results": [
            {
                "objectId": one.id,
                "appId": one.app,
                "externalAccountId": one.account,
                "externalEventId": one.external,
            }
            for one in found
        ]
    }


@route("POST", f"{AREA} events", WRITE, method="write", stream=STREAM)
def created(call: Call) -> Answer:
    """Create an event, or change the one with that external id."""
    event = _upsert(call, call.given())
    return 200, old(_written(call, event), *_UNDATED)


@route("POST", f"{AREA} events/upsert", WRITE, method="write", stream=STREAM)
def upserted(call: Call) -> Answer:
    """Create or change events."""
    made = [_upsert(call, one) for one in call.inputs(100)]
    return answer(call, [_old(call, one) for one in made], [])


@route("POST", f"{AREA} events/delete", WRITE, method="write", stream=STREAM)
def deleted_many(call: Call) -> Answer:
    """Delete events by their external ids."""
    for one in call.inputs(500):
        found = call.account.events.named(str(one["externalEventId"]), str(one["externalAccountId"]))
        if found is not None:
            call.account.events.remove(found.id)
    return 202, None


@route("POST", f"{AREA} batch/archive", WRITE, method="write", stream=STREAM)
def archived_many(call: Call) -> Answer:
    """Delete events by their object ids."""
    for one in call.inputs(100):
        call.account.events.remove(str(one["objectId"]))
    return 204, None


@route("POST", f"{AREA} batch/update", WRITE, method="write", stream=STREAM)
def updated_many(call: Call) -> Answer:
    """Change events by their object ids; a value that is wrong fails the whole batch."""
    inputs = call.inputs(100)
    checked = [_custom(call, one) for one in inputs]
    results: list[dict[str, Any]] = []
    missing: list[str] = []
    ids = call.entry.setdefault("ids", [])
    for one, custom in zip(inputs, checked, strict=True):
        event = call.account.events.by_id.get(str(one.get("objectId")))
        if event is None:
            missing.append(str(one.get("objectId")))
            continue
        ids.append(event.id)
        _change(call, event, one, custom)
        results.append(_written(call, event))
    message = "No marketing event with that id exists"
    return answer(call, results, [item_error("OBJECT_NOT_FOUND", message, missing)] if missing else [])


@route("GET", f"{AREA} events/{{external}}", READ, stream=STREAM)
def by_external(call: Call, external: str) -> Answer:
    """Return an event by its external id."""
    event = _named(call, external)
    return 200, old(call.account.events.wire(event, call.account.clock.now())) | {"id": event.id}


@route("PUT", f"{AREA} events/{{external}}", WRITE, method="write", stream=STREAM)
def put(call: Call, external: str) -> Answer:
    """Create or change an event by its external id."""
    event = _upsert(call, {**call.given(), "externalEventId": external})
    return 200, _old(call, event)


@route("PATCH", f"{AREA} events/{{external}}", WRITE, method="write", stream=STREAM)
def patched_external(call: Call, external: str) -> Answer:
    """Change an event by its external id."""
    event = _named(call, external)
    _change(call, event, call.given(), _custom(call, call.given()))
    return 200, _old(call, event)


@route("DELETE", f"{AREA} events/{{external}}", WRITE, method="write", stream=STREAM)
def deleted_external(call: Call, external: str) -> Answer:
    """Delete an event by its external id."""
    call.account.events.remove(_named(call, external).id)
    return 204, None


@route("POST", f"{AREA} events/{{external}}/complete", WRITE, method="write", stream=STREAM)
def completed(call: Call, external: str) -> Answer:
    """End an event: no-shows are told from now on."""
    event = _named(call, external)
    _change(call, event, call.given(), {})
    call.account.events.complete(event)
    return 200, old(_written(call, event), *_UNDATED)


@route("POST", f"{AREA} events/{{external}}/cancel", WRITE, method="write", stream=STREAM)
def cancelled(call: Call, external: str) -> Answer:
    """Cancel an event."""
    event = _named(call, external)
    _change(call, event, {"eventCancelled": True}, {})
    return 200, old(_written(call, event), *_UNDATED)


@route("GET", f"{AREA} {{external}}/identifiers", READ, stream=STREAM)
def identifiers(call: Call, external: str) -> Answer:
    """Return every event with an external id, whoever made it."""
    found = [one for one in call.account.events.by_id.values() if one.external == external]
    results = [
        {
            "objectId": one.id,
            "externalEventId": one.external,
            "externalAccountId": one.account,
            "marketingEventName": one.values["eventName"],
            "appInfo": call.account.events.wire(one, call.account.clock.now(), counted=False)["appInfo"],
        }
        for one in found
    ]
    return 200, {"total": len(results), "results": results}


@route("GET", f"{AREA} {{event}}", READ, method="get", stream=STREAM)
def got(call: Call, event: str) -> Answer:
    """Return an event by its object id."""
    return 200, call.account.events.wire(call.account.events.get(event), call.account.clock.now())


@route("PATCH", f"{AREA} {{event}}", WRITE, method="write", stream=STREAM)
def patched(call: Call, event: str) -> Answer:
    """Change an event by its object id."""
    found = call.account.events.get(event)
    call.entry["ids"] = [event]
    _change(call, found, call.given(), _custom(call, call.given()))
    return 200, _written(call, found)


@route("DELETE", f"{AREA} {{event}}", WRITE, method="write", stream=STREAM)
def deleted(call: Call, event: str) -> Answer:
    """Delete an event by its object id."""
    call.account.events.get(event)
    call.account.events.remove(event)
    return 204, None


def _named(call: Call, external: str) -> Event:
    found = call.account.events.named(external, call.text("externalAccountId"))
    if found is None:
        message = f"No marketing event with external id {external} exists"
        raise not_found(message)
    return found


def _upsert(call: Call, given: dict[str, Any]) -> Event:
    missing = [name for name in _NEEDED if not given.get(name)]
    if missing:
        message = f"Invalid input JSON: missing {', '.join(missing)}"
        raise invalid(message)
    custom = _custom(call, given)
    events = call.account.events
    event = events.named(str(given["externalEventId"]), str(given["externalAccountId"]))
    if event is None:
        now = call.account.clock.now()
        event = events.new(
            str(given["externalEventId"]), {}, {}, now, account=str(given["externalAccountId"])
        )
    _change(call, event, given, custom)
    call.entry.setdefault("ids", []).append(event.id)
    return event


def _custom(call: Call, given: dict[str, Any]) -> dict[str, str]:
    listed_ = given.get("customProperties") or []
    values = {str(one.get("name")): one.get("value") for one in listed_}
    return kept(call.account, STREAM, values, call.version)


def _change(call: Call, event: Event, given: dict[str, Any], custom: dict[str, str]) -> None:
    values = {name: str(given[name]) for name in _TEXTS if given.get(name) is not None}
    flags = {name: bool(given[name]) for name in _FLAGS if given.get(name) is not None}
    times = {name: _time(str(given[name])) for name in _TIMES if given.get(name)}
    event.values |= values | flags | times
    for name, value in custom.items():
        if value:
            event.custom[name] = value
        else:
            event.custom.pop(name, None)
    event.updated = call.account.clock.now()


def _time(text: str) -> str:
    try:
        return stamp(datetime.fromisoformat(text))
    except ValueError:
        raise HubError(400, "VALIDATION_ERROR", f"{text} is no date-time") from None


def _old(call: Call, event: Event) -> dict[str, Any]:
    return old(_written(call, event)) | {"id": event.id}


def _written(call: Call, event: Event) -> dict[str, Any]:
    return call.account.events.wire(event, call.account.clock.now(), counted=False)
