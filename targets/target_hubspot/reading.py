"""Reads present values by id, each object in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from closedloop.kit.policy import MissingObjectError, StreamError
from target_hubspot.columns import shown
from target_hubspot.faults import text
from target_hubspot.portal import GarbledReplyError, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from closedloop.kit.outcome import Value
    from target_hubspot.catalog import Written
    from target_hubspot.portal import Portal

#: Marketing events can be asked for one by one, or listed: more than these are listed.
_FEW = 10
_PAGE = 100


def values(
    portal: Portal, written: Written, ids: Sequence[str], kinds: Mapping[str, str]
) -> Mapping[str, Mapping[str, Value]]:
    """Return the values by id; a record that is gone is left out.

    Args:
        portal: The account.
        written: The object.
        ids: No more than one batch.
        kinds: Type of each property wanted.
    """
    read = {"crm": _records, "campaign": _campaigns, "event": _events}[written.shape]
    wanted = set(ids)
    return {
        key: {name: shown(found.get(name), kind=kind) for name, kind in kinds.items()}
        for key, found in read(portal, written, ids, list(kinds))
        if key in wanted
    }


_Found = tuple[str, "Mapping[str, Any]"]


def _records(portal: Portal, written: Written, ids: Sequence[str], names: list[str]) -> Iterator[_Found]:
    body = {"inputs": [{"id": key} for key in ids], "properties": names, "propertiesWithHistory": []}
    answer = _whole(portal.read(portal.path(written, "batch", "read"), body), written)
    yield from ((str(one.get("id")), one.get("properties") or {}) for one in rows(answer, "results"))


def _campaigns(portal: Portal, written: Written, ids: Sequence[str], names: list[str]) -> Iterator[_Found]:
    query = urlencode([("properties", name) for name in names])
    path = f"{portal.path(written, 'batch', 'read')}?{query}"
    answer = _whole(portal.read(path, {"inputs": [{"id": key} for key in ids]}), written)
    yield from ((str(one.get("id")), one.get("properties") or {}) for one in rows(answer, "results"))


def _whole(answer: Mapping[str, Any], written: Written) -> Mapping[str, Any]:
    """Accept that records are gone, and nothing else: what could not be read is not gone."""
    other = [one for one in rows(answer, "errors") if one.get("category") != "OBJECT_NOT_FOUND"]
    if other:
        msg = f"read in part only: {text(other[0])}"
        raise StreamError(msg, where=written.name, fix="run again")
    return answer


def _events(portal: Portal, written: Written, ids: Sequence[str], _names: list[str]) -> Iterator[_Found]:
    found = _listed(portal, written) if len(ids) > _FEW else _one_by_one(portal, written, ids)
    for one in found:
        held = rows(one, "customProperties")
        yield str(one.get("objectId")), {str(each.get("name")): each.get("value") for each in held}


def _one_by_one(portal: Portal, written: Written, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for key in ids:
        try:
            yield portal.get(portal.path(written, key))
        except MissingObjectError:
            continue


def _listed(portal: Portal, written: Written) -> Iterator[Mapping[str, Any]]:
    params, seen = {"limit": str(_PAGE)}, set[str]()
    while True:
        answer = portal.get(written.listing(portal.paths), params)
        yield from rows(answer, "results")
        after = str(((answer.get("paging") or {}).get("next") or {}).get("after") or "")
        if not after:
            return
        if after in seen:
            raise GarbledReplyError("the list of marketing events does not move on", where=written.name)
        seen.add(after)
        params = {**params, "after": after}
