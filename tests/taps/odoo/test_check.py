"""`--check`, discovery and settings."""

import json

import pytest
from tests.taps.odoo.fake import error, row


def by_name(run):
    return {line["name"]: line for line in run.lines}


def catalog(*streams):
    return {
        "streams": [
            {
                "tap_stream_id": name,
                "stream": name,
                "schema": {"type": "object", "properties": {"id": {"type": ["integer"]}}},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
            for name in streams
        ]
    }


def test_a_good_connection_says_what_it_found(odoo, tap):
    odoo.tables["crm.lead"] = [row(1)]

    run = tap("--check")

    assert run.code == 0
    assert by_name(run)["login"]["message"] == "Odoo 19.0 by JSON-2, database crm"
    assert by_name(run)["permission:crm.lead"]["message"] == "1 records"
    assert "no records yet" in by_name(run)["permission:event.event"]["message"]


def test_a_refused_login_is_the_only_line(tap):
    run = tap("--check", api_key="another-key")

    assert run.code == 2
    (line,) = run.lines
    assert (line["name"], line["ok"], line["required"]) == ("login", False, True)
    assert line["fix"]


def test_a_missing_right_is_named(odoo, tap):
    denied = error(403, "odoo.exceptions.AccessError", "no")
    odoo.fail("crm.lead", "search_count", denied, denied)

    run = tap("--check")

    assert run.code == 2
    assert by_name(run)["permission:crm.lead"]["message"] == "the API user may not read crm.lead"


def test_a_selected_stream_that_the_database_lacks_is_an_error(tap):
    checked, run = (tap(*args, select=catalog("account_move", "crm_lead")) for args in (["--check"], []))

    assert by_name(checked)["stream:account_move"]["required"] is True
    assert (checked.code, run.code) == (2, 2)
    assert "account_move" in run.stopped["message"]


def test_a_model_that_the_database_lacks_is_not_offered(tap):
    offered = {stream["stream"] for stream in json.loads(tap("--discover").text)["streams"]}

    assert offered == {"crm_lead", "crm_stage", "event_event", "utm_campaign"}


def test_a_misspelt_mapped_field_is_refused_before_anything_is_read(odoo, tap):
    checked, run = (tap(*args, campaign_fields={"budget": "x_budgett"}) for args in (["--check"], []))

    assert by_name(checked)["field:utm.campaign.x_budgett"]["ok"] is False
    assert run.code == 2
    assert "x_budgett" in run.stopped["message"]
    assert not run.of("RECORD")


def test_a_mapped_field_may_be_on_either_model(odoo, tap):
    odoo.fields["event.event"]["x_plan"] = {"type": "float"}

    assert tap(campaign_fields={"budget": "x_plan"}).code == 0


def test_a_field_not_yet_provisioned_is_mentioned_and_does_no_harm(tap):
    run = tap("--check", closedloop_fields={"event.event": ["x_cl_ltv"]})

    assert run.code == 0
    assert "provision" in by_name(run)["field:event.event.x_cl_ltv"]["fix"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"databse": "crm"}, "did you mean database?"),
        ({"url": None}, "--about"),
        ({"page_size": "many"}, "--about"),
        ({"api": "soap"}, "--about"),
        ({"url": "http://odoo.example.com"}, "https"),
        ({"url": "odoo.example.com"}, "https://host"),
        ({"campaign_fields": {"budgt": "x"}}, "choose from"),
        ({"api_key": None}, "create one"),
        ({"api": "jsonrpc"}, "login"),
    ],
)
def test_a_wrong_setting_is_named_with_its_fix(tap, wrong, said):
    for args in ([], ["--check"], ["--discover"]):
        run = tap(*args, **wrong)

        assert run.code == 2
        assert said in run.stopped["fix"]
        assert "Traceback" not in run.error
        assert "key-123456" not in run.error
