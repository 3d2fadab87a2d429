"""What Odoo 19 answers, good and bad: the same requests go to the simulator and to a real server."""

from __future__ import annotations

import pytest

NO_KEY = "User not authenticated, use an API Key with a Bearer Authorization header."
NOT_FOUND = "werkzeug.exceptions.NotFound"
BAD_ARGUMENTS = "werkzeug.exceptions.UnprocessableEntity"
VALUE = "builtins.ValueError"
BAD_ORDER = (
    'Invalid "order" specified (id; drop). A valid "order" specification is a comma-separated list of '
    "valid field names (optionally followed by asc/desc for the direction)"
)
NO_NAME = (
    "The operation cannot be completed: Missing required value for the field 'Opportunity' (name).\n"
    "Model: 'Lead' (crm.lead)\n- create/update: a mandatory field is not set\n"
    "- delete: another model requires the record being deleted, you can archive it instead\n"
)
MISSING = "Record does not exist or has been deleted.\n(Record: crm.lead(999999,), User: 2)"


@pytest.mark.parametrize(
    ("model", "method", "arguments", "status", "name", "message"),
    [
        ("no.model", "search", {"domain": []}, 404, NOT_FOUND, "the model 'no.model' does not exist"),
        ("crm.lead", "nope", {}, 404, NOT_FOUND, "The method 'crm.lead.nope' does not exist"),
        (
            "crm.lead",
            "_write",
            {"ids": [1]},
            403,
            "odoo.exceptions.AccessError",
            "Private methods (such as 'crm.lead._write') cannot be called remotely.",
        ),
        (
            "crm.lead",
            "search",
            {"domain": [], "nope": 1},
            422,
            BAD_ARGUMENTS,
            "got an unexpected keyword argument 'nope'",
        ),
        ("crm.lead", "search", {}, 422, BAD_ARGUMENTS, "missing a required argument: 'domain'"),
        ("crm.lead", "write", {"ids": [1]}, 422, BAD_ARGUMENTS, "missing a required argument: 'vals'"),
        (
            "crm.lead",
            "search",
            {"ids": [1], "domain": []},
            422,
            BAD_ARGUMENTS,
            "cannot call crm.lead.search with ids",
        ),
        (
            "crm.lead",
            "read",
            {"ids": [1], "fields": ["nofield"]},
            500,
            VALUE,
            "Invalid field 'nofield' on 'crm.lead'",
        ),
        (
            "crm.lead",
            "search_read",
            {"domain": [], "fields": ["nofield"]},
            500,
            VALUE,
            "Invalid field 'nofield' on 'crm.lead'",
        ),
        (
            "crm.lead",
            "search",
            {"domain": [["nofield", "=", 1]]},
            500,
            VALUE,
            "Invalid field crm.lead.nofield in condition ('nofield', '=', 1)",
        ),
        (
            "crm.lead",
            "search",
            {"domain": [], "order": "nofield"},
            500,
            VALUE,
            "Invalid field 'nofield' on model 'crm.lead'",
        ),
        (
            "crm.lead",
            "search",
            {"domain": [], "order": "id; drop"},
            422,
            "odoo.exceptions.UserError",
            BAD_ORDER,
        ),
        (
            "crm.lead",
            "search",
            {"domain": [["id", "~~", 1]]},
            500,
            VALUE,
            "Invalid operator in condition ('id', '~~', 1)",
        ),
        ("crm.lead", "search", {"domain": ["id"]}, 500, VALUE, "Domain() invalid item in domain: 'id'"),
        (
            "crm.lead",
            "search",
            {"domain": ["|", ["id", "=", 1]]},
            500,
            VALUE,
            "Domain() malformed domain ['|', ['id', '=', 1]]",
        ),
        (
            "crm.lead",
            "search",
            {"domain": "abc"},
            500,
            "builtins.TypeError",
            "Domain() invalid argument type for domain: 'abc'",
        ),
        (
            "crm.lead",
            "search",
            {"domain": [["write_date", ">=", "yesterday"]]},
            500,
            VALUE,
            "Invalid term 'yesterday' in expression date: 'yesterday'",
        ),
        (
            "crm.lead",
            "search",
            {"domain": [["write_date", ">=", "2020-01-01T00:00:00Z"]]},
            500,
            VALUE,
            "expecting only datetimes with no timezone: '2020-01-01T00:00:00Z'",
        ),
        (
            "crm.lead",
            "search",
            {"domain": [], "limit": -1},
            500,
            "psycopg2.errors.InvalidRowCountInLimitClause",
            "LIMIT must not be negative\n",
        ),
        (
            "crm.lead",
            "write",
            {"ids": [999999], "vals": {"name": "x"}},
            404,
            "odoo.exceptions.MissingError",
            MISSING,
        ),
        ("crm.lead", "unlink", {"ids": [999999]}, 404, "odoo.exceptions.MissingError", MISSING),
        (
            "crm.lead",
            "create",
            {"vals_list": [{"nope": 1}]},
            500,
            VALUE,
            "Invalid field 'nope' in 'crm.lead'",
        ),
        (
            "crm.lead",
            "create",
            {"vals_list": [{}]},
            422,
            "odoo.exceptions.ValidationError",
            NO_NAME,
        ),
        (
            "crm.lead",
            "load",
            {"fields": [".id", "nofield"], "data": [["1", "x"]]},
            500,
            VALUE,
            "Invalid field name 'nofield'",
        ),
    ],
)
def test_a_bad_call_is_refused_in_odoos_own_words(odoo, model, method, arguments, *, status, name, message):
    got, answer = odoo.ask(model, method, **arguments)
    assert (got, answer["name"], answer["message"]) == (status, name, message)
    assert set(answer) == {"name", "message", "arguments", "context", "debug"}
    assert answer["arguments"] == ([message, status] if name.startswith("werkzeug") else [message])


@pytest.mark.parametrize(
    ("header", "message"), [("bearer x", "Invalid apikey"), (None, NO_KEY), ("Basic eDp5", NO_KEY)]
)
def test_a_bad_key_is_401_with_a_challenge(odoo, header, message):
    reply = odoo.raw("/json/2/crm.lead/search", {"domain": []}, Authorization=header)
    assert (reply.status_code, reply.json()["message"]) == (401, message)
    assert reply.headers["WWW-Authenticate"].strip() == "Bearer"


@pytest.mark.parametrize("database", ["nope", None])
def test_without_a_known_database_the_answer_is_a_page(odoo, database):
    reply = odoo.raw("/json/2/crm.lead/search", {"domain": []}, X_Odoo_Database=database)
    assert (reply.status_code, reply.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "No database is selected" in reply.text


@pytest.mark.parametrize(("verb", "path"), [("GET", "/json/2/crm.lead/search"), ("POST", "/json/2/crm.lead")])
def test_another_way_into_json2_is_told_the_right_one(odoo, verb, path):
    reply = odoo.raw(path, {}, verb=verb)
    assert (reply.status_code, reply.json()["message"]) == (
        404,
        "Did you mean POST /json/2/<model>/<method>?",
    )


def test_a_body_that_is_no_json_is_400_and_another_content_type_a_415_page(odoo):
    broken = odoo.raw("/json/2/crm.lead/search", b"{nope")
    assert broken.status_code == 400
    assert broken.json()["message"].startswith("could not parse the body as json: ")
    plain = odoo.raw("/json/2/crm.lead/search", b"{}", Content_Type="text/plain")
    assert (plain.status_code, plain.headers["Content-Type"]) == (415, "text/html; charset=utf-8")


def test_a_record_reads_with_names_of_relations_and_false_for_empty(odoo):
    [stage] = odoo.call("crm.stage", "search_read", domain=[["is_won", "=", True]], fields=["name"])
    values = {"name": "zz shape", "type": "opportunity", "stage_id": stage["id"], "expected_revenue": 12.5}
    [lead] = odoo.call("crm.lead", "create", vals_list=[values])
    try:
        fields = [
            "name",
            "stage_id",
            "phone",
            "date_deadline",
            "tag_ids",
            "active",
            "expected_revenue",
            "color",
        ]
        [row] = odoo.call("crm.lead", "read", ids=[lead], fields=fields)
        assert row == {
            "id": lead,
            "name": "zz shape",
            "stage_id": [stage["id"], stage["name"]],
            "phone": False,
            "date_deadline": False,
            "tag_ids": [],
            "active": True,
            "expected_revenue": 12.5,
            "color": 0,
        }
        [bare] = odoo.call("crm.lead", "read", ids=[lead], fields=["stage_id"], load=None)
        assert bare == {"id": lead, "stage_id": stage["id"]}
        [times] = odoo.call("crm.lead", "read", ids=[lead], fields=["create_date", "write_date"])
        assert [len(times[name]) for name in ("create_date", "write_date")] == [19, 19]
        assert odoo.call("crm.lead", "read", ids=[999999, lead], fields=["name"]) == [
            {"id": lead, "name": "zz shape"}
        ]
        assert odoo.call("crm.lead", "read", ids=[999999], fields=["name"]) == []
    finally:
        assert odoo.call("crm.lead", "unlink", ids=[lead]) is True


def test_a_write_is_checked_and_rolled_back_as_a_whole(odoo):
    [lead] = odoo.call("crm.lead", "create", vals_list=[{"name": "zz write", "expected_revenue": 1.0}])
    try:
        refused = {
            "expected_revenue": ("abc", 500, "could not convert string to float: 'abc'"),
            "color": ("abc", 500, "invalid literal for int() with base 10: 'abc'"),
            "date_deadline": ("tomorrowish", 500, "time data 'tomorrowis' does not match format '%Y-%m-%d'"),
            "type": ("abc", 500, "Wrong value for crm.lead.type: 'abc'"),
            "nope": (1, 500, "Invalid field 'nope' in 'crm.lead'"),
        }
        for name, (value, status, message) in refused.items():
            got, answer = odoo.ask("crm.lead", "write", ids=[lead], vals={"name": "changed", name: value})
            assert (got, answer["message"]) == (status, message)
        got, answer = odoo.ask("crm.lead", "write", ids=[lead], vals={"partner_id": 99999999})
        assert (got, answer["name"]) == (404, "odoo.exceptions.MissingError")
        got, answer = odoo.ask("crm.lead", "write", ids=[lead], vals={"probability": 150})
        assert (got, answer["name"]) == (422, "odoo.exceptions.ValidationError")
        got, _ = odoo.ask("crm.lead", "write", ids=[lead, 999999], vals={"name": "changed"})
        assert got == 404
        [row] = odoo.call("crm.lead", "read", ids=[lead], fields=["name", "expected_revenue"])
        assert row == {"id": lead, "name": "zz write", "expected_revenue": 1.0}
        assert odoo.call("crm.lead", "write", ids=[lead], vals={"expected_revenue": "12.5"}) is True
        assert odoo.call("crm.lead", "write", ids=[lead], vals={"write_date": "2020-01-01 00:00:00"}) is True
        [row] = odoo.call("crm.lead", "read", ids=[lead], fields=["write_date", "expected_revenue"])
        assert row["expected_revenue"] == 12.5
        assert row["write_date"] > "2026"
        assert odoo.call("crm.lead", "write", ids=[lead], vals={"expected_revenue": False}) is True
        [row] = odoo.call("crm.lead", "read", ids=[lead], fields=["expected_revenue"])
        assert row["expected_revenue"] == 0.0
    finally:
        odoo.call("crm.lead", "unlink", ids=[lead])


def test_load_is_all_or_nothing_and_says_what_is_wrong(odoo):
    [lead] = odoo.call("crm.lead", "create", vals_list=[{"name": "zz load"}])

    def load(fields, *rows, **more):
        return odoo.call(
            "crm.lead", "load", fields=[".id", *fields], data=[list(row) for row in rows], **more
        )

    try:
        fine = load(["expected_revenue", "phone"], (str(lead), "99.5", "1"))
        assert fine == {"ids": [lead], "messages": [], "nextrow": 0}
        bad = load(["expected_revenue"], (str(lead), "5"), (str(lead), "abc"))
        assert bad == {
            "ids": False,
            "messages": [
                {
                    "rows": {"from": 1, "to": 1},
                    "type": "error",
                    "record": 1,
                    "field": "expected_revenue",
                    "message": "'abc' does not seem to be a number for field 'Expected Revenue'",
                    "field_name": "Expected Revenue",
                }
            ],
            "nextrow": 0,
        }
        unknown = load(["expected_revenue"], (str(lead), "5"), ("999999", "7"))
        assert unknown["ids"] is False
        assert unknown["messages"][0]["message"] == "Unknown database identifier '999999'"
        [row] = odoo.call("crm.lead", "read", ids=[lead], fields=["expected_revenue", "phone"])
        assert row == {"id": lead, "expected_revenue": 99.5, "phone": "1"}
        assert load(["expected_revenue", "phone"], (lead, "", ""))["ids"] == [lead]
        [row] = odoo.call("crm.lead", "read", ids=[lead], fields=["expected_revenue", "phone"])
        assert row == {"id": lead, "expected_revenue": 0.0, "phone": False}
        odoo.call("crm.lead", "write", ids=[lead], vals={"active": False})
        assert load(["phone"], (lead, "2"))["messages"][0]["field"] == ".id"
        assert load(["phone"], (lead, "2"), context={"active_test": False})["ids"] == [lead]
    finally:
        odoo.call("crm.lead", "unlink", ids=[lead])


def test_load_with_an_empty_id_creates_a_record(odoo):
    made = odoo.call("res.partner", "load", fields=[".id", "name"], data=[["", "zz made by load"]])
    assert len(made["ids"]) == 1
    odoo.call("res.partner", "unlink", ids=made["ids"])


def test_a_custom_field_is_made_used_and_taken_away(odoo):
    [model] = odoo.call("ir.model", "search", domain=[["model", "=", "crm.lead"]])
    wanted = {
        "model_id": model,
        "name": "x_zz_probe",
        "field_description": "Probe",
        "ttype": "float",
        "state": "manual",
        "help": "What it means",
    }
    refused = {
        "The operation cannot be completed: Custom fields must have a name that starts with 'x_'!": {
            "name": "zz"
        },
        "Wrong value for ir.model.fields.ttype: 'flot'": {"ttype": "flot"},
    }
    for message, change in refused.items():
        _, answer = odoo.ask("ir.model.fields", "create", vals_list=[wanted | change])
        assert answer["message"] == message
    made = odoo.call("ir.model.fields", "create", vals_list=[wanted])
    try:
        shown = odoo.call("crm.lead", "fields_get", allfields=["x_zz_probe"])["x_zz_probe"]
        expected = {
            "type": "float",
            "string": "Probe",
            "manual": True,
            "help": "What it means",
            "store": True,
        }
        assert shown | expected == shown
        status, answer = odoo.ask("ir.model.fields", "create", vals_list=[wanted])
        assert status == 422
        assert answer["message"].endswith("Field names must be unique per model.")
        domain = [["model", "=", "crm.lead"], ["name", "=", "x_zz_probe"]]
        [row] = odoo.call(
            "ir.model.fields", "search_read", domain=domain, fields=["ttype", "state", "relation"]
        )
        assert row == {"id": made[0], "ttype": "float", "state": "manual", "relation": False}
    finally:
        odoo.call("ir.model.fields", "unlink", ids=made)
    assert odoo.call("crm.lead", "fields_get", allfields=["x_zz_probe"]) == {}


def test_fields_get_prints_the_wanted_attributes_of_the_wanted_fields(odoo):
    wanted = ["stage_id", "expected_revenue", "type", "write_date"]
    attributes = ["type", "relation", "selection", "required", "readonly"]
    assert odoo.call("crm.lead", "fields_get", allfields=wanted, attributes=attributes) == {
        "stage_id": {"type": "many2one", "relation": "crm.stage", "required": False, "readonly": False},
        "expected_revenue": {"type": "monetary", "required": False, "readonly": False},
        "type": {
            "type": "selection",
            "selection": [["lead", "Lead"], ["opportunity", "Opportunity"]],
            "required": True,
            "readonly": False,
        },
        "write_date": {"type": "datetime", "required": False, "readonly": True},
    }


def test_rights_and_context_can_be_asked_for(odoo):
    assert odoo.call("crm.lead", "has_access", operation="write") is True
    assert set(odoo.call("res.users", "context_get")) == {"lang", "tz", "uid"}
    assert odoo.call("res.users", "has_group", ids=[2], group_ext_id="base.group_system") is True


def test_the_version_is_told_to_anybody(odoo):
    told = odoo.raw("/web/version", verb="GET", Authorization=None, X_Odoo_Database=None).json()
    assert told == {"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}


@pytest.mark.parametrize(
    ("arguments", "name", "message"),
    [
        (
            ("crm", 2, "bad", "crm.lead", "search_count", [[]]),
            "odoo.exceptions.AccessDenied",
            "Access Denied",
        ),
        (
            ("crm", 2, None, "no.model", "search", [[]]),
            "odoo.exceptions.UserError",
            "Object no.model doesn't exist",
        ),
        (
            ("crm", 2, None, "crm.lead", "nope", [[]]),
            "builtins.AttributeError",
            "The method 'crm.lead.nope' does not exist",
        ),
        (
            ("crm", 2, None, "crm.lead", "write", [[999999], {"name": "x"}]),
            "odoo.exceptions.MissingError",
            MISSING,
        ),
    ],
)
def test_json_rpc_fails_inside_a_good_answer(odoo, arguments, name, message):
    filled = [odoo.key if argument is None else argument for argument in arguments]
    answer = odoo.jsonrpc("object", "execute_kw", *filled)
    assert (answer["error"]["code"], answer["error"]["message"]) == (0, "Odoo Server Error")
    assert (answer["error"]["data"]["name"], answer["error"]["data"]["message"]) == (name, message)


def test_json_rpc_logs_in_with_a_key_and_answers_false_for_a_wrong_one(odoo):
    assert odoo.jsonrpc("common", "authenticate", "crm", "admin", odoo.key, {})["result"] == 2
    assert odoo.jsonrpc("common", "authenticate", "crm", "admin", "wrong", {})["result"] is False
    unknown = odoo.jsonrpc("common", "authenticate", "nodb", "admin", "wrong", {})
    assert 'database "nodb" does not exist' in unknown["error"]["data"]["message"]


def test_a_contact_that_moves_to_another_company_leaves_it_in_its_history(crm):
    fields = ["parent_id"]
    [contact] = crm.call(
        "res.partner", "search_read", domain=[["parent_id", "!=", False]], fields=fields, limit=1
    )
    old = contact["parent_id"][0]
    [other] = crm.call(
        "res.partner", "search", domain=[["is_company", "=", True], ["id", "!=", old]], limit=1
    )
    crm.call("res.partner", "write", ids=[contact["id"]], vals={"parent_id": other})
    domain = [["mail_message_id.model", "=", "res.partner"], ["mail_message_id.res_id", "=", contact["id"]]]
    asked = ["old_value_integer", "new_value_integer", "field_id"]
    [change] = crm.call("mail.tracking.value", "search_read", domain=domain, fields=asked)
    assert (change["old_value_integer"], change["new_value_integer"]) == (old, other)
