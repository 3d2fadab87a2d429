"""The org's rows: stamps, deletions, merges, and what takes effect later than its stamp says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.ids import long_id, make_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.salesforce.schema import SObject

Row = dict[str, Any]
#: How long a deleted row stays in the recycle bin and in the log of deletions.
BIN = timedelta(days=15)
#: Whose rows go with a row that is deleted: (object, field).
CHILDREN = {
    "Campaign": (("CampaignMember", "CampaignId"), ("CampaignMemberStatus", "CampaignId")),
    "Lead": (("CampaignMember", "LeadId"),),
    "Contact": (("CampaignMember", "ContactId"), ("OpportunityContactRole", "ContactId")),
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"), ("OpportunityHistory", "OpportunityId")),
    "PermissionSet": (("FieldPermissions", "ParentId"), ("PermissionSetAssignment", "PermissionSetId")),
}


class Database:
    """Every table, behind one lock.

    Args:
        objects: What there is.
        clock: Tells the time.
    """

    def __init__(self, objects: dict[str, SObject], clock: ShiftedClock) -> None:
        self.objects = objects
        self.clock = clock
        self.lock = threading.RLock()
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in objects}
        self.deleted: dict[str, tuple[str, datetime]] = {}
        self.version = 0
        self.user = ""
        self._numbers: dict[str, int] = {}
        self._later: list[tuple[datetime, Callable[[], None]]] = []
        self._by_prefix = {known.prefix: name for name, known in objects.items()}

    def now(self) -> datetime:
        """Return the time as stamps keep it: whole seconds."""
        return self.clock.now().astimezone(UTC).replace(microsecond=0)

    def object_of(self, key: str) -> str | None:
        """Return the object that an id belongs to."""
        return self._by_prefix.get(key[:3])

    def get(self, name: str, key: str | None) -> Row | None:
        """Return a row, deleted or not, by an id of either length."""
        return None if key is None else self.tables.get(name, {}).get(long_id(key))

    def parent(self, key: str | None) -> tuple[str, Row] | None:
        """Return the object and the row behind an id."""
        name = self.object_of(key) if key else None
        row = self.get(name, key) if name else None
        return (name, row) if name and row is not None else None

    def put(
        self, name: str, values: Mapping[str, Any], *, at: datetime | None = None, user: str | None = None
    ) -> str:
        """Add a row and return its id; who checks what is in it does so before.

        Args:
            name: The object.
            values: Its fields; audit columns given here stay as they are.
            at: When; now without it.
            user: Who; the API's user without it.
        """
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        key = make_id(self.objects[name].prefix, number)
        stamp, who = at or self.now(), user or self.user
        audit = {
            "Id": key,
            "IsDeleted": False,
            "CreatedDate": stamp,
            "CreatedById": who,
            "LastModifiedDate": stamp,
            "LastModifiedById": who,
            "SystemModstamp": stamp,
        }
        fields = self.objects[name].fields
        empty = {field.name: False for field in fields.values() if field.type == "boolean"}
        row = empty | {column: value for column, value in audit.items() if column in fields}
        self.tables[name][key] = row | dict(values)
        self.version += 1
        return key

    def change(
        self,
        name: str,
        key: str,
        values: Mapping[str, Any],
        *,
        user: str | None = None,
        at: datetime | None = None,
        touches: bool = True,
    ) -> None:
        """Change a row.

        Args:
            name: The object.
            key: Its id.
            values: What changes.
            user: Who; the API's user without it.
            at: When; now without it.
            touches: Whether stamps move.
        """
        row = self.tables[name][long_id(key)]
        row.update(values)
        stamp = at or self.now()
        if touches:
            row["SystemModstamp"] = stamp
            if "LastModifiedDate" in self.objects[name].fields:
                row["LastModifiedDate"], row["LastModifiedById"] = stamp, user or self.user
        self.version += 1

    def remove(self, name: str, key: str) -> None:
        """Put a row and what belongs to it into the recycle bin, or where there is none, take it away."""
        key = long_id(key)
        row = self.tables[name][key]
        for child, field in CHILDREN.get(name, ()):
            held = self.tables.get(child, {})
            for other in [k for k, r in held.items() if r.get(field) == key and not r.get("IsDeleted")]:
                self.remove(child, other)
        if "IsDeleted" not in self.objects[name].fields:
            del self.tables[name][key]
        else:
            row["IsDeleted"], row["SystemModstamp"] = True, self.now()
            self.deleted[key] = (name, self.now())
        self.version += 1

    def restore(self, name: str, key: str) -> None:
        """Take a row out of the recycle bin."""
        self.deleted.pop(long_id(key), None)
        self.change(name, key, {"IsDeleted": False})

    def purge(self, name: str, key: str) -> None:
        """Empty the bin of one row: no query shows it any more; the log of deletions still does."""
        key = long_id(key)
        self.deleted.setdefault(key, (name, self.now()))
        self.tables[name].pop(key, None)
        self.version += 1

    def merge(self, name: str, master: str, losers: Iterable[str]) -> None:
        """Merge rows into one: their children move, and they are deleted with the master's id in them."""
        master = long_id(master)
        for loser in map(long_id, losers):
            for child, known in self.objects.items():
                for field in known.fields.values():
                    if name in field.targets and field.name != "MasterRecordId" and not field.is_calculated:
                        self._repoint(child, field.name, loser, master)
            self.tables[name][loser]["MasterRecordId"] = master
            self.remove(name, loser)

    def _repoint(self, child: str, field: str, old: str, new: str) -> None:
        for key, row in self.tables[child].items():
            if row.get(field) == old and not row.get("IsDeleted"):
                self.change(child, key, {field: new})

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Carry something out once the clock has moved on, as a long transaction commits late."""
        self._later.append((self.clock.now() + timedelta(seconds=seconds), action))

    def settle(self) -> None:
        """Carry out what is due, and empty the bin of what lay there too long."""
        now = self.clock.now()
        due = [action for at, action in self._later if at <= now]
        self._later = [(at, action) for at, action in self._later if at > now]
        for action in due:
            action()
        for key, (name, at) in list(self.deleted.items()):
            if at < now - BIN:
                self.tables[name].pop(key, None)
                del self.deleted[key]
