"""What the simulated subscription holds, and what people do in it."""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.sandbox.marketo.options import Options
    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.world import World

Row = dict[str, Any]
FORM, SEND, NEW_LEAD, CHANGE_VALUE, MERGE, DELETE, SALES_EMAIL, CHANGE_STATUS = 2, 6, 12, 13, 32, 37, 39, 104
TYPES = {
    FORM: ("Fill Out Form", "Webform ID"),
    SEND: ("Send Email", "Mailing ID"),
    7: ("Email Delivered", "Mailing ID"),
    8: ("Email Bounced", "Mailing ID"),
    9: ("Unsubscribe Email", "Mailing ID"),
    10: ("Open Email", "Mailing ID"),
    11: ("Click Email", "Mailing ID"),
    NEW_LEAD: ("New Lead", None),
    CHANGE_VALUE: ("Change Data Value", "Attribute Name"),
    MERGE: ("Merge Leads", "Lead ID"),
    DELETE: ("Delete Lead", None),
    SALES_EMAIL: ("Send Sales Email", "Mailing ID"),
    CHANGE_STATUS: ("Change Program Status", "Program ID"),
}
LEAD_TEXTS = (
    "firstName lastName email company phone mobilePhone title country leadSource leadStatus unsubscribedReason sfdcType"
    " sfdcLeadId sfdcContactId sfdcAccountId"
)
LEAD_YES = "unsubscribed emailInvalid marketingSuspended blackListed"
LEAD_FIELDS = [
    "id",
    "createdAt",
    "updatedAt",
    *LEAD_TEXTS.split(),
    *LEAD_YES.split(),
]
MEMBER_FIELDS = [
    "acquiredBy",
    "createdAt",
    "isExhausted",
    "leadId",
    "membershipDate",
    "nurtureCadence",
    "program",
    "programId",
    "reachedSuccess",
    "reachedSuccessDate",
    "registrationCode",
    "statusName",
    "statusReason",
    "updatedAt",
    "waitlistPriority",
    "webinarUrl",
]


@dataclass(slots=True, kw_only=True)
class Account:
    """A subscription.

    Args:
        world: What it was filled from.
        clock: The simulator's.
        options: How this Marketo is.
        channels: In the order of the listing.
        programs: By id; with tags and costs.
        members: By program and lead.
        leads: By id.
        activities: In the order in which they happened.
        keys: World key → ``object/id``, per kind of record.
    """

    world: World
    clock: ShiftedClock
    options: Options
    channels: list[Row] = field(default_factory=list)
    programs: dict[int, Row] = field(default_factory=dict)
    members: dict[tuple[int, int], Row] = field(default_factory=dict)
    leads: dict[int, Row] = field(default_factory=dict)
    activities: list[Row] = field(default_factory=list)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _lead: int = 100_000
    _activity: int = 500_000

    def now(self) -> datetime:
        """Return the subscription's time, whole seconds."""
        return self.clock.now().replace(microsecond=0)

    def keep(self, kind: str, key: str, name: str, record: object) -> None:
        """Remember which record stands for a record of the world."""
        self.keys.setdefault(kind, {})[key] = f"{name}/{record}"

    def id_of(self, kind: str, key: str) -> int:
        """Return the id of the record that stands for a record of the world."""
        return int(self.keys[kind][key].rpartition("/")[2])

    # Records

    def new_lead(self, values: Mapping[str, Any], at: datetime) -> int:
        """Add a lead and return its id."""
        self._lead += 3
        empty = {**dict.fromkeys(LEAD_TEXTS.split()), **dict.fromkeys(LEAD_YES.split(), False)}
        self.leads[self._lead] = {**empty, **values, "id": self._lead, "createdAt": at, "updatedAt": at}
        self.log(NEW_LEAD, self._lead, at, attributes={"Source Type": "New person"})
        return self._lead

    def step(self, program: int, status: str) -> Row:
        """Return a status of a program's channel."""
        channel = next(one for one in self.channels if one["name"] == self.programs[program]["channel"])
        return next(one for one in channel["progressionStatuses"] if one["name"] == status)

    def join(
        self, program: int, lead: int, status: str, at: datetime, *, since: datetime | None = None
    ) -> None:
        """Give a lead a status in a program, at a time; it was a member since then."""
        step, held = self.step(program, status), self.members.get((program, lead))
        old = held["statusName"] if held else "Not in Program"
        row = held or {
            "programId": program,
            "leadId": lead,
            "program": self.programs[program]["name"],
            "acquiredBy": False,
            "isExhausted": False,
            "membershipDate": since or at,
            "createdAt": since or at,
            "reachedSuccess": False,
            "reachedSuccessDate": None,
        }
        row |= {"statusName": status, "updatedAt": at}
        if step["success"] and not row["reachedSuccess"]:
            row |= {"reachedSuccess": True, "reachedSuccessDate": at}
        self.members[program, lead] = row
        self.log(
            CHANGE_STATUS,
            lead,
            at,
            primary=(program, self.programs[program]["name"]),
            attributes={"Old Status": old, "New Status": status, "Success": step["success"], "Reason": None},
        )

    def leave(self, program: int, lead: int, *, is_told: bool = True) -> None:
        """Take a member out of a program: no row is left, and as a rule the activity tells."""
        held = self.members.pop((program, lead))
        if is_told:
            attributes = {"Old Status": held["statusName"], "New Status": "Not in Program", "Success": False}
            self.log(
                CHANGE_STATUS, lead, self.now(), primary=(program, held["program"]), attributes=attributes
            )

    def edit_lead(self, lead: int, values: Mapping[str, Any]) -> None:
        """Change fields of a lead."""
        now, row = self.now(), self.leads[lead]
        for name, value in values.items():
            attributes = {"Old Value": row.get(name), "New Value": value, "Source": "Web service API"}
            self.log(CHANGE_VALUE, lead, now, primary=(None, name), attributes=attributes)
        row |= {**values, "updatedAt": now}

    def delete_lead(self, lead: int) -> None:
        """Delete a lead: its memberships go with it."""
        del self.leads[lead]
        for key in [key for key in self.members if key[1] == lead]:
            del self.members[key]
        self.log(DELETE, lead, self.now(), attributes={"Campaign": "Run Action Delete Lead"})

    def merge(self, winner: int, loser: int) -> None:
        """Merge a lead into another: what it was a member of, the other is."""
        now = self.now()
        del self.leads[loser]
        for program, lead in [key for key in self.members if key[1] == loser]:
            row = self.members.pop((program, lead))
            self.members.setdefault((program, winner), {**row, "leadId": winner})
        self.log(
            MERGE,
            winner,
            now,
            primary=(winner, None),
            attributes={"Merge IDs": [loser], "Master Updated": True, "Merge Source": "UI"},
        )
        if self.options.merge_deletes:
            self.log(DELETE, loser, now, attributes={"Campaign": "Merge"})

    def log(
        self,
        kind: int,
        lead: int,
        at: datetime,
        *,
        primary: tuple[int | None, str | None] = (None, None),
        attributes: Mapping[str, Any] | None = None,
    ) -> str:
        """Add an activity and return its key. An attribute without a value is left out."""
        self._activity += 1
        guid = hashlib.sha256(f"activity {self._activity}".encode()).hexdigest()[:24]
        row = {
            "id": self._activity,
            "marketoGUID": guid,
            "leadId": lead,
            "activityDate": min(at, self.now()).astimezone(UTC),
            "activityTypeId": kind,
            "campaignId": None,
            "primaryAttributeValueId": primary[0],
            "primaryAttributeValue": primary[1],
            "attributes": {name: value for name, value in (attributes or {}).items() if value is not None},
        }
        place = bisect_right(self.activities, _order(row), key=_order)
        self.activities.insert(place, row)
        return guid


def _order(row: Row) -> tuple[datetime, int]:
    return row["activityDate"], row["id"]
