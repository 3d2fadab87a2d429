"""What the support desk holds: organisations, users, tickets, satisfaction and groups, made from a world.

A world has no tickets: every fourth contact with an e-mail has written one. Which is open, escalated, deleted or wiped
out follows from its number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closedloop.sandbox.world import World

Row = dict[str, Any]

_FIRST_ID = 46_406_146_000_000
_STATES = (
    "closed",
    "solved",
    "open",
    "pending",
    "closed",
    "hold",
    "deleted",
    "new",
    "closed",
    "solved",
    "scrubbed",
    "open",
)
#: Every how many tickets one is escalated.
_SELDOM = 5
_SCORES = ("good", "bad", "offered")


@dataclass(slots=True, kw_only=True)
class Desk:
    """The records by kind and id; `generated` is the second in which Zendesk last made each one.

    Args:
        now: When it was filled.
        keys: World key → ``kind/id``.
    """

    now: datetime
    tables: dict[str, dict[int, Row]] = field(
        default_factory=lambda: {
            kind: {} for kind in ("organizations", "users", "tickets", "satisfaction_ratings", "groups")
        }
    )
    generated: dict[tuple[str, int], int] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    _last: int = _FIRST_ID

    def add(self, kind: str, row: Row, *, at: datetime, system_at: datetime | None = None) -> int:
        """Add a record, and return its id; ``system_at`` is when Zendesk itself last touched it."""
        self._last += 1
        stamp = printed(at)
        self.tables[kind][self._last] = {"id": self._last, "created_at": stamp, "updated_at": stamp, **row}
        self.generated[kind, self._last] = int((system_at or at).timestamp())
        return self._last

    def change(self, kind: str, number: int, values: Row, *, at: datetime) -> None:
        """Change a record as a person would."""
        self.tables[kind][number] |= {**values, "updated_at": printed(at)}
        self.generated[kind, number] = int(at.timestamp())


def printed(moment: datetime) -> str:
    """Return a time as Zendesk prints it: whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fill(world: World, now: datetime) -> Desk:
    """Return the desk of a world."""
    desk = Desk(now=now)
    agents = [
        desk.add(
            "users",
            {"name": owner.name, "email": owner.email, "role": "agent" if place else "admin", "active": True,
             "suspended": False, "verified": True, "organization_id": None},
            at=now - timedelta(days=900),
        )
        for place, owner in enumerate(world.owners) if owner.email
    ]  # fmt: skip
    group = desk.add(
        "groups", {"name": "Support", "description": "", "is_public": True, "deleted": False}, at=now - timedelta(days=900)
    )  # fmt: skip
    for account in world.accounts:
        domain = (account.email or "").rpartition("@")[2]
        row = {"name": account.name, "external_id": account.external_id, "domain_names": [domain] if domain else [],
               "shared_tickets": False, "tags": [], "organization_fields": {"tier": "standard"}, "deleted_at": None}  # fmt: skip
        number = desk.add("organizations", row, at=account.created_at)
        desk.keys[account.key] = f"organizations/{number}"
    for place, person in enumerate(one for one in world.people if one.kind == "contact"):
        home = desk.keys.get(person.account or "")
        row = {
            "name": person.name, "email": person.email, "phone": person.phone, "role": "end-user", "active": True,
            "suspended": False, "verified": bool(person.email),
            "organization_id": int(home.partition("/")[2]) if home else None, "tags": [], "user_fields": {},
        }  # fmt: skip
        number = desk.add("users", row, at=person.created_at)
        desk.keys[person.key] = f"users/{number}"
        if person.email and place % 4 == 0:
            team = {
                "organization_id": row["organization_id"],
                "group_id": group,
                "assignee_id": agents[place % len(agents)],
            }
            _ticket(desk, place // 4, number, team)
    return desk


def _ticket(desk: Desk, place: int, requester: int, team: Row) -> None:
    state = _STATES[place % len(_STATES)]
    opened = desk.now - timedelta(days=3 + 17 * (place % 23), hours=place % 7)
    changed = opened + timedelta(days=2)
    is_gone = state in {"deleted", "scrubbed"}
    row = {
        **team, "subject": "SCRUBBED" if state == "scrubbed" else f"Question {place}", "type": "question",
        "priority": ("low", "normal", "high", "urgent")[place % 4], "status": "deleted" if is_gone else state,
        "requester_id": -1 if state == "scrubbed" else requester, "submitter_id": requester,
          "is_public": True, "has_incidents": False,
        "tags": ["escalated"] if place % _SELDOM == 0 else [], "custom_fields": [], "via": {"channel": "email"},
        "satisfaction_rating": {"score": _SCORES[place % 3]} if state == "closed" else {"score": "unoffered"},
    }  # fmt: skip
    # Zendesk's own work comes after a person's, and does not move updated_at.
    number = desk.add("tickets", row, at=opened, system_at=changed + timedelta(hours=place % 3))
    desk.tables["tickets"][number]["updated_at"] = printed(changed)
    if state == "closed":
        rating = {**team, "ticket_id": number, "requester_id": requester,
                  "score": _SCORES[place % 3], "reason": None}  # fmt: skip
        desk.add("satisfaction_ratings", rating, at=changed)
