"""Campaigns over the API."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.batch import answer
from closedloop.sandbox.hubspot.campaigns import SIDES, Campaign, number, shown
from closedloop.sandbox.hubspot.errors import invalid, item_error, not_found
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.values import kept
from closedloop.sandbox.hubspot.wire import epoch

if TYPE_CHECKING:
    from datetime import datetime

AREA = "marketing/campaigns"
READ, WRITE = "marketing.campaigns.read", "marketing.campaigns.write"
STREAM = "campaigns"
_BATCH = 50
_ONE = f"{AREA} {{campaign}}"


@route("GET", f"{AREA} ", READ, stream=STREAM)
def listed(call: Call) -> Answer:
    """List campaigns; there is no filter by time, but an order by it."""
    rows = [one for one in call.account.campaigns.by_id.values() if _named(one, call.text("name"))]
    sort = call.text("sort") or "createdAt"
    rows.sort(key=lambda one: one.id)
    rows.sort(key=_order(sort.lstrip("-+")), reverse=sort.startswith("-"))
    start = int(call.text("after") or 0)
    found, after = call.pages.offset(
        rows,
        lambda one: one.id,
        stream=STREAM,
        method="list",
        start=start,
        size=call.number("limit", 50, 100),
    )
    call.entry["rows"] = len(found)
    paging = {"paging": {"next": {"after": after}}} if after else {}
    names = call.words("properties")
    return 200, {"total": len(rows), "results": [one.wire(names) for one in found], **paging}


@route("POST", f"{AREA} ", WRITE, method="write", stream=STREAM)
def created(call: Call) -> Answer:
    """Create a campaign."""
    made = _create(call, call.given())
    return 201, made.wire(made.values)


@route("POST", f"{AREA} batch/create", WRITE, method="write", stream=STREAM)
def created_many(call: Call) -> Answer:
    """Create campaigns."""
    made = [_create(call, one) for one in call.inputs(_BATCH)]
    return answer(call, [one.wire(one.values) for one in made], [], good=201)


@route("POST", f"{AREA} batch/read", READ, method="read", stream=STREAM)
def read_many(call: Call) -> Answer:
    """Return campaigns with their assets."""
    held = call.account.campaigns.by_id
    ids = [str(one.get("id")) for one in call.inputs(_BATCH)]
    names = call.words("properties")
    found = [_with_assets(held[one], names) for one in ids if one in held]
    call.entry["rows"] = len(found)
    missing = [one for one in ids if one not in held]
    message = "Some campaigns do not exist"
    return answer(call, found, [item_error("OBJECT_NOT_FOUND", message, missing)] if missing else [])


@route("POST", f"{AREA} batch/update", WRITE, method="write", stream=STREAM)
def updated_many(call: Call) -> Answer:
    """Change campaigns; a value that is wrong fails the whole batch."""
    inputs = call.inputs(_BATCH)
    checked = [kept(call.account, STREAM, one.get("properties") or {}, call.version) for one in inputs]
    held = call.account.campaigns.by_id
    results = []
    missing = []
    for one, values in zip(inputs, checked, strict=True):
        campaign = held.get(str(one.get("id")))
        if campaign is None:
            missing.append(str(one.get("id")))
            continue
        call.entry.setdefault("ids", []).append(campaign.id)
        change(campaign, values, call.account.clock.now())
        results.append(campaign.wire(values))
    message = "Some campaigns do not exist"
    return answer(call, results, [item_error("OBJECT_NOT_FOUND", message, missing)] if missing else [])


@route("POST", f"{AREA} batch/archive", WRITE, method="write", stream=STREAM)
def archived_many(call: Call) -> Answer:
    """Delete campaigns."""
    for one in call.inputs(_BATCH):
        call.account.campaigns.by_id.pop(str(one.get("id")), None)
    return 204, None


@route("GET", _ONE, READ, method="get", stream=STREAM)
def got(call: Call, campaign: str) -> Answer:
    """Return a campaign with its assets."""
    return 200, _with_assets(call.account.campaigns.get(campaign), call.words("properties"))


@route("PATCH", _ONE, WRITE, method="write", stream=STREAM)
def patched(call: Call, campaign: str) -> Answer:
    """Change a campaign."""
    held = call.account.campaigns.get(campaign)
    values = kept(call.account, STREAM, call.given().get("properties") or {}, call.version)
    call.entry["ids"] = [campaign]
    change(held, values, call.account.clock.now())
    return 200, held.wire(values)


@route("DELETE", _ONE, WRITE, method="write", stream=STREAM)
def deleted(call: Call, campaign: str) -> Answer:
    """Delete a campaign."""
    call.account.campaigns.get(campaign)
    del call.account.campaigns.by_id[campaign]
    return 204, None


@route("GET", f"{_ONE}/budget/totals", READ, stream="campaign_budget")
def totals(call: Call, campaign: str) -> Answer:
    """Return the items of both sides and what they come to."""
    held = call.account.campaigns.get(campaign)
    budget, spend = held.total("budget"), held.total("spend")
    return 200, {
        "currencyCode": held.values.get("hs_currency_code") or call.account.world.home_currency,
        "budgetTotal": number(budget),
        "spendTotal": number(spend),
        "remainingBudget": number(budget - spend),
        "budgetItems": [shown(one) for one in held.items["budget"].values()],
        "spendItems": [shown(one) for one in held.items["spend"].values()],
    }


@route("GET", f"{_ONE}/assets/{{type}}", READ, stream="campaign_assets")
def assets(call: Call, campaign: str, type: str) -> Answer:  # noqa: A002 - named by the path
    """List a campaign's assets of a type."""
    held = call.account.campaigns.get(campaign).assets.get(type, {})
    rows = [{"id": asset, "name": name} for asset, name in sorted(held.items(), key=lambda one: int(one[0]))]
    found, after = call.pages.after(
        rows,
        lambda one: one["id"],
        stream="campaign_assets",
        method="list",
        after=call.text("after"),
        size=call.number("limit", 10, 100),
    )
    call.entry["rows"] = len(found)
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return 200, {"results": found, **paging}


@route("PUT", f"{_ONE}/assets/{{type}}/{{asset}}", WRITE, method="write", stream="campaign_assets")
def add_asset(call: Call, campaign: str, type: str, asset: str) -> Answer:  # noqa: A002 - named by the path
    """Add an asset."""
    held = call.account.campaigns.get(campaign)
    name = call.account.events.get(asset).values["eventName"] if type == "MARKETING_EVENT" else asset
    held.assets.setdefault(type, {})[asset] = name
    return 204, None


@route("DELETE", f"{_ONE}/assets/{{type}}/{{asset}}", WRITE, method="write", stream="campaign_assets")
def remove_asset(call: Call, campaign: str, type: str, asset: str) -> Answer:  # noqa: A002 - named by the path
    """Take an asset away."""
    call.account.campaigns.get(campaign).assets.get(type, {}).pop(asset, None)
    return 204, None


@route("GET", f"{_ONE}/reports/metrics", READ, stream="campaign_reports")
def metrics(call: Call, campaign: str) -> Answer:
    """Return counters of the campaign."""
    call.account.campaigns.get(campaign)
    names = ("sessions", "newContactsFirstTouch", "newContactsLastTouch", "influencedContacts")
    return 200, dict.fromkeys(names, 0)


@route("POST", f"{_ONE}/{{side}}", WRITE, method="write", stream="campaign_budget")
def add_item(call: Call, campaign: str, side: str) -> Answer:
    """Add an item to the budget or to the spending."""
    held, given = call.account.campaigns.get(campaign), call.given()
    if side not in SIDES:
        raise not_found()
    if not given.get("name") or given.get("amount") is None:
        raise invalid("name and amount are required")
    now = call.account.clock.now()
    item = call.account.campaigns.next_item()
    made = held.add(side, item, str(given["name"]), Decimal(str(given["amount"])), now)
    held.updated = now
    return 201, shown(made)


@route("GET", f"{_ONE}/{{side}}/{{item}}", READ, stream="campaign_budget")
def get_item(call: Call, campaign: str, side: str, item: str) -> Answer:
    """Return an item."""
    return 200, shown(_item(call, campaign, side, item))


@route("PUT", f"{_ONE}/{{side}}/{{item}}", WRITE, method="write", stream="campaign_budget")
def put_item(call: Call, campaign: str, side: str, item: str) -> Answer:
    """Change an item."""
    held, given = _item(call, campaign, side, item), call.given()
    now = call.account.clock.now()
    held |= {"name": str(given["name"]), "amount": Decimal(str(given["amount"])), "updatedAt": epoch(now)}
    call.account.campaigns.get(campaign).updated = now
    return 200, shown(held)


@route("DELETE", f"{_ONE}/{{side}}/{{item}}", WRITE, method="write", stream="campaign_budget")
def delete_item(call: Call, campaign: str, side: str, item: str) -> Answer:
    """Delete an item."""
    _item(call, campaign, side, item)
    held = call.account.campaigns.get(campaign)
    del held.items[side][item]
    held.updated = call.account.clock.now()
    return 204, None


def change(campaign: Campaign, values: dict[str, str], now: datetime) -> None:
    """Write properties; empty ones are cleared."""
    for name, value in values.items():
        if value:
            campaign.values[name] = value
        else:
            campaign.values.pop(name, None)
    campaign.updated = now


def _create(call: Call, given: dict[str, Any]) -> Campaign:
    values = kept(call.account, STREAM, given.get("properties") or {}, call.version)
    if not values.get("hs_name"):
        raise invalid("hs_name is required")
    now = call.account.clock.now()
    key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"campaign:{call.entry['number']}:{values['hs_name']}"))
    made = Campaign(id=key, values={}, created=now, updated=now)
    change(made, values, now)
    call.account.campaigns.by_id[key] = made
    return made


def _with_assets(campaign: Campaign, names: list[str]) -> dict[str, Any]:
    listed_ = {
        type_: {"results": [{"id": asset, "name": name} for asset, name in held.items()]}
        for type_, held in campaign.assets.items()
    }
    return {**campaign.wire(names), "assets": listed_}


def _item(call: Call, campaign: str, side: str, item: str) -> dict[str, Any]:
    held = call.account.campaigns.get(campaign)
    if side not in SIDES or item not in held.items[side]:
        raise not_found()
    return held.items[side][item]


def _named(campaign: Campaign, name: str) -> bool:
    return name.lower() in campaign.values.get("hs_name", "").lower()


def _order(name: str) -> Any:
    orders = {
        "hs_name": lambda one: one.values.get("hs_name", ""),
        "name": lambda one: one.values.get("hs_name", ""),
        "createdAt": lambda one: one.created,
        "updatedAt": lambda one: one.updated,
    }
    if name not in orders:
        message = f"sort must be one of {', '.join(orders)}"
        raise invalid(message)
    return orders[name]
