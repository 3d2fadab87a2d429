"""Eventbrite as our streams need it: listings followed by their continuation, and the calls of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import BudgetError
from closedloop.kit.policy import StreamError
from tap_eventbrite.faults import LostPlaceError, fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from closedloop.kit.http import HttpClient, Reply

URL = "https://www.eventbriteapi.com/v3"
#: Rows a page where Eventbrite does not say; a request may not choose everywhere.
PAGE = 50
AGAIN = "run again; if it persists, ask Eventbrite's support"

Row = dict[str, Any]
_decode = msgspec.json.Decoder(float_hook=str).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of a listing.

    Args:
        rows: As Eventbrite printed them, numbers with a fraction as text.
        total: How many rows the whole listing has; none where Eventbrite does not say.
        after: What continues the listing; none on its last page.
        size: Rows a page.
    """

    rows: list[Row]
    total: int | None = None
    after: str | None = None
    size: int = PAGE


@dataclass(slots=True, kw_only=True)
class Eventbrite:
    """What one token opens.

    Args:
        http: Eventbrite's API, with the credential.
        call_limit: Most calls of this run.
        where: What errors call this connection.
    """

    http: HttpClient
    call_limit: int
    where: str | None = None

    @property
    def calls_left(self) -> int:
        """Calls that this run may still make."""
        return max(0, self.call_limit - self.http.request_count)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Row:
        """Return one object.

        Raises:
            StreamError: The answer is no object.
        """
        if not self.calls_left:
            message = f"this run has made the {self.call_limit} calls allowed"
            fix = "the next run goes on; raise calls_a_run to let one run do more of the hour's calls"
            raise BudgetError(message, where=self.where, fix=fix)
        reply = self.http.request(
            "GET", path, params=params, headers={"Accept": "application/json"}, classify=fault
        )
        return _object(reply, self.where)

    def page(self, path: str, key: str, params: Mapping[str, str] | None = None) -> Listed:
        """Return one page of a listing.

        Raises:
            StreamError: The answer does not hold the list.
        """
        found = self.get(path, params)
        rows, paging = found.get(key), found.get("pagination") or {}
        if not isinstance(rows, list):
            message = f"the answer holds no {key}"
            raise StreamError(message, where=self.where)
        after = paging.get("continuation")
        if not paging.get("has_more_items", after is not None):
            after = None
        elif not after:
            raise StreamError("the listing has more, and does not say where", where=self.where, fix=AGAIN)
        total = paging.get("object_count") if paging else len(rows)
        return Listed(
            rows=[row if isinstance(row, dict) else {"id": row} for row in rows],
            total=total if isinstance(total, int) else None,
            after=after,
            size=paging.get("page_size") or PAGE,
        )

    def listing(self, path: str, key: str, params: Mapping[str, str] | None = None) -> Iterator[Listed]:
        """Yield a listing page by page, each row at least once.

        Raises:
            StreamError: It is not whole, or does not advance.
        """
        seen, totals, after, is_anew = set[str](), list[int](), None, False
        while True:
            asked = {**(params or {}), **({"continuation": after} if after else {})}
            try:
                found = self.page(path, key, asked)
            except LostPlaceError:
                if is_anew or after is None:
                    raise
                seen, totals, after, is_anew = set(), [], None, True
                continue
            ids = {str(row.get("id")) for row in found.rows}
            if after is not None and ids and ids <= seen:
                raise StreamError("no progress: Eventbrite repeated a page", where=self.where, fix=AGAIN)
            seen |= ids
            totals += [found.total] if found.total is not None else []
            yield found
            after = found.after
            if after is None:
                break
        # Rows may join or leave meanwhile: the smaller of what it counted at first and at last must have come.
        counted = min(totals[0], totals[-1]) if totals else 0
        if len(seen) < counted:
            message = f"incomplete: Eventbrite counts {counted} {key} and listed {len(seen)}"
            raise StreamError(message, where=self.where, fix=AGAIN)

    def total(self, path: str, key: str, params: Mapping[str, str] | None = None) -> int | None:
        """Return how many rows a listing has; none where Eventbrite does not say."""
        return self.page(path, key, params).total

    def now(self) -> datetime:
        """Return Eventbrite's time at its newest answer."""
        return self.http.server_time or self.http.clock.now()


def _object(reply: Reply, where: str | None) -> Row:
    try:
        found = _decode(reply.content)
    except msgspec.DecodeError as error:
        raise StreamError("the answer is not JSON", where=where, request_id=reply.request_id) from error
    if not isinstance(found, dict):
        raise StreamError("the answer is no object", where=where, request_id=reply.request_id)
    return found
