"""Marketing events and who takes part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from closedloop.sandbox.hubspot.errors import not_found
from closedloop.sandbox.hubspot.wire import ACCOUNT_ID, APP_ID, APP_NAME, stamp

REGISTERED, ATTENDED, CANCELLED, NO_SHOW = "REGISTERED", "ATTENDED", "CANCELLED", "NO_SHOW"
#: A word in a path → the state that it leads to.
STATES = {"register": REGISTERED, "attend": ATTENDED, "cancel": CANCELLED}
_NEW = ("eventStatus", "eventStatusV2")
#: What an older answer says of a custom property beside its name and value.
_PROPERTY: dict[str, Any] = {
    "source": "INTEGRATION",
    "sourceId": str(APP_ID),
    "sourceLabel": "",
    "sourceMetadata": "",
    "sourceUpstreamDeployable": "",
    "sourceVid": [],
    "requestId": "",
    "unit": "",
    "updatedByUserId": 0,
    "dataSensitivity": "none",
    "isEncrypted": False,
    "isLargeValue": False,
    "maskedSubstrings": {"substrings": []},
    "selectedByUser": False,
    "selectedByUserTimestamp": 0,
    "useTimestampAsPersistenceTimestamp": False,
}
_FIRST_EVENT, _FIRST_PARTICIPATION = 401_000_000_000, 501_000_000_000


@dataclass(slots=True, kw_only=True)
class Event:
    """A marketing event.

    Attributes:
        id: Its object id.
        app: The app that made it; its external id means something to that app alone.
        account: The external account.
        external: The external id within that account.
        values: ``eventName``, ``startDateTime`` … as answers have them.
        custom: Custom properties that are not empty.
    """

    id: str
    external: str
    values: dict[str, Any]
    custom: dict[str, str]
    created: datetime
    updated: datetime
    app: int = APP_ID
    account: str = ACCOUNT_ID


@dataclass(slots=True, kw_only=True)
class Participation:
    """What a contact has to do with an event: one of each pair, in its latest state."""

    id: str
    event: str
    contact: str
    state: str
    occurred: int
    created: datetime
    seconds: int | None = None


@dataclass(slots=True)
class Events:
    """The marketing events of the account.

    Attributes:
        by_id: Object id → event.
        there: Object id → contact id → participation.
        timeline: Every attendance that was ever written: event, contact, state, time. The same one twice is there twice.
    """

    by_id: dict[str, Event] = field(default_factory=dict)
    there: dict[str, dict[str, Participation]] = field(default_factory=dict)
    timeline: list[tuple[str, str, str, int]] = field(default_factory=list)
    _events: int = _FIRST_EVENT
    _participations: int = _FIRST_PARTICIPATION

    def new(
        self, external: str, values: dict[str, Any], custom: dict[str, str], at: datetime, **more: Any
    ) -> Event:
        """Add an event."""
        self._events += 41
        event = Event(
            id=str(self._events),
            external=external,
            values={"eventCancelled": False, "eventCompleted": False, **values},
            custom=custom,
            created=at,
            updated=at,
            **more,
        )
        self.by_id[event.id] = event
        self.there[event.id] = {}
        return event

    def get(self, event_id: str) -> Event:
        """Return an event.

        Raises:
            HubError: There is none.
        """
        if event_id not in self.by_id:
            message = f"No marketing event with id {event_id} exists"
            raise not_found(message)
        return self.by_id[event_id]

    def named(self, external: str, account: str) -> Event | None:
        """Return this app's event with an external id in an external account."""
        found = (one for one in self.by_id.values() if one.app == APP_ID)
        return next((one for one in found if (one.external, one.account) == (external, account)), None)

    def remove(self, event_id: str) -> None:
        """Delete an event with everything about it."""
        self.by_id.pop(event_id, None)
        self.there.pop(event_id, None)

    def join(self, event: Event, contact: str, state: str, occurred: int, at: datetime) -> Participation:
        """Write an attendance: attended is never taken back by a registration or a cancellation."""
        self.timeline.append((event.id, contact, state, occurred))
        held = self.there[event.id].get(contact)
        if held is None:
            self._participations += 7
            held = Participation(
                id=str(self._participations),
                event=event.id,
                contact=contact,
                state=state,
                occurred=occurred,
                created=at,
            )
            self.there[event.id][contact] = held
        elif held.state != ATTENDED or state == ATTENDED:
            held.state, held.occurred = state, occurred
        return held

    def complete(self, event: Event) -> None:
        """End an event: whoever is only registered has not shown up."""
        event.values["eventCompleted"] = True
        for one in self.there[event.id].values():
            if one.state == REGISTERED:
                one.state = NO_SHOW

    def counters(self, event_id: str) -> dict[str, int]:
        """Return how many are in each state; ``registered`` are all who did not cancel."""
        states = [one.state for one in self.there[event_id].values()]
        return {
            "registered": len(states) - states.count(CANCELLED),
            "attended": states.count(ATTENDED),
            "cancelled": states.count(CANCELLED),
            "noShows": states.count(NO_SHOW),
        }

    def forget(self, contact: str) -> None:
        """Take a contact away from every event."""
        for there in self.there.values():
            there.pop(contact, None)

    def move(self, loser: str, winner: str) -> None:
        """Give the participations of a contact to another one, who keeps their own."""
        for there in self.there.values():
            moved = there.pop(loser, None)
            if moved is not None and winner not in there:
                moved.contact = winner
                there[winner] = moved

    def wire(self, event: Event, now: datetime, *, counted: bool = True) -> dict[str, Any]:
        """Return an event as the list has it; without ``counted`` as an answer to a write."""
        found = {
            "objectId": event.id,
            "appInfo": {"id": str(event.app), "name": APP_NAME if event.app == APP_ID else "Another app"},
            **event.values,
            "customProperties": [{"name": name, "value": value} for name, value in event.custom.items()],
            "createdAt": stamp(event.created),
            "updatedAt": stamp(event.updated),
        }
        if not counted:
            return found
        counters = self.counters(event.id)
        status = _status(event, now)
        return found | {
            "externalEventId": event.external,
            "eventStatus": status,
            "eventStatusV2": status,
            "registrants": counters["registered"],
            "attendees": counters["attended"],
            "cancellations": counters["cancelled"],
            "noShows": counters["noShows"],
        }


def old(found: dict[str, Any], *leave_out: str) -> dict[str, Any]:
    """Return an event as the calls by external id answer it: each custom property with all that is known of it."""
    at = int(datetime.fromisoformat(found["updatedAt"]).timestamp() * 1000)
    held = [
        {**_PROPERTY, **one, "timestamp": at, "persistenceTimestamp": at} for one in found["customProperties"]
    ]
    kept = {name: value for name, value in found.items() if name not in {"appInfo", *_NEW, *leave_out}}
    return {**kept, "customProperties": held}


def _status(event: Event, now: datetime) -> str:
    if event.values["eventCancelled"]:
        return "CANCELLED"
    moment = stamp(now)
    if event.values["eventCompleted"] or (event.values.get("endDateTime") or moment) < moment:
        return "PAST"
    return "UPCOMING" if (event.values.get("startDateTime") or moment) > moment else "ONGOING"
