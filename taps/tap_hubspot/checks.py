"""What `--check` finds: the credential, each scope, each property that is mapped or written, the calls left today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Check
from tap_hubspot.catalog import ASSOCIATIONS, OBJECTS, STREAMS
from tap_hubspot.marketing import touch_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_hubspot.client import Hubspot
    from tap_hubspot.tap import TapHubspot

_STATES = ("REGISTERED", "ATTENDED", "NO_SHOW", "CANCELLED", "EMPTY")
_ONE = {"limit": "1"}


def checks(tap: TapHubspot) -> Iterator[Check]:
    """Yield one line for each thing that an admin must grant."""
    account = tap.hubspot.account()
    kind = str(account.get("accountType") or "").lower().replace("_", " ")
    yield Check(name="login", ok=True, message=f"account {account.get('portalId')}, {kind}")
    wanted = tap.wanted()
    for name in sorted(wanted - STREAMS.keys()):
        yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")
    yield from _scopes(tap, wanted)
    yield from _properties(tap)
    yield _statuses(tap)
    yield from _quota(tap)


def _scopes(tap: TapHubspot, wanted: set[str]) -> Iterator[Check]:
    """Yield one check a scope; streams that share it are asked for once."""
    seen: set[str] = set()
    for name, source in STREAMS.items():
        chosen = name in wanted if wanted else source.default
        if not chosen or name in ASSOCIATIONS or source.scope in seen or source.scope == "oauth":
            continue
        seen.add(source.scope)
        try:
            _probe(tap.hubspot, name)()
        except StreamError as error:
            yield Check(
                name=f"permission:{source.scope}",
                ok=False,
                message=f"{name}: {error.message}",
                fix=error.fix,
                required=not source.optional,
            )
        else:
            yield Check(
                name=f"permission:{source.scope}",
                ok=True,
                message=f"{name} can be read",
                required=not source.optional,
            )


def _probe(hubspot: Hubspot, name: str) -> Callable[[], object]:
    """Return the cheapest question that needs the scope of a stream."""
    paths, scope = hubspot.paths, STREAMS[name].scope
    if name in OBJECTS:
        return lambda: hubspot.get(paths.objects(name), _ONE, scope=scope)
    if name == "lists":
        body = {
            "query": "",
            "count": 1,
            "offset": 0,
            "processingTypes": [],
            "listIds": [],
            "additionalProperties": [],
        }
        return lambda: hubspot.post(f"{paths.lists}/search", body, scope=scope)
    by_name = {
        "owners": paths.owners,
        "company_currency": f"{paths.currencies}/company-currency",
        "exchange_rates": f"{paths.currencies}/exchange-rates",
        "campaigns": paths.campaigns,
        "marketing_events": paths.marketing_events,
        "forms": paths.forms,
    }
    path = by_name.get(name, paths.account)
    return lambda: hubspot.get(path, None if path == paths.account else _ONE, scope=scope)


def missing_properties(tap: TapHubspot, name: str) -> list[tuple[str, str, str]]:
    """Return setting, column and name of each property that the admin maps and an object does not have."""
    setting = STREAMS[name].mapping
    own = tap.mapping(setting)
    if not own or setting is None:
        return []
    there = _names(tap.hubspot, name)
    return [(setting, column, source) for column, source in own.items() if source not in there]


def _names(hubspot: Hubspot, name: str) -> set[str]:
    page = hubspot.page(hubspot.paths.properties(name), scope=STREAMS[name].scope)
    return {str(row.get("name")) for row in page.rows}


def _properties(tap: TapHubspot) -> Iterator[Check]:
    for name in OBJECTS:
        setting = STREAMS[name].mapping
        own, written = tap.mapping(setting), tap.written(name)
        if not own and not written:
            continue
        try:
            there = _names(tap.hubspot, name)
        except StreamError as error:
            yield Check(name=f"field:{name}", ok=False, message=error.message, fix=error.fix)
            continue
        for column, source in own.items():
            yield _property(name, source, f"{setting}.{column} reads {source}", exists=source in there)
        for source in written:
            yield _property(name, source, "exists", exists=source in there, written=True)


def _property(name: str, source: str, message: str, *, exists: bool, written: bool = False) -> Check:
    fix = (
        "closedloop provision creates it"
        if written
        else "correct the property's name, or create it in HubSpot"
    )
    return Check(
        name=f"field:{name}.{source}",
        ok=exists,
        message=message if exists else f"{name} have no property {source}",
        fix=None if exists else fix,
        required=not written,
    )


def _statuses(tap: TapHubspot) -> Check:
    setting = tap.config.get("member_statuses")
    found = {state: touch_status(setting, None, state) for state in _STATES}
    return Check(
        name="statuses",
        ok=True,
        message=", ".join(f"{state}: {status}" for state, status in found.items()),
        required=False,
    )


def _quota(tap: TapHubspot) -> Iterator[Check]:
    left, reserve = tap.hubspot.day_left, tap.hubspot.day_reserve
    if left is None:
        return
    yield Check(
        name="quota",
        ok=left > reserve,
        message=f"{left} calls left today",
        fix=None if left > reserve else "wait for the account's next day, or lower day_reserve",
        required=False,
    )
