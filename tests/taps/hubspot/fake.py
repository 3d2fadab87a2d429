"""Answers as HubSpot gives them, one by one: what the simulator would not do is written here by hand."""

import json
import re
from bisect import bisect_right
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import parse_qsl, urlsplit

URL = "https://hubspot.test"
NOW = datetime.fromisoformat("2026-10-31T12:00:00+00:00")
STAMPS = {"contacts": "lastmodifieddate"}


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def ago(**past):
    return stamp(NOW - timedelta(**past))


def row(number, changed=None, created=None, stamp_of="companies", **properties):
    """A record as HubSpot lists it."""
    changed = changed or ago(days=3)
    created = created or ago(days=30)
    own = {
        "hs_object_id": str(number),
        STAMPS.get(stamp_of, "hs_lastmodifieddate"): changed,
        "createdate": created,
        **properties,
    }
    return {
        "id": str(number),
        "createdAt": created,
        "updatedAt": changed,
        "archived": False,
        "properties": own,
    }


@cache
def milliseconds(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class FakeHubspot:
    """Serves rows by object; `script` holds answers that come first; `hidden` ids are in no listing."""

    def __init__(self, mock):
        self.now = NOW
        self.rows = {}
        self.archived = {}
        self.unindexed = set()
        self.associations = {}
        self.histories = {}
        self.events = []
        self.participations = {}
        self.campaigns = []
        self.others = {}
        self.script = []
        self.calls = []
        self.requests = []
        self.tokens = []
        self.refused_tokens = set()
        self.no_scope = {}
        self.headers = {}
        self.edit = None
        self.url_limit = 8000
        self.takes_short_sorts = True
        mock.add_callback("GET", re.compile(f"{URL}/.*"), self.answer)
        mock.add_callback("POST", re.compile(f"{URL}/.*"), self.answer)

    def reply(self, status, body, **headers):
        content = body if isinstance(body, str) else json.dumps(body)
        date = self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return status, {"Date": date, "Content-Type": "application/json", **self.headers, **headers}, content

    def asked(self, part):
        """The calls whose path holds ``part``."""
        return [call for call in self.calls if part in call["path"]]

    def answer(self, request):
        self.requests.append(request)
        parts = urlsplit(request.url)
        query, path = dict(parse_qsl(parts.query)), parts.path
        if "/oauth/" in path:
            return self.token(request)
        body = json.loads(request.body) if request.body else None
        self.calls.append({"verb": request.method, "path": path, "query": query, "body": body})
        if request.headers["Authorization"].removeprefix("Bearer ") in self.refused_tokens:
            error = {"status": "error", "category": "EXPIRED_AUTHENTICATION", "message": "expired"}
            return self.reply(401, error)
        if len(request.url) > self.url_limit:
            return self.reply(414, "")
        if self.script:
            return self.reply(*self.script.pop(0))
        for part, scopes in self.no_scope.items():
            if part in path:
                context = {"requiredGranularScopes": scopes}
                error = {"category": "MISSING_SCOPES", "errors": [{"message": "x", "context": context}]}
                return self.reply(403, error)
        found = self.found(path, query, body)
        if self.edit:
            self.edit(path, query, body)
        return self.reply(404 if found is None else 200, found or {})

    def token(self, request):
        self.tokens.append(dict(parse_qsl(request.body.decode())))
        number = len(self.tokens)
        answer = {
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
            "expires_in": 1800,
        }
        return self.reply(200, answer)

    def found(self, path, query, body):
        steps = [step for step in path.split("/") if step and step not in {"2026-09", "2026-03", "v3", "v4"}]
        if steps[:2] == ["crm", "objects"]:
            return self.records(steps[2:], query, body)
        if steps[:2] == ["crm", "associations"]:
            return self.associated(steps[2], steps[3], body)
        if steps[0] == "marketing":
            return self.marketing(steps[1:], query, body)
        return self.other(steps, query)

    def marketing(self, steps, query, body):
        if steps[0] == "campaigns":
            return self.campaign(steps[1:], query, body)
        if steps == ["marketing-events"]:
            return page(self.events, query)
        if steps[0] == "marketing-events":
            rows = self.participations.get(steps[2], [])
            return page(rows, query) | {"total": len(rows)}
        return self.other(["marketing", *steps], query)

    def other(self, steps, query):
        if steps[0] == "account-info":
            return {"portalId": 7, "accountType": "STANDARD", "companyCurrency": "USD", "timeZone": "UTC"}
        if steps[-2:] == ["lists", "search"]:
            return {"lists": [], "hasMore": False, "offset": 0, "total": 0}
        if steps[-1] == "company-currency":
            return {"currencyCode": "USD"}
        found = self.others.get("/".join(steps), [])
        if steps[:2] == ["crm", "owners"]:
            rows = self.others.get("crm/owners", [])
            found = [one for one in rows if str(one["archived"]).lower() == query["archived"]]
            if len(steps) > 2:
                found = next((one for one in rows if one["id"] == steps[2]), None)
        return page(found, query) if isinstance(found, list) else found

    def records(self, steps, query, body):
        name = steps[0]
        live = self.rows.get(name, [])  # in the order of their ids
        if steps[1:] == ["search"]:
            return self.search(name, live, body)
        if steps[1:] == ["batch", "read"]:
            wanted = {one["id"] for one in body["inputs"]}
            rows = [self.shown(one, body["properties"]) for one in live if one["id"] in wanted]
            for one in rows:
                if body["propertiesWithHistory"]:
                    one["propertiesWithHistory"] = self.histories.get(one["id"], {})
            errors = [{"category": "OBJECT_NOT_FOUND"}] if len(rows) < len(wanted) else []
            return {"status": "COMPLETE", "results": rows, "errors": errors}
        rows = self.archived.get(name, []) if query.get("archived") == "true" else live
        names = query.get("properties", "name").split(",")
        found = page(rows, query, key=lambda one: int(one["id"]))
        return found | {"results": [self.shown(one, names) for one in found["results"]]}

    @staticmethod
    def shown(one, names):
        return {**one, "properties": {name: one["properties"].get(name) for name in names}}

    def search(self, name, rows, body):
        def value(one, prop):
            found = one["properties"][prop]
            if prop == "hs_object_id":
                return int(found)
            return milliseconds(found)

        tests = {"GTE": int.__ge__, "GT": int.__gt__, "EQ": int.__eq__, "LTE": int.__le__}
        rows = [one for one in rows if one["id"] not in self.unindexed]
        for group in body["filterGroups"]:
            for one in group["filters"]:
                test = tests[one["operator"]]
                rows = [r for r in rows if test(value(r, one["propertyName"]), int(one["value"]))]
        name, down = self.order(body["sorts"][0])
        rows = sorted(rows, key=lambda one: value(one, name), reverse=down)
        return {
            "total": len(rows),
            "results": [self.shown(r, body["properties"]) for r in rows[: body["limit"]]],
        }

    def order(self, sort):
        if isinstance(sort, dict):
            return sort["propertyName"], sort["direction"] == "DESCENDING"
        if self.takes_short_sorts:
            return sort.removeprefix("-"), sort.startswith("-")
        return "hs_object_id", False

    def associated(self, origin, to, body):
        held = self.associations.get((origin, to)) or self.turned(origin, to)
        results = []
        for one in body["inputs"]:
            found = held.get(one["id"], [])
            start = int(one.get("after") or 0)
            result = {"from": {"id": one["id"]}, "to": found[start : start + 2]}
            if start + 2 < len(found):
                result["paging"] = {"next": {"after": str(start + 2)}}
            if found:
                results.append(result)
        return {"status": "COMPLETE", "results": results}

    def turned(self, origin, to):
        """Associations as the other side tells them."""
        found = {}
        for key, others in self.associations.get((to, origin), {}).items():
            for other in others:
                found.setdefault(str(other["toObjectId"]), []).append(other | {"toObjectId": key})
        return found

    def campaign(self, steps, query, body):
        if steps[1:] == ["budget", "totals"]:
            return next(one["budget"] for one in self.campaigns if one["id"] == steps[0])
        if steps == ["batch", "read"]:
            wanted = {one["id"] for one in body["inputs"]}
            return {"results": [one for one in self.campaigns if one["id"] in wanted]}
        rows = sorted(self.campaigns, key=lambda one: one["updatedAt"], reverse="sort" in query)
        return page(rows, query) | {"total": len(rows)}


def page(rows, query, key=None):
    """A page of a listing: after an id where there is a key, else by position."""
    limit, after = int(query.get("limit", 10)), query.get("after")
    if key:
        start = bisect_right(rows, int(after or 0), key=key)
        shown, following = rows[start : start + limit], len(rows) > start + limit
        mark = str(key(shown[-1])) if following else None
    else:
        start = int(after or 0)
        shown, following = rows[start : start + limit], len(rows) > start + limit
        mark = str(start + limit)
    return {"results": shown} | ({"paging": {"next": {"after": mark}}} if following else {})
