"""`check` and `run` with everything that is usually wrong: a message, an exit code, no traceback, nothing written."""

import socket

import pytest

from closedloop.sandbox.odoo import serve

VERBS = ("check", "run")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schedule:", "shedule:", "connections.crm.shedule: unknown key\n  fix: did you mean schedule?"),
        ('  currency: "USD"', "", "company.currency: is missing"),
        ("mode: apply", "mode: always", "writeback.crm.mode: always is not one of plan, apply"),
        ("${CRM_API_KEY}", "${NO_SUCH_VARIABLE}", "the variable NO_SUCH_VARIABLE is not set"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_line(shell, verb, old, new, said):
    wrong = shell.edited(old, new)
    result = wrong.run(verb, code=2)

    assert said in result.stderr
    assert "closedloop.yaml line " in result.stderr
    assert not (wrong.folder / ".closedloop").exists()


@pytest.fixture
def dead_url():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("verb", VERBS)
def test_a_dead_host_is_named_and_ends_with_4(shell, dead_url, verb):
    wrong = shell.only_crm.edited(shell.simulator.url, dead_url)
    result = wrong.run(verb, code=4)

    assert "connections.crm" in result.output
    assert "fix: " in result.output
    assert wrong.writes == []


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("${CRM_API_KEY}", "no-such-key", "key"),
        ('database: "crm"', 'database: "crn"', "crn"),
        ("event_event", "event_evnt", "there is no stream event_evnt"),
    ],
)
def test_what_the_system_refuses_is_named_and_ends_with_2(shell, verb, old, new, said):
    wrong = shell.only_crm.edited(old, new)
    result = wrong.run(verb, code=2)

    assert said in result.output
    assert "error: connections.crm" in result.output
    assert "(connections." not in result.output
    assert "fix: " in result.output
    assert "no-such-key" not in result.output
    assert wrong.writes == []


def test_a_setting_that_the_connector_does_not_know_is_named(shell):
    result = shell.only_crm.edited("api_key:", "page_sise: 50\n      api_key:").run("check", code=2)

    assert "odoo has no setting page_sise" in result.output
    assert "did you mean page_size?" in result.output
    assert "unknown setting" not in result.output  # the tap would say it once more


def test_an_empty_crm_is_warned_of_and_ends_well(shell_on, small_world):
    with serve(small_world, empty=True) as simulator:
        shell = shell_on(simulator).without_writeback
        checked = shell.run("check", code=0)
        done = shell.run("run", code=0)

    for said in ("no companies", "no events or campaigns were found", "no attendees were found"):
        assert f"warning: {said}" in checked.output
        assert f"warning: {said}" in done.output


@pytest.mark.long
def test_a_crm_without_events_is_warned_of_and_no_event_is_written_to(shell_on, small_world):
    with serve(small_world, no_events=True) as simulator:
        shell = shell_on(simulator)
        shell.run("provision", code=0)
        done = shell.run("run", code=0)

    assert "warning: no events or campaigns were found" in done.output
    assert [one for one in shell.writes if one["model"] != "res.partner"] == []


def test_check_says_what_works(shell):
    result = shell.run("check", code=0)

    assert "FAILS" not in result.output
    assert "login" in result.output
