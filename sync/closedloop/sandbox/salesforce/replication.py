"""The resources updated and deleted: which rows changed in a span of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from closedloop.sandbox.salesforce.call import answer
from closedloop.sandbox.salesforce.database import BIN
from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.soql import read_time
from closedloop.sandbox.salesforce.wire import rest_value

if TYPE_CHECKING:
    from closedloop.sandbox.salesforce.call import Call, Reply
    from closedloop.sandbox.salesforce.state import Org

_UPDATED_SPAN = timedelta(days=30)
_MINUTE = timedelta(minutes=1)


class Replication:
    """Answers what changed.

    Args:
        org: The org.
    """

    def __init__(self, org: Org) -> None:
        self._org = org

    def updated(self, call: Call, name: str) -> Reply:
        """Answer with the ids of rows changed in a span, at most 30 days back.

        Raises:
            RefusedError: The span, or the object.
        """
        entity, start, end = self._span(call, name, _UPDATED_SPAN)
        ids = [
            key
            for key, row in self._org.database.tables[entity].items()
            if not row.get("IsDeleted") and start <= row["SystemModstamp"] < end
        ]
        return answer({"ids": ids, "latestDateCovered": self._shown(self._covered(end))})

    def deleted(self, call: Call, name: str) -> Reply:
        """Answer with rows deleted in a span, at most 15 days back.

        Raises:
            RefusedError: The span, or the object.
        """
        entity, start, end = self._span(call, name, BIN)
        earliest = self._org.database.now() - timedelta(days=self._org.options.log_days)
        log = [
            (key, at)
            for key, (kind, at) in self._org.database.deleted.items()
            if kind == entity and max(start, earliest) <= at < end
        ]
        call.entry["rows"] = len(log)
        return answer(
            {
                "deletedRecords": [{"id": key, "deletedDate": self._shown(at)} for key, at in log],
                "earliestDateAvailable": self._shown(earliest),
                "latestDateCovered": self._shown(self._covered(end)),
            }
        )

    def _span(self, call: Call, name: str, most: timedelta) -> tuple[str, datetime, datetime]:
        entity = self._org.rights.entity(name)
        call.entry["stream"] = entity.name
        if "r" not in entity.flags:
            message = f"object type {entity.name} is not replicable"
            raise RefusedError("INVALID_TYPE_FOR_OPERATION", message)
        try:
            start, end = (
                read_time(call.query[word].replace(" ", "+")).astimezone(UTC).replace(second=0, microsecond=0)
                for word in ("start", "end")
            )
        except (KeyError, ValueError) as error:
            message = "start and end are required, as times with a zone"
            raise RefusedError("INVALID_FIELD", message) from error
        if end - start < _MINUTE:
            message = "endDate must be at least one minute greater than startDate"
            raise RefusedError("INVALID_REPLICATION_DATE", message)
        if start < self._org.database.now() - most - _MINUTE:
            message = "startDate before org replication enabled date or too far in the past"
            raise RefusedError("INVALID_REPLICATION_DATE", message)
        return entity.name, start, end

    def _covered(self, end: datetime) -> datetime:
        """No later than the last full minute before now: a transaction may still be on its way."""
        return min(end, self._org.database.now().replace(second=0) - _MINUTE)

    def _shown(self, at: datetime) -> str:
        return str(rest_value(at, exponent=False))
