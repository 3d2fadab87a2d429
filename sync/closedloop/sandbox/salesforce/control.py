"""``/__control__/…``: what a test does to the simulator, apart from what a client of Salesforce can do."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.ids import long_id
from closedloop.sandbox.salesforce.schema import parse_field
from closedloop.sandbox.salesforce.writer import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from closedloop.sandbox.salesforce.engine import Engine
    from closedloop.sandbox.salesforce.writer import Writer


class Control:
    """The simulator's own controls, by their last path part.

    Args:
        engine: The engine they act on.
        writer: Changes rows.
        keys: World key → ``Object/id``, per kind of record.
    """

    def __init__(self, engine: Engine, writer: Writer, keys: dict[str, dict[str, str]]) -> None:
        self.engine = engine
        self.writer = writer
        self.keys = keys
        self._database = engine.org.database
        self._actions: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "state"): self._state,
            ("GET", "requests"): lambda given: self.engine.requests(int(given.get("since", 0))),
            ("GET", "records"): lambda given: self.records(given["stream"]),
            ("GET", "keys"): lambda _given: self.keys,
            ("GET", "faults"): lambda _given: [asdict(one) for one in engine.org.faults.all()],
            ("POST", "faults"): lambda given: asdict(engine.org.faults.add(**given)),
            ("DELETE", "faults"): lambda _given: engine.org.faults.clear(),
            ("POST", "refuse"): lambda given: self.refuse(**given),
            ("POST", "advance"): lambda given: engine.org.clock.advance(float(given["seconds"])),
            ("POST", "edit"): lambda given: self.edit(given["stream"], given["id"], given["values"]),
            ("POST", "create"): lambda given: {"id": self.create(given["stream"], given["values"])},
            ("POST", "remove"): lambda given: self.remove(given["stream"], given["id"]),
            ("POST", "merge"): lambda given: self.merge(given["stream"], given["id"], given["losers"]),
        }

    def answer(self, verb: str, name: str, given: dict[str, Any]) -> Any:
        """Carry out one control request.

        Raises:
            KeyError: There is no such control, or an argument is missing.
        """
        return self._actions[verb, name](given)

    def records(self, entity: str) -> list[dict[str, Any]]:
        """Return every row of an object as the org holds it, deleted ones too, computed fields as well."""
        with self._database.lock:
            fields = self._database.objects[entity].fields
            value = self.engine.org.derived.value
            rows = self._database.tables[entity].values()
            return [{name: value(entity, row, name) for name in fields} for row in rows]

    def edit(
        self, entity: str, key: str, values: Mapping[str, Any], *, touches: bool = True, late: float = 0
    ) -> None:
        """Change a row as a person would.

        Args:
            entity: The object.
            key: The row.
            values: What changes.
            touches: False for what the vendor's own machinery changes without moving a stamp.
            late: Seconds until others can see it, though it is stamped with the time of now.
        """
        with self._database.lock:
            at = self._database.now()

            def act() -> None:
                if late or not touches:
                    self._database.change(entity, key, values, user=self._person(), at=at, touches=touches)
                else:
                    known = self._database.objects[entity]
                    self.writer.update(known, key, values, user=self._person())

            self._database.later(late, act) if late else act()

    def create(self, entity: str, values: Mapping[str, Any], *, late: float = 0) -> str:
        """Create a row as a person would, and return its id.

        Args:
            entity: The object.
            values: Its fields.
            late: Seconds until others can see it, though it is stamped with the time of now.
        """
        with self._database.lock:
            known = self._database.objects[entity]
            made = self.writer.insert(known, values, user=self._person())
            if late:
                row = self._database.tables[entity].pop(made)
                self._database.later(late, lambda: self._appear(entity, made, row))
        return made

    def _appear(self, entity: str, key: str, row: dict[str, Any]) -> None:
        self._database.tables[entity][key] = row
        self._database.version += 1

    def remove(self, entity: str, key: str, *, hard: bool = False) -> None:
        """Delete a row; ``hard`` empties the recycle bin of it as well."""
        with self._database.lock:
            self._database.remove(entity, key)
            if hard:
                self._database.purge(entity, key)

    def restore(self, entity: str, key: str) -> None:
        """Take a row out of the recycle bin."""
        with self._database.lock:
            self._database.restore(entity, key)

    def vanish(self, entity: str, key: str) -> None:
        """Take a row away without a trace, as an archive job or a long-emptied bin does."""
        with self._database.lock:
            self._database.purge(entity, key)
            self._database.deleted.pop(long_id(key), None)

    def merge(self, entity: str, master: str, losers: Iterable[str]) -> None:
        """Merge rows into one."""
        with self._database.lock:
            self._database.merge(entity, master, losers)

    def convert(self, lead: str, *, contact: str, account: str, deal: str | None = None) -> None:
        """Convert a lead into a contact that is there; its campaign members gain the contact."""
        with self._database.lock:
            row = self._database.tables["Lead"][long_id(lead)]
            done = {
                "IsConverted": True,
                "ConvertedDate": self._database.now().date(),
                "ConvertedAccountId": account,
                "ConvertedContactId": contact,
                "ConvertedOpportunityId": deal,
                "Status": "Closed - Converted",
            }
            self._database.change("Lead", row["Id"], done, user=self._person())
            for key, member in self._database.tables["CampaignMember"].items():
                if member.get("LeadId") == row["Id"]:
                    self._database.change("CampaignMember", key, {"ContactId": contact}, user=self._person())

    def person_account(self, first_name: str, last_name: str, email: str) -> tuple[str, str]:
        """Create an account that is a person, and return its id and that of the contact that comes with it.

        Raises:
            KeyError: This org has no person accounts.
        """
        with self._database.lock:
            entity = self._database.objects["Account"]
            who = {"FirstName": first_name, "LastName": last_name}
            whole = {"Name": f"{first_name} {last_name}", "IsPersonAccount": True, "PersonEmail": email}
            account = self.writer.insert(entity, who | whole, user=self._person())
            contact = self.writer.insert(
                self._database.objects["Contact"],
                who | {"Email": email, "AccountId": account, "IsPersonAccount": True},
                user=self._person(),
            )
            self._database.change("Account", account, {"PersonContactId": contact}, user=self._person())
        return account, contact

    def recalculate(self, entity: str) -> None:
        """Move the stamp of every row of an object to this second, as a mass recalculation of the vendor's does."""
        with self._database.lock:
            now = self._database.now()
            for row in self._database.tables[entity].values():
                row["SystemModstamp"] = now
            self._database.version += 1

    def add_field(self, entity: str, line: str) -> None:
        """Create a custom field that the API's user may see and change.

        Args:
            entity: The object.
            line: The field as the schema's text file has one: ``New__c string(40) cup``.
        """
        with self._database.lock:
            field = parse_field(line)
            self._database.objects[entity].fields[field.name] = field
            tables = self._database.tables
            grant = {
                "ParentId": next(iter(tables["PermissionSet"])),
                "SobjectType": entity,
                "Field": f"{entity}.{field.name}",
                "PermissionsRead": True,
                "PermissionsEdit": True,
            }
            self._database.put("FieldPermissions", grant, user=self._person())

    def remove_field(self, entity: str, name: str) -> None:
        """Delete a field, or take away the right to see it: for a client that is the same."""
        with self._database.lock:
            del self._database.objects[entity].fields[name]
            self._database.version += 1

    def refuse(
        self,
        entity: str,
        code: str,
        message: str = "",
        *,
        ids: Iterable[str] = (),
        times: int | None = 1,
        fields: Iterable[str] = (),
    ) -> None:
        """Refuse writes to an object: a lock, a validation rule, a trigger.

        Args:
            entity: The object.
            code: Salesforce's code, as ``UNABLE_TO_LOCK_ROW``.
            message: Its sentence.
            ids: Only these rows.
            times: How often; ``None`` for always.
            fields: Fields it is about.
        """
        known = {
            "UNABLE_TO_LOCK_ROW": "unable to obtain exclusive access to this record or 1 records",
            "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule says no",
        }
        error = RefusedError(code, message or known.get(code, code), fields=tuple(fields))
        chosen = frozenset(long_id(key) for key in ids)
        self.writer.refusals.append(Refusal(entity=entity, error=error, ids=chosen, times=times))

    def _person(self) -> str:
        """Return a user who is not the API's."""
        held = self._database.tables["User"].values()
        return next((row["Id"] for row in held if row["Id"] != self._database.user), self._database.user)

    def _state(self, _given: dict[str, Any]) -> dict[str, Any]:
        return {
            "now": self.engine.org.clock.now().isoformat(),
            "requests": len(self.engine.requests()),
            "rows": {name: len(rows) for name, rows in self._database.tables.items()},
        }
