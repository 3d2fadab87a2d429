"""Marketo as our streams need it: pages by offset and by token, the day's calls, which programs are campaigns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.errors import BudgetError
from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from closedloop.kit.stream import iso
from closedloop.log import get_logger
from tap_marketo.faults import AGAIN, Faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from closedloop.kit.http import HttpClient

log = get_logger(__name__)

Row = dict[str, Any]
#: Assets a page; the lead database gives more.
ASSET_PAGE = 200
#: Ids, or types of activities, a request.
MOST_IDS, MOST_TYPES = 300, 10
#: After so many calls of ours the calls of all services are asked for again.
_ASK_AGAIN = 500
ASSETS, REST, BULK = "/rest/asset/v1", "/rest/v1", "/bulk/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page.

    Args:
        rows: As Marketo printed them.
        token: Asks for the next page.
        more: Whether there is one.
    """

    rows: list[Row]
    token: str | None = None
    more: bool = False


@dataclass(slots=True, kw_only=True)
class Marketo:
    """One subscription.

    Args:
        http: Its API, with the credential.
        day_limit: Calls that it has a day.
        day_reserve: Calls of the day that are left to others.
        page_size: Rows a request.
        where: What errors call this connection.
        faults: Reads answers.
        used: Calls of the day, by all services, when this run began; none where Marketo does not say.
    """

    http: HttpClient
    day_limit: int = 50_000
    day_reserve: int = 0
    page_size: int = 300
    where: str | None = None
    faults: Faults = field(default_factory=Faults)
    used: int | None = None
    _asked_at: int | None = None
    _programs: list[Row] | None = None

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Listed:
        """Return one page.

        Raises:
            StreamError: The answer is none.
        """
        self._spare()
        return self._get(path, params)

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Listed:
        self.http.request("GET", path, params=params, headers=_JSON, classify=self.faults)
        return self._listed(path)

    def _listed(self, path: str) -> Listed:
        """Read the body of the newest answer; where nothing is found there is a warning and no result."""
        body = self.faults.body
        rows = (body or {}).get("result") or []
        if body is None or body.get("success") is not True or not isinstance(rows, list):
            message = f"the answer to {path} cannot be read"
            raise StreamError(message, where=self.where, fix=AGAIN)
        token = body.get("nextPageToken")
        return Listed(
            rows=[row if isinstance(row, dict) else {"value": row} for row in rows],
            token=token if isinstance(token, str) and token else None,
            more=body.get("moreResult") is True,
        )

    def post(self, path: str, body: object = None) -> Row:
        """Return what a request for a bulk extract gives.

        Raises:
            StreamError: The answer is none.
        """
        self._spare()
        self.http.request("POST", path, json=body, headers=_JSON, classify=self.faults.of_bulk)
        return next(iter(self._listed(path).rows), {})

    def job(self, path: str) -> Row:
        """Return the state of a bulk extract."""
        self.http.request("GET", path, headers=_JSON, classify=self.faults.of_bulk)
        return next(iter(self._listed(path).rows), {})

    # Assets

    def assets(self, name: str, *, size: int = ASSET_PAGE) -> Iterator[list[Row]]:
        """Yield a listing of assets, page by page, until a page is empty: a short one need not be the last.

        Raises:
            StreamError: A page came twice.
        """
        offset, seen = 0, set[str]()
        while True:
            params = {"maxReturn": str(min(size, ASSET_PAGE)), "offset": str(offset)}
            rows = self.get(f"{ASSETS}/{name}.json", params).rows
            if not rows:
                return
            ids = {str(row.get("id")) for row in rows}
            if ids <= seen:
                raise StreamError("no progress: Marketo repeated a page", where=self.where, fix=AGAIN)
            seen |= ids
            offset += len(rows)
            yield rows

    def programs(self, *, size: int = ASSET_PAGE) -> list[Row]:
        """Return every program once, as the listing has it: without tags and costs."""
        found: dict[str, Row] = {}
        for rows in self.assets("programs", size=size):
            found |= {str(row.get("id")): row for row in rows}
        return list(found.values())

    def listed_programs(self) -> list[Row]:
        """Return every program; asked for once in a run."""
        if self._programs is None:
            self._programs = self.programs()
        return self._programs

    def program(self, key: str) -> Row | None:
        """Return a program with its tags and costs; none where there is no such program."""
        try:
            rows = self.get(f"{ASSETS}/program/{key}.json").rows
        except MissingObjectError:
            return None
        return rows[0] if rows else None

    # Lead database

    def tokens(self, path: str, params: Mapping[str, str], *, token: str | None = None) -> Iterator[Listed]:
        """Yield pages as long as Marketo says that there are more: one of them may be short, or empty.

        Raises:
            StreamError: It gives the same token again.
        """
        while True:
            page = self.get(path, {**params, **({"nextPageToken": token} if token else {})})
            yield page
            if not page.more:
                return
            if page.token is None or page.token == token:
                raise StreamError("no progress: Marketo repeated a page", where=self.where, fix=AGAIN)
            token = page.token

    def paging_token(self, since: datetime) -> str:
        """Return the token that begins at a moment.

        Raises:
            StreamError: There is none.
        """
        page = self.get(f"{REST}/activities/pagingtoken.json", {"sinceDatetime": iso(since)})
        if page.token is None:
            raise StreamError("there is no paging token", where=self.where, fix=AGAIN)
        return page.token

    def activities(self, since: datetime, types: Sequence[int]) -> Iterator[Row]:
        """Yield activities of some types since a moment."""
        for start in range(0, len(types), MOST_TYPES):
            chosen = ",".join(map(str, types[start : start + MOST_TYPES]))
            params = {"activityTypeIds": chosen, "batchSize": str(self.page_size)}
            path = f"{REST}/activities.json"
            for page in self.tokens(path, params, token=self.paging_token(since)):
                yield from page.rows

    def changed_leads(self, since: datetime, fields: Sequence[str]) -> Iterator[Row]:
        """Yield the changes of some fields, and the new leads, since a moment."""
        params = {"fields": ",".join(fields), "batchSize": str(self.page_size)}
        path = f"{REST}/activities/leadchanges.json"
        for page in self.tokens(path, params, token=self.paging_token(since)):
            yield from page.rows

    def deleted_leads(self, since: datetime) -> Iterator[Row]:
        """Yield the deletions of leads since a moment."""
        params = {"batchSize": str(self.page_size)}
        path = f"{REST}/activities/deletedleads.json"
        for page in self.tokens(path, params, token=self.paging_token(since)):
            yield from page.rows

    def now(self) -> datetime:
        """Return Marketo's time at its newest answer."""
        return self.http.server_time or self.http.clock.now()

    @property
    def day_left(self) -> int | None:
        """Calls of the day that are left to everybody; none where Marketo does not say how many were made."""
        if self._asked_at is None or self.http.request_count - self._asked_at >= _ASK_AGAIN:
            self._asked_at = self.http.request_count
            self._ask_usage()
        return self.known_left

    @property
    def known_left(self) -> int | None:
        """The same as it was known last: it asks nobody."""
        return None if self.used is None else self.day_limit - self.used - self.http.request_count

    def _ask_usage(self) -> None:
        try:
            rows = self._get(f"{REST}/stats/usage.json").rows
        except (AccessError, MissingObjectError):
            log.info("usage.unknown", where=self.where)
            return
        total = rows[0].get("total") if rows else None
        self.used = total - self.http.request_count if isinstance(total, int) else None

    def _spare(self) -> None:
        """Stop before the calls of others are used up."""
        left = self.day_left
        if left is not None and left <= self.day_reserve:
            message = f"{left} calls of the day are left, {self.day_reserve} are kept for others"
            raise BudgetError(
                message, where=self.where, fix="the next run goes on; lower day_reserve to use them"
            )


_JSON = {"Accept": "application/json"}
