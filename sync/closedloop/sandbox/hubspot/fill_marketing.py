"""The world's events as marketing events and campaigns; who took part; lists and forms."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from closedloop.sandbox.hubspot.campaigns import Campaign
from closedloop.sandbox.hubspot.events import ATTENDED, CANCELLED, NO_SHOW, REGISTERED
from closedloop.sandbox.hubspot.wire import epoch, guid, stamp, whole

if TYPE_CHECKING:
    from closedloop.sandbox.hubspot.fill import Fill
    from closedloop.sandbox.world import Event, Registration

STATE = {"registered": REGISTERED, "attended": ATTENDED, "no_show": NO_SHOW, "cancelled": CANCELLED}
_STATUS = {"planned": "planned", "done": "completed", "cancelled": "completed"}
_UPLOAD = timedelta(days=3)
FORM, ATTENDEES = guid("form:registration"), "101"
#: So many of the latest events took registrations by the form.
_FORM_EVENTS = 5


def fill_marketing(fill: Fill) -> None:
    """Write the events' part of a world."""
    for event in fill.world.events:
        _event(fill, event)
    for registration in fill.world.registrations:
        _registration(fill, registration)
    fill.account.events.timeline.clear()
    _attendees(fill)
    _form(fill)


def _event(fill: Fill, event: Event) -> None:
    account, zone = fill.account, ZoneInfo(fill.world.zone)
    begin = datetime.combine(event.start, time(9), zone)
    end = datetime.combine(event.end, time(17), zone)
    made = _planned(event, fill.world.as_of)
    custom = {
        "event_code": event.code,
        "event_series": event.series,
        "event_edition": event.edition,
        "event_kind": event.kind,
        "expected_attendees": "" if event.expected_attendees is None else str(event.expected_attendees),
    }
    custom = {name: value for name, value in custom.items() if value}
    values = {
        "eventName": event.name,
        "eventType": event.kind.upper(),
        "eventOrganizer": fill.world.company,
        "eventDescription": "",
        "startDateTime": stamp(begin.astimezone(UTC)),
        "endDateTime": stamp(end.astimezone(UTC)),
        "eventCancelled": event.status == "cancelled",
        "eventCompleted": event.status == "done",
    }
    held = account.events.new(event.code, values, dict(custom), made)
    fill.keep("event", event.key, "marketing_events", held.id)
    campaign = Campaign(
        id=guid(f"campaign:{event.key}"),
        values={
            "hs_name": event.name,
            "hs_start_date": event.start.isoformat(),
            "hs_end_date": event.end.isoformat(),
            "hs_currency_code": fill.world.home_currency,
            "hs_campaign_status": _STATUS[event.status],
            "hs_owner": fill.id_of("owner", event.owner),
            **custom,
        },
        created=made,
        updated=made,
        assets={"MARKETING_EVENT": {held.id: event.name}},
    )
    digits = fill.digits.get(fill.world.home_currency, 2)
    for side, minor in (("budget", event.budget), ("spend", event.actual_cost)):
        if minor is not None:
            item = account.campaigns.next_item()
            campaign.add(side, item, side.capitalize(), Decimal(minor).scaleb(-digits), made)
    account.campaigns.by_id[campaign.id] = campaign
    fill.keep("campaign_of_event", f"{event.key}/campaign", "campaigns", campaign.id)


def _planned(event: Event, as_of: date) -> datetime:
    day = min(event.start, as_of)
    return datetime(day.year - 1, day.month, 1, 12, tzinfo=UTC)


def _registration(fill: Fill, registration: Registration) -> None:
    account = fill.account
    event = account.events.by_id[fill.id_of("event", registration.event)]
    if registration.person is None:
        row = account.tables["contacts"].new({"lifecyclestage": "lead"}, registration.created_at)
        contact = row.id
    else:
        contact = fill.id_of("person", registration.person)
    occurred = registration.scanned_at or registration.created_at
    if registration.status == "attended" and registration.scanned_at is None:
        ended = datetime.fromisoformat(event.values["endDateTime"]).date()
        occurred = datetime.combine(ended + _UPLOAD, time(12), UTC)
    made = account.events.join(
        event, contact, STATE[registration.status], epoch(whole(occurred)), whole(registration.created_at)
    )
    fill.keep("registration", registration.key, "participations", made.id)


def _attendees(fill: Fill) -> None:
    """A list of everybody who ever attended, since they first did."""
    since: dict[str, datetime] = {}
    for there in fill.account.events.there.values():
        for one in there.values():
            if one.state == ATTENDED:
                since[one.contact] = min(since.get(one.contact, one.created), one.created)
    made = stamp(datetime(2023, 11, 1, tzinfo=UTC))
    held: dict[str, Any] = {
        "listId": ATTENDEES,
        "listVersion": 1,
        "name": "Event attendees",
        "objectTypeId": "0-1",
        "processingType": "MANUAL",
        "processingStatus": "COMPLETE",
        "createdAt": made,
        "updatedAt": made,
    }
    fill.account.lists[ATTENDEES] = held, since


def _form(fill: Fill) -> None:
    """The registration form of the latest events, newest submission first."""
    latest = {
        event.key: event.code
        for event in sorted(fill.world.events, key=lambda one: one.start)[-_FORM_EVENTS:]
    }
    found = []
    for one in fill.world.registrations:
        if one.event in latest and one.email:
            first, _, last = one.name.partition(" ")
            texts = {"email": one.email, "firstname": first, "lastname": last, "company": one.company or ""}
            found.append(
                {
                    "conversionId": guid(f"submission:{one.key}"),
                    "submittedAt": epoch(whole(one.created_at)),
                    "values": [
                        {"name": name, "value": text, "objectTypeId": "0-1"}
                        for name, text in texts.items()
                        if text
                    ],
                    "pageUrl": f"https://www.example.com/events/{latest[one.event].lower()}",
                }
            )
    found.sort(key=lambda one: -int(str(one["submittedAt"])))
    fill.account.submissions[FORM] = found
