"""What Salesforce does by itself when a row is made or changed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.errors import RefusedError

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.database import Row
    from closedloop.sandbox.salesforce.derived import Derived

_TRACKED = {"StageName": "Text", "Amount": "Currency", "CloseDate": "DateOnly"}
_HISTORY = frozenset({"StageName", "Amount", "CloseDate", "Probability"})


class Hooks:
    """The org's own automation.

    Args:
        derived: Fields that are computed, and the rows.
    """

    def __init__(self, derived: Derived) -> None:
        self._derived = derived
        self._database = derived.database

    def before(self, name: str, held: Row | None, values: Row) -> Row:
        """Return the values to be written, completed.

        Args:
            name: The object.
            held: The row as it is; none for a new one.
            values: What was given.

        Raises:
            RefusedError: The org does not allow it.
        """
        made = dict(values)
        if name in {"Lead", "Contact", "User"} and {"FirstName", "LastName"} & set(made):
            names = [made.get(part, (held or {}).get(part)) for part in ("FirstName", "LastName")]
            made["Name"] = " ".join(part for part in names if part)
        if name == "Lead" and held is not None and held.get("IsConverted"):
            raise RefusedError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        if name == "Opportunity" and "StageName" in made:
            self._stage(held, made)
        if name == "CampaignMember":
            self._member(held, made)
        if name == "FieldPermissions" and held is None:
            self._grant(made)
        if name == "Task" and made.get("Status") == "Completed" and not (held or {}).get("CompletedDateTime"):
            made["CompletedDateTime"] = self._database.now()
        return made

    def after(self, name: str, key: str, old: Row | None) -> None:
        """Write what follows from a row that was made or changed."""
        row = self._database.tables[name][key]
        if name == "Campaign" and old is None:
            self._statuses(key)
        if name == "Opportunity":
            self._history(row, old)
        if name == "Contact" and old is not None and old.get("AccountId") != row.get("AccountId"):
            self._moved(row, old)
        if name == "Opportunity" and old is None and row.get("ContactId"):
            role = {"OpportunityId": key, "ContactId": row["ContactId"], "IsPrimary": True}
            self._database.put("OpportunityContactRole", role)

    def _grant(self, made: Row) -> None:
        entity, _, field = str(made["Field"]).partition(".")
        known = self._database.objects.get(entity)
        if known is None or known.find(field) is None or entity != made["SobjectType"]:
            message = f"Field Name: bad value for restricted picklist field: {made['Field']}"
            raise RefusedError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=("Field",))
        for row in self._database.tables["FieldPermissions"].values():
            if (row["ParentId"], row["Field"]) == (made["ParentId"], made["Field"]):
                message = f"duplicate value found: Field duplicates value on record with id: {row['Id'][:15]}"
                raise RefusedError("DUPLICATE_VALUE", message)
        made["PermissionsRead"] = bool(made.get("PermissionsRead") or made.get("PermissionsEdit"))

    def _stage(self, held: Row | None, made: Row) -> None:
        stage = self._derived.stage(made)
        if not stage:
            message = f"Stage: bad value for restricted picklist field: {made['StageName']}"
            raise RefusedError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=("StageName",))
        if held is None or held.get("StageName") != made["StageName"]:
            made.setdefault("Probability", stage["DefaultProbability"])
            if held is not None:
                made["LastStageChangeDate"] = self._database.now()

    def _member(self, held: Row | None, made: Row) -> None:
        row = dict(held or {}) | made
        if held is None:
            self._new_member(row, made)
        row = dict(held or {}) | made
        if self._derived.status(row).get("HasResponded") and not row.get("FirstRespondedDate"):
            made["FirstRespondedDate"] = self._database.now().date()

    def _new_member(self, row: Row, made: Row) -> None:
        person = row.get("ContactId") or row.get("LeadId")
        if person is None:
            message = "A campaign member must be a lead or a contact"
            raise RefusedError("FIELD_INTEGRITY_EXCEPTION", message, fields=("LeadId", "ContactId"))
        for other in self._derived.members(row["CampaignId"]):
            if person in {other.get("ContactId"), other.get("LeadId")}:
                raise RefusedError("DUPLICATE_VALUE", "Already a campaign member.")
        if made.get("Status") is None:
            statuses = self._database.tables["CampaignMemberStatus"].values()
            made["Status"] = next(
                (
                    one["Label"]
                    for one in statuses
                    if one["CampaignId"] == row["CampaignId"] and one.get("IsDefault")
                ),
                "Sent",
            )

    def _statuses(self, campaign: str) -> None:
        for place, (label, responded) in enumerate((("Sent", False), ("Responded", True)), start=1):
            status = {"CampaignId": campaign, "Label": label, "SortOrder": place}
            self._database.put(
                "CampaignMemberStatus", {**status, "IsDefault": place == 1, "HasResponded": responded}
            )

    def _moved(self, row: Row, old: Row) -> None:
        """Write a contact's move to another account into its history, twice as for every lookup: the names, and the ids."""
        accounts = self._database.tables["Account"]
        ids = (old.get("AccountId"), row.get("AccountId"))
        names = [accounts[one]["Name"] if one in accounts else None for one in ids]
        for kind, (before, now) in (("Text", names), ("EntityId", ids)):
            change = {"Field": "Account", "DataType": kind, "OldValue": before, "NewValue": now}
            kept = {"ContactId": row["Id"], **change}
            self._database.put("ContactHistory", kept, user=row.get("LastModifiedById"))

    def _history(self, row: Row, old: Row | None) -> None:
        if old is not None and not any(old.get(field) != row.get(field) for field in _HISTORY):
            return
        kept: dict[str, Any] = {"OpportunityId": row["Id"]}
        shown = ("StageName", "Amount", "CloseDate", "Probability")
        values = {field: row.get(field) for field in shown}
        values["ForecastCategory"] = self._derived.stage(row).get("ForecastCategory")
        amount = row.get("Amount")
        if amount is not None:
            share = Decimal(row.get("Probability") or 0) / 100
            values["ExpectedRevenue"] = (amount * share).quantize(Decimal("0.01"))
        by = row.get("LastModifiedById")
        self._database.put("OpportunityHistory", kept | values, user=by)
        for field, kind in _TRACKED.items():
            if old is not None and old.get(field) != row.get(field):
                change = {"Field": field, "DataType": kind, "OldValue": old.get(field)}
                self._database.put(
                    "OpportunityFieldHistory", kept | change | {"NewValue": row.get(field)}, user=by
                )
