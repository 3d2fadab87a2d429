"""The heart of the simulator: who asks, what for, and what they get."""

from __future__ import annotations

import base64
import json
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.eventbrite.fill import FORMATS, ORGANIZATION, TOKEN, USER
from closedloop.sandbox.parts.rest import Answer, RefusedError, RestEngine

if TYPE_CHECKING:
    from closedloop.sandbox.eventbrite.fill import Account
    from closedloop.sandbox.eventbrite.options import Options
    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.odoo.faults import Fault
    from closedloop.sandbox.parts.rest import Asked, Row

_HOUR = timedelta(hours=1)
_PAGING = frozenset({"continuation", "page", "expand"})
#: Listing → what it may be asked with.
_KNOWN = {
    "events": frozenset(
        {"status", "order_by", "name_filter", "series_filter", "show_series_parent", "time_filter"}
    ),
    "attendees": frozenset({"status", "changed_since"}),
    "orders": frozenset({"status", "changed_since", "only_emails", "exclude_emails", "last_item_seen"}),
}
_IN = frozenset({"Attending", "Checked In"})


def refused(status: int, word: str, text: str, **headers: str) -> RefusedError:
    """Return a refusal in Eventbrite's envelope."""
    value = {"error": word, "error_description": text, "status_code": status}
    return RefusedError(Answer(value=value, status=status, headers=headers))


class Engine(RestEngine):
    """What one token opens.

    Args:
        account: The organization.
        clock: The simulator's.
        options: How this Eventbrite is.
    """

    def __init__(self, account: Account, clock: ShiftedClock, options: Options) -> None:
        super().__init__(clock)
        self.account = account
        self.options = options
        self.tokens = {TOKEN}
        self.generation = 0
        self._calls: deque[datetime] = deque()

    def struck(self, fault: Fault) -> Answer:
        """Return what a fault of the way answers."""
        if fault.kind == "401":
            return refused(401, "NO_AUTH", "Authentication not provided").answer
        if fault.kind == "429":
            after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return refused(
                429, "HIT_RATE_LIMIT", "Hourly rate limit has been reached for this token.", **after
            ).answer
        return refused(500, "INTERNAL_ERROR", "An unexpected error occurred").answer

    def served(self, asked: Asked) -> Answer:
        """Return what Eventbrite answers."""
        self._enter_hour()
        token = asked.headers.get("authorization", "").removeprefix("Bearer ") or asked.query.get("token", "")
        if token not in self.tokens:
            word = "NO_AUTH" if self.options.refusal == 401 else "INVALID_AUTH"  # noqa: PLR2004
            raise refused(self.options.refusal, word, "The OAuth token you provided was invalid.")
        path = asked.path.removeprefix("/v3")
        if not path.endswith("/"):
            raise RefusedError(Answer(value=None, status=301, headers={"Location": f"{asked.path}/"}))
        if asked.query.get("expand", "none") != "none" and not self.options.expands:
            raise refused(500, "EXPANSION_FAILED", "An unhandled error occurred in an expansion")
        found = self._found(path.strip("/").split("/"), asked)
        return Answer(value=self._printed(found))

    def _enter_hour(self) -> None:
        now = self.clock.now()
        while self._calls and now - self._calls[0] >= _HOUR:
            self._calls.popleft()
        if len(self._calls) >= self.options.hour_limit:
            raise refused(429, "HIT_RATE_LIMIT", "Hourly rate limit has been reached for this token.")
        self._calls.append(now)

    def _found(self, steps: list[str], asked: Asked) -> Row:
        match steps:
            case ["users", "me", *rest]:
                return self._of_user(rest, asked)
            case ["organizations", organization, listing] if listing in {*_KNOWN, "organizers"}:
                return self._of_organization(organization, listing, asked)
            case ["formats"]:
                rows = [
                    {"id": key, "name": name, "short_name": short} for key, name, short in FORMATS.values()
                ]
                return {"locale": "en_US", "formats": rows}
            case ["events", event, *rest]:
                return self._of_event(self._one("events", event), rest, asked)
            case ["orders", order]:
                return self._expanded(self._one("orders", order), asked)
        raise refused(404, "NOT_FOUND", "The path you requested does not exist.")

    def _of_user(self, rest: list[str], asked: Asked) -> Row:
        match rest:
            case []:
                return {
                    "id": USER,
                    "name": "A user",
                    "emails": [{"email": "user@example.com", "primary": True}],
                }
            case ["organizations"]:
                return self._page("organizations", self._organizations(), asked)
            case ["owned_events"]:
                return self._of_organization(ORGANIZATION, "events", asked)
        raise refused(404, "NOT_FOUND", "The path you requested does not exist.")

    def _of_organization(self, organization: str, listing: str, asked: Asked) -> Row:
        if organization not in {row["id"] for row in self._organizations()}:
            raise refused(403, "NOT_AUTHORIZED", "You do not have permission to access the resource.")
        rows = list(self.account.table(listing).values()) if organization == ORGANIZATION else []
        return self._page(listing, self._chosen(listing, rows, asked), asked)

    def _of_event(self, event: Row, rest: list[str], asked: Asked) -> Row:
        match rest:
            case []:
                return self._expanded(event, asked)
            case [("attendees" | "orders" | "ticket_classes") as listing]:
                rows = [row for row in self.account.table(listing).values() if row["event_id"] == event["id"]]
                return self._page(listing, self._chosen(listing, rows, asked), asked)
            case [("attendees" | "ticket_classes") as listing, key]:
                return self._one(listing, key)
        raise refused(404, "NOT_FOUND", "The path you requested does not exist.")

    def _one(self, listing: str, key: str) -> Row:
        row = self.account.table(listing).get(key)
        if row is None:
            raise refused(404, "NOT_FOUND", "The object you requested does not exist.")
        return row

    def _organizations(self) -> list[Row]:
        return [
            {
                "id": str(int(ORGANIZATION) + place),
                "name": self.account.world.company if not place else f"Other {place}",
            }
            for place in range(self.options.organizations)
        ]

    def _chosen(self, listing: str, rows: list[Row], asked: Asked) -> list[Row]:
        query = asked.query
        unknown = set(query) - _PAGING - _KNOWN.get(listing, frozenset())
        if unknown:
            raise refused(400, "ARGUMENTS_ERROR", f"There are errors with your arguments: {sorted(unknown)}")
        since, status = query.get("changed_since"), query.get("status")
        if since is not None:
            rows = [row for row in rows if self._is_since(row["changed"], since)]
        if listing == "attendees":
            rows = [row for row in rows if self._is_listed(row, status)]
        elif listing == "orders":
            rows = [row for row in rows if _is_order(row, status or "active")]
        elif listing == "events":
            wanted = set((status or "all").split(","))
            rows = [row for row in rows if "all" in wanted or row["status"] in wanted]
            rows = [
                row
                for row in rows
                if query.get("show_series_parent") == "true" or not row["is_series_parent"]
            ]
            return sorted(rows, key=lambda row: (row["created"], row["id"]))
        return sorted(rows, key=lambda row: (len(row["id"]), row["id"]))

    def _is_since(self, changed: str, since: str) -> bool:
        return changed >= since if self.options.is_inclusive else changed > since

    def _is_listed(self, row: Row, status: str | None) -> bool:
        if status == "attending":
            return row["status"] in _IN
        if status == "not_attending":
            return row["status"] not in _IN
        return row["status"] != "Deleted" or self.options.lists_deleted

    def _page(self, listing: str, rows: list[Row], asked: Asked) -> Row:
        size, start = self.options.page_size, self._start(rows, asked)
        shown = self.window(listing, rows, start, size)
        asked.entry["rows"] = len(shown)
        more = start + size < len(rows)
        paging: Row = {"page_number": 1, "page_size": size, "has_more_items": more}
        if self.options.has_totals:
            paging |= {"object_count": len(rows), "page_count": -(-len(rows) // size) or 1}
        if more:
            paging["continuation"] = self._continuation(rows[start + size - 1])
        return {"pagination": paging, listing: [self._expanded(row, asked) for row in shown]}

    def _start(self, rows: list[Row], asked: Asked) -> int:
        token = asked.query.get("continuation")
        if not token:
            return 0
        try:
            generation, last = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            generation, last = -1, ""
        if generation != self.generation:
            raise refused(400, "BAD_CONTINUATION_TOKEN", "Invalid continuation token passed.")
        ids = [row["id"] for row in rows]
        if last in ids:
            return ids.index(last) + 1
        return sum(1 for key in ids if (len(key), key) <= (len(last), last))  # the row itself is gone

    def _continuation(self, row: Row) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.generation, row["id"]]).encode()).decode()

    def _expanded(self, row: Row, asked: Asked) -> Row:
        wanted = set(asked.query.get("expand", "").split(","))
        found = {name: value for name, value in row.items() if name != "format"}
        if "format" in wanted and "format" in row:
            found["format"] = row["format"]
        if "ticket_classes" in wanted and "capacity" in row:
            tickets = self.account.ticket_classes.values()
            found["ticket_classes"] = [one for one in tickets if one["event_id"] == row["id"]]
        if "attendees" in wanted and "time_remaining" in row:
            attendees = self.account.attendees.values()
            found["attendees"] = [one for one in attendees if one["order_id"] == row["id"]]
        return found

    def _printed(self, value: Any) -> Any:
        """Leave the major value out, as answers of old do."""
        if self.options.has_major_value:
            return value
        if isinstance(value, dict):
            return {name: self._printed(one) for name, one in value.items() if name != "major_value"}
        return [self._printed(one) for one in value] if isinstance(value, list) else value


def _is_order(row: Row, status: str) -> bool:
    kind = "active" if row["status"] in {"placed", "pending", "unpaid", "started"} else "inactive"
    if status == "all_not_deleted":
        return bool(row["status"] != "deleted")
    return status in {"all", kind}
