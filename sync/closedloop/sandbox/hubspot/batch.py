"""Records of the CRM a hundred at a time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot import objects
from closedloop.sandbox.hubspot.errors import HubError, invalid, item_error, not_found
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.values import kept
from closedloop.sandbox.hubspot.wire import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.sandbox.hubspot.records import Record, Table

MOST = 100
_WAY = f"{objects.AREA} {{kind}}/batch"


@route("POST", f"{_WAY}/read", "{objects}.read", method="read")
def read(call: Call, kind: str) -> Answer:
    """Return records by id or by a unique property."""
    table = call.account.table(kind)
    given = call.given()
    histories = call.account.shown(table.kind.name, given.get("propertiesWithHistory") or [])
    names = call.account.shown(table.kind.name, given.get("properties") or table.kind.defaults)
    archived = call.flag("archived")
    id_property = given.get("idProperty") or ""
    found: dict[str, Record] = {}
    missing: list[str] = []
    for one in call.inputs(objects.MOST_HISTORY if histories else MOST):
        wanted = str(one.get("id", ""))
        try:
            row = objects.named(table, wanted, id_property, archived=archived)
        except HubError:
            missing.append(wanted)
        else:
            found[row.id] = row
    rows = call.pages.read([*found.values()], lambda row: row.id, stream=table.kind.name)
    call.entry |= {"rows": len(rows), "ids": [*found]}
    results = [table.wire(row, [*names, *histories], histories) for row in rows]
    return answer(call, results, _missing(table, missing))


@route("POST", f"{_WAY}/create", "{objects}.write", method="write")
def create(call: Call, kind: str) -> Answer:
    """Create records: all of them or none where a value is wrong or an e-mail is taken."""
    table = call.account.table(kind)
    inputs = call.inputs(MOST)
    emails: set[str] = set()
    for one in inputs:
        values = kept(call.account, table.kind.name, one.get("properties") or {}, call.version)
        call.account.demand_own_email(table, values)
        if (email := values.get("email", "")) and email in emails:
            message = f"Duplicate email in the batch: {email}"
            raise invalid(message)
        emails.add(email)
    made = [objects.create(call, table, one) for one in inputs]
    results = [
        _traced(table.wire(row, row.values, empty=False), one) for row, one in zip(made, inputs, strict=True)
    ]
    return answer(call, results, [], good=201)


@route("POST", f"{_WAY}/update", "{objects}.write", method="write")
def update(call: Call, kind: str) -> Answer:
    """Change records; a wrong value or the same record twice fails the whole batch, a missing record only itself."""
    table = call.account.table(kind)
    inputs = call.inputs(MOST)
    checked = [
        kept(call.account, table.kind.name, one.get("properties") or {}, call.version) for one in inputs
    ]
    _demand_once(inputs)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    missing: list[str] = []
    ids = call.entry.setdefault("ids", [])
    for one, values in zip(inputs, checked, strict=True):
        wanted = str(one.get("id", ""))
        try:
            row = objects.named(table, wanted, one.get("idProperty") or "")
            objects.change(call, table, row, values)
        except HubError as error:
            if error.status == not_found().status:
                missing.append(wanted)
            else:
                errors.append(item_error(error.category, error.message, [wanted]))
            continue
        ids.append(row.id)
        results.append(_traced(table.wire(row, values, empty=False), one))
    return answer(call, results, [*_missing(table, missing), *errors])


@route("POST", f"{_WAY}/upsert", "{objects}.write", method="write")
def upsert(call: Call, kind: str) -> Answer:
    """Change the records that have the value of a unique property, and create the others."""
    table = call.account.table(kind)
    inputs = call.inputs(MOST)
    name = _unique(call, table, inputs)
    checked = [
        kept(call.account, table.kind.name, one.get("properties") or {}, call.version) for one in inputs
    ]
    _demand_once(inputs)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for one, values in zip(inputs, checked, strict=True):
        wanted = str(one["id"])
        row = table.find(name, wanted)
        is_new = row is None
        try:
            if row is None:
                given = {**(one.get("properties") or {}), name: wanted}
                row = objects.create(call, table, {"properties": given})
            else:
                objects.change(call, table, row, values)
                call.entry.setdefault("ids", []).append(row.id)
        except HubError as error:
            errors.append(item_error(error.category, error.message, [wanted]))
            continue
        wire = table.wire(row, {**values, name: wanted}, empty=False)
        results.append(_traced({**wire, "new": is_new}, one))
    return answer(call, results, errors)


@route("POST", f"{_WAY}/archive", "{objects}.write", method="write")
def archive(call: Call, kind: str) -> Answer:
    """Archive records; ids that are not there are passed over."""
    table = call.account.table(kind)
    for one in call.inputs(MOST):
        row = table.rows.get(str(one.get("id", "")))
        if row is not None:
            call.entry.setdefault("ids", []).append(row.id)
            objects.archive(call, table, row)
    return 204, None


def answer(
    call: Call, results: Sequence[dict[str, Any]], errors: Sequence[dict[str, Any]], *, good: int = 200
) -> Answer:
    """Return the answer to a batch: its results in any order, with the errors of single inputs."""
    shown = [*results]
    if call.account.options.shuffles:
        random.Random(call.entry["number"]).shuffle(shown)  # noqa: S311 - a simulator must be repeatable
    now = stamp(call.account.clock.now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": shown, "startedAt": now, "completedAt": now}
    if not errors:
        return good, body
    body |= {"numErrors": len(errors), "errors": [*errors]}
    return 207 if call.version in call.account.options.partial_207 else good, body


def _missing(table: Table, ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    message = (
        f"Could not get some {table.kind.singular.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return [item_error("OBJECT_NOT_FOUND", message, ids)]


def _traced(found: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    trace = given.get("objectWriteTraceId")
    return {**found, "objectWriteTraceId": trace} if trace else found


def _demand_once(inputs: list[dict[str, Any]]) -> None:
    ids = [str(one.get("id", "")) for one in inputs]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        message = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise invalid(message)


def _unique(call: Call, table: Table, inputs: list[dict[str, Any]]) -> str:
    names = {str(one.get("idProperty") or "") for one in inputs}
    if len(names) != 1 or any("id" not in one for one in inputs):
        raise invalid("Every input of an upsert needs an id and the same idProperty")
    name = names.pop()
    definition = call.account.properties.live(table.kind.name).get(name)
    if definition is None or not definition["hasUniqueValue"]:
        message = f"Property {name or 'hs_object_id'} is not a unique property of {table.kind.name}"
        raise invalid(message)
    return name
