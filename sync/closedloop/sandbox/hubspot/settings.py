"""What an administrator sets up: properties, pipelines, owners, currencies, and the account itself."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from closedloop.sandbox.hubspot.batch import answer
from closedloop.sandbox.hubspot.errors import HubError, not_found
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.wire import PORTAL, stamp

_PROPERTIES = "crm/properties {kind}"
_READ, _WRITE = "{schemas}.read", "{schemas}.write"
_CURRENCIES = ("settings.currencies.read", "multi-currency-read")


@route("GET", _PROPERTIES, _READ, stream="properties")
def properties(call: Call, kind: str) -> Answer:
    """List the properties of an object."""
    name = call.account.known(kind)
    archived = call.flag("archived")
    held = call.account.properties.of[name].values()
    return 200, {"results": [one for one in held if bool(one.get("archived")) == archived]}


@route("POST", _PROPERTIES, _WRITE, method="write", stream="properties")
def create_property(call: Call, kind: str) -> Answer:
    """Make a property."""
    account = call.account
    return 201, account.properties.create(account.known(kind), call.given(), account.clock.now())


@route("GET", f"{_PROPERTIES}/groups", _READ, stream="property_groups")
def groups(call: Call, kind: str) -> Answer:
    """List the groups of an object's properties."""
    return 200, {"results": [*call.account.properties.groups[call.account.known(kind)].values()]}


@route("POST", f"{_PROPERTIES}/groups", _WRITE, method="write", stream="property_groups")
def create_group(call: Call, kind: str) -> Answer:
    """Make a group."""
    return 201, call.account.properties.create_group(call.account.known(kind), call.given())


@route("GET", f"{_PROPERTIES}/groups/{{name}}", _READ, stream="property_groups")
def group(call: Call, kind: str, name: str) -> Answer:
    """Return a group."""
    found = call.account.properties.groups[call.account.known(kind)].get(name)
    if found is None:
        message = f"Property group {name} does not exist"
        raise not_found(message)
    return 200, found


@route("POST", f"{_PROPERTIES}/batch/create", _WRITE, method="write", stream="properties")
def create_properties(call: Call, kind: str) -> Answer:
    """Make properties; a name that is taken fails only itself."""
    account = call.account
    made: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for one in call.inputs(100):
        try:
            made.append(account.properties.create(account.known(kind), one, account.clock.now()))
        except HubError as error:
            errors.append(
                {"status": "error", "category": error.category, "message": error.message, "errors": []}
                | {"context": {"name": [str(one.get("name"))]}, "links": {}}
            )
    return answer(call, made, errors, good=201)


@route("POST", f"{_PROPERTIES}/batch/read", _READ, method="read", stream="properties")
def read_properties(call: Call, kind: str) -> Answer:
    """Return properties by name."""
    held = call.account.properties.live(call.account.known(kind))
    names = [str(one.get("name")) for one in call.inputs(100)]
    errors = [
        {
            "status": "error", "category": "OBJECT_NOT_FOUND", "message": f"Property {name} does not exist",
            "context": {"name": [name]}, "errors": [], "links": {},
        }
        for name in names
        if name not in held
    ]  # fmt: skip
    return answer(call, [held[name] for name in names if name in held], errors)


@route("POST", f"{_PROPERTIES}/batch/archive", _WRITE, method="write", stream="properties")
def archive_properties(call: Call, kind: str) -> Answer:
    """Archive properties."""
    account = call.account
    for one in call.inputs(100):
        account.properties.archive(account.known(kind), str(one.get("name")), account.clock.now())
    return 204, None


@route("GET", f"{_PROPERTIES}/{{name}}", _READ, stream="properties")
def property_(call: Call, kind: str, name: str) -> Answer:
    """Return a property."""
    held = call.account.properties.get(call.account.known(kind), name, archived=call.flag("archived"))
    return 200, held


@route("PATCH", f"{_PROPERTIES}/{{name}}", _WRITE, method="write", stream="properties")
def update_property(call: Call, kind: str, name: str) -> Answer:
    """Change a property."""
    account = call.account
    return 200, account.properties.update(account.known(kind), name, call.given(), account.clock.now())


@route("DELETE", f"{_PROPERTIES}/{{name}}", _WRITE, method="write", stream="properties")
def archive_property(call: Call, kind: str, name: str) -> Answer:
    """Archive a property."""
    account = call.account
    account.properties.archive(account.known(kind), name, account.clock.now())
    return 204, None


@route("GET", "crm/pipelines {kind}", "{objects}.read", stream="pipelines")
def pipelines(call: Call, kind: str) -> Answer:
    """List the pipelines of an object."""
    return 200, {"results": call.account.pipelines.get(call.account.known(kind), [])}


@route("GET", "crm/pipelines {kind}/{pipeline}", "{objects}.read", stream="pipelines")
def pipeline(call: Call, kind: str, pipeline: str) -> Answer:
    """Return a pipeline."""
    return 200, _pipeline(call, kind, pipeline)


@route("GET", "crm/pipelines {kind}/{pipeline}/stages", "{objects}.read", stream="pipelines")
def stages(call: Call, kind: str, pipeline: str) -> Answer:
    """List the stages of a pipeline."""
    return 200, {"results": _pipeline(call, kind, pipeline)["stages"]}


def _pipeline(call: Call, kind: str, wanted: str) -> dict[str, Any]:
    for one in call.account.pipelines.get(call.account.known(kind), []):
        if one["id"] == wanted:
            return one
    message = f"Pipeline {wanted} does not exist"
    raise not_found(message)


@route("GET", "crm/owners ", "crm.objects.owners.read", stream="owners")
def owners(call: Call) -> Answer:
    """List owners, the archived ones only if asked for."""
    held = [
        one
        for one in call.account.owners.values()
        if one["archived"] == call.flag("archived") and call.text("email") in {"", one.get("email")}
    ]
    found, after = call.pages.after(
        held,
        lambda one: str(one["id"]),
        stream="owners",
        method="list",
        after=call.text("after"),
        size=call.number("limit", 100, 500),
    )
    call.entry["rows"] = len(found)
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return 200, {"results": found, **paging}


@route("GET", "crm/owners {owner}", "crm.objects.owners.read", stream="owners")
def owner(call: Call, owner: str) -> Answer:
    """Return an owner by its id, or by the id of its user."""
    found = call.account.owners.get(owner)
    if found is None or found["archived"] != call.flag("archived"):
        raise not_found()
    return 200, found


@route("GET", "account-info details", "oauth", stream="account")
def account_info(call: Call) -> Answer:
    """Return what the account is."""
    world = call.account.world
    offset = call.account.clock.now().astimezone(ZoneInfo(world.zone)).utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return 200, {
        "portalId": PORTAL,
        "accountType": call.account.options.account_type,
        "timeZone": world.zone,
        "companyCurrency": world.home_currency,
        "additionalCurrencies": _others(call),
        "utcOffset": f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}",
        "utcOffsetMilliseconds": seconds * 1000,
        "uiDomain": "app-eu1.hubspot.com",
        "dataHostingLocation": "eu1",
    }


@route("GET", "account-info api-usage/daily/private-apps", "oauth", stream="account")
def usage(call: Call) -> Answer:
    """Return how much of the day's calls is used."""
    now = call.account.clock.now()
    used = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": call.account.options.day_limit,
        "currentUsage": call.entry["used"],
        "collectedAt": stamp(now),
        "fetchStatus": "SUCCESS",
        "resetsAt": stamp(now.replace(hour=23, minute=59, second=59)),
    }
    return 200, {"results": [used]}


def _others(call: Call) -> list[str]:
    world = call.account.world
    if not call.account.options.currencies:
        return []
    return [one.code for one in world.currencies if one.code != world.home_currency]


@route("GET", "settings/currencies company-currency", *_CURRENCIES, stream="currencies")
def company_currency(call: Call) -> Answer:
    """Return the home currency."""
    return 200, {"currencyCode": call.account.world.home_currency}


@route("GET", "settings/currencies exchange-rates", *_CURRENCIES, stream="currencies")
def rates(call: Call) -> Answer:
    """List the rates, to the home currency, page by page."""
    world = call.account.world
    wanted = call.text("fromCurrencyCode")
    rows = []
    for place, rate in enumerate(world.rates if call.account.options.currencies else (), start=1):
        if wanted in {"", rate.currency}:
            at = stamp(datetime.combine(rate.day, time(), ZoneInfo("UTC")))
            rows.append(
                {
                    "id": str(900_000 + place),
                    "fromCurrencyCode": rate.currency,
                    "toCurrencyCode": world.home_currency,
                    "conversionRate": float(1 / rate.rate),
                    "effectiveAt": at,
                    "createdAt": at,
                    "updatedAt": at,
                    "visibleInUI": True,
                }
            )
    found, after = call.pages.after(
        rows,
        lambda one: str(one["id"]),
        stream="currencies",
        method="list",
        after=call.text("after"),
        size=call.number("limit", 100, 100),
    )
    call.entry["rows"] = len(found)
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return 200, {"results": found, **paging, "total": len(rows)}


@route("GET", "settings/currencies codes", *_CURRENCIES, stream="currencies")
def codes(call: Call) -> Answer:
    """List the currencies in use."""
    world = call.account.world
    return 200, {"results": [{"currencyCode": code} for code in (world.home_currency, *_others(call))]}
