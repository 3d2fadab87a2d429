"""Salesforce as our streams need it: descriptions, queries by page, deletions, the day's allowance, its refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from closedloop.errors import BudgetError
from closedloop.kit.http import checked_url
from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from tap_salesforce import faults

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from closedloop.kit.http import HttpClient, Reply
    from closedloop.kit.policy import Rule
    from tap_salesforce.auth import Login

#: Numbers stay as Salesforce printed them: a float would lose the last digit of a large amount.
_decode = msgspec.json.Decoder(float_hook=str).decode
#: Address and headers together may have 16,384 bytes; the headers with the token take up to 2,500.
LONGEST_ADDRESS = 13_500
_VERSION = re.compile(r"\d{2,3}\.\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of a query.

    Args:
        rows: As Salesforce printed them, numbers with a fraction as text.
        total: How many rows the whole query has.
        next: Where the next page is; none: this was the last.
    """

    rows: list[dict[str, Any]]
    total: int
    next: str | None


@dataclass(slots=True, kw_only=True)
class Salesforce:
    """One org.

    Args:
        login: Gives the credential and says where the data is.
        http: The data's address, with the credential.
        version: Version of the API: ``67.0``.
        page_size: Rows a page.
        day_reserve: Calls of the day that are left to others.
        where: What errors call this connection.
        used: Calls used of the day's allowance, as Salesforce said last.
        allowed: The allowance.
    """

    login: Login
    http: HttpClient
    version: str = "67.0"
    page_size: int = 2000
    day_reserve: int = 0
    where: str | None = None
    used: int | None = field(default=None)
    allowed: int | None = field(default=None)

    def __post_init__(self) -> None:
        self.http.authenticate = self._credential

    @property
    def base(self) -> str:
        """Path that every resource begins with."""
        return f"/services/data/v{self.version}"

    @property
    def left(self) -> int | None:
        """Calls left today; none before Salesforce said it."""
        return None if self.used is None or self.allowed is None else self.allowed - self.used

    def now(self) -> datetime:
        """Return Salesforce's time at its newest answer; to ask for it costs nothing of the allowance."""
        known = self.http.server_time or self.login.http.server_time
        if known is None:
            self.http.request("GET", "/services/data", classify=partial(self.fault, entity=""))
            known = self.http.server_time or self.login.http.server_time
        return known or self.http.clock.now()

    def describe(self, entity: str) -> Mapping[str, Any]:
        """Return an object's description: fields hidden from the user are not in it.

        Raises:
            MissingObjectError: The org does not have the object, or does not show it.
        """
        found = self.json(self.call("GET", f"{self.base}/sobjects/{entity}/describe", entity=entity))
        if not isinstance(found, dict) or not isinstance(found.get("fields"), list):
            msg = f"the description of {entity} cannot be read"
            raise StreamError(msg, where=self.where)
        return found

    def is_too_long(self, query: str) -> bool:
        """Return whether a query does not fit into an address."""
        return len(self.http.base_url) + len(self._address(query, everything=True)) > LONGEST_ADDRESS

    def query(self, query: str, *, entity: str, everything: bool = False) -> Listed:
        """Return the first page of a query.

        Args:
            query: Made by `soql`.
            entity: What it reads, for messages.
            everything: Whether deleted and archived rows belong to it.

        Raises:
            StreamError: The query is refused.
        """
        return self.page(self._address(query, everything=everything), entity=entity)

    def page(self, address: str, *, entity: str) -> Listed:
        """Return the page at an address that a page before it named."""
        headers = {"Sforce-Query-Options": f"batchSize={self.page_size}"}
        found = self.json(self.call("GET", address, entity=entity, headers=headers))
        rows = found.get("records") if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise StreamError("the answer holds no records", where=self.where)
        return Listed(rows=rows, total=_whole(found.get("totalSize")), next=_next(found, self.where))

    def count(self, query: str, *, entity: str, everything: bool = False) -> int:
        """Return the number that a counting query gives."""
        return self.query(query, entity=entity, everything=everything).total

    def deleted(self, entity: str, start: datetime, end: datetime) -> Mapping[str, Any]:
        """Return the log of deletions between two times; Salesforce keeps 15 days of it.

        Raises:
            AccessError: The user may not read it, or the object has none.
        """
        params = {name: at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in (("start", start), ("end", end))}
        found = self.json(
            self.call("GET", f"{self.base}/sobjects/{entity}/deleted/", entity=entity, params=params)
        )
        if not isinstance(found, dict) or not isinstance(found.get("deletedRecords"), list):
            raise StreamError("the log of deletions cannot be read", where=self.where)
        return found

    def call(
        self,
        method: str,
        path: str,
        *,
        entity: str,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expect_json: bool = True,
    ) -> Reply:
        """Make one call, unless the day's calls would be used up.

        Raises:
            BudgetError: What is left is kept for others.
        """
        self._spare()
        return self.http.request(
            method,
            path,
            json=json,
            params=params,
            headers={"Accept": "application/json", **(headers or {})},
            expect_json=expect_json,
            classify=partial(self.fault, entity=entity),
        )

    def _address(self, query: str, *, everything: bool) -> str:
        return f"{self.base}/{'queryAll' if everything else 'query'}?q={quote(query, safe='(),*')}"

    def _credential(self, refused: bool) -> Mapping[str, str]:  # noqa: FBT001 (the kit's authenticator)
        headers = self.login.headers(refused)
        self.http.base_url = checked_url(self.login.instance_url, where=self.where)
        return headers

    def _spare(self) -> None:
        """Stop before the calls of others are used up."""
        if self.left is not None and self.left <= self.day_reserve:
            msg = f"{self.left} calls of the day are left, {self.day_reserve} are kept for others"
            raise BudgetError(
                msg, where=self.where, fix="the next run goes on; lower day_reserve to use them"
            )

    def fault(self, reply: Reply, entity: str) -> Rule | None:
        """Return what an answer means, and remember what it says of the day's allowance."""
        usage = faults.allowance(reply.headers.get("Sforce-Limit-Info", ""))
        if usage is not None:
            self.used, self.allowed = usage
        return faults.fault(reply, entity)

    def json(self, reply: Reply) -> Any:
        """Return an answer's content, numbers with a fraction as text.

        Raises:
            StreamError: It is no JSON.
        """
        try:
            return _decode(reply.content)
        except msgspec.DecodeError as error:
            raise StreamError(
                "the answer is not JSON", where=self.where, request_id=reply.request_id
            ) from error


def checked_version(text: str) -> str:
    """Return a version of the API, or an empty text where it is none."""
    found = text.removeprefix("v")
    return found if _VERSION.fullmatch(found) else ""


def _next(found: Mapping[str, Any], where: str | None) -> str | None:
    """Return where the next page is; never another host: the credential goes with the request."""
    if found.get("done", True):
        return None
    path = urlsplit(str(found.get("nextRecordsUrl") or "")).path
    if not path.startswith("/services/data/"):
        raise StreamError("incomplete: the query is not done and names no further page", where=where)
    return path


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise StreamError("the answer does not say how many rows there are")


#: What may be wrong with one object without being wrong with the connection.
NOT_HERE = (AccessError, MissingObjectError)
