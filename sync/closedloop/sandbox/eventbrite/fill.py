"""The world's events and registrations as an Eventbrite organization holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from closedloop.sandbox.members import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from closedloop.sandbox.world import Event, Registration, World

Row = dict[str, Any]
BASE = "https://www.eventbriteapi.com/v3"
TOKEN, USER = "THE2SIMULATORS3PRIVATE4TOKEN", "160001"
#: The world's kinds: id, name and short name of Eventbrite's formats.
FORMATS = {
    "conference": ("1", "Conference", "Conference"),
    "webinar": ("2", "Seminar or Talk", "Seminar"),
    "trade_show": ("3", "Tradeshow, Consumer Show, or Expo", "Expo"),
    "dinner": ("8", "Dinner or Gala", "Gala"),
}
_COSTS = ("base_price", "eventbrite_fee", "payment_fee", "tax")


@dataclass(slots=True, kw_only=True)
class Account:
    """What the organization holds: tables of rows by id.

    Attributes:
        keys: World key → ``object/id``, per kind of record.
    """

    world: World
    now: datetime
    events: dict[str, Row] = field(default_factory=dict)
    organizers: dict[str, Row] = field(default_factory=dict)
    ticket_classes: dict[str, Row] = field(default_factory=dict)
    orders: dict[str, Row] = field(default_factory=dict)
    attendees: dict[str, Row] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)

    def table(self, name: str) -> dict[str, Row]:
        """Return the rows of a listing by id."""
        found: dict[str, Row] = getattr(self, name)
        return found

    def stamp(self, moment: datetime) -> str:
        """Return a time as Eventbrite prints it; nothing is later than now."""
        return min(moment, self.now).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ORGANIZATION = "900000000001"


def fill(world: World, now: datetime) -> Account:
    """Return the organization that holds the events of a world and who registered for them."""
    account = Account(world=world, now=now)
    for number, owner in enumerate(one for one in world.owners if one.kind == "user"):
        key = str(70_000_001 + number)
        url = f"https://www.eventbrite.com/o/{key}"
        account.organizers[key] = {
            "id": key,
            "name": owner.name,
            "url": url,
            "resource_uri": f"{BASE}/organizers/{key}/",
        }
        account.keys.setdefault("owner", {})[owner.key] = f"organizers/{key}"
    for number, event in enumerate(world.events):
        _event(account, str(300_000_000_001 + 17 * number), event)
    by_event: dict[str, list[Registration]] = {}
    for one in world.registrations:
        by_event.setdefault(one.event, []).append(one)
    for event in world.events:
        for bought in _orders(event, by_event.get(event.key, [])):
            _order(account, event, bought)
    return account


def _event(account: Account, key: str, event: Event) -> None:
    world, kind = account.world, FORMATS[event.kind]
    made = datetime.combine(event.start - timedelta(days=120), time(15), tzinfo=UTC)
    organizer = account.keys["owner"].get(event.owner, "/").partition("/")[2] or next(
        iter(account.organizers)
    )
    series = f"8{sum(event.series.encode()):011}" if event.kind == "webinar" else None
    account.events[key] = {
        "id": key,
        "resource_uri": f"{BASE}/events/{key}/",
        "name": {"text": event.name, "html": event.name},
        "summary": f"{event.series}: {event.edition}",
        "url": f"https://www.eventbrite.com/e/{key}",
        "start": moment(event.start, time(9), world.zone),
        "end": moment(event.end, time(17), world.zone),
        "created": account.stamp(made),
        "changed": account.stamp(made + timedelta(days=3)),
        "published": account.stamp(made + timedelta(days=1)),
        "status": _status(event, world),
        "currency": world.home_currency,
        "online_event": event.kind == "webinar",
        "organization_id": ORGANIZATION,
        "organizer_id": organizer,
        "venue_id": None if event.kind == "webinar" else f"6{key}",
        "category_id": "101",
        "subcategory_id": None,
        "format_id": kind[0],
        "format": {"id": kind[0], "name": kind[1], "short_name": kind[2], "name_localized": kind[1]},
        "capacity": (event.expected_attendees or 100) * 2,
        "is_series": series is not None,
        "is_series_parent": False,
        "series_id": series,
        "is_free": False,
        "listed": True,
    }  # fmt: skip
    account.keys.setdefault("event", {})[event.key] = f"events/{key}"
    account.ticket_classes[f"5{key}"] = {
        "id": f"5{key}",
        "event_id": key,
        "name": "General Admission",
        "description": None,
        "category": "admission",
        "cost": _money(5000, world.home_currency),
        "fee": _money(0, world.home_currency),
        "tax": _money(0, world.home_currency),
        "free": False,
        "donation": False,
        "hidden": False,
        "quantity_total": 500,
        "quantity_sold": 0,
        "sales_start": account.stamp(made),
        "sales_end": account.stamp(made + timedelta(days=119)),
        "resource_uri": f"{BASE}/events/{key}/ticket_classes/5{key}/",
    }


def _status(event: Event, world: World) -> str:
    if event.status == "cancelled":
        return "canceled"
    if event.status == "planned":
        return "live"
    return "completed" if (world.as_of - event.end).days > 30 else "ended"  # noqa: PLR2004 - paid out


def _orders(event: Event, registrations: Sequence[Registration]) -> Iterator[list[Registration]]:
    """At dinners two guests come with one order, where each has an address of their own; else each buys alone."""
    waiting: Registration | None = None
    for one in registrations:
        if event.kind != "dinner" or not one.email:
            yield [one]
        elif waiting is None:
            waiting = one
        elif plain(waiting.email or "") == plain(one.email):
            yield [one]
        else:
            yield [waiting, one]
            waiting = None
    if waiting is not None:
        yield [waiting]


def _order(account: Account, event: Event, bought: Sequence[Registration]) -> None:
    key = str(1_500_000_001 + len(account.orders))
    event_id = account.keys["event"][event.key].partition("/")[2]
    buyer, attendees = bought[0], [_attendee(account, key, event_id, one, event) for one in bought]
    is_out = all(row["cancelled"] for row in attendees)
    first, _, last = buyer.name.rpartition(" ")
    account.orders[key] = {
        "id": key,
        "resource_uri": f"{BASE}/orders/{key}/",
        "event_id": event_id,
        "created": min(row["created"] for row in attendees),
        "changed": max(row["changed"] for row in attendees),
        "name": buyer.name,
        "first_name": first,
        "last_name": last,
        "email": buyer.email or "",
        "status": "refunded" if is_out else "placed",
        "time_remaining": None,
        "costs": _costs(5000 * len(bought), account.world.home_currency),
    }


def _attendee(account: Account, order: str, event_id: str, one: Registration, event: Event) -> Row:
    key = str(2_400_000_001 + len(account.attendees))
    is_in, is_out = one.status == "attended", one.status == "cancelled"
    ended = datetime.combine(event.end, time(17), tzinfo=ZoneInfo(account.world.zone))
    changed = one.created_at + timedelta(days=1)
    if is_in:
        changed = max(changed, one.scanned_at or ended)
    created, stamp = account.stamp(one.created_at), account.stamp(changed)
    scanned = account.stamp(one.scanned_at) if one.scanned_at else None
    first, _, last = one.name.rpartition(" ")
    barcode = {
        "barcode": f"{order}{key}001",
        "status": "used" if is_in and scanned else "refunded" if is_out else "unused",
        "created": created,
        "changed": scanned if is_in and scanned else created,
        "checkin_type": 0,
        "is_printed": False,
    }
    account.attendees[key] = {
        "id": key,
        "resource_uri": f"{BASE}/events/{event_id}/attendees/{key}/",
        "event_id": event_id,
        "order_id": order,
        "ticket_class_id": f"5{event_id}",
        "ticket_class_name": "General Admission",
        "variant_id": None,
        "quantity": 1,
        "created": created,
        "changed": stamp,
        "status": "Checked In" if is_in else "Not Attending" if is_out else "Attending",
        "checked_in": is_in,
        "cancelled": is_out,
        "refunded": is_out,
        "profile": {
            "name": one.name,
            "first_name": first,
            "last_name": last,
            **({"email": one.email} if one.email else {}),
            **({"company": one.company} if one.company else {}),
            **({"cell_phone": one.phone} if one.phone else {}),
            "addresses": {},
        },
        # Who is ticked off on a list leaves no scan.
        "barcodes": [] if is_in and not scanned else [barcode],
        "answers": [],
        "costs": _costs(5000, account.world.home_currency),
        "team": None,
        "affiliate": None,
        "guestlist_id": None,
        "invited_by": None,
        "assigned_unit": None,
        "delivery_method": "electronic",
    }  # fmt: skip
    account.ticket_classes[f"5{event_id}"]["quantity_sold"] += not is_out
    account.keys.setdefault("registration", {})[one.key] = f"attendees/{key}"
    return account.attendees[key]


def moment(day: date, at: time, zone: str) -> Row:
    """Return a day's time as Eventbrite prints it: in the event's zone and in UTC."""
    local = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    return {
        "timezone": zone,
        "local": local.strftime("%Y-%m-%dT%H:%M:%S"),
        "utc": local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _money(value: int, currency: str) -> Row:
    return {
        "display": f"{value / 100:.2f} {currency}",
        "currency": currency,
        "value": value,
        "major_value": f"{value // 100}.{value % 100:02}",
    }


def _costs(base: int, currency: str) -> Row:
    """The price with what is passed on to who buys: gross is the sum of the parts."""
    parts = dict(zip(_COSTS, (base, base * 7 // 100, base * 3 // 100, 0), strict=True))
    return {name: _money(value, currency) for name, value in {**parts, "gross": sum(parts.values())}.items()}
