"""Fields that Salesforce computes when a row is read: formulas, roll-ups, copies. None of them moves a stamp."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.salesforce.database import Database, Row

    Formula = Callable[["Derived", Row], Any]

_QUARTER = 3
_YEAR = timedelta(days=365)
_ACTIVITIES = frozenset({"Task", "Event"})
_COPIES = ("FirstName", "LastName", "Title", "Email", "Phone", "MobilePhone", "LeadSource")
_FORECASTS = {"BestCase": "Best Case", "Forecast": "Commit"}


class Derived:
    """Computes fields.

    Args:
        database: The rows.
        archives: Whether activities of a year ago are archived.
    """

    def __init__(self, database: Database, *, archives: bool = True) -> None:
        self.database = database
        self._archives = archives
        self._indexes: dict[str, tuple[int, Any]] = {}

    def value(self, name: str, row: Row, field: str) -> Any:
        """Return the value of a field, computed or kept."""
        formula = FORMULAS.get((name, field))
        return row.get(field) if formula is None else formula(self, row)

    def is_computed(self, name: str, field: str) -> bool:
        """Return whether a field has a formula."""
        return (name, field) in FORMULAS

    def is_archived(self, name: str, row: Row) -> bool:
        """Return whether a row is an activity so old that only queryAll shows it."""
        if not self._archives or name not in _ACTIVITIES:
            return False
        day = row.get("ActivityDate")
        is_open = name == "Task" and row.get("Status") != "Completed"
        return day is not None and not is_open and day < self.database.now().date() - _YEAR

    def stage(self, row: Row) -> Row:
        """Return the stage of a deal."""
        found: Row = self._index("stages", self._stages).get(row.get("StageName"), {})
        return found

    def status(self, row: Row) -> Row:
        """Return what a campaign's status of that name means."""
        key = (row.get("CampaignId"), row.get("Status"))
        found: Row = self._index("statuses", self._statuses).get(key, {})
        return found

    def person(self, row: Row) -> Row:
        """Return the contact or lead of a campaign member."""
        key = row.get("ContactId") or row.get("LeadId")
        found = self.database.parent(key)
        return found[1] if found else {}

    def members(self, campaign: str) -> list[Row]:
        """Return a campaign's members."""
        found: list[Row] = self._index("members", lambda: self._grouped("CampaignMember")).get(campaign, [])
        return found

    def deals(self, campaign: str) -> list[Row]:
        """Return the deals whose primary campaign it is."""
        found: list[Row] = self._index("deals", lambda: self._grouped("Opportunity")).get(campaign, [])
        return found

    def _index(self, name: str, make: Callable[[], Any]) -> Any:
        version, held = self._indexes.get(name, (-1, None))
        if version != self.database.version:
            held = make()
            self._indexes[name] = (self.database.version, held)
        return held

    def _stages(self) -> dict[str, Row]:
        return {row["ApiName"]: row for row in self.database.tables["OpportunityStage"].values()}

    def _statuses(self) -> dict[tuple[str, str], Row]:
        rows = self.database.tables["CampaignMemberStatus"].values()
        return {(row["CampaignId"], row["Label"]): row for row in rows if not row.get("IsDeleted")}

    def _grouped(self, name: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.database.tables[name].values():
            if not row.get("IsDeleted"):
                found.setdefault(row.get("CampaignId") or "", []).append(row)
        return found


def _member_copy(field: str) -> Formula:
    return lambda derived, row: derived.person(row).get(field)


def _company(derived: Derived, row: Row) -> Any:
    person = derived.person(row)
    account = derived.database.get("Account", person.get("AccountId"))
    return account["Name"] if account else person.get("Company")


def _counts(kind: str) -> Formula:
    return lambda derived, row: sum(1 for member in derived.members(row["Id"]) if member.get(kind))


def _sum(derived: Derived, row: Row, *, won: bool) -> Decimal:
    deals = (deal for deal in derived.deals(row["Id"]) if not won or derived.stage(deal).get("IsWon"))
    return sum((deal.get("Amount") or Decimal(0) for deal in deals), Decimal(0))


def _expected(_derived: Derived, row: Row) -> Decimal | None:
    amount, probability = row.get("Amount"), row.get("Probability")
    return None if amount is None else (amount * (probability or 0) / 100).quantize(Decimal("0.01"))


def _category_name(derived: Derived, row: Row) -> Any:
    kept = derived.stage(row).get("ForecastCategory")
    return _FORECASTS.get(kept or "", kept)


def _quarter(_derived: Derived, row: Row) -> int:
    return int((row["CloseDate"].month - 1) // _QUARTER + 1)


def _tier(derived: Derived, row: Row) -> Any:
    account = derived.database.get("Account", row.get("AccountId"))
    return account.get("Tier__c") if account else None


def _activity_account(derived: Derived, row: Row) -> Any:
    for key in (row.get("WhatId"), row.get("WhoId")):
        found = derived.database.parent(key)
        if found:
            name, parent = found
            return parent["Id"] if name == "Account" else parent.get("AccountId")
    return None


FORMULAS: dict[tuple[str, str], Formula] = {
    **{("CampaignMember", field): _member_copy(field) for field in _COPIES},
    ("CampaignMember", "HasResponded"): lambda derived, row: bool(derived.status(row).get("HasResponded")),
    ("CampaignMember", "Name"): lambda derived, row: derived.person(row).get("Name"),
    ("CampaignMember", "City"): lambda derived, row: (
        derived.person(row).get("City") or derived.person(row).get("MailingCity")
    ),
    ("CampaignMember", "Country"): lambda derived, row: (
        derived.person(row).get("Country") or derived.person(row).get("MailingCountry")
    ),
    ("CampaignMember", "CompanyOrAccount"): _company,
    ("CampaignMember", "Type"): lambda _derived, row: "Contact" if row.get("ContactId") else "Lead",
    ("CampaignMember", "LeadOrContactId"): lambda _derived, row: row.get("ContactId") or row.get("LeadId"),
    ("CampaignMember", "LeadOrContactOwnerId"): lambda derived, row: derived.person(row).get("OwnerId"),
    ("Campaign", "NumberOfLeads"): _counts("LeadId"),
    ("Campaign", "NumberOfContacts"): _counts("ContactId"),
    ("Campaign", "NumberOfConvertedLeads"): lambda derived, row: sum(
        1 for one in derived.members(row["Id"]) if one.get("LeadId") and one.get("ContactId")
    ),
    ("Campaign", "NumberOfResponses"): lambda derived, row: sum(
        1 for one in derived.members(row["Id"]) if derived.status(one).get("HasResponded")
    ),
    ("Campaign", "NumberOfOpportunities"): lambda derived, row: len(derived.deals(row["Id"])),
    ("Campaign", "NumberOfWonOpportunities"): lambda derived, row: sum(
        1 for deal in derived.deals(row["Id"]) if derived.stage(deal).get("IsWon")
    ),
    ("Campaign", "AmountAllOpportunities"): lambda derived, row: _sum(derived, row, won=False),
    ("Campaign", "AmountWonOpportunities"): lambda derived, row: _sum(derived, row, won=True),
    ("Opportunity", "IsClosed"): lambda derived, row: bool(derived.stage(row).get("IsClosed")),
    ("Opportunity", "IsWon"): lambda derived, row: bool(derived.stage(row).get("IsWon")),
    ("Opportunity", "ForecastCategory"): lambda derived, row: derived.stage(row).get("ForecastCategory"),
    ("Opportunity", "ForecastCategoryName"): _category_name,
    ("Opportunity", "ExpectedRevenue"): _expected,
    ("Opportunity", "FiscalYear"): lambda _derived, row: row["CloseDate"].year,
    ("Opportunity", "FiscalQuarter"): _quarter,
    ("Opportunity", "Fiscal"): lambda derived, row: f"{row['CloseDate'].year} {_quarter(derived, row)}",
    ("Opportunity", "Account_Tier__c"): _tier,
    ("Task", "AccountId"): _activity_account,
    ("Event", "AccountId"): _activity_account,
    ("Task", "IsClosed"): lambda _derived, row: row.get("Status") == "Completed",
    ("Task", "IsArchived"): lambda derived, row: derived.is_archived("Task", row),
    ("Event", "IsArchived"): lambda derived, row: derived.is_archived("Event", row),
    ("Task", "IsHighPriority"): lambda _derived, row: row.get("Priority") == "High",
}
