"""HubSpot as our streams need it: listings, searches, reads of many, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from closedloop.errors import BudgetError
from closedloop.kit.pace import Pace
from closedloop.kit.policy import MissingObjectError, StreamError
from tap_hubspot.faults import Faults, TooLongError
from tap_hubspot.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from closedloop.kit.http import HttpClient, Reply

Row = dict[str, Any]

#: Most rows of a page of a listing, of a search, and most records of a read; from memory where HubSpot does not print it.
LIST_PAGE, SEARCH_PAGE, READ_PAGE, ASSOCIATION_PAGE, HISTORY_PAGE = 100, 200, 100, 1000, 50
#: A search gives no more rows than this. Should it also count no further, its count says nothing.
CAP = 10_000
#: Most characters of a search (HubSpot: 3,000), and of an address.
_BODY_LIMIT, _URL_LIMIT = 2900, 6000
#: An account may search five times a second, counted where HubSpot hears it: a little more leaves room for the way.
SEARCHES, _SECOND = 5, 1.1
#: Numbers stay as HubSpot printed them: a float would lose the last digit of a large amount.
_decode = msgspec.json.Decoder(float_hook=str).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page.

    Args:
        rows: As HubSpot printed them, numbers with a fraction as text.
        after: What asks for the next page; none at the end.
        total: How many rows there are in all; none where HubSpot does not say.
    """

    rows: list[Row]
    after: str | None = None
    total: int | None = None


@dataclass(slots=True, kw_only=True)
class Hubspot:
    """One account.

    Args:
        http: HubSpot's API, with the credential.
        paths: The release that is asked.
        day_reserve: Calls of the day that are left to others.
        where: What errors call this connection.
        day_left: Calls left today, as HubSpot said last; an OAuth app is not told.
        sorts_by_object: Whether an order is given as an object: where the short form is not obeyed.
        searching: Spreads the searches over time.
    """

    http: HttpClient
    paths: Paths = field(default_factory=Paths)
    day_reserve: int = 0
    where: str | None = None
    day_left: int | None = None
    sorts_by_object: bool = False
    searching: Pace = field(default_factory=lambda: search_pace(SEARCHES))
    _url_limit: int = _URL_LIMIT
    _kept: dict[str, Any] = field(default_factory=dict)

    # Anything

    def get(self, path: str, params: Mapping[str, str] | None = None, *, scope: str = "") -> Row:
        """Return the object that an address answers."""
        query = "?" + urlencode(params) if params else ""
        return self._asked("GET", path + query, scope=scope)

    def post(self, path: str, body: object, *, scope: str = "") -> Row:
        """Return what a question answers that is asked in a body; nothing is changed by it."""
        return self._asked("POST", path, body, scope=scope)

    def page(
        self, path: str, params: Mapping[str, str] | None = None, *, key: str = "results", scope: str = ""
    ) -> Listed:
        """Return one page of a listing."""
        return listed(self.get(path, params, scope=scope), key)

    def all(self, path: str, params: Mapping[str, str] | None = None, *, scope: str = "") -> Iterator[Listed]:
        """Yield the pages of a listing to its end.

        Raises:
            StreamError: A page is repeated, or there are fewer rows than HubSpot counts, where it counts.
        """
        after: str | None = None
        before, count = list[Row](), 0
        while True:
            given = {**(params or {}), **({"after": after} if after else {})}
            found = self.page(path, given, scope=scope)
            if (after and found.after == after) or (found.rows and found.rows == before):
                raise StreamError("no progress: HubSpot repeated a page", where=self.where)
            yield found
            before, count = found.rows, count + len(found.rows)
            if found.after is None:
                break
            after = found.after
        if count < (found.total or 0):
            message = f"incomplete: HubSpot counts {found.total} rows and listed {count}"
            raise StreamError(message, where=self.where, fix="run again")

    def exists(self, path: str, *, scope: str) -> bool:
        """Return whether there is something at an address."""
        try:
            self.get(path, scope=scope)
        except MissingObjectError:
            return False
        return True

    def account(self) -> Row:
        """Return what the account says of itself; asked once."""
        if "account" not in self._kept:
            self._kept["account"] = self.get(self.paths.account)
        found: Row = self._kept["account"]
        return found

    def now(self) -> datetime:
        """Return HubSpot's time at its newest answer."""
        if self.http.server_time is None:
            self.account()
        return self.http.server_time or self.http.clock.now()

    def marketing_events(self, *, scope: str, size: int | None = None) -> list[Row]:
        """Return all marketing events; asked once for a size of the page, the largest unless it is given."""
        kept: dict[int | None, list[Row]] = self._kept.setdefault("events", {})
        if size not in kept:
            params = {"limit": str(size or LIST_PAGE)}
            pages = self.all(self.paths.marketing_events, params, scope=scope)
            kept[size] = [row for page in pages for row in page.rows]
        return kept[size]

    def budget(self, campaign: str, *, scope: str) -> Row:
        """Return the budget and the spend of a campaign; asked once."""
        kept: dict[str, Row] = self._kept.setdefault("budgets", {})
        if campaign not in kept:
            kept[campaign] = self.get(f"{self.paths.campaigns}/{campaign}/budget/totals", scope=scope)
        return kept[campaign]

    # Records

    def listing(
        self,
        name: str,
        properties: Sequence[str],
        *,
        after: str | None = None,
        archived: bool = False,
        scope: str = "",
    ) -> Listed:
        """Return one page of an object's records in the order of their ids.

        Where the names of the properties do not fit an address the rest is read by id.
        """
        params = {"limit": str(LIST_PAGE), "archived": "true" if archived else "false"}
        if after:
            params["after"] = after
        path = self.paths.objects(name)
        while True:
            room = self._url_limit - len(path) - len(urlencode(params))
            near, far = _split(properties, room)
            try:
                found = self.page(path, {**params, "properties": ",".join(near)}, scope=scope)
                break
            except TooLongError:
                if len(near) <= 1:
                    raise
                self._url_limit //= 2
        if any(bool(row.get("archived", archived)) is not archived for row in found.rows):
            raise StreamError("no progress: HubSpot repeated a page of another listing", where=self.where)
        return self._filled(name, found, far, archived=archived, scope=scope)

    def search(
        self,
        name: str,
        filters: Sequence[Mapping[str, str]],
        sort: str,
        properties: Sequence[str],
        *,
        limit: int = SEARCH_PAGE,
        descending: bool = False,
        scope: str = "",
    ) -> Listed:
        """Return the first page of the records that fit.

        Raises:
            StreamError: HubSpot does not say how many there are.
        """
        near, far = _split(properties, _BODY_LIMIT - 600)
        body = {
            "filterGroups": [{"filters": list(filters)}] if filters else [],
            "sorts": [self._sort(sort, descending=descending)],
            "properties": near,
            "limit": limit,
            "after": "0",
        }
        self.searching.wait(self.http.sleep)
        found = listed(self.post(f"{self.paths.objects(name)}/search", body, scope=scope))
        if found.total is None:
            raise StreamError("the search does not say how many records there are", where=self.where)
        return self._filled(name, found, far, scope=scope)

    def count(self, name: str, filters: Sequence[Mapping[str, str]] = (), *, sort: str, scope: str) -> int:
        """Return how many records fit."""
        return self.search(name, filters, sort, (), limit=1, scope=scope).total or 0

    def read(
        self,
        name: str,
        ids: Sequence[str],
        properties: Sequence[str],
        *,
        history: Sequence[str] = (),
        archived: bool = False,
        scope: str = "",
    ) -> Iterator[Row]:
        """Yield the records with these ids; those that are gone are left out."""
        path = f"{self.paths.objects(name)}/batch/read" + ("?archived=true" if archived else "")
        size = HISTORY_PAGE if history else READ_PAGE
        for chunk in chunks(ids, size):
            body = {
                "inputs": [{"id": key} for key in chunk],
                "properties": list(properties),
                "propertiesWithHistory": list(history),
            }
            yield from self.batch(path, body, scope=scope)

    def batch(self, path: str, body: Row, *, scope: str = "") -> list[Row]:
        """Return the records that a batch asks for; those that HubSpot says are missing are left out.

        Raises:
            StreamError: Fewer came, and HubSpot does not say why.
        """
        answer = self.post(path, body, scope=scope)
        self._check_errors(answer)
        rows, asked = listed(answer).rows, len(body["inputs"])
        if len(rows) < asked and not answer.get("errors"):
            message = f"incomplete: {asked} records were asked for and {len(rows)} came"
            raise StreamError(message, where=self.where, fix="run again")
        return rows

    def associated(
        self, origin: str, to: str, ids: Sequence[str], *, scope: str = ""
    ) -> Iterator[tuple[str, Row]]:
        """Yield the id of each record with each record it is associated with, all pages."""
        path = self.paths.associations(origin, to)
        inputs = [{"id": key} for key in ids]
        while inputs:
            answer = self.post(path, {"inputs": inputs}, scope=scope)
            self._check_errors(answer)
            again: list[dict[str, str]] = []
            for row in listed(answer).rows:
                key = str((row.get("from") or {}).get("id") or "")
                for other in row.get("to") or ():
                    yield key, other
                after = _after(row)
                if after:
                    again.append({"id": key, "after": after})
            if again and again == inputs:
                raise StreamError("no progress: HubSpot repeated a page of associations", where=self.where)
            inputs = again

    # Inside

    def _sort(self, name: str, *, descending: bool) -> object:
        """Return an order as HubSpot's description has it, or as its guide does."""
        if self.sorts_by_object:
            return {"propertyName": name, "direction": "DESCENDING" if descending else "ASCENDING"}
        return f"-{name}" if descending else name

    def _filled(
        self, name: str, found: Listed, far: Sequence[str], *, archived: bool = False, scope: str
    ) -> Listed:
        """Return the page with the properties that were not asked for with it."""
        if not far or not found.rows:
            return found
        ids = [str(row.get("id")) for row in found.rows]
        more = {str(row.get("id")): row for row in self.read(name, ids, far, archived=archived, scope=scope)}
        rows = []
        for row in found.rows:
            rest = more.get(str(row.get("id")))
            if rest is not None:  # else it is gone meanwhile
                properties = {**(rest.get("properties") or {}), **(row.get("properties") or {})}
                rows.append({**row, "properties": properties})
        return Listed(rows=rows, after=found.after, total=found.total)

    def _check_errors(self, answer: Row) -> None:
        """Accept that records are missing, and nothing else; HubSpot says so under any 2xx."""
        for error in answer.get("errors") or ():
            category = str(error.get("category"))
            if category != "OBJECT_NOT_FOUND":
                message = f"HubSpot read only part of what was asked: {category}"
                raise StreamError(message, where=self.where, fix="run again")

    def _asked(self, method: str, path: str, body: object = None, *, scope: str) -> Row:
        self._spare()
        reply = self.http.request(
            method, path, json=body, headers={"Accept": "application/json"}, classify=Faults(scope=scope)
        )
        left = reply.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        self.day_left = int(left) if left.isdigit() else self.day_left
        return _decoded(reply)

    def _spare(self) -> None:
        """Stop before the calls of others are used up."""
        if self.day_left is None or self.day_left > self.day_reserve:
            return
        message = f"{self.day_left} calls of the day are left, {self.day_reserve} are kept for others"
        raise BudgetError(
            message, where=self.where, fix="the next run goes on; lower day_reserve to use them"
        )


def search_pace(calls: int) -> Pace:
    """Return what waits so that no second sees more searches than ``calls``."""
    return Pace(((calls, _SECOND),))


def listed(answer: Row, key: str = "results") -> Listed:
    """Return an answer as a page.

    Raises:
        StreamError: It does not hold the list.
    """
    rows = answer.get(key)
    if not isinstance(rows, list):
        message = f"the answer holds no {key}"
        raise StreamError(message)
    return Listed(
        rows=[row if isinstance(row, dict) else {"value": row} for row in rows],
        after=_after(answer),
        total=_whole(answer.get("total")),
    )


def chunks(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield a sequence in pieces."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _split(properties: Sequence[str], room: int) -> tuple[list[str], list[str]]:
    """Return the names that fit into so many characters, and the rest."""
    used = 0
    for number, name in enumerate(properties):
        used += len(name) + 3  # a comma in an address is three characters, in a body with quotes as well
        if used > room and number:
            return list(properties[:number]), list(properties[number:])
    return list(properties), []


def _after(answer: Row) -> str | None:
    following = (answer.get("paging") or {}).get("next") or {}
    after = following.get("after")
    return str(after) if after not in {None, ""} else None


def _decoded(reply: Reply) -> Row:
    try:
        found = _decode(reply.content)
    except msgspec.DecodeError as error:
        raise StreamError("the answer is not JSON", request_id=reply.request_id) from error
    if not isinstance(found, dict):
        raise StreamError("the answer is no object", request_id=reply.request_id)
    return found


def _whole(value: Any) -> int | None:
    plain = str(value)
    return int(plain) if plain.isdigit() else None
