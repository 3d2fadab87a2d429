"""Clients that we did not write, against the simulator: they must not notice that it is one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import xmlrpc.client
from urllib.parse import urlsplit

import pytest
import requests


def test_odoo_client_lib_over_json2(simulator, small):
    odoolib = pytest.importorskip("odoolib")
    place = urlsplit(simulator.url)
    connection = odoolib.get_connection(
        hostname=place.hostname,
        port=place.port,
        protocol="json2",
        database="crm",
        login="admin",
        password=simulator.api_keys["crm"],
    )
    connection.check_login()
    events = connection.get_model("event.event")
    assert events.search_count([]) == len(small.events)
    [first] = events.search([], limit=1, order="id")
    assert events.read([first], ["name"])["name"] == small.events[0].name
    assert events.write([first], {"x_budget": 77.5}) is True
    assert events.search_read([["x_budget", "=", 77.5]], ["x_code"]) == [
        {"id": first, "x_code": small.events[0].code}
    ]
    with pytest.raises(ValueError, match="Unexpected status code 404"):
        events.write([999999], {"x_budget": 1.0})


def test_odoorpc_over_json_rpc(simulator, small):
    odoorpc = pytest.importorskip("odoorpc")
    place = urlsplit(simulator.url)
    odoo = odoorpc.ODOO(place.hostname, port=place.port)
    assert odoo.version == "19.0"
    odoo.login("crm", "admin", simulator.api_keys["crm"])
    leads = odoo.env["crm.lead"]
    deals = leads.search([["type", "=", "opportunity"], ["active", "in", [True, False]]])
    assert len(deals) == len(small.opportunities)
    deal = leads.browse(deals[0])
    number = leads.read([deals[0]], ["x_deal_number"])[0]["x_deal_number"]
    assert deal.x_deal_number == number
    assert deal.stage_id.name in {stage.name for stage in small.stages}
    made = leads.create({"name": "by OdooRPC"})
    assert leads.unlink([made]) is True
    with pytest.raises(odoorpc.error.RPCError, match="does not exist"):
        leads.write([999999], {"name": "x"})


def test_xmlrpc_of_the_standard_library(simulator, small):
    common = xmlrpc.client.ServerProxy(f"{simulator.url}/xmlrpc/2/common")
    models = xmlrpc.client.ServerProxy(f"{simulator.url}/xmlrpc/2/object")
    with common, models:
        assert common.version()["server_serie"] == "19.0"
        key = simulator.api_keys["books"]
        assert common.authenticate("books", "admin", "wrong", {}) is False
        user = common.authenticate("books", "admin", key, {})

        def call(model, method, *arguments, **named):
            return models.execute_kw("books", user, key, model, method, list(arguments), named)

        posted = call(
            "account.move", "search_count", [["state", "=", "posted"], ["move_type", "=", "out_invoice"]]
        )
        assert posted == sum(d.kind == "invoice" and d.status == "posted" for d in small.documents)
        [row] = call("account.move", "search_read", [["state", "=", "draft"]], fields=["name"], limit=1)
        assert row["name"] is False
        faults = {
            1: ("account.move", "search", [["nofield", "=", 1]]),
            2: ("account.move", "write", [999999], {"ref": "x"}),
            4: ("account.move", "_write", [1], {}),
        }
        for code, arguments in faults.items():
            with pytest.raises(xmlrpc.client.Fault) as fault:
                call(*arguments)
            assert fault.value.faultCode == code
        with pytest.raises(xmlrpc.client.Fault) as fault:
            models.execute_kw("books", user, "wrong", "account.move", "search", [[]])
        assert (fault.value.faultCode, fault.value.faultString) == (3, "Access Denied")
        with pytest.raises(xmlrpc.client.Fault, match="cannot marshal None"):
            call("account.move", "check_access_rights", "read")


def test_the_simulator_is_a_process_that_says_where_it_is(tmp_path):
    command = [sys.executable, "-m", "closedloop.sandbox.odoo", "--seed", "2", "--scale", "0.02"]
    with subprocess.Popen(
        [*command, "--state-dir", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            started = json.loads(process.stdout.readline())
            assert json.loads((tmp_path / "odoo.json").read_text()) == started
            assert started["pid"] == process.pid
            version = requests.get(f"{started['url']}/web/version", timeout=10).json()["version"]
            keys = requests.get(f"{started['url']}/__control__/keys", timeout=10).json()
            assert version == "19.0"
            assert json.loads((tmp_path / "keys.json").read_text()) == keys
        finally:
            os.kill(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
