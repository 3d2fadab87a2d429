"""The heart of the simulator: who asks, what for, and what they get."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.mailchimp.batches import Batches
from closedloop.sandbox.mailchimp.fill import ACCOUNT, KEY, TOKEN, hash_of, report
from closedloop.sandbox.parts.rest import Answer, RefusedError, RestEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.mailchimp.fill import Account
    from closedloop.sandbox.mailchimp.options import Options
    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.odoo.faults import Fault
    from closedloop.sandbox.parts.rest import Asked, Row

_PROBLEM = "application/problem+json; charset=utf-8"
_GLOSSARY = "https://mailchimp.com/developer/marketing/docs/errors/"
_COUNT, _MOST = 10, 1000
_PAGING = frozenset({"count", "offset", "fields", "exclude_fields"})
_SORTING = frozenset({"sort_field", "sort_dir"})
_WITH_ALL = frozenset({"include_cleaned", "include_transactional", "include_unsubscribed"})
#: Listing → what it may be asked with besides paging.
_KNOWN: Mapping[str, frozenset[str]] = {
    "lists": _SORTING | {"since_date_created", "before_date_created", "email"},
    "members": _SORTING
    | _WITH_ALL
    | {
        "status",
        "since_last_changed",
        "before_last_changed",
        "unsubscribed_since",
        "unique_email_id",
        "vip_only",
    },
    "segments": _WITH_ALL | {"type", "since_updated_at", "before_updated_at"},
    "campaigns": _SORTING | {"status", "list_id", "since_create_time", "since_send_time", "before_send_time"},
    "reports": frozenset({"since_send_time", "before_send_time", "type"}),
    "emails": frozenset({"since"}),
}


def refused(status: int, title: str, detail: str) -> RefusedError:
    """Return a refusal as a problem document."""
    value = {
        "type": _GLOSSARY,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"{status}-instance",
    }
    return RefusedError(Answer(value=value, status=status, kind=_PROBLEM))


class Engine(RestEngine):
    """One account behind the interface.

    Args:
        account: The account.
        clock: The simulator's.
        options: How this Mailchimp is.
    """

    def __init__(self, account: Account, clock: ShiftedClock, options: Options) -> None:
        super().__init__(clock)
        self.account = account
        self.options = options
        self.credentials = {KEY, TOKEN}
        self.batches = Batches(options.looks)

    def struck(self, fault: Fault) -> Answer:
        """Return what a fault of the way answers; a ``429`` with ``mode="403"`` is that of extreme volume."""
        if fault.kind == "401":
            return refused(401, "API Key Invalid", "Your API key may be invalid.").answer
        if fault.kind == "500":
            return refused(500, "InternalServerError", "An unexpected internal error has occurred.").answer
        if not self.options.has_body:
            return Answer(value=b"", status=403 if fault.mode == "403" else 429, kind="text/plain")
        return refused(
            429, "TooManyRequests", "You have exceeded the limit of 10 simultaneous connections."
        ).answer

    def served(self, asked: Asked) -> Answer:
        """Return what Mailchimp answers."""
        path = asked.path.removeprefix("/3.0").strip("/")
        if path.startswith("archive/"):  # it lies elsewhere, and needs no credential
            return Answer(value=self.batches.archive(path.partition("/")[2]), kind="application/gzip")
        self._demand_credential(asked.headers.get("authorization", ""))
        if trigger := asked.headers.get("x-trigger-error"):
            raise refused(403 if trigger == "Forbidden" else 500, trigger, "As you asked for it.")
        found = self.found(path, asked)
        return Answer(value=found) if found is not None else Answer(value=None, status=204)

    def _demand_credential(self, word: str) -> None:
        kind, _, secret = word.partition(" ")
        if kind == "Basic":
            try:
                secret = base64.b64decode(secret).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                secret = ""
        if secret not in self.credentials:
            detail = "Your API key may be invalid, or you've attempted to access the wrong datacenter."
            raise refused(401, "API Key Invalid", detail)

    def found(self, path: str, asked: Asked) -> Row | None:
        """Return what a path holds; batches ask here too."""
        if {"fields", "exclude_fields"} <= {name for name, value in asked.query.items() if value}:
            raise refused(400, "Bad Request", "fields and exclude_fields may not be used together.")
        match path.split("/"):
            case [""]:
                return {
                    "account_id": ACCOUNT,
                    "account_name": self.account.world.company,
                    "account_timezone": "UTC",
                }
            case ["ping"]:
                return {"health_status": "Everything's Chimpy!"}
            case ["lists"]:
                return self._page("lists", "lists", self._lists(), asked)
            case ["lists", audience, *rest]:
                return self._of_list(self._one("lists", audience), rest, asked)
            case [("campaigns" | "reports") as name, *rest]:
                return self._mailings(name, rest, asked)
            case ["batches", *rest]:
                return self._batches(rest, asked)
        raise _missing()

    def _mailings(self, name: str, rest: list[str], asked: Asked) -> Row:
        match [name, *rest]:
            case ["campaigns"]:
                return self._page("campaigns", "campaigns", self._campaigns(asked), asked)
            case ["campaigns", key]:
                return self._one("campaigns", key)
            case ["reports"]:
                sent = [key for key, row in self.account.campaigns.items() if row["status"] == "sent"]
                return self._page("reports", "reports", [report(self.account, key) for key in sent], asked)
            case ["reports", key]:
                return report(self.account, self._one("campaigns", key)["id"])
            case ["reports", key, "email-activity"]:
                return self._activity(self._one("campaigns", key), asked)
        raise _missing()

    def _batches(self, rest: list[str], asked: Asked) -> Row:
        if asked.verb == "POST" and not rest:
            return self.batches.begin(self, json.loads(asked.body), asked)
        found = self.batches.look(rest[0], f"http://{asked.headers.get('host')}") if rest else None
        return found if found is not None else _raise(_missing())

    def _of_list(self, audience: Row, rest: list[str], asked: Asked) -> Row | None:
        match rest:
            case []:
                return audience
            case ["members"]:
                return self._page("members", "members", self._members(audience, asked), asked)
            case ["members", member, *more]:
                return self._of_member(audience, member, more, asked)
            case ["segments"]:
                rows = [row for row in self.account.segments.values() if row["list_id"] == audience["id"]]
                return self._page("segments", "segments", rows, asked)
            case ["segments", segment, "members"]:
                return self._page("segment_members", "members", self._of_segment(segment, asked), asked)
        raise _missing()

    def _of_member(self, audience: Row, member: str, more: list[str], asked: Asked) -> Row | None:
        key = f"{audience['id']}/{hash_of(member) if '@' in member else member}"
        row = self._one("members", key)
        match [asked.verb, *more]:
            case ["GET"]:
                return row
            case ["GET", "tags"]:
                return {"tags": row["tags"], "total_items": len(row["tags"])}
            case ["GET", "events"]:
                return self._page("events", "events", self.account.events.get(key, []), asked)
        return self._write(key, row, more, asked)

    def _write(self, key: str, row: Row, more: list[str], asked: Asked) -> Row | None:
        given = json.loads(asked.body) if asked.body else {}
        match [asked.verb, *more]:
            case ["PATCH"]:
                row |= {name: value for name, value in given.items() if name in row}
                row["last_changed"] = self.account.stamp(self.clock.now())
                return row
            case ["DELETE"]:
                row |= {"status": "archived", "last_changed": self.account.stamp(self.clock.now())}
                return None
            case ["POST", "actions", "delete-permanent"]:
                del self.account.members[key]
                return None
            case ["POST", "tags"]:
                self._tag(key, row, given["tags"])
                return None
            case ["POST", "events"]:
                at = given.get("occurred_at") or self.account.stamp(self.clock.now())
                made = {"name": given["name"], "occurred_at": at, "properties": given.get("properties") or {}}
                self.account.events.setdefault(key, []).append(made)
                return None
        raise refused(405, "Method Not Allowed", "The requested method and resource are not compatible.")

    def _tag(self, key: str, row: Row, tags: list[Row]) -> None:
        for tag in tags:
            segment = next(one for one in self.account.segments.values() if one["name"] == tag["name"])
            held = self.account.memberships[str(segment["id"])]
            kept = [one for one in held if one != key]
            is_on = tag["status"] == "active"
            self.account.memberships[str(segment["id"])] = [*kept, key] if is_on else kept
            own = [one for one in row["tags"] if one["name"] != tag["name"]]
            row["tags"] = [*own, {"id": segment["id"], "name": tag["name"]}] if is_on else own
            row["tags_count"] = len(row["tags"])
        if self.options.tags_move_changed:
            row["last_changed"] = self.account.stamp(self.clock.now())

    def _lists(self) -> list[Row]:
        return list(self.account.lists.values())

    def _members(self, audience: Row, asked: Asked) -> list[Row]:
        rows = [row for row in self.account.members.values() if row["list_id"] == audience["id"]]
        status = asked.query.get("status")
        rows = [row for row in rows if (row["status"] == status if status else row["status"] != "archived")]
        since, before = asked.query.get("since_last_changed"), asked.query.get("before_last_changed")
        if since:
            rows = [
                row
                for row in rows
                if row["last_changed"] > since or (self.options.is_inclusive and row["last_changed"] == since)
            ]
        return [row for row in rows if row["last_changed"] < before] if before else rows

    def _of_segment(self, segment: str, asked: Asked) -> list[Row]:
        self._one("segments", segment)
        wanted = {"subscribed"} | {
            name
            for name in ("unsubscribed", "cleaned", "transactional")
            if asked.query.get(f"include_{name}") == "true"
        }
        members = self.account.members
        rows = (members[key] for key in self.account.memberships[segment] if key in members)
        return [row for row in rows if row["status"] in wanted]

    def _campaigns(self, asked: Asked) -> list[Row]:
        status, rows = asked.query.get("status"), self.account.campaigns
        reports = {key: report(self.account, key) for key in rows}
        return [
            {
                **row,
                "report_summary": {
                    "opens": reports[key]["opens"]["opens_total"],
                    "unique_opens": reports[key]["opens"]["unique_opens"],
                    "clicks": reports[key]["clicks"]["clicks_total"],
                    "subscriber_clicks": reports[key]["clicks"]["unique_subscriber_clicks"],
                },
            }
            for key, row in rows.items()
            if not status or row["status"] == status
        ]

    def _activity(self, campaign: Row, asked: Asked) -> Row:
        addresses = {row["id"]: row["email_address"] for row in self.account.members.values()}
        whose = {
            "campaign_id": campaign["id"],
            "list_id": campaign["recipients"]["list_id"],
            "list_is_active": True,
        }
        rows = [
            {**whose, "email_id": member, "email_address": addresses.get(member, ""), "activity": acts}
            for member, acts in self.account.activity[campaign["id"]].items()
            if acts or self.options.lists_silent
        ]
        return {**self._page("email-activity", "emails", rows, asked), "campaign_id": campaign["id"]}

    def _one(self, table: str, key: str) -> Row:
        row = self.account.table(table).get(key)
        return row if row is not None else _raise(_missing())

    def _page(self, stream: str, key: str, rows: list[Row], asked: Asked) -> Row:
        query = asked.query
        unknown = set(query) - _PAGING - _KNOWN.get(key, frozenset())
        if unknown:
            raise refused(
                400, "Invalid Resource", f"The resource submitted could not be validated: {sorted(unknown)}"
            )
        count, offset = int(query.get("count") or _COUNT), int(query.get("offset") or 0)
        if count > _MOST:
            raise refused(400, "Invalid Resource", f"count may be up to {_MOST}")
        rows = sorted(
            rows, key=_order(query.get("sort_field")), reverse=query.get("sort_dir", "").upper() == "DESC"
        )
        shown = self.window(stream, rows, offset, count)
        asked.entry["rows"] = len(shown)
        found: Row = {key: shown, "total_items": len(rows), "_links": []}
        return {name: value for name, value in found.items() if _is_wanted(name, query)}


def _order(sort_field: str | None) -> Callable[[Row], Any]:
    if not sort_field:
        return lambda _row: 0
    return lambda row: str(row.get(sort_field) or "")


def _is_wanted(name: str, query: Mapping[str, str]) -> bool:
    wanted = {one.partition(".")[0] for one in query.get("fields", "").split(",") if one}
    left_out = set(query.get("exclude_fields", "").split(","))
    return name in wanted if wanted else name not in left_out


def _missing() -> RefusedError:
    return refused(404, "Resource Not Found", "The requested resource could not be found.")


def _raise(error: RefusedError) -> Any:
    raise error
