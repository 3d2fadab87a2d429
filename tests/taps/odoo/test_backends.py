"""The RPC back ends say the same as JSON-2, though they answer 200 to everything."""

import json
import xmlrpc.client

import pytest
import responses

from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.policy import AccessError, MissingObjectError, RecordError, StreamError
from tap_odoo.client import Odoo, OdooSettings

URL = "https://odoo.test"
ROWS = [{"id": 7, "name": "Fair", "partner_id": [9, "Azure"], "date_closed": False}]
TRACEBACK = "Traceback (most recent call last):\n  File x\n"
FAILURES = [
    ("odoo.exceptions.AccessDenied", 3, "Access Denied", ConfigError, "credential"),
    ("odoo.exceptions.AccessError", 4, "Jane may not", AccessError, "may not read crm.lead"),
    (
        "odoo.exceptions.UserError",
        2,
        "Object crm.lead doesn't exist",
        MissingObjectError,
        "no model crm.lead",
    ),
    (
        "odoo.exceptions.MissingError",
        2,
        "Record does not exist or has been deleted.",
        RecordError,
        "any more",
    ),
    ("odoo.exceptions.ValidationError", 2, "Too late", RecordError, "refused: Too late"),
    ("builtins.ValueError", 1, "Invalid field 'x'", StreamError, "Invalid field"),
    (
        "psycopg2.OperationalError",
        1,
        'FATAL: database "crm" does not exist',
        ConfigError,
        "no database 'crm'",
    ),
]


@pytest.fixture
def mock():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.GET, f"{URL}/web/version", status=404, body="<html>", content_type="text/html")
        yield mock


def odoo(**settings):
    http = HttpClient(base_url=URL, sleep=lambda _seconds: None)
    given = {"url": URL, "database": "crm", "login": "admin", "password": "secret"} | settings
    return Odoo(OdooSettings(**given), http=http)


def answer_json(mock, result=None, failure=None, version=(18, 0)):
    def answer(request):
        params = json.loads(request.body)["params"]
        if params["method"] == "version":
            return 200, {}, json.dumps({"result": {"server_version_info": version}})
        if params["method"] == "authenticate":
            return 200, {}, json.dumps({"result": 2 if params["args"][2] == "secret" else False})
        if params["args"][3:5] == ["res.users", "context_get"]:
            return 200, {}, json.dumps({"result": {"lang": "en_US"}})
        if params["args"][3] == "res.users":
            return 200, {}, json.dumps({"result": [{"id": 2, "company_ids": [1]}]})
        if failure:
            data = {"name": failure[0], "message": failure[2], "debug": TRACEBACK}
            return 200, {}, json.dumps({"error": {"code": 200, "message": "Odoo Server Error", "data": data}})
        return 200, {}, json.dumps({"result": result})

    mock.add_callback(responses.POST, f"{URL}/jsonrpc", callback=answer)


def answer_xml(mock, result=None, failure=None):
    def answer(request):
        args, method = xmlrpc.client.loads(request.body)
        if method == "authenticate":
            reply = 2 if args[2] == "secret" else False
        elif args[3:5] == ("res.users", "context_get"):
            reply = {"lang": "en_US"}
        elif args[3] == "res.users":
            reply = [{"id": 2, "company_ids": [1]}]
        elif failure:
            text = f"{TRACEBACK}{failure[0]}: {failure[2]}\n" if failure[1] == 1 else failure[2]
            return 200, {}, xmlrpc.client.dumps(xmlrpc.client.Fault(failure[1], text))
        else:
            reply = result
        return 200, {}, xmlrpc.client.dumps((reply,), methodresponse=True)

    mock.add_callback(responses.POST, f"{URL}/xmlrpc/2/common", callback=answer)
    mock.add_callback(responses.POST, f"{URL}/xmlrpc/2/object", callback=answer)


ANSWERS = {"jsonrpc": answer_json, "xmlrpc": answer_xml}


@pytest.mark.parametrize("api", ANSWERS)
def test_rows_arrive_by_either_way(mock, api):
    answer_json(mock, ROWS)
    answer_xml(mock, ROWS)

    assert odoo(api=api).read("crm.lead", [["id", ">", 0]], ["name"], limit=10) == ROWS


@pytest.mark.parametrize("api", ANSWERS)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure[0].rpartition(".")[2])
def test_failures_mean_the_same_by_either_way(mock, api, failure):
    answer_json(mock, failure=failure)
    if api == "xmlrpc":
        answer_xml(mock, failure=failure)

    with pytest.raises(failure[3], match=failure[4]) as raised:
        odoo(api=api).count("crm.lead", [])

    assert "Traceback" not in str(raised.value)
    assert "Jane" not in str(raised.value)


@pytest.mark.parametrize("api", ANSWERS)
def test_a_wrong_password_is_a_configuration_error(mock, api):
    ANSWERS[api](mock)

    with pytest.raises(ConfigError, match="credential"):
        odoo(api=api, password="wrong").count("crm.lead", [])


@pytest.mark.parametrize(
    ("version", "loads"),
    [((18, 0), True), (("saas~17", 2), True), ((14, 0), False)],
    ids=["18", "saas", "14"],
)
def test_the_way_in_and_its_options_follow_the_version(mock, version, loads):
    answer_json(mock, [], version=version)
    client = odoo()

    client.read("crm.lead", [], ["name"], limit=1)

    sent = json.loads(mock.calls[-1].request.body)["params"]["args"][6]
    assert client.backend.name == "JSON-RPC"
    assert ("load" in sent) is loads


def test_an_address_without_odoo_is_a_configuration_error(mock):
    mock.add(responses.POST, f"{URL}/jsonrpc", status=404, body="<html>", content_type="text/html")

    with pytest.raises(ConfigError, match="no Odoo answers"):
        odoo().count("crm.lead", [])
