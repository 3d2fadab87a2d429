"""Plans the import of a list of people: who is known gets the attendance only, who is new a lead too, who is doubtful waits."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError
from closedloop.imports import campaigns, plan, reading
from closedloop.imports.plan import ImportRow
from closedloop.imports.profile import profile_of
from closedloop.models.parameters import STATUS_RANKS
from closedloop.models.whois import PREFIX, who
from closedloop.writeback.creations import Creations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from closedloop.clock import Clock
    from closedloop.imports.campaigns import Campaign
    from closedloop.imports.plan import ImportPlan
    from closedloop.imports.profile import Profile
    from closedloop.models.whois import Who
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: The CRM's own records of people, the one that stands for the person first, contacts before leads.
_RECORDS = """
select person_key, object, source_id from canonical.person_record where source = ?
order by person_key, key <> person_key, kind <> 'contact', key
"""
#: Who is at the event already, as the CRM says.
_THERE = """
select coalesce(link.person_key, touch.person_key), touch.email, touch.object, touch.source_id, touch.status
from canonical.touch as touch
left join link.link_person as link on link.identity_key = touch.key
where touch.campaign_key = ? and touch.source = ?
order by touch.status_rank
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """An attendance that the CRM has."""

    object: str
    id: str
    status: str


@dataclass(slots=True, kw_only=True)
class _Ground:
    """What rows are judged by."""

    profile: Profile
    campaign: Campaign
    records: Mapping[str, tuple[str, str]]
    there: Mapping[str, _There]
    made: Mapping[str, str]
    found: Mapping[str, Who]
    statuses: Mapping[str, str]


def plan_leads(
    settings: Settings,
    store: Store,
    operations: Operations,
    file: Path,
    *,
    campaign: str,
    connection: str,
    clock: Clock,
    status: str | None = None,
    like: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> ImportPlan:
    """Read a list, find out who is in it, and store what would be created.

    Args:
        settings: The whole file.
        store: With the figures of the last reconcile.
        operations: Keeps plans and what was imported before.
        file: The list.
        campaign: The event: its key, id, code or name.
        connection: The CRM.
        clock: Tells when.
        status: What a row means that does not say so; none: attended.
        like: A connection for lists whose columns, statuses and dates hold here too.
        columns: Field to heading, where the guess is wrong.

    Raises:
        ConfigError: There is no such event or file, or the CRM takes no imports.
    """
    profile = profile_of(settings, connection)
    event = campaigns.named(campaigns.known(store, connection), campaign)
    _insist_on_object(profile, event)
    own: dict[str, Any] = {"event": event.id} | ({"status": status} if status else {})
    read = reading.read(settings, file, own | ({"columns": dict(columns)} if columns else {}), like=like)
    journal = Creations(operations=operations, connection=connection)
    keys = {row["id"]: person_key(row) for row in read.rows}
    standing = journal.standing(profile.person.object, list(keys.values()))
    ground = _Ground(
        profile=profile,
        campaign=event,
        records=_records(store, connection),
        there=_there(store, connection, event),
        made={key: entry.record_id for key, entry in standing.items() if entry.record_id},
        found=who(settings, store, operations, read.rows, campaign_key=event.key),
        statuses=_statuses(settings, connection, profile),
    )
    rows = [
        ImportRow(n=line, action="refused", label="", reason=why, content={}) for line, why in read.refused
    ]
    rows += _once([_row(row, ground) for row in read.rows])
    made = plan.made(
        clock=clock, connection=connection, kind="leads", file=file.name, rows=rows, campaign_key=event.key,
        campaign_id=event.id, summary={"campaign": event.values["name"], "guesses": read.guesses},
    )  # fmt: skip
    plan.save(operations, made)
    return made


def no_longer_new(settings: Settings, store: Store, operations: Operations, made: ImportPlan) -> list[int]:
    """Return the lines of those whom the plan would create although the CRM has them by now, and not from this import.

    Args:
        settings: The whole file.
        store: With the figures of the last reconcile.
        operations: Knows what we imported.
        made: The plan.
    """
    rows = [row for row in made.rows if row.action == "lead"]
    if not rows or not made.campaign_key:
        return []
    told = [{"id": row.content["id"], **row.content["told"]} for row in rows]
    found = who(settings, store, operations, told, campaign_key=made.campaign_key)
    records = _records(store, made.connection)
    journal = Creations(operations=operations, connection=made.connection)
    profile = profile_of(settings, made.connection)
    ours = {
        entry.record_id for entry in journal.of_plan(made.id) if entry.deed.object == profile.person.object
    }
    return [
        row.n
        for row in rows
        if (record := records.get(found[row.content["id"]].person_key or "")) is not None
        and record[1] not in ours
    ]


def person_key(row: Mapping[str, Any]) -> str:
    """Return our key of a person whom a list names: who it is, whatever the file is called."""
    if row.get("email"):
        text = f"email {row['email'].strip().casefold()}"
    else:
        parts = (
            " ".join(str(row.get(name) or "").casefold().split())
            for name in ("name", "company", "phone", "mobile")
        )
        text = "name " + "|".join(parts)
    return "lead-" + sha256(text.encode()).hexdigest()[:24]


def member_key(campaign_id: str, key: str) -> str:
    """Return our key of a person's attendance."""
    return "member-" + sha256(f"{campaign_id} {key}".encode()).hexdigest()[:24]


def _row(row: Mapping[str, Any], ground: _Ground) -> ImportRow:
    label = str(row.get("email") or row.get("name") or row.get("company") or row.get("phone") or row["id"])
    content = _content(row, ground)
    known = ground.found[row["id"]]
    record = ground.records.get(known.person_key or "")
    if record is None and content["person_key"] in ground.made:
        record = (ground.profile.person.object, ground.made[content["person_key"]])
    why = _unusable(row, ground)
    if why:
        return _as(row, "refused", label, why, content)
    if record is None and known.candidates and known.person_key is None:
        keys = [key for key, _ in known.candidates]
        return _as(row, "review", label, _doubt(row, known), {**content, "candidates": keys})
    there = ground.there.get(known.person_key or "") or ground.there.get(
        f"mail {(row.get('email') or '').casefold()}"
    )
    if there is not None:
        return _at_event(
            row, label, there, content if record is None else {**content, "person": list(record)}
        )
    if record is not None:
        why = known.evidence or "we imported this person before"
        return _as(row, "member", label, why, {**content, "record": list(record)})
    if not _can_be_made(row, ground.profile):
        return _as(row, "refused", label, "the CRM takes nobody without an e-mail address", content)
    return _as(row, "lead", label, "the CRM does not have this person", content)


def _content(row: Mapping[str, Any], ground: _Ground) -> dict[str, Any]:
    key = person_key(row)
    told = {
        name: row.get(name)
        for name in ("name", "first_name", "last_name", "email", "company", "title", "phone", "mobile")
    }
    if not told["phone"]:
        told["phone"] = told["mobile"]
    return {
        "id": row["id"],
        "told": {name: value for name, value in told.items() if value},
        "person_key": key,
        "member_key": member_key(ground.campaign.id, key),
        "status": ground.statuses.get(row["status"]),
        "at": row.get("occurred_at")
        or (f"{row['occurred_on']}T12:00:00Z" if row.get("occurred_on") else None),
        "rank": STATUS_RANKS[row["status"]],
    }


def _unusable(row: Mapping[str, Any], ground: _Ground) -> str:
    """Return why a row cannot be imported to this event; nothing if it can."""
    if row["event"] != ground.campaign.id and _plain(row["event"]) not in ground.campaign.names:
        return "the list says that it is of another event"
    return "" if row["status"] in ground.statuses else f"the CRM has no word for {row['status']}"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _at_event(row: Mapping[str, Any], label: str, there: _There, content: dict[str, Any]) -> ImportRow:
    if content["rank"] <= STATUS_RANKS[there.status]:
        return _as(row, "there", label, f"is at the event already: {there.status}", content)
    why = f"is at the event as {there.status}"
    return _as(row, "status", label, why, {**content, "member": [there.object, there.id]})


def _as(
    row: Mapping[str, Any], action: plan.Action, label: str, why: str, content: Mapping[str, Any]
) -> ImportRow:
    return ImportRow(n=int(row["line"]), action=action, label=label, reason=why, content=content)


def _doubt(row: Mapping[str, Any], known: Who) -> str:
    offers = "; ".join(f"{key}: {why}" for key, why in known.candidates[:3])
    return f"may be {offers}. Say who it is: --same {row['line']}=KEY, or --new {row['line']} ({PREFIX}{row['id']})"


def _once(rows: Sequence[ImportRow]) -> list[ImportRow]:
    """One attendance a person: the highest status counts, and the other rows say whose twin they are."""
    best: dict[str, ImportRow] = {}
    for row in rows:
        if row.action in plan.WRITES:
            who_it_is = _whom(row)
            held = best.get(who_it_is)
            if held is None or row.content["rank"] > held.content["rank"]:
                best[who_it_is] = row
    chosen = {row.n for row in best.values()}
    return [
        row
        if row.action not in plan.WRITES or row.n in chosen
        else _as(
            {"line": row.n}, "there", row.label, f"is the person of line {best[_whom(row)].n}", row.content
        )
        for row in rows
    ]


def _whom(row: ImportRow) -> str:
    record = row.content.get("record") or row.content.get("member")
    return "/".join(record) if record else str(row.content["person_key"])


def _can_be_made(row: Mapping[str, Any], profile: Profile) -> bool:
    return profile.person.by != "email" or bool(row.get("email"))


def _records(store: Store, connection: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for person, kind, key in store.query(_RECORDS, [connection]):
        found.setdefault(person, (kind, key))
    return found


def _there(store: Store, connection: str, event: Campaign) -> dict[str, _There]:
    """Return the attendances of an event by person, and by e-mail address where nobody is known; the highest status counts."""
    found: dict[str, _There] = {}
    for person, email, kind, key, status in store.query(_THERE, [event.key, connection]):
        one = _There(object=kind, id=key, status=status)
        for name in (person, f"mail {email.casefold()}" if email else None):
            if name:
                found[name] = one
    return found


def _statuses(settings: Settings, connection: str, profile: Profile) -> dict[str, str]:
    """Return our statuses in the CRM's words: those that the connection's settings map, then the usual ones."""
    own = settings.connections[connection].settings.get("member_statuses")
    everywhere = own.get("*") if isinstance(own, dict) else None
    said = (
        {status: label for label, status in (everywhere or {}).items()}
        if isinstance(everywhere, dict)
        else {}
    )
    return {**profile.member.statuses, **said}


def _insist_on_object(profile: Profile, event: Campaign) -> None:
    if event.object != profile.member.of:
        msg = f"nobody can be imported to a record of {event.object}"
        raise ConfigError(msg, where="--campaign", fix=f"name a record of {profile.member.of}")
