"""What an administrator sets up: the org, users, queues, rights, currencies, stages."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.mapping.rows import Rows
    from closedloop.sandbox.world import Owner

LOST = "Closed Lost"
_FORECAST = ("Pipeline", "BestCase", "Forecast")
_CORPORATE = Decimal(1)


def set_up(rows: Rows, *, is_sandbox: bool) -> None:
    """Fill what is there before anybody works with the org."""
    profile = rows.add("Profile", {"Name": "Integration"})
    seller = rows.add("Profile", {"Name": "Sales"})
    rows.database.user = rows.add(
        "User",
        {
            **_user(rows, "closedloop", "integration@closedloop-demo.com", profile),
            "LastName": "closedloop",
            "FirstName": None,
            "UserType": "Standard",
        },
    )
    for row in (row for table in rows.database.tables.values() for row in table.values()):
        row |= {name: rows.database.user for name in ("CreatedById", "LastModifiedById") if name in row}
    organisation = {
        "Name": rows.world.company,
        "IsSandbox": is_sandbox,
        "OrganizationType": "Enterprise Edition",
        "InstanceName": "SIM1",
        "TimeZoneSidKey": rows.world.zone,
        "LanguageLocaleKey": "en_US",
    }
    rows.add("Organization", organisation)
    _grant(rows)
    for owner in rows.world.owners:
        _owner(rows, owner, seller)
    if "CurrencyType" in rows.database.objects:
        _currencies(rows)
    _stages(rows)


def _user(rows: Rows, name: str, email: str, profile: str) -> dict[str, object]:
    first, _, last = name.rpartition(" ")
    return {
        "Username": email,
        "Email": email,
        "Name": name,
        "FirstName": first or None,
        "LastName": last,
        "Alias": last[:8].lower(),
        "IsActive": True,
        "ProfileId": profile,
        "UserType": "Standard",
        "TimeZoneSidKey": rows.world.zone,
        "LanguageLocaleKey": "en_US",
    }


def _owner(rows: Rows, owner: Owner, profile: str) -> None:
    if owner.kind == "user":
        values = _user(rows, owner.name, owner.email, profile) | {"IsActive": owner.is_active}
        rows.add("User", values, kind="owner", key=owner.key)
        return
    queue = {"Name": owner.name, "DeveloperName": owner.name.replace(" ", "_"), "Type": "Queue"}
    rows.add("Group", {**queue, "Email": owner.email}, kind="owner", key=owner.key)


def _grant(rows: Rows) -> None:
    """Give the API's user a permission set with every custom field that is there."""
    chosen = rows.add("PermissionSet", {"Name": "closedloop", "Label": "closedloop", "Type": "Regular"})
    rows.add("PermissionSetAssignment", {"PermissionSetId": chosen, "AssigneeId": rows.database.user})
    for name, known in rows.database.objects.items():
        for field in known.fields.values():
            if field.is_custom:
                granted = {
                    "ParentId": chosen,
                    "SobjectType": name,
                    "Field": f"{name}.{field.name}",
                    "PermissionsRead": True,
                    "PermissionsEdit": not field.is_calculated,
                }
                rows.add("FieldPermissions", granted)


def _currencies(rows: Rows) -> None:
    for currency in rows.world.currencies:
        known = sorted(
            (one for one in rows.world.rates if one.currency == currency.code), key=lambda one: one.day
        )
        is_home = currency.code == rows.world.home_currency
        values = {
            "IsoCode": currency.code,
            "ConversionRate": _CORPORATE if is_home or not known else known[-1].rate,
            "DecimalPlaces": currency.digits,
            "IsActive": True,
            "IsCorporate": is_home,
        }
        rows.add("CurrencyType", values)
        ends = [*(one.day for one in known[1:]), None][: len(known)]
        for rate, end in zip(known, ends, strict=True):
            dated = {"IsoCode": currency.code, "StartDate": rate.day, "ConversionRate": rate.rate}
            rows.add("DatedConversionRate", {**dated, "NextStartDate": end}, at=rows.noon(rate.day))


def _stages(rows: Rows) -> None:
    """The world's stages, and the one that Salesforce has for what is lost."""
    for stage in rows.world.stages:
        place = min(stage.rank - 1, len(_FORECAST) - 1)
        values = {
            "MasterLabel": stage.name,
            "ApiName": stage.name,
            "IsActive": True,
            "SortOrder": stage.rank,
            "IsClosed": stage.is_won,
            "IsWon": stage.is_won,
            "ForecastCategory": "Closed" if stage.is_won else _FORECAST[max(place, 0)],
            "DefaultProbability": Decimal(stage.probability),
        }
        rows.add("OpportunityStage", values, kind="stage", key=stage.key)
    last = max((stage.rank for stage in rows.world.stages), default=0) + 1
    lost = {
        "MasterLabel": LOST,
        "ApiName": LOST,
        "IsActive": True,
        "SortOrder": last,
        "IsClosed": True,
        "IsWon": False,
        "ForecastCategory": "Omitted",
        "DefaultProbability": Decimal(0),
    }
    rows.add("OpportunityStage", lost)
