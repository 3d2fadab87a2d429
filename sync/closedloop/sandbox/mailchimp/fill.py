"""The world's people as two audiences hold them: tags for who was where, invitations, and who clicked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closedloop.sandbox.world import Event, Registration, World

Row = dict[str, Any]
KEY, TOKEN = "0123456789abcdef0123456789abcdef-us6", "an-oauth-token-of-the-simulator"
ACCOUNT = "8d3a3db4d97663a9074efcc16"
#: Everybody, and who asked for the news.
AUDIENCES = {"a1b2c3d4e5": "Customers and prospects", "f6a7b8c9d0": "Event news"}
_STATUSES = ("unsubscribed", "cleaned", "pending", "transactional", "archived")


@dataclass(slots=True, kw_only=True)
class Account:
    """What the account holds: tables of rows by key.

    Attributes:
        keys: World key → ``object/id``, per kind of record.
        memberships: Segment → members' keys.
        activity: Mailing → member's id → what they did.
        events: Member's key → events.
    """

    world: World
    now: datetime
    lists: dict[str, Row] = field(default_factory=dict)
    members: dict[str, Row] = field(default_factory=dict)
    segments: dict[str, Row] = field(default_factory=dict)
    campaigns: dict[str, Row] = field(default_factory=dict)
    memberships: dict[str, list[str]] = field(default_factory=dict)
    activity: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    events: dict[str, list[Row]] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)

    def stamp(self, moment: datetime) -> str:
        """Return a time as Mailchimp prints it; nothing is later than now."""
        return min(moment, self.now).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def table(self, name: str) -> dict[str, Row]:
        """Return the rows of a table by key."""
        found: dict[str, Row] = getattr(self, name)
        return found


def hash_of(email: str) -> str:
    """Return a member's id: it follows the address."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def fill(world: World, now: datetime) -> Account:
    """Return the account that knows the people of a world."""
    account = Account(world=world, now=now)
    for number, (key, name) in enumerate(AUDIENCES.items()):
        account.lists[key] = _audience(account, key, name, number)
    everybody, news = AUDIENCES
    for person in world.people:
        if person.email:
            names = (person.first_name, person.last_name, person.company or "", person.phone or "")
            key = join(account, everybody, person.email, names, person.created_at)
            account.keys.setdefault("person", {})[person.key] = f"members/{key}"
    for one in world.registrations:
        if one.email:
            first, _, last = one.name.rpartition(" ")
            join(account, news, one.email, (first, last, one.company or "", one.phone or ""), one.created_at)
    by_event: dict[str, list[Registration]] = {}
    for one in world.registrations:
        by_event.setdefault(one.event, []).append(one)
    for number, event in enumerate(world.events):
        _tag(account, news, event, number, by_event.get(event.key, []))
        _invitation(account, news, event, number, by_event.get(event.key, []))
    return account


def join(account: Account, audience: str, email: str, names: tuple[str, str, str, str], at: datetime) -> str:
    """Add a member to an audience, if they are not there yet; return the key."""
    key = f"{audience}/{hash_of(email)}"
    if key not in account.members:
        account.members[key] = _member(account, audience, email.strip(), names, at)
    return key


def _member(
    account: Account, audience: str, email: str, names: tuple[str, str, str, str], at: datetime
) -> Row:
    first, last, company, phone = names
    key = hash_of(email)
    drawn = int(key[:4], 16) % 100
    status = _STATUSES[drawn // 4] if drawn < 4 * len(_STATUSES) else "subscribed"
    changed = at + timedelta(days=drawn, minutes=int(key[4:8], 16) % 1000)
    return {
        "id": key,
        "email_address": email,
        "unique_email_id": key[:10],
        "contact_id": hash_of(f"contact {audience} {key}"),
        "full_name": f"{first} {last}".strip(),
        "web_id": int(key[:7], 16),
        "email_type": "html",
        "status": status,
        **({"unsubscribe_reason": "NORMAL_UNSUBSCRIBE"} if status == "unsubscribed" else {}),
        "consents_to_one_to_one_messaging": status == "subscribed",
        "sms_phone_number": "",
        "sms_subscription_status": "",
        "merge_fields": {
            "FNAME": first, "LNAME": last, "ADDRESS": "", "PHONE": phone, "BIRTHDAY": "", "COMPANY": company,
        },
        "stats": {"avg_open_rate": 0.25, "avg_click_rate": 0},
        "ip_signup": "",
        "timestamp_signup": "",
        "ip_opt": "192.0.2.7",
        "timestamp_opt": account.stamp(at),
        "member_rating": 2,
        "last_changed": account.stamp(changed),
        "language": "",
        "vip": False,
        "email_client": "",
        "location": {"latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0, "country_code": "", "timezone": ""},
        "source": "API - Generic",
        "tags_count": 0,
        "tags": [],
        "list_id": audience,
    }  # fmt: skip


def _audience(account: Account, key: str, name: str, number: int) -> Row:
    made = datetime(2022, 1, 1 + number, 15, tzinfo=UTC)
    return {
        "id": key,
        "web_id": 600_000 + number,
        "name": name,
        "contact": {
            "company": account.world.company, "address1": "", "city": "", "state": "", "zip": "", "country": "US",
            "phone": "",
        },
        "permission_reminder": "You asked for it.",
        "campaign_defaults": {"from_name": "", "from_email": "news@example.com", "subject": "", "language": "en"},
        "date_created": account.stamp(made),
        "list_rating": 3,
        "email_type_option": False,
        "visibility": "prv",
        "double_optin": bool(number),
        "marketing_permissions": False,
        "stats": {"member_count": 0, "unsubscribe_count": 0, "cleaned_count": 0, "campaign_last_sent": ""},
    }  # fmt: skip


def _tag(
    account: Account, audience: str, event: Event, number: int, registrations: list[Registration]
) -> None:
    """A tag for who came; Mailchimp keeps it as a static segment."""
    key, name = str(4_000_001 + number), f"{event.code} visitors"
    came = {
        f"{audience}/{hash_of(one.email)}" for one in registrations if one.email and one.status == "attended"
    }
    made = account.stamp(datetime.combine(event.end, time(22), tzinfo=UTC))
    account.segments[key] = {
        "id": int(key), "name": name, "member_count": len(came), "type": "static", "created_at": made,
        "updated_at": made, "options": {"match": "any", "conditions": []}, "list_id": audience,
    }  # fmt: skip
    account.memberships[key] = sorted(came)
    account.keys.setdefault("event", {})[event.key] = f"segments/{key}"
    for member in came:
        row = account.members[member]
        row["tags"] = [*row["tags"], {"id": int(key), "name": name}]
        row["tags_count"] = len(row["tags"])


def _invitation(
    account: Account, audience: str, event: Event, number: int, registrations: list[Registration]
) -> None:
    """A mailing a month before; who registered had clicked, every third of the others had opened it."""
    key = f"{0xC0FFEE0000 + number:010x}"
    sent = datetime.combine(event.start, time(15), tzinfo=UTC) - timedelta(days=60)
    registered = {hash_of(one.email) for one in registrations if one.email}
    told = {
        row["id"]
        for row in account.members.values()
        if row["list_id"] == audience and row["status"] == "subscribed"
    }
    done: dict[str, list[Row]] = {}
    for member in sorted(told):
        drawn = int(member[8:12], 16)
        at = account.stamp(sent + timedelta(minutes=drawn % 5000))
        opened = [{"action": "open", "timestamp": at, "ip": "192.0.2.8"}]
        clicked = {
            "action": "click",
            "timestamp": at,
            "url": "https://example.com/register",
            "ip": "192.0.2.8",
        }
        done[member] = [*opened, clicked] if member in registered else opened if drawn % 3 == 0 else []
    account.activity[key] = done
    is_sent = sent < account.now
    account.campaigns[key] = {
        "id": key,
        "web_id": 4_700_000 + number,
        "type": "regular",
        "create_time": account.stamp(sent - timedelta(days=2)),
        "archive_url": f"http://eepurl.com/{key}/",
        "status": "sent" if is_sent else "save",
        "emails_sent": len(told) if is_sent else 0,
        "send_time": account.stamp(sent) if is_sent else "",
        "content_type": "html",
        "recipients": {
            "list_id": audience, "list_is_active": True, "list_name": AUDIENCES[audience], "segment_text": "",
            "recipient_count": len(told),
        },
        "settings": {"subject_line": f"See you at {event.name}", "title": f"Invitation {event.code}", "from_name": "Events"},
        "tracking": {"opens": True, "html_clicks": True},
        "delivery_status": {"enabled": False},
    }  # fmt: skip


def report(account: Account, key: str) -> Row:
    """Return a mailing's counters, as they stand now."""
    campaign, done = account.campaigns[key], account.activity[key]
    actions = {
        name: [[one for one in acts if one["action"] == name] for acts in done.values()]
        for name in ("open", "click")
    }
    last = {
        name: max((one["timestamp"] for acts in found for one in acts), default="")
        for name, found in actions.items()
    }
    return {
        "id": key,
        "campaign_title": campaign["settings"]["title"],
        "type": "regular",
        "list_id": campaign["recipients"]["list_id"],
        "list_is_active": True,
        "list_name": campaign["recipients"]["list_name"],
        "subject_line": campaign["settings"]["subject_line"],
        "emails_sent": campaign["emails_sent"],
        "abuse_reports": 0,
        "unsubscribed": 0,
        "send_time": campaign["send_time"],
        "bounces": {"hard_bounces": 0, "soft_bounces": 0, "syntax_errors": 0},
        "opens": {
            "opens_total": sum(map(len, actions["open"])), "unique_opens": sum(map(bool, actions["open"])),
            "open_rate": 0.5, "last_open": last["open"],
        },
        "clicks": {
            "clicks_total": sum(map(len, actions["click"])), "unique_clicks": sum(map(bool, actions["click"])),
            "unique_subscriber_clicks": sum(map(bool, actions["click"])), "click_rate": 0.1, "last_click": last["click"],
        },
        "list_stats": {"sub_rate": 0, "unsub_rate": 0, "open_rate": 0, "click_rate": 0},
    }  # fmt: skip
