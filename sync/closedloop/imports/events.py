"""Plans the import of a list of events: a new one is created, a known one completed; what differs is told and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError
from closedloop.imports import campaigns, plan, reading
from closedloop.imports.plan import ImportRow
from closedloop.imports.profile import profile_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from closedloop.clock import Clock
    from closedloop.imports.campaigns import Campaign
    from closedloop.imports.plan import ImportPlan
    from closedloop.imports.profile import Shape
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: Heading, in small letters, → what it says of an event.
HEADINGS = {
    "name": "name", "event": "name", "event name": "name", "campaign": "name", "campaign name": "name", "title": "name",
    "code": "code", "event code": "code", "campaign code": "code", "kind": "kind", "type": "kind", "event type": "kind",
    "series": "series", "edition": "edition", "start": "start_date", "start date": "start_date", "date": "start_date",
    "begin": "start_date", "end": "end_date", "end date": "end_date", "budget": "budget", "budgeted cost": "budget",
    "planned cost": "budget", "actual cost": "actual_cost", "cost": "actual_cost", "actual": "actual_cost",
    "expected attendees": "expected_attendees", "expected": "expected_attendees", "attendees": "expected_attendees",
}  # fmt: skip
_MONEY, _DAYS, _COUNTS = {"budget", "actual_cost"}, {"start_date", "end_date"}, {"expected_attendees"}
#: Headings of the name, as the tap is asked for them: a row without a name is nobody's event.
_NAMES = [heading for heading, field in HEADINGS.items() if field == "name"]
_SETTING = "campaign_fields"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What rows are judged by."""

    shape: Shape
    fields: Mapping[str, str]
    known: list[Campaign]
    is_overwriting: bool


def plan_events(
    settings: Settings,
    store: Store,
    operations: Operations,
    file: Path,
    *,
    connection: str,
    clock: Clock,
    overwrite: bool = False,
) -> ImportPlan:
    """Read a list of events, compare it with the CRM's, and store what would be written.

    Args:
        settings: The whole file.
        store: With what was read from the CRM.
        operations: Keeps plans.
        file: The list: name, code, kind, start, end, budget, actual cost, expected attendees.
        connection: The CRM.
        clock: Tells when.
        overwrite: Also write where the CRM says something else.

    Raises:
        ConfigError: There is no such file, or the CRM takes no events.
    """
    profile = profile_of(settings, connection)
    if profile.campaign is None:
        msg = f"events cannot be imported into {settings.connections[connection].connector}"
        raise ConfigError(
            msg, where=f"connections.{connection}", fix="make them there, and run `closedloop sync`"
        )
    own = settings.connections[connection].settings.get(_SETTING)
    ground = _Ground(
        shape=profile.campaign,
        fields={**profile.campaign.fields, **(own if isinstance(own, dict) else {})},
        known=campaigns.known(store, connection),
        is_overwriting=overwrite,
    )
    read = reading.read(settings, file, {"columns": {"company": _NAMES}})
    rows = [
        ImportRow(n=line, action="refused", label="", reason=why, content={}) for line, why in read.refused
    ]
    seen: dict[str, int] = {}
    rows += [_row(row, ground, seen) for row in read.rows]
    made = plan.made(
        clock=clock,
        connection=connection,
        kind="events",
        file=file.name,
        rows=rows,
        summary={"guesses": read.guesses},
    )
    plan.save(operations, made)
    return made


def _row(row: Mapping[str, Any], ground: _Ground, seen: dict[str, int]) -> ImportRow:
    line, label = int(row["line"]), str(row["company"])
    try:
        told = _told(row, ground.fields)
        known = _known(told, ground.known)
    except ConfigError as error:
        return ImportRow(n=line, action="refused", label=label, reason=error.message, content={})
    key = _key(told)
    first = seen.setdefault(known.id if known else key, line)
    if first != line:
        return ImportRow(
            n=line, action="refused", label=label, reason=f"is the event of line {first}", content={}
        )
    if known is None:
        return _new(line, label, key, told, ground)
    return _completed(line, label, known, told, ground)


def _told(row: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": row["company"]}
    for heading, text in (row.get("extra") or {}).items():
        field = HEADINGS.get(" ".join(heading.casefold().replace("_", " ").split()))
        if field is not None and field != "name" and field in fields:
            told[field] = _value(field, text)
    return told


def _value(field: str, text: str) -> str | int:
    try:
        if field in _MONEY:
            return format(_amount(text), "f")
        if field in _COUNTS:
            return int(text.replace(",", "").replace(".", "").replace(" ", ""))
        if field in _DAYS:
            return date.fromisoformat(text[:10]).isoformat()
    except (ValueError, InvalidOperation):
        words = {"start_date": "a day like 2026-04-13", "end_date": "a day like 2026-04-13"}.get(
            field, "a number like 1234.56"
        )
        msg = f"{field} is not {words}"
        raise ConfigError(msg) from None
    return text


def _amount(text: str) -> Decimal:
    """Return an amount of money with a point before the cents; a comma parts thousands, and nothing else."""
    bare = text.replace(" ", "").replace("'", "").lstrip("$€£")
    whole, point, cents = bare.partition(".")
    groups = whole.split(",")
    if any(len(group) != 3 for group in groups[1:]) or "," in cents:  # noqa: PLR2004 (thousands)
        raise InvalidOperation
    return Decimal("".join(groups) + point + cents)


def _known(told: Mapping[str, Any], known: list[Campaign]) -> Campaign | None:
    for name in ("code", "name"):
        text = " ".join(str(told.get(name) or "").casefold().split())
        found = [
            one for one in known if text and text == " ".join(str(one.values[name] or "").casefold().split())
        ]
        if len(found) > 1:
            msg = f"{len(found)} events of the CRM have its {name}"
            raise ConfigError(msg)
        if found:
            return found[0]
    return None


def _key(told: Mapping[str, Any]) -> str:
    text = (
        f"code {told['code']}" if told.get("code") else f"name {told['name']} {told.get('start_date') or ''}"
    )
    return "event-" + sha256(" ".join(text.casefold().split()).encode()).hexdigest()[:24]


def _new(line: int, label: str, key: str, told: Mapping[str, Any], ground: _Ground) -> ImportRow:
    fields = {
        ground.fields[name]: _spelt(name, value, ground)
        for name, value in told.items()
        if name in ground.fields
    }
    if told.get("start_date") and not told.get("end_date") and "end_date" in ground.fields:
        fields[ground.fields["end_date"]] = _spelt("end_date", told["start_date"], ground)
    missing = [name for name in ("start_date",) if ground.shape.fixed and not told.get(name)]
    if missing:
        why = f"the CRM takes no event without a {missing[0].replace('_', ' ')}"
        return ImportRow(n=line, action="refused", label=label, reason=why, content={})
    return ImportRow(
        n=line, action="create", label=label, reason="the CRM does not have this event",
        content={"key": key, "fields": fields},
    )  # fmt: skip


def _spelt(name: str, value: Any, ground: _Ground) -> Any:
    """Return a day as a time where the CRM keeps times of events."""
    if name in _DAYS and ground.shape.fixed:
        return f"{value} {'09:00:00' if name == 'start_date' else '17:00:00'}"
    return value


def _completed(line: int, label: str, known: Campaign, told: Mapping[str, Any], ground: _Ground) -> ImportRow:
    missing: dict[str, Any] = {}
    differing: list[str] = []
    before: dict[str, Any] = {}
    for name, value in told.items():
        held = known.values.get(name)
        if name == "name" or _same(name, held, value):
            continue
        field = ground.fields[name]
        if held is not None and not ground.is_overwriting:
            differing.append(f"{name} is {_shown(held)} there and {value} here")
            continue
        if held is not None:
            differing.append(f"{name} was {_shown(held)}, becomes {value}")
        missing[field], before[field] = _spelt(name, value, ground), None if held is None else _shown(held)
    content = {"object": known.object, "id": known.id, "fields": missing, "before": before}
    why = "; ".join([f"completes {', '.join(sorted(missing))}"] * bool(missing) + differing)
    if missing:
        return ImportRow(n=line, action="complete", label=label, reason=why, content=content)
    if differing:
        return ImportRow(
            n=line,
            action="differs",
            label=label,
            reason=f"kept as it is: {why}; --overwrite writes it",
            content={},
        )
    return ImportRow(n=line, action="there", label=label, reason="the CRM says the same", content={})


def _same(name: str, held: Any, value: Any) -> bool:
    if held is None:
        return False
    if name in _MONEY:
        return Decimal(held) == Decimal(str(value))
    if name == "kind":
        return str(held).replace("_", " ").casefold() == str(value).replace("_", " ").casefold()
    return _shown(held) == str(value)


def _shown(held: Any) -> str:
    return format(held.normalize(), "f") if isinstance(held, Decimal) else str(held)
