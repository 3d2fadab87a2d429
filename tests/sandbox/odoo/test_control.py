"""The simulator's own side: edits by hand, its clock, its log."""

from __future__ import annotations

import re

import pytest
import requests

from closedloop.sandbox.odoo import serve


def control(simulator, name, verb="GET", **given):
    reply = requests.request(
        verb,
        f"{simulator.url}/__control__/{name}",
        params=given if verb == "GET" else None,
        json=given if verb != "GET" else None,
        timeout=10,
    )
    return reply.status_code, reply.json()


def test_the_clock_starts_at_noon_of_the_worlds_day_and_shows_in_the_date_header(simulator, crm, small):
    date = crm.raw("/web/version", verb="GET").headers["Date"]
    assert re.fullmatch(rf"\w{{3}}, {small.as_of:%d %b %Y} 12:0\d:\d\d GMT", date)
    control(simulator, "advance", "POST", seconds=86400)
    assert crm.raw("/web/version", verb="GET").headers["Date"] != date
    assert (simulator.now().date() - small.as_of).days == 1


def test_an_edit_by_hand_moves_the_time_of_writing_and_is_no_request(simulator, crm):
    [event] = crm.call("event.event", "search", domain=[], limit=1, order="id")
    before = crm.call("event.event", "read", ids=[event], fields=["write_date"])[0]["write_date"]
    sent = len(simulator.requests())
    given = {"db": "crm", "model": "event.event", "id": event, "values": {"x_budget": 5.5}}
    assert control(simulator, "edit", "POST", **given) == (200, {"id": event})
    assert len(simulator.requests()) == sent
    [row] = crm.call("event.event", "read", ids=[event], fields=["write_date", "x_budget", "write_uid"])
    assert row["write_date"] > before
    assert (row["x_budget"], row["write_uid"][0]) == (5.5, 1)
    _, raw = control(simulator, "records", db="crm", model="event.event")
    written = next(item["write_date"] for item in raw if item["id"] == event)
    assert re.fullmatch(r".*\.\d{6}", written)


def test_records_come_and_go_by_hand(simulator, crm):
    _, made = control(simulator, "create", "POST", db="crm", model="crm.lead", values={"name": "by hand"})
    assert crm.call("crm.lead", "read", ids=[made["id"]], fields=["name"])[0]["name"] == "by hand"
    control(simulator, "unlink", "POST", db="crm", model="crm.lead", id=made["id"])
    assert crm.call("crm.lead", "read", ids=[made["id"]], fields=["name"]) == []


def test_a_deleted_record_takes_its_lines_along_and_leaves_empty_references(simulator):
    def lines_of(record):
        return [line for line in simulator.records("books", "account.move.line") if line["move_id"] == record]

    note = next(row for row in simulator.records("books", "account.move") if row["reversed_entry_id"])
    invoice = note["reversed_entry_id"]
    gone = {line["id"] for line in lines_of(invoice)}
    simulator.unlink("books", "account.move", invoice)
    assert gone
    assert not lines_of(invoice)
    [left] = [row for row in simulator.records("books", "account.move") if row["id"] == note["id"]]
    assert (left["reversed_entry_id"], left["write_date"]) == (None, note["write_date"])
    for partial in simulator.records("books", "account.partial.reconcile"):
        assert not {partial["debit_move_id"], partial["credit_move_id"]} & gone


def test_a_change_of_stage_writes_history_and_wins_the_deal(simulator, crm):
    [won] = crm.call("crm.stage", "search", domain=[["is_won", "=", True]])
    domain = [["type", "=", "opportunity"], ["won_status", "=", "pending"]]
    [deal] = crm.call("crm.lead", "search_read", domain=domain, fields=["stage_id"], limit=1)
    simulator.edit("crm", "crm.lead", deal["id"], {"stage_id": won})
    [row] = crm.call(
        "crm.lead",
        "read",
        ids=[deal["id"]],
        fields=["probability", "won_status", "date_closed", "write_date"],
    )
    assert (row["probability"], row["won_status"], row["date_closed"]) == (100.0, "won", row["write_date"])
    [history] = crm.call(
        "mail.tracking.value",
        "search_read",
        domain=[["mail_message_id.res_id", "=", deal["id"]], ["create_date", ">=", row["write_date"]]],
        fields=["field_id", "old_value_integer", "new_value_integer"],
    )
    assert history["field_id"][1] == "Stage (Lead)"
    assert (history["old_value_integer"], history["new_value_integer"]) == (deal["stage_id"][0], won)


def test_the_log_knows_what_was_asked_and_holds_no_value(simulator, crm):
    [lead] = crm.call("crm.lead", "search", domain=[], limit=1)
    start = len(simulator.requests())
    crm.call("crm.lead", "write", ids=[lead], vals={"function": "secret value"})
    crm.call("crm.lead", "load", fields=[".id", "phone"], data=[[str(lead), "1"]])
    crm.ask("crm.lead", "write", ids=[999999], vals={"function": "x"})
    _, entries = control(simulator, "requests", since=start)
    told = [(e["api"], e["model"], e["method"], e["ids"], e["fields"], e["status"]) for e in entries]
    assert told == [
        ("json2", "crm.lead", "write", [lead], ["function"], 200),
        ("json2", "crm.lead", "load", [lead], ["phone"], 200),
        ("json2", "crm.lead", "write", [999999], ["function"], 404),
    ]
    assert [entry["executed"] for entry in entries] == [True, True, False]
    assert all(re.fullmatch(r"[0-9a-f]{64}", entry["digest"]) for entry in entries)
    assert "secret value" not in str(entries)


def test_faults_can_be_set_and_cleared_from_outside(simulator, crm):
    status, fault = control(simulator, "faults", "POST", kind="500", stream="crm.lead", times=5)
    assert (status, fault["model"]) == (200, "crm.lead")
    assert crm.ask("crm.lead", "search", domain=[])[0] == 500
    assert control(simulator, "faults")[1][0]["hits"] == 1
    control(simulator, "faults", "DELETE")
    assert crm.ask("crm.lead", "search", domain=[])[0] == 200
    status, answer = control(simulator, "faults", "POST", kind="rust")
    assert (status, "unknown fault" in answer["error"]) == (400, True)


def test_state_counts_rows_and_keys_map_the_world(simulator, small):
    _, state = control(simulator, "state")
    assert state["rows"]["crm"]["event.event"] == len(small.events)
    _, keys = control(simulator, "keys")
    assert keys == simulator.keys


@pytest.mark.parametrize(
    ("model", "method", "arguments", "words"),
    [
        (
            "mail.tracking.value",
            "search_read",
            {"domain": []},
            "access 'Mail Tracking Value' (mail.tracking.value)",
        ),
        ("ir.model.fields", "create", {"vals_list": [{}]}, "create 'Fields' (ir.model.fields)"),
        ("crm.stage", "write", {"ids": [1], "vals": {}}, "modify 'CRM Stages' (crm.stage)"),
    ],
)
def test_a_salesperson_is_refused_with_the_group_that_would_be_let_in(small, model, method, arguments, words):
    with serve(small, restricted=True) as simulator, requests.Session() as session:
        headers = {"Authorization": f"bearer {simulator.api_keys['crm']}", "X-Odoo-Database": "crm"}
        url = f"{simulator.url}/json/2/{model}"
        reply = session.post(f"{url}/{method}", json=arguments, headers=headers, timeout=10)
        assert (reply.status_code, reply.json()["name"]) == (403, "odoo.exceptions.AccessError")
        assert f"You are not allowed to {words} records." in reply.json()["message"]
        may = session.post(f"{url}/has_access", json={"operation": "write"}, headers=headers, timeout=10)
        assert may.json() is False


def test_arguments_of_a_wrong_shape_are_answered_and_not_dropped(crm):
    assert crm.ask("crm.lead", "write", ids=[1], vals=[1])[0] in {404, 500}
    assert crm.ask("crm.lead", "search", domain=[[["id"], "=", 1]])[0] == 500
    assert crm.ask("crm.lead", "load", fields=[".id"], data=[1])[0] == 500
    assert crm.jsonrpc("object", "execute_kw", "crm")["error"]["data"]["name"] == "builtins.ValueError"
    assert crm.raw("/jsonrpc", {}).json()["error"]["data"]["name"] == "builtins.KeyError"
    assert crm.raw("/jsonrpc", b"{nope").status_code == 400


def test_before_version_19_there_is_no_json2_and_times_compare_by_microseconds(small):
    with serve(small, version=(18, 0)) as simulator, requests.Session() as session:
        key = simulator.api_keys["crm"]
        headers = {"Authorization": f"bearer {key}", "X-Odoo-Database": "crm"}
        url = f"{simulator.url}/json/2/crm.lead/search"
        assert session.post(url, json={"domain": []}, headers=headers, timeout=10).status_code == 404
        assert session.get(f"{simulator.url}/web/version", timeout=10).status_code == 404

        def rpc(model, method, *arguments, **named):
            args = ["crm", 2, key, model, method, list(arguments), named]
            params = {"service": "object", "method": "execute_kw", "args": args}
            body = {"jsonrpc": "2.0", "method": "call", "params": params}
            return session.post(f"{simulator.url}/jsonrpc", json=body, timeout=10).json()

        [row] = rpc("crm.lead", "search_read", [], ["write_date"], 0, 1)["result"]
        newer = ["&", ["id", "=", row["id"]], ["write_date", ">", row["write_date"]]]
        assert rpc("crm.lead", "search_count", newer)["result"] == 1
        assert rpc("crm.lead", "nope")["error"]["code"] == 200
