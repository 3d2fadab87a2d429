"""The heart of the simulator: who asks, what for, and what they get."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.marketo import activity_api, assets_api, people_api
from closedloop.sandbox.marketo.bulk_api import File, Jobs
from closedloop.sandbox.marketo.call import Call
from closedloop.sandbox.marketo.errors import MarketoError
from closedloop.sandbox.marketo.identity import Identity
from closedloop.sandbox.marketo.limits import Limits
from closedloop.sandbox.marketo.options import ACTIVITIES, ASSETS, LEADS, USER
from closedloop.sandbox.odoo.engine import CannedError, ResetError
from closedloop.sandbox.odoo.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.marketo.account import Account


class Engine:
    """One subscription behind its API.

    Args:
        account: What it holds.
    """

    def __init__(self, account: Account) -> None:
        self.account, self.clock, self.options = account, account.clock, account.options
        self.faults = Faults()
        self.identity = Identity(clock=self.clock)
        self.limits = Limits(clock=self.clock, options=self.options)
        self.jobs = Jobs()
        self._log: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        kinds = "(leads|activities|program/members)"
        job = rf"/bulk/v1/{kinds}/export/([^/]+)"
        self._routes: list[tuple[str, str, str, str, Callable[[Call], dict[str, Any] | File]]] = [
            ("GET", r"/rest/asset/v1/programs\.json", "programs", ASSETS, assets_api.programs),
            ("GET", r"/rest/asset/v1/program/byName\.json", "program", ASSETS, assets_api.program_by_name),
            ("GET", r"/rest/asset/v1/program/(\d+)\.json", "program", ASSETS, assets_api.program),
            ("GET", r"/rest/asset/v1/channels\.json", "channels", ASSETS, assets_api.channels),
            ("GET", r"/rest/asset/v1/channel/byName\.json", "channels", ASSETS, assets_api.channel_by_name),
            ("GET", r"/rest/asset/v1/tagTypes\.json", "tags", ASSETS, assets_api.tag_types),
            ("GET", r"/rest/v1/leads\.json", "leads", LEADS, people_api.leads),
            ("GET", r"/rest/v1/lead/(\d+)\.json", "lead", LEADS, people_api.lead),
            ("GET", r"/rest/v1/leads/describe\.json", "describe", LEADS, people_api.describe_lead),
            ("GET", r"/rest/v1/leads/programs/(\d+)\.json", "members", LEADS, people_api.leads_of_program),
            ("GET", r"/rest/v1/programs/(\d+)/members\.json", "members", LEADS, people_api.members),
            (
                "GET",
                r"/rest/v1/programs/members/describe\.json",
                "describe",
                LEADS,
                people_api.describe_member,
            ),
            ("GET", r"/rest/v1/activities\.json", "activities", ACTIVITIES, activity_api.activities),
            ("GET", r"/rest/v1/activities/types\.json", "types", ACTIVITIES, activity_api.types),
            ("GET", r"/rest/v1/activities/pagingtoken\.json", "token", ACTIVITIES, activity_api.paging_token),
            (
                "GET",
                r"/rest/v1/activities/leadchanges\.json",
                "changes",
                ACTIVITIES,
                activity_api.lead_changes,
            ),
            (
                "GET",
                r"/rest/v1/activities/deletedleads\.json",
                "deleted",
                ACTIVITIES,
                activity_api.deleted_leads,
            ),
            ("GET", r"/rest/v1/stats/usage\.json", "usage", "", self._usage),
            ("GET", rf"/bulk/v1/{kinds}/export\.json", "export", LEADS, self.jobs.list),
            ("POST", rf"/bulk/v1/{kinds}/export/create\.json", "export", LEADS, self.jobs.create),
            ("POST", rf"{job}/enqueue\.json", "export", LEADS, self.jobs.enqueue),
            ("POST", rf"{job}/cancel\.json", "export", LEADS, self.jobs.cancel),
            ("GET", rf"{job}/status\.json", "export", LEADS, self.jobs.status),
            ("GET", rf"{job}/file\.json", "file", LEADS, self.jobs.file),
        ]

    def enter(self, verb: str, path: str, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        """Begin a request in the log."""
        entry: dict[str, Any] = {
            "at": self.clock.now().isoformat(),
            "method": verb,
            "path": path,
            "name": None,
            "query": dict(query),
            "body": body,
            "status": 0,
            "code": None,
            "rows": None,
            "fault": None,
            "is_write": False,
        }
        with self._lock:
            entry["number"] = len(self._log) + 1
            self._log.append(entry)
        return entry

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log after request number ``since``, oldest first."""
        with self._lock:
            return [dict(entry) for entry in self._log[since:]]

    def answer(
        self, entry: dict[str, Any], headers: Mapping[str, str], query: Mapping[str, str], body: Any
    ) -> dict[str, Any] | File:
        """Answer a request to the API; a refusal of Marketo's own is an answer too.

        Raises:
            CannedError: A fault answers in Marketo's place.
            ResetError: A fault cuts the connection.
            PlainError: There is no such file.
        """
        request = f"{entry['number']:x}#{0x14272D07D78 + entry['number']:x}"
        try:
            self.limits.enter()
            found = self._found(entry, headers, query, body)
        except MarketoError as error:
            entry["code"] = error.code
            errors = [{"code": error.code, "message": error.message}]
            return {"requestId": request, "success": False, "errors": errors}
        finally:
            self.limits.leave()
        if isinstance(found, File):
            return found
        entry["rows"] = len(found.get("result") or ())
        return {"requestId": request, "success": True, "errors": [], **found}

    def _found(
        self, entry: dict[str, Any], headers: Mapping[str, str], query: Mapping[str, str], body: Any
    ) -> dict[str, Any] | File:
        lowered = {name.lower(): value for name, value in headers.items()}
        handle, name, permission, ids = self._route(entry["method"], entry["path"])
        entry["name"] = name
        fault = self.faults.on_the_way("marketo", name, "ask")
        if fault is not None:
            entry["fault"] = fault.kind
            self._strike(fault)
        if "access_token" in query:
            raise MarketoError("601")  # in a header only, since August 2026
        self.identity.demand(lowered.get("authorization", ""))
        if permission in self.options.denies:
            raise MarketoError("603")
        if body is not None and not isinstance(body, dict):
            raise MarketoError("609")
        call = Call(
            account=self.account,
            faults=self.faults,
            name=name,
            ids=ids,
            query=query,
            body=body or {},
            headers=lowered,
        )
        with self.account.lock:
            return handle(call)

    def _route(
        self, verb: str, path: str
    ) -> tuple[Callable[[Call], dict[str, Any] | File], str, str, tuple[str, ...]]:
        for method, pattern, name, permission, handle in self._routes:
            found = re.fullmatch(pattern, path)
            if found and method == verb:
                return handle, name, permission, found.groups()
        raise MarketoError("610")

    def _strike(self, fault: Fault) -> None:
        """Let a fault of the way answer; ``mode`` is the code where Marketo itself refuses."""
        code = fault.mode if fault.mode.isdigit() else {"401": "601", "429": "606"}.get(fault.kind)
        if fault.kind == "slow":
            threading.Event().wait(fault.seconds)
        elif fault.kind == "reset":
            raise ResetError
        elif fault.kind == "html":
            raise CannedError(
                fault.status, {}, "<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"
            )
        elif code is not None:
            if code == "602":
                self.identity.end()
            raise MarketoError(code)
        else:
            raise CannedError(500, {}, "Internal Server Error")

    def _usage(self, call: Call) -> dict[str, Any]:
        if not self.options.has_usage:
            raise MarketoError("603")
        del call
        day = self.limits.today()
        total = self.limits.used(day)
        users = [{"userId": USER, "count": total - self.limits.others}]
        return {"result": [{"date": day.isoformat(), "total": total, "users": users}]}

    def control(self, verb: str, name: str, given: dict[str, Any]) -> Any:
        """Carry out one of the simulator's own controls.

        Raises:
            KeyError: There is no such control, or an argument is missing.
        """
        if (verb, name) == ("GET", "requests"):
            return self.requests(int(given.get("since", 0)))
        if (verb, name) == ("POST", "faults"):
            fault = self.faults.add(**given)
            return {key: value for key, value in asdict(fault).items() if key not in {"ids", "page"}}
        if (verb, name) == ("DELETE", "faults"):
            return self.faults.clear()
        if (verb, name) == ("POST", "advance"):
            self.clock.advance(float(given["seconds"]))
            return {"now": self.clock.now().isoformat()}
        if (verb, name) == ("POST", "edit"):
            with self.account.lock:
                self.account.edit_lead(int(given["id"]), given["values"])
            return {"id": given["id"]}
        if (verb, name) == ("GET", "state"):
            tables = ("channels", "programs", "members", "leads", "activities")
            rows = {table: len(getattr(self.account, table)) for table in tables}
            return {"now": self.clock.now().isoformat(), "requests": len(self._log), "rows": rows}
        raise KeyError(name)


def body_of(content: bytes, kind: str) -> Any:
    """Return a request's JSON; none where it has none.

    Raises:
        MarketoError: It is none.
    """
    if not content or "json" not in kind:
        return None
    try:
        return json.loads(content)
    except ValueError:
        raise MarketoError("609") from None
