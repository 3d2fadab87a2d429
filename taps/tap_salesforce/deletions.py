"""The log of deletions, which goes back 15 days: it also has what left the recycle bin."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, from_iso
from closedloop.log import get_logger
from tap_salesforce.catalog import DELETED_AT
from tap_salesforce.values import moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_salesforce.bookmark import Bookmark
    from tap_salesforce.client import Salesforce

log = get_logger(__name__)

_DAY = timedelta(days=1)
#: How far back the log goes, less the time for asking.
_HORIZON = timedelta(days=15) - timedelta(hours=1)


def is_due(mark: Bookmark, now: datetime) -> bool:
    """Return whether the log was not read for a day, or never."""
    return mark.deleted_until is None or now - from_iso(mark.deleted_until) >= _DAY


def tombstones(
    salesforce: Salesforce, entity: str, *, mark: Bookmark, now: datetime, overlap: timedelta
) -> Iterator[Page]:
    """Yield a tombstone for what was deleted since the log was read last; a first read has nothing to bury.

    Args:
        salesforce: The org.
        entity: The object.
        mark: Says when the log was read last.
        now: The org's time.
        overlap: How far before that to begin.
    """
    if mark.deleted_until is None or mark.value is None:
        return
    since = from_iso(mark.deleted_until)
    if now - since > _HORIZON:
        log.warning("deletions.too_old", stream=entity, since=mark.deleted_until, next="the count shows them")
    try:
        found = salesforce.deleted(entity, max(since - overlap, now - _HORIZON), now)
    except StreamError as error:  # the count shows them too
        log.info("deletions.refused", stream=entity, reason=error.message)
        return
    rows = [row for row in found["deletedRecords"] if isinstance(row, dict) and row.get("id")]
    yield Page(records=[{"Id": str(row["id"]), DELETED_AT: moment(row.get("deletedDate"))} for row in rows])
