"""`--check`: the credential, every scope by itself, and the properties.

A scope is tried by a call that it opens and that changes nothing: a batch of no records. HubSpot looks at the scopes
before it looks at the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import BudgetError, ClosedloopError, ConfigError
from closedloop.kit.policy import AccessError, MissingObjectError, RecordError
from closedloop.kit.stream import Check
from tap_hubspot.faults import body_of
from target_hubspot.catalog import OBJECTS
from target_hubspot.columns import KINDS
from target_hubspot.portal import GarbledReplyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_hubspot.catalog import Written
    from target_hubspot.portal import Portal

#: Objects that figures go to, where the settings do not say.
_USUAL = ("marketing_events", "companies")
#: Not every account has campaigns; figures go to those without an event only.
_SPARE = frozenset({"campaigns"})
_NOTHING: Mapping[str, object] = {"inputs": []}
_LEFT = "X-HubSpot-RateLimit-Daily-Remaining"


def checks(portal: Portal, checked: Mapping[str, Sequence[str]]) -> Iterator[Check]:
    """Yield a line for the credential, what is left of the day, each scope and each property."""
    try:
        reply = portal.account()
    except (BudgetError, ConfigError, AccessError) as error:
        yield Check(name="login", ok=False, message=error.message, fix=error.fix)
        return
    found = body_of(reply)
    yield Check(name="login", ok=True, message=_greeting(found))
    left = reply.headers.get(_LEFT)
    if left is not None:
        yield Check(
            name="quota",
            ok=left != "0",
            message=f"{left} calls of the day are left",
            fix=None if left != "0" else "wait until midnight of the account's zone",
        )
    for name in checked or _USUAL:
        if name in OBJECTS:
            needed = name in checked and name not in _SPARE
            yield from _object(portal, OBJECTS[name], checked.get(name, ()), needed=needed)


def _greeting(account: Mapping[str, object]) -> str:
    kind = str(account.get("accountType") or "STANDARD")
    what = "" if kind == "STANDARD" else f", which is no company's real one: {kind.lower().replace('_', ' ')}"
    return f"logged in to account {account.get('portalId')}{what}"


def _object(portal: Portal, written: Written, fields: Sequence[str], *, needed: bool) -> Iterator[Check]:
    yield _scope(written.read_scope, lambda: _read(portal, written), needed=needed)
    yield _scope(written.write_scope, lambda: _write(portal, written), needed=needed)
    path = f"{written.properties(portal.paths)}/batch/create"
    yield _scope(
        written.schema_scope,
        lambda: portal.write(path, _NOTHING),
        needed=False,
        name=f"{written.schema_scope}:{written.name}",
        good=f"properties of {written.name} can be made",
        fix=f"for `provision` add {written.schema_scope}, or let an admin make the properties",
    )
    yield from _fields(portal, written, fields, needed=needed)


def _read(portal: Portal, written: Written) -> object:
    if written.shape == "event":
        return portal.get(written.listing(portal.paths), {"limit": "1"})
    sent = dict(_NOTHING)
    if written.shape == "crm":
        sent |= {"properties": [], "propertiesWithHistory": []}
    return portal.read(portal.path(written, "batch", "read"), sent)


def _write(portal: Portal, written: Written) -> object:
    return portal.write(portal.path(written, "batch", "update"), _NOTHING)


def _scope(
    scope: str,
    ask: Callable[[], object],
    *,
    needed: bool,
    name: str | None = None,
    good: str | None = None,
    fix: str | None = None,
) -> Check:
    line = f"permission:{name or scope}"
    try:
        ask()
    except (RecordError, GarbledReplyError):
        pass  # the empty batch was refused, not the scope
    except (AccessError, MissingObjectError) as error:
        why = error.message
        return Check(
            name=line,
            ok=False,
            message=why,
            fix=fix or f"add the scope {scope} to the app and install it again",
            required=needed,
        )
    except ClosedloopError as error:
        return Check(name=line, ok=False, message=error.message, fix=error.fix, required=needed)
    return Check(name=line, ok=True, message=good or f"the token has {scope}", required=needed)


def _fields(portal: Portal, written: Written, fields: Sequence[str], *, needed: bool) -> Iterator[Check]:
    if not fields:
        return
    try:
        known = portal.properties(written.name)
    except ClosedloopError as error:
        yield Check(
            name=f"object:{written.name}", ok=False, message=error.message, fix=error.fix, required=needed
        )
        return
    for field in fields:
        found = known.get(field)
        good = found is not None and found.is_own and found.is_writable and found.kind in KINDS
        yield Check(
            name=f"field:{written.name}.{field}",
            ok=good,
            message="is there" if good else "is missing, of another type, or HubSpot's own",
            fix=None if good else "make it with `closedloop provision`",
            required=needed,
        )
