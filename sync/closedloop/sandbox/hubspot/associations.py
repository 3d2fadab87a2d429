"""Associations over the API: v4 and dated; v3's batch as the recordings have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.batch import answer
from closedloop.sandbox.hubspot.errors import HubError, invalid, item_error
from closedloop.sandbox.hubspot.routes import Answer, Call, route

if TYPE_CHECKING:
    from closedloop.sandbox.hubspot.links import LinkType

AREA = "crm/associations"
_PAIR = f"{AREA} {{kind}}/{{other}}"
_ONE = "crm/objects {kind}/{record}/associations/{other}"
_READ, _WRITE = 1_000, 2_000
_STREAM = "associations"


@route("POST", f"{_PAIR}/batch/read", "{objects}.read", method="associations", stream=_STREAM)
def read(call: Call, kind: str, other: str) -> Answer:
    """Return what records are linked to, page by page of each; records without links are errors."""
    start, end = _ends(call, kind, other)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for one in call.inputs(_READ):
        wanted = str(one.get("id", ""))
        linked = call.account.links.of(start, wanted, end)
        if not linked:
            message = f"No {end} is associated with {start} {wanted}."
            errors.append(
                item_error(
                    "OBJECT_NOT_FOUND", message, [wanted], sub="crm.associations.NO_ASSOCIATIONS_FOUND"
                )
                | {"context": {"fromObjectId": [wanted], "fromObjectType": [start], "toObjectType": [end]}}
            )
            continue
        results.append(_page(call, wanted, linked, str(one.get("after") or "")))
    faulty, _ = call.pages.offset(
        results,
        lambda row: row["from"]["id"],
        stream=f"{start}_{end}",
        method="associations",
        start=0,
        size=max(1, len(results)),
    )
    call.entry["rows"] = sum(len(row["to"]) for row in faulty)
    if call.version == "v3":
        return answer(call, [_old(call, row, start, end) for row in faulty], errors)
    return answer(call, faulty, errors)


def _page(call: Call, record: str, linked: dict[str, list[LinkType]], after: str) -> dict[str, Any]:
    size = call.account.options.association_page
    left = [end for end in linked if not after.isdigit() or int(end) > int(after)]
    found: dict[str, Any] = {
        "from": {"id": record},
        "to": [
            {"toObjectId": _number(call, end), "associationTypes": [one.wire() for one in linked[end]]}
            for end in left[:size]
        ],
    }
    if len(left) > size:
        found["paging"] = {"next": {"after": left[size - 1]}}
    return found


def _number(call: Call, record: str) -> int | str:
    """Ids in answers are numbers in v4 and texts since 2026."""
    return int(record) if call.version == "v4" else record


def _old(call: Call, row: dict[str, Any], start: str, end: str) -> dict[str, Any]:
    word = _pair(call, start, end)
    return {"from": row["from"], "to": [{"id": str(one["toObjectId"]), "type": word} for one in row["to"]]}


@route("POST", f"{_PAIR}/batch/create", "{objects}.write", method="write", stream=_STREAM)
def create(call: Call, kind: str, other: str) -> Answer:
    """Link records."""
    start, end = _ends(call, kind, other)
    links = call.account.links
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for one in call.inputs(_WRITE):
        left, right = str(one["from"]["id"]), str(one["to"]["id"])
        kinds = [links.default(start, end)] if call.version == "v3" else _types(call, start, end, one)
        try:
            _demand(call, start, left, end, right)
        except HubError as error:
            errors.append(item_error(error.category, error.message, [left, right]))
            continue
        for found in kinds:
            links.add(left, right, found)
        if call.version == "v3":
            back, there = _pair(call, end, start), _pair(call, start, end)
            results += [
                {"from": {"id": right}, "to": {"id": left}, "type": back},
                {"from": {"id": left}, "to": {"id": right}, "type": there},
            ]
        else:
            results.append(_between(call, start, left, end, right))
    return answer(call, results, errors, good=201)


@route("POST", f"{_PAIR}/batch/associate/default", "{objects}.write", method="write", stream=_STREAM)
def associate(call: Call, kind: str, other: str) -> Answer:
    """Link records by the unlabelled type."""
    start, end = _ends(call, kind, other)
    links = call.account.links
    results: list[dict[str, Any]] = []
    for one in call.inputs(_WRITE):
        left, right = str(one["from"]["id"]), str(one["to"]["id"])
        _demand(call, start, left, end, right)
        plain = links.default(start, end)
        links.add(left, right, plain)
        results += _defaults(left, right, plain)
    return answer(call, results, [])


@route("POST", f"{_PAIR}/batch/archive", "{objects}.write", method="write", stream=_STREAM)
def archive(call: Call, kind: str, other: str) -> Answer:
    """End every link between records."""
    start, end = _ends(call, kind, other)
    for one in call.inputs(_WRITE):
        targets = one["to"] if isinstance(one["to"], list) else [one["to"]]
        for target in targets:
            call.account.links.remove(start, str(one["from"]["id"]), end, str(target["id"]))
    return _emptied(call)


@route("POST", f"{_PAIR}/batch/labels/archive", "{objects}.write", method="write", stream=_STREAM)
def unlabel(call: Call, kind: str, other: str) -> Answer:
    """End links of single types."""
    start, end = _ends(call, kind, other)
    for one in call.inputs(_WRITE):
        for found in _types(call, start, end, one):
            call.account.links.remove_label(str(one["from"]["id"]), str(one["to"]["id"]), found)
    return _emptied(call)


@route("GET", f"{_PAIR}/labels", "{objects}.read", stream="association_labels")
def labels(call: Call, kind: str, other: str) -> Answer:
    """Return the types of link between two objects."""
    start, end = _ends(call, kind, other)
    return 200, {"results": [one.wire() for one in call.account.links.between(start, end)]}


@route("POST", f"{_PAIR}/labels", "{objects}.write", method="write", stream="association_labels")
def label(call: Call, kind: str, other: str) -> Answer:
    """Make a label."""
    start, end = _ends(call, kind, other)
    given = call.given()
    made = call.account.links.define(start, end, str(given["label"]), given.get("inverseLabel"))
    return 200, {"results": [one.wire() for one in made]}


@route("GET", _ONE, "{objects}.read", method="associations", stream=_STREAM)
def of_one(call: Call, kind: str, record: str, other: str) -> Answer:
    """Return what one record is linked to. 2026-09 has no such call any more."""
    if call.version == "2026-09":
        raise HubError(404, "OBJECT_NOT_FOUND", "resource not found")
    start, end = _ends(call, kind, other)
    call.account.tables[start].get(record)
    linked = call.account.links.of(start, record, end)
    size = call.number("limit", 500, 500)
    after = call.text("after")
    left = [one for one in linked if not after.isdigit() or int(one) > int(after)]
    answered: dict[str, Any] = {"results": [_linked(call, one, linked[one]) for one in left[:size]]}
    if len(left) > size:
        answered["paging"] = {"next": {"after": left[size - 1]}}
    return 200, answered


@route("PUT", f"{_ONE}/{{target}}", "{objects}.write", method="write", stream=_STREAM)
def put(call: Call, kind: str, record: str, other: str, target: str) -> Answer:
    """Link two records by types."""
    start, end = _ends(call, kind, other)
    _demand(call, start, record, end, target)
    if not isinstance(call.body, list):
        raise invalid("Invalid input JSON: a list of types is expected")
    for found in _types(call, start, end, {"types": call.body}):
        call.account.links.add(record, target, found)
    return 201, _between(call, start, record, end, target)


@route(
    "PUT",
    "crm/objects {kind}/{record}/associations/default/{other}/{target}",
    "{objects}.write",
    method="write",
    stream=_STREAM,
)
def put_default(call: Call, kind: str, record: str, other: str, target: str) -> Answer:
    """Link two records by the unlabelled type."""
    start, end = _ends(call, kind, other)
    _demand(call, start, record, end, target)
    plain = call.account.links.default(start, end)
    call.account.links.add(record, target, plain)
    return answer(call, _defaults(record, target, plain), [])


@route("DELETE", f"{_ONE}/{{target}}", "{objects}.write", method="write", stream=_STREAM)
def delete(call: Call, kind: str, record: str, other: str, target: str) -> Answer:
    """End every link between two records."""
    start, end = _ends(call, kind, other)
    call.account.links.remove(start, record, end, target)
    return 204, None


def _linked(call: Call, record: str, kinds: list[LinkType]) -> dict[str, Any]:
    if call.version == "v3":
        return {"id": record, "type": _pair(call, kinds[0].start, kinds[0].end)}
    return {"toObjectId": _number(call, record), "associationTypes": [kind.wire() for kind in kinds]}


def _ends(call: Call, kind: str, other: str) -> tuple[str, str]:
    return call.account.table(kind).kind.name, call.account.table(other).kind.name


def _demand(call: Call, start: str, left: str, end: str, right: str) -> None:
    call.account.tables[start].get(left)
    call.account.tables[end].get(right)


def _types(call: Call, start: str, end: str, given: dict[str, Any]) -> list[LinkType]:
    return [
        call.account.links.type(start, end, str(one["associationCategory"]), int(one["associationTypeId"]))
        for one in given.get("types") or []
    ]


def _between(call: Call, start: str, left: str, end: str, right: str) -> dict[str, Any]:
    types = call.account.links.of(start, left, end).get(right, [])
    return {
        "fromObjectTypeId": call.account.tables[start].kind.type_id,
        "fromObjectId": _number(call, left),
        "toObjectTypeId": call.account.tables[end].kind.type_id,
        "toObjectId": _number(call, right),
        "labels": [one.label for one in types if one.label],
    }


def _defaults(left: str, right: str, plain: LinkType) -> list[dict[str, Any]]:
    def side(one: str, other: str, number: int) -> dict[str, Any]:
        spec = {"associationCategory": plain.category, "associationTypeId": number}
        return {"from": {"id": one}, "to": {"id": other}, "associationSpec": spec}

    return [side(left, right, plain.number), side(right, left, plain.back)]


def _emptied(call: Call) -> Answer:
    """v3 and v4 answer nothing, the dated versions an empty batch."""
    return (204, None) if call.version.startswith("v") else answer(call, [], [])


def _pair(call: Call, start: str, end: str) -> str:
    left, right = (call.account.tables[name].kind.singular for name in (start, end))
    return f"{left}_to_{right}"
