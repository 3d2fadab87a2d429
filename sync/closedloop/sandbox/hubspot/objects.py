"""Records of the CRM one by one: list, get, create, change, archive, merge, delete for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import HubError, invalid, not_found
from closedloop.sandbox.hubspot.routes import Answer, Call, route
from closedloop.sandbox.hubspot.values import kept
from closedloop.sandbox.hubspot.wire import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from closedloop.sandbox.hubspot.account import Account
    from closedloop.sandbox.hubspot.links import LinkType
    from closedloop.sandbox.hubspot.records import Record, Table

_MOST, MOST_HISTORY = 100, 50
AREA = "crm/objects"


@route("GET", f"{AREA} {{kind}}", "{objects}.read")
def listed(call: Call, kind: str) -> Answer:
    """List records by ascending id."""
    table = call.account.table(kind)
    histories = call.words("propertiesWithHistory")
    size = call.number("limit", 10, MOST_HISTORY if histories else _MOST)
    rows = table.live(archived=call.flag("archived"))
    found, after = call.pages.after(
        rows,
        lambda row: row.id,
        stream=table.kind.name,
        method="list",
        after=call.text("after"),
        size=size,
    )
    call.entry["rows"] = len(found)
    view = _View(call, table)
    answer: dict[str, Any] = {"results": [view.shown(row) for row in found]}
    if after:
        answer["paging"] = {"next": {"after": after, "link": _link(call, after)}}
    return 200, answer


@route("GET", f"{AREA} {{kind}}/{{record}}", "{objects}.read", method="get")
def got(call: Call, kind: str, record: str) -> Answer:
    """Return one record."""
    table = call.account.table(kind)
    row = named(table, record, call.text("idProperty"), archived=call.flag("archived"))
    return 200, _View(call, table).shown(row)


@route("POST", f"{AREA} {{kind}}", "{objects}.write", method="write")
def created(call: Call, kind: str) -> Answer:
    """Create a record."""
    table = call.account.table(kind)
    row = create(call, table, call.given())
    return 201, table.wire(row, row.values, empty=False)


@route("PATCH", f"{AREA} {{kind}}/{{record}}", "{objects}.write", method="write")
def changed(call: Call, kind: str, record: str) -> Answer:
    """Change a record."""
    table = call.account.table(kind)
    given = call.given().get("properties") or {}
    values = kept(call.account, table.kind.name, given, call.version)
    row = named(table, record, call.text("idProperty"))
    call.entry["ids"] = [row.id]
    change(call, table, row, values)
    return 200, table.wire(row, values, empty=False)


@route("DELETE", f"{AREA} {{kind}}/{{record}}", "{objects}.write", method="write")
def removed(call: Call, kind: str, record: str) -> Answer:
    """Archive a record."""
    table = call.account.table(kind)
    row = table.rows.get(record)
    if row is None:
        raise not_found()
    call.entry["ids"] = [row.id]
    archive(call, table, row)
    return 204, None


@route("POST", f"{AREA} {{kind}}/merge", "{objects}.write", method="write")
def merged(call: Call, kind: str) -> Answer:
    """Merge one record into another, which keeps its own values where it has some."""
    table = call.account.table(kind)
    given = call.given()
    winner = table.get(str(given.get("primaryObjectId", "")))
    loser = table.get(str(given.get("objectIdToMerge", "")))
    if winner is loser:
        raise invalid("A record cannot be merged with itself")
    call.entry["ids"] = [winner.id, loser.id]
    merge(call.account, table, winner, loser)
    return 200, table.wire(winner, table.kind.defaults, empty=False)


@route("POST", f"{AREA} {{kind}}/gdpr-delete", "{objects}.write", method="write")
def forgotten(call: Call, kind: str) -> Answer:
    """Delete a contact for good; nothing of it is left."""
    table = call.account.table(kind)
    given = call.given()
    row = named(table, str(given.get("objectId", "")), str(given.get("idProperty") or ""))
    call.entry["ids"] = [row.id]
    call.account.links.forget(table.kind.name, row.id)
    call.account.events.forget(row.id)
    table.drop(row, call.account.clock.now())
    return 204, None


def named(table: Table, name: str, id_property: str = "", *, archived: bool = False) -> Record:
    """Return a record by its id or by a unique property.

    Raises:
        HubError: There is none.
    """
    if not id_property or id_property == "hs_object_id":
        return table.get(name, archived=archived)
    found = table.find(id_property, name)
    if found is None:
        raise not_found()
    return found


def create(call: Call, table: Table, given: Mapping[str, Any]) -> Record:
    """Make a record as a request asks for it.

    Raises:
        HubError: A value is wrong, or some other record has the e-mail.
    """
    account = call.account
    values = kept(account, table.kind.name, given.get("properties") or {}, call.version)
    account.demand_own_email(table, values)
    links = [
        (end, one)
        for end in given.get("associations") or []
        for one in end.get("types") or []
    ]  # fmt: skip
    now = account.clock.now()
    row = table.new(values, now, now=now)
    row.values |= {"hs_object_source": call.source[0], "hs_object_source_id": call.source[1]}
    account.calculate(table.kind.name, row)
    for end, one in links:
        _associate(call, table, row, str((end.get("to") or {}).get("id", "")), one)
    call.entry.setdefault("ids", []).append(row.id)
    return row


def _associate(call: Call, table: Table, row: Record, end_id: str, given: Mapping[str, Any]) -> None:
    links = call.account.links
    key = (str(given.get("associationCategory")), int(given.get("associationTypeId") or 0))
    kind = links.types.get(key)
    if kind is None or kind.start != table.kind.name:
        message = f"No association type with id {key[1]} exists from {table.kind.name}"
        raise invalid(message)
    call.account.tables[kind.end].get(end_id)
    links.add(row.id, end_id, kind)


def change(call: Call, table: Table, row: Record, values: Mapping[str, str]) -> None:
    """Write values to a record.

    Raises:
        HubError: The record is locked, or some other one has a unique value.
    """
    account = call.account
    now = account.clock.now()
    lock = timedelta(seconds=account.options.lock_seconds)
    if row.written is not None and now - row.written < lock:
        raise HubError(423, "LOCKED", f"The {table.kind.singular} {row.id} is currently locked")
    account.demand_own_email(table, dict(values), row)
    table.write(row, values, now, source=call.source)
    account.calculate(table.kind.name, row)


def archive(call: Call, table: Table, row: Record) -> None:
    """Archive a record and end its links."""
    if row.archived is None:
        table.archive(row, call.account.clock.now())
        call.account.links.forget(table.kind.name, row.id)


def merge(account: Account, table: Table, winner: Record, loser: Record) -> None:
    """Let ``loser`` go up in ``winner``: its id goes on meaning the winner, and no list shows it."""
    now = account.clock.now()
    values = {name: value for name, value in loser.values.items() if name not in winner.values}
    values.pop("email", None)
    gone = [one for one in winner.values.get("hs_merged_object_ids", "").split(";") if one] + [loser.id]
    values["hs_merged_object_ids"] = ";".join(gone)
    if table.kind.name == "contacts":
        values |= _merged_contact(winner, loser, now)
    table.write(winner, values, now, source=("MERGE_OBJECTS", "userId:88842095"))
    account.links.move(table.kind.name, loser.id, winner.id)
    account.events.move(loser.id, winner.id)
    table.merged = {old: winner.id if new == loser.id else new for old, new in table.merged.items()}
    table.merged[loser.id] = winner.id
    table.drop(loser, now)


def _merged_contact(winner: Record, loser: Record, now: datetime) -> dict[str, str]:
    emails = [*winner.values.get("hs_additional_emails", "").split(";"), loser.values.get("email", "")]
    emails += loser.values.get("hs_additional_emails", "").split(";")
    vids = [one for one in winner.values.get("hs_calculated_merged_vids", "").split(";") if one]
    vids.append(f"{loser.id}:{stamp(now)}")
    found = {"hs_calculated_merged_vids": ";".join(vids)}
    if any(emails):
        found["hs_additional_emails"] = ";".join(one for one in emails if one)
    return found


class _View:
    """How a request wants to see records: which properties, which histories, which associations."""

    def __init__(self, call: Call, table: Table) -> None:
        self._account, self._table = call.account, table
        name = table.kind.name
        self._histories = call.account.shown(name, call.words("propertiesWithHistory"))
        asked = call.account.shown(name, call.words("properties") or table.kind.defaults)
        self._names = (*asked, *self._histories)
        self._others = [call.account.table(one).kind.name for one in call.words("associations")]

    def shown(self, row: Record) -> dict[str, Any]:
        """Return a record."""
        found = self._table.wire(row, self._names, self._histories)
        if self._others and row.archived is None and (linked := self._associations(row)):
            found["associations"] = linked
        return found

    def _associations(self, row: Record) -> dict[str, Any]:
        """Only the first page of each."""
        size = self._account.options.association_page
        found: dict[str, Any] = {}
        for other in self._others:
            linked = self._account.links.of(self._table.kind.name, row.id, other)
            pairs = [
                {"id": end, "type": _word(one, self._account)}
                for end, types in linked.items()
                for one in types
            ]
            if not pairs:
                continue
            found[other] = {"results": pairs[:size]}
            if len(pairs) > size:
                found[other]["paging"] = {"next": {"after": pairs[size - 1]["id"]}}
        return found


def _word(kind: LinkType, account: Account) -> str:
    """Name a type of link as ``associations`` in answers do: the primary one has the plain name."""
    start, end = (account.tables[name].kind.singular for name in (kind.start, kind.end))
    plain = f"{start}_to_{end}"
    if kind.label is None:
        others = account.links.between(kind.start, kind.end)
        return f"{plain}_unlabeled" if any(one.label == "Primary" for one in others) else plain
    return plain if kind.label == "Primary" else kind.label.lower().replace(" ", "_")


def _link(call: Call, after: str) -> str:
    return f"https://api.hubapi.com{call.entry['path']}?after={after}"
