"""What `--check` looks at: one line for each thing that an administrator must grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Check
from tap_salesforce import soql
from tap_salesforce.catalog import ENTITIES
from tap_salesforce.streams import SalesforceStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_salesforce.tap import TapSalesforce

_READ = "give the user's permission set 'Read Access' to it"


def checks(tap: TapSalesforce) -> Iterator[Check]:
    """Yield what is as it should be, and what is not."""
    yield _login(tap)
    yield Check(name="permission:API Enabled", ok=True, message="the user may use the API")
    wanted = tap.wanted()
    for name in sorted(wanted - ENTITIES.keys()):
        yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")
    for name in ENTITIES:
        if not wanted or name in wanted:
            yield from _object(tap, name)
    for name in sorted((tap.config.get("extra_fields") or {}).keys() - ENTITIES.keys()):
        yield Check(name=f"field:{name}", ok=False, message="no such object here", fix="correct extra_fields")
    if not wanted or "CampaignMemberStatus" in wanted:
        yield from _statuses(tap)
    yield from _quota(tap)


def _login(tap: TapSalesforce) -> Check:
    query = soql.select(["Id", "Name", "IsSandbox"], "Organization", limit=1)
    rows = tap.salesforce.query(query, entity="Organization").rows
    row = rows[0] if rows else {}
    kind = "sandbox" if row.get("IsSandbox") else "production"
    return Check(name="login", ok=True, message=f"{row.get('Name') or 'the org'}, {kind}")


def _object(tap: TapSalesforce, name: str) -> Iterator[Check]:
    entity, stream = ENTITIES[name], tap.streams[name]
    is_required = not entity.optional
    if not isinstance(stream, SalesforceStream):
        return
    fault = stream.fault
    if fault is None:
        try:
            count = stream.count()
        except StreamError as error:
            fault = error
    if fault is not None:
        message = fault.message if is_required else f"left out: {entity.why_absent}"
        yield Check(name=f"permission:{name}", ok=False, message=message, fix=fault.fix, required=is_required)
        return
    message = f"{count} records" if count else "readable, but there are no records yet"
    yield Check(name=f"permission:{name}", ok=True, message=message, required=is_required)
    yield from _fields(tap, name)


def _fields(tap: TapSalesforce, name: str) -> Iterator[Check]:
    found = tap.descriptions.of(name)
    setting = ENTITIES[name].mapping
    own = tap.own_mapping(setting) if setting else {}
    for column, source in tap.mapping(name).items():
        is_there, is_own = found.has(source), column in own
        message = f"{setting}.{column} reads {source}"
        if not is_there:
            message = f"{setting}.{column}: {name} has no field {source}, or does not show it to this user"
        fix = None if is_there else f"correct the field's name, create the field, or {_READ}"
        yield Check(name=f"field:{name}.{source}", ok=is_there, message=message, fix=fix, required=is_own)
    for source in tap.further(name):
        yield Check(
            name=f"field:{name}.{source}",
            ok=found.has(source),
            message="readable" if found.has(source) else "not there, or not shown to this user",
            fix=None if found.has(source) else f"correct extra_fields, or {_READ}",
        )
    for source in tap.written(name):
        yield _written(name, source, is_there=found.has(source))
    try:
        tap.check_own_fields(name)
    except ConfigError as error:
        if "occurred_at" in error.message:
            yield Check(
                name=f"field:{name}.{own.get('occurred_at')}", ok=False, message=error.message, fix=error.fix
            )


def _written(name: str, source: str, *, is_there: bool) -> Check:
    message = "readable" if is_there else f"{name} has no field {source} yet, or does not show it"
    fix = None if is_there else f"closedloop provision creates it; otherwise {_READ}"
    return Check(name=f"field:{name}.{source}", ok=is_there, message=message, fix=fix, required=False)


def _statuses(tap: TapSalesforce) -> Iterator[Check]:
    """Yield the labels of members' statuses that nobody mapped: the first two thousand are enough to tell."""
    query = soql.select(["Label"], "CampaignMemberStatus")
    try:
        rows = tap.salesforce.query(query, entity="CampaignMemberStatus").rows
    except StreamError:
        return  # its permission is a line of its own
    labels = sorted({str(row.get("Label") or "") for row in rows} - {""})
    strange = [label for label in labels if not tap.statuses.is_mapped(label)]
    message = f"{len(labels)} labels, all mapped"
    if strange:
        shown = ", ".join(strange[:10]) + (" and more" if len(strange) > 10 else "")  # noqa: PLR2004
        message = f"not mapped, so responded or invited by Salesforce's own flag: {shown}"
    yield Check(
        name="statuses",
        ok=not strange,
        message=message,
        fix="map them in member_statuses" if strange else None,
        required=False,
    )


def _quota(tap: TapSalesforce) -> Iterator[Check]:
    left, reserve = tap.salesforce.left, tap.salesforce.day_reserve
    if left is None:
        return
    is_enough = left > reserve
    yield Check(
        name="quota",
        ok=is_enough,
        message=f"{left} of {tap.salesforce.allowed} calls left today",
        fix=None if is_enough else "wait, buy calls, or lower day_reserve",
        required=False,
    )
