"""QuickBooks Online's accounting API as our streams need it: queries, counts, batches and change data capture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import BudgetError
from closedloop.kit.http import HttpClient
from closedloop.kit.pace import Pace
from closedloop.kit.policy import AccessError, StreamError
from tap_quickbooks import faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from closedloop.kit.http import Reply
    from tap_quickbooks.auth import Session
    from tap_quickbooks.records import Row

PRODUCTION = "https://quickbooks.api.intuit.com"
#: Versions before 75 are retired; a lower number is answered as 75.
MINOR_VERSION = "75"
#: Most rows of a query, by Intuit's documentation.
MOST_ROWS = 1000
#: Objects one CDC answer can hold, over all entities together: an answer this large may have been cut.
MOST_CHANGES = 1000
#: Requests in one batch.
MOST_IN_BATCH = 30
#: Intuit's limits: calls in a second and in a minute, by company; reads in a month, by workspace of the Builder tier.
A_SECOND, A_MINUTE, MONTHLY = 10, 500, 500_000

# A float never touches an amount: what QuickBooks prints is kept as text.
_decode = msgspec.json.Decoder(float_hook=str).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What CDC says has changed.

    Args:
        rows: Entity → objects as they are now.
        deleted: Entity → the stubs that are left of deleted objects.
        is_whole: Whether the answer was not cut.
    """

    rows: Mapping[str, list[Row]]
    deleted: Mapping[str, list[Row]]
    is_whole: bool


class QuickBooks:
    """One company.

    Args:
        session: Its credential.
        url: Address of the API.
        where: What errors call this connection.
        timeout: Seconds to wait for an answer: QuickBooks itself gives up after 120.
        max_calls: Calls that this run may make; none: as many as it takes.
        monthly: Calls that the company's readers may make in a month, over all runs: past Intuit's allowance every
            app of the workspace stands still until the next.
        a_second: Most calls in one second.
        http: Another client than the usual one: tests pass theirs.
    """

    def __init__(
        self,
        session: Session,
        *,
        url: str = PRODUCTION,
        where: str | None = None,
        timeout: float = 125.0,
        max_calls: int | None = None,
        monthly: int = MONTHLY,
        a_second: int = A_SECOND,
        http: HttpClient | None = None,
    ) -> None:
        self.realm = session.realm_id
        self.where = where
        self.max_calls = max_calls
        self.monthly = monthly
        self.calls = session.calls
        self.http = http or HttpClient(
            base_url=url,
            where=where,
            timeout=(10.0, timeout),
            headers={
                "User-Agent": "closedloop",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
            max_wait=180.0,
        )
        self.http.pace = Pace(((a_second, 1.0), (A_MINUTE, 60.0)))
        self.http.authenticate = session.headers
        self.http.classify = faults.classify

    def query(self, statement: str) -> Mapping[str, Any]:
        """Return the QueryResponse of a statement.

        Raises:
            StreamError: QuickBooks refuses it, or answers something else.
        """
        body = self._call("GET", "query", params={"query": statement})
        return _response(body, self.where)

    def rows(self, entity: str, *, where: str = "", order: str = "", start: int = 1, limit: int) -> list[Row]:
        """Return objects of an entity.

        Args:
            entity: QuickBooks' name of it.
            where: Condition, without its keyword.
            order: What to order by, without its keywords.
            start: Place of the first one, from 1.
            limit: Most of them.
        """
        return rows_of(
            self.query(select(entity, where=where, order=order, start=start, limit=limit)), entity, self.where
        )

    def count(self, entity: str, where: str = "") -> int:
        """Return how many objects match."""
        return total_of(self.query(counting(entity, where)), self.where)

    def batch(self, statements: Sequence[str]) -> list[Mapping[str, Any] | StreamError]:
        """Return the QueryResponse of each statement, or why there is none, in as few calls as it takes."""
        found: list[Mapping[str, Any] | StreamError] = []
        for first in range(0, len(statements), MOST_IN_BATCH):
            found += self._batch(statements[first : first + MOST_IN_BATCH])
        return found

    def _batch(self, statements: Sequence[str]) -> list[Mapping[str, Any] | StreamError]:
        items = [{"bId": str(place), "Query": statement} for place, statement in enumerate(statements)]
        body = self._call("POST", "batch", json={"BatchItemRequest": items})
        answers = {str(item.get("bId")): item for item in body.get("BatchItemResponse") or []}
        return [self._item(answers.get(item["bId"])) for item in items]

    def _item(self, item: Mapping[str, Any] | None) -> Mapping[str, Any] | StreamError:
        if item is None:
            return StreamError("QuickBooks left a part of a batch unanswered", where=self.where)
        code = faults.fault_of(item)
        if code is not None:
            rule = faults.rule_for(code)
            if rule is not None and rule.error is AccessError:
                return AccessError(rule.message, where=self.where, fix=rule.fix)
            return StreamError(f"QuickBooks refused a part of a batch (code {code})", where=self.where)
        return _response(item, self.where)

    def changes(self, entities: Sequence[str], since: datetime) -> Changes:
        """Return what has changed since a time not more than 30 days ago."""
        params = {"entities": ",".join(entities), "changedSince": since.isoformat(timespec="seconds")}
        body = self._call("GET", "cdc", params=params)
        rows: dict[str, list[Row]] = {name: [] for name in entities}
        deleted: dict[str, list[Row]] = {name: [] for name in entities}
        number = 0
        for outer in body.get("CDCResponse") or []:
            for response in outer.get("QueryResponse") or []:
                for name in response.keys() & rows.keys():
                    for row in response[name]:
                        number += 1
                        (deleted if row.get("status") == "Deleted" else rows)[name].append(row)
        return Changes(rows=rows, deleted=deleted, is_whole=number < MOST_CHANGES)

    def report(self, name: str, *, start: str, end: str) -> dict[str, Any]:
        """Return a report by month, on accrual, whatever basis the company prefers to look at."""
        params = {
            "start_date": start,
            "end_date": end,
            "summarize_column_by": "Month",
            "accounting_method": "Accrual",
        }
        return self._call("GET", f"reports/{name}", params=params)

    def now(self) -> datetime | None:
        """Return QuickBooks' time at its newest answer."""
        return self.http.server_time

    def used(self) -> int:
        """Return the calls of this month so far."""
        return self.calls.used(self.now() or self.http.clock.now())

    def _spend(self) -> None:
        if self.max_calls is not None and self.http.request_count >= self.max_calls:
            message = f"the {self.max_calls} calls that a run may make are used up"
            raise BudgetError(
                message, where=self.where, fix="the next run goes on from here; raise max_calls if it may"
            )
        now = self.now()  # whose month it is, is QuickBooks' to say: its first answer tells
        if now is not None and self.calls.used(now) >= self.monthly:
            message = f"the {self.monthly} calls that may be made in a month are used up"
            fix = "the next month goes on from here; raise calls_a_month if your tier at Intuit has more"
            raise BudgetError(message, where=self.where, fix=fix)

    def _call(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: object = None
    ) -> dict[str, Any]:
        self._spend()
        reply = self.http.request(
            method,
            f"/v3/company/{self.realm}/{path}",
            params={**(params or {}), "minorversion": MINOR_VERSION},
            json=json,
        )
        self.calls.add(self.now() or self.http.clock.now())
        return self._decoded(reply)

    def _decoded(self, reply: Reply) -> dict[str, Any]:
        try:
            body = _decode(reply.content)
        except msgspec.DecodeError:
            body = None
        if not isinstance(body, dict):
            raise StreamError(
                "QuickBooks' answer is no JSON object", where=self.where, request_id=reply.request_id
            )
        return body


def select(entity: str, *, where: str = "", order: str = "", start: int = 1, limit: int) -> str:
    """Return the statement that lists objects."""
    parts = [f"SELECT * FROM {entity}"]
    parts += [f"WHERE {where}"] if where else []
    parts += [f"ORDERBY {order}"] if order else []
    return " ".join([*parts, f"STARTPOSITION {start} MAXRESULTS {limit}"])


def counting(entity: str, where: str = "") -> str:
    """Return the statement that counts objects."""
    return f"SELECT COUNT(*) FROM {entity}" + (f" WHERE {where}" if where else "")


def rows_of(response: Mapping[str, Any], entity: str, where: str | None) -> list[Row]:
    """Return the objects in a QueryResponse; without any, QuickBooks leaves the entity out.

    Raises:
        StreamError: What stands there is no list.
    """
    found = response.get(entity, [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        message = f"QuickBooks' answer holds no list of {entity}"
        raise StreamError(message, where=where)
    return found


def total_of(response: Mapping[str, Any], where: str | None) -> int:
    """Return the count in a QueryResponse; an empty one counts nothing.

    Raises:
        StreamError: There is something else.
    """
    total = response.get("totalCount", 0 if not response else None)
    if not isinstance(total, int):
        raise StreamError("QuickBooks' answer holds no count", where=where)
    return total


def _response(body: Mapping[str, Any], where: str | None) -> Mapping[str, Any]:
    found = body.get("QueryResponse")
    if not isinstance(found, dict):
        raise StreamError("QuickBooks' answer holds no QueryResponse", where=where)
    return found
