"""Limits, scopes, tokens and the faults that are switched on."""

import json
import signal
import subprocess
import sys

import pytest
import requests

from closedloop.sandbox.hubspot import SCOPES

LIST = "/crm/objects/2026-09/companies"


def test_ten_seconds_hold_so_many_calls_and_headers_tell(serve):
    plain = serve(ten_second_limit=3)

    replies = [plain.get(LIST, limit=1) for _ in range(4)]
    plain.simulator.advance(10)

    assert [one.status_code for one in replies] == [200, 200, 200, 429]
    assert [one.headers["X-HubSpot-RateLimit-Remaining"] for one in replies] == ["2", "1", "0", "0"]
    body = replies[-1].json()
    assert (body["policyName"], body["errorType"]) == ("TEN_SECONDLY_ROLLING", "RATE_LIMIT")
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert plain.get(LIST, limit=1).status_code == 200


def test_the_search_has_a_limit_of_its_own_and_no_headers(serve):
    plain = serve(search_limit=2)

    replies = [plain.search("companies", limit=1) for _ in range(3)]
    plain.simulator.advance(1)

    assert [one.status_code for one in replies] == [200, 200, 429]
    assert replies[-1].json()["policyName"] == "SECONDLY"
    assert not [name for name in replies[0].headers if "RateLimit" in name]
    assert plain.search("companies", limit=1).status_code == 200


def test_a_day_ends_at_midnight_of_the_accounts_zone(serve):
    plain = serve(day_limit=2)

    replies = [plain.get(LIST, limit=1) for _ in range(3)]
    plain.simulator.advance(17 * 3600 - 60)  # a minute before midnight in Chicago
    before = plain.get(LIST, limit=1)
    plain.simulator.advance(120)

    assert [one.status_code for one in replies] == [200, 200, 429]
    assert replies[-1].json()["policyName"] == "DAILY"
    assert replies[-1].json()["message"] == "You have reached your daily limit."
    assert before.status_code == 429
    assert plain.get(LIST, limit=1).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "1"


def test_oauth_hears_nothing_of_the_day(serve):
    plain = serve()
    plain.session.headers["Authorization"] = f"Bearer {plain.simulator.consented()['access_token']}"

    headers = plain.get(LIST, limit=1).headers

    assert "X-HubSpot-RateLimit-Max" in headers
    assert "X-HubSpot-RateLimit-Daily" not in headers


@pytest.mark.parametrize(
    ("missing", "method", "path"),
    [
        ("crm.objects.deals.read", "GET", "/crm/v3/objects/deals"),
        ("crm.objects.companies.write", "POST", "/crm/v3/objects/companies"),
        ("crm.objects.owners.read", "GET", "/crm/owners/2026-09"),
        ("crm.objects.marketing_events.read", "GET", "/marketing/marketing-events/2026-09"),
        ("marketing.campaigns.read", "GET", "/marketing/v3/campaigns"),
        ("crm.schemas.companies.write", "POST", "/crm/v3/properties/companies"),
        ("crm.lists.read", "GET", "/crm/lists/2026-09/101"),
        ("forms", "GET", "/marketing/v3/forms"),
        ("tickets", "GET", "/crm/objects/2026-09/tickets"),
    ],
)
def test_a_missing_scope_is_named(serve, missing, method, path):
    plain = serve(scopes=SCOPES - {missing})

    reply = plain.ask(method, path, {} if method == "POST" else None)

    body = reply.json()
    assert (reply.status_code, body["category"]) == (403, "MISSING_SCOPES")
    assert missing in body["errors"][0]["context"]["requiredGranularScopes"]


def test_an_access_token_ends_and_says_so(serve):
    plain = serve()
    token = plain.simulator.consented()
    plain.session.headers["Authorization"] = f"Bearer {token['access_token']}"
    assert plain.get(LIST, limit=1).status_code == 200

    plain.simulator.advance(token["expires_in"] + 5)
    reply = plain.get(LIST, limit=1)

    body = reply.json()
    assert (reply.status_code, body["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert "expired 5 second(s) ago" in body["message"]
    assert body["context"]["expire time"][0].endswith("Z")


def buy(simulator, refresh, path="/oauth/2026-09/token"):
    form = {
        "grant_type": "refresh_token",
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "refresh_token": refresh,
    }
    return requests.post(simulator.url + path, data=form)


def test_a_refresh_token_may_rotate(serve):
    plain = serve(rotates_refresh=True)
    first = plain.simulator.consented()["refresh_token"]

    second = buy(plain.simulator, first).json()["refresh_token"]
    again = buy(plain.simulator, first)

    assert second != first
    assert (again.status_code, again.json()["status"]) == (400, "BAD_REFRESH_TOKEN")
    assert again.json()["message"] == "missing or invalid refresh token"
    assert buy(plain.simulator, second, "/oauth/v1/token").status_code == 200


def test_a_removed_app_has_no_tokens(serve):
    plain = serve()
    token = plain.simulator.consented()
    plain.simulator.engine.identity.revoke()
    plain.session.headers["Authorization"] = f"Bearer {token['access_token']}"

    assert plain.get(LIST).status_code == 401
    assert buy(plain.simulator, token["refresh_token"]).json()["status"] == "BAD_REFRESH_TOKEN"


def test_a_token_is_looked_into(serve):
    plain = serve()
    token = plain.simulator.consented()

    found = requests.post(
        f"{plain.simulator.url}/oauth/2026-09/token/introspect", data={"token": token["access_token"]}
    ).json()

    assert (found["active"], found["token_use"], found["hub_id"]) == (
        True,
        "access_token",
        plain.simulator.portal,
    )


def test_a_person_consents(serve):
    plain = serve()
    url = f"{plain.simulator.url}/oauth/authorize"
    asked = {"redirect_uri": "http://127.0.0.1/back", "state": "s", "client_id": plain.simulator.client_id}
    assert "Allow access" in requests.get(url, params=asked).text

    back = requests.post(url, params=asked, data={"answer": "allow"}, allow_redirects=False).headers[
        "Location"
    ]
    code = back.partition("code=")[2].partition("&")[0]
    form = {
        "grant_type": "authorization_code",
        "client_id": plain.simulator.client_id,
        "client_secret": plain.simulator.client_secret,
        "code": code,
        "redirect_uri": asked["redirect_uri"],
    }

    token = requests.post(f"{plain.simulator.url}/oauth/v3/token", data=form).json()
    assert token["expires_in"] == 1800
    assert requests.post(f"{plain.simulator.url}/oauth/v3/token", data=form).status_code == 400


def test_an_address_too_long_is_refused(shared):
    names = ",".join(f"property_{number}" for number in range(900))

    assert shared.get(LIST, properties=names).status_code == 414


def test_what_is_not_served_is_not_found(shared):
    for path in ("/crm/v2/objects/deals", "/crm/objects/2027-03/deals", "/nothing", "/crm/v3/nothing"):
        assert shared.get(path).status_code == 404
    assert shared.get("/crm/v3/objects/pigeons").status_code == 400
    assert shared.session.post(shared.simulator.url + LIST, data="{").status_code == 400


@pytest.mark.parametrize(("kind", "status"), [("401", 401), ("429", 429), ("500", 500), ("html", 502)])
def test_a_fault_of_the_way_strikes_once(serve, kind, status):
    plain = serve()
    plain.simulator.faults.add(kind, model="companies", method="list")

    assert plain.search("companies").status_code == 200
    assert [plain.get(LIST).status_code for _ in range(2)] == [status, 200]


def test_a_lost_answer_to_a_write_was_carried_out(serve):
    plain = serve()
    company = plain.simulator.records("companies")[0]["id"]
    plain.simulator.faults.add("reset", model="companies", method="write", when="after")

    with pytest.raises(requests.ConnectionError):
        plain.ask("PATCH", f"{LIST}/{company}", {"properties": {"city": "Kept"}})

    assert plain.simulator.records("companies")[0]["properties"]["city"] == "Kept"
    entry = plain.simulator.requests()[-1]
    assert (entry["is_write"], entry["executed"], entry["fault"], entry["ids"]) == (
        True,
        True,
        "reset",
        [company],
    )


def pages(plain, path, size):
    found, after = [], None
    while True:
        body = plain.get(path, limit=size, **({"after": after} if after else {})).json()
        found += [one["id"] for one in body["results"]]
        after = body.get("paging", {}).get("next", {}).get("after")
        if after is None or len(found) > 10_000:
            return found


@pytest.mark.parametrize("kind", ["drop_row", "short_page", "repeat_page", "freeze_cursor"])
def test_a_fault_of_the_data_gives_less_while_the_count_is_true(serve, kind):
    plain = serve()
    everything = [one["id"] for one in plain.simulator.records("companies")]
    plain.simulator.faults.add(kind, model="companies", method="list")

    found = pages(plain, LIST, 5)

    assert {*found} < {*everything}
    assert plain.search("companies").json()["total"] == len(everything)


def test_faults_and_edits_come_through_the_control_too(serve):
    plain = serve()
    company = plain.simulator.records("companies")[0]["id"]
    control = f"{plain.simulator.url}/__control__"

    requests.post(f"{control}/faults", json={"kind": "500", "stream": "companies"}).raise_for_status()
    assert plain.get(LIST).status_code == 500
    requests.delete(f"{control}/faults").raise_for_status()
    edit = {"name": "companies", "record": company, "values": {"city": "Here"}}
    requests.post(f"{control}/edit", json=edit).raise_for_status()
    requests.post(f"{control}/advance", json={"seconds": 60}).raise_for_status()

    assert plain.simulator.records("companies")[0]["properties"]["city"] == "Here"
    assert requests.get(f"{control}/state").json()["rows"]["companies"] > 0
    assert requests.get(f"{control}/requests").json()[0]["status"] == 500
    assert requests.post(f"{control}/nothing", json={}).status_code == 400


def test_a_batch_may_leave_a_record_out_without_a_word(serve):
    plain = serve()
    inputs = [{"id": one["id"]} for one in plain.simulator.records("companies")[:9]]
    body = {"inputs": inputs, "properties": ["name"], "propertiesWithHistory": []}
    plain.simulator.faults.add("drop_row", model="companies", method="read")

    found = plain.post(f"{LIST}/batch/read", body).json()

    assert len(found["results"]) == len(inputs) - 1
    assert "errors" not in found


def test_the_simulator_is_a_process_too(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "closedloop.sandbox.hubspot", "--scale", "0.02", "--state-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
    )
    try:
        started = json.loads(process.stdout.readline())
        reply = requests.get(
            started["url"] + LIST,
            headers={"Authorization": f"Bearer {started['token']}"},
            params={"limit": 1},
        )
        assert reply.status_code == 200
        assert json.loads((tmp_path / "hubspot.json").read_text())["url"] == started["url"]
        assert json.loads((tmp_path / "keys.json").read_text())["event"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        process.stdout.close()
