"""The ways in, and what is said where none leads in."""

import base64
import json
import re
from datetime import datetime, timedelta

import pytest
from tests.taps.salesforce.fake import lead

from closedloop.sandbox import members
from closedloop.sandbox.salesforce.options import Options
from closedloop.sandbox.salesforce.simulator import serve
from closedloop.sandbox.world import generate

LEADS = ("Lead",)
WORLD = members.as_members(generate(5, 0.03), unknown="lead")
NOW = "2026-10-31T12:00:00+00:00"


def refused(error, description=""):
    return 400, {"error": error, "error_description": description}


@pytest.mark.parametrize(
    ("answer", "message", "fix"),
    [
        (refused("invalid_client", "invalid client credentials"), "the app was refused", "client_secret"),
        (refused("invalid_client_id", "client identifier invalid"), "app was refused", "client_id"),
        (refused("invalid_grant", "no client credentials user enabled"), "no user to run as", "runs as"),
        (
            refused("invalid_grant", "request not supported on this domain"),
            "gives no tokens of this kind",
            "sandbox.my.salesforce.com",
        ),
        (refused("invalid_grant", "ip restricted"), "address is not allowed", "IP ranges"),
        (refused("inactive_user", ""), "user is not active", "activate"),
        (refused("invalid_grant", "user is locked"), "locked out", "unlock"),
        (refused("unsupported_grant_type", "grant type not supported"), "does not allow this way in", "flow"),
        (
            refused("invalid_grant", "authentication failure - Invalid Password"),
            "was refused",
            "sandbox has its own",
        ),
        ((404, "<html>not here"), "gives no tokens (404)", "own address"),
        ((200, "<html>log in"), "gives no tokens (200)", "own address"),
    ],
)
def test_each_refusal_says_what_the_admin_must_do(salesforce, tap, answer, message, fix):
    salesforce.token_script = [answer] * 3

    run = tap(select=LEADS)

    assert (run.code, message in run.stopped["message"], fix in run.stopped["fix"]) == (2, True, True)


def test_too_many_logins_are_no_fault_of_the_admin(salesforce, tap):
    salesforce.token_script = [refused("invalid_grant", "login rate exceeded")]

    assert tap(select=LEADS).code == 4


def test_a_grant_without_its_settings_says_which(tap):
    run = tap(select=LEADS, grant="jwt_bearer")

    assert (run.code, run.stopped["message"]) == (2, "not set for jwt_bearer: username, private_key")


def test_client_credentials_go_in_the_header_and_the_data_is_where_the_answer_says(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1)]

    run = tap(select=LEADS, instance_url="https://wrong.my.salesforce.test")

    (asked,) = salesforce.tokens
    assert (run.code, asked["grant_type"]) == (0, "client_credentials")
    assert base64.b64decode(asked["auth"].removeprefix("Basic ")) == b"app-123456:secret-123456"


@pytest.fixture(scope="module")
def org():
    with serve(WORLD, options=Options(rotates=True)) as simulator:
        yield simulator


@pytest.fixture
def log_in(org, tap, monkeypatch):
    monkeypatch.setenv("CLOSEDLOOP_CLOCK", NOW)

    def run(*args, **more):
        own = {"url": org.url, "client_id": org.client_id, "client_secret": None}
        return tap(*args, select=("Organization",), **own | more)

    return run


def test_a_signed_assertion_opens_the_org(org, log_in):
    run = log_in(username=org.username, private_key=org.private_key)

    assert (run.code, org.tokens.grants[-1].endswith("jwt-bearer")) == (0, True)
    assert org.private_key not in run.text + run.error


@pytest.mark.parametrize(("seconds", "side"), [(-300, "behind"), (300, "ahead of")])
def test_a_clock_that_is_five_minutes_off_is_named(org, log_in, monkeypatch, seconds, side):
    mine = org.now() + timedelta(seconds=seconds)
    monkeypatch.setenv("CLOSEDLOOP_CLOCK", mine.isoformat())

    run = log_in(username=org.username, private_key=org.private_key)

    assert run.code == 2
    assert re.search(rf"clock is (29|30)\d s {side} Salesforce's", run.stopped["message"])
    assert "NTP" in run.stopped["fix"]


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        ({"username": "nobody@acme.test"}, "pre-authorized"),
        ({"audience": "https://test.salesforce.com"}, "sandbox"),
        ({"client_id": "another"}, "client_id"),
        ({"private_key": "not a key"}, "PEM"),
    ],
)
def test_an_assertion_that_is_refused_says_why(org, log_in, change, fix):
    run = log_in(**{"username": org.username, "private_key": org.private_key} | change)

    assert (run.code, fix in run.stopped["fix"]) == (2, True)


def test_a_sandbox_is_asked_for_with_the_sandboxes_audience(tap, monkeypatch):
    monkeypatch.setenv("CLOSEDLOOP_CLOCK", NOW)
    with serve(WORLD, options=Options(is_sandbox=True)) as org:
        own = {
            "url": org.url,
            "client_id": org.client_id,
            "client_secret": None,
            "private_key": org.private_key,
        }
        wrong = tap(select=("Organization",), username=org.username, **own)
        right = tap(
            select=("Organization",), username=org.username, audience="https://test.salesforce.com", **own
        )

    assert (wrong.code, right.code) == (2, 0)
    assert "production and sandboxes differ" in wrong.stopped["message"]
    assert right.records("Organization")[0]["IsSandbox"] is True


def test_a_refresh_token_is_replaced_and_kept_and_the_access_token_used_on(org, log_in, tmp_path):
    config = {"refresh_token": org.tokens.first(), "token_folder": str(tmp_path / "tokens")}
    before = len(org.tokens.grants)

    codes = [log_in(**config).code, log_in(**config).code]
    org.tokens.expire()
    codes.append(log_in(**config).code)

    assert codes == [0, 0, 0]
    assert org.tokens.grants[before:] == ["refresh_token"] * 2
    assert not org.tokens.works(config["refresh_token"])


def test_a_revoked_app_asks_for_a_login_and_a_new_token_in_the_settings_heals_it(org, log_in, tmp_path):
    folder = {"token_folder": str(tmp_path / "tokens")}
    log_in(refresh_token=org.tokens.first(), **folder)
    org.tokens.revoke()

    dead = log_in(grant="refresh_token", **folder)
    healed = log_in(refresh_token=org.tokens.first(), **folder)

    assert (dead.code, dead.stopped["fix"]) == (2, "closedloop login CONNECTION")
    assert healed.code == 0


def test_a_refresh_token_needs_a_place(org, log_in):
    run = log_in(refresh_token=org.tokens.first())

    assert (run.code, "token_folder" in run.stopped["fix"]) == (2, True)


def test_a_token_that_ends_between_two_pages_costs_one_refresh(org, log_in, tmp_path, monkeypatch):
    config = {"refresh_token": org.tokens.first(), "token_folder": str(tmp_path / "tokens")}
    assert log_in(**config).code == 0
    before = len(org.tokens.grants)
    org.faults.add("401", stream="Organization", times=1)

    run = log_in(**config)
    org.faults.clear()

    assert (run.code, org.tokens.grants[before:]) == (0, ["refresh_token"])


def test_no_secret_is_ever_written(org, log_in, tmp_path):
    first = org.tokens.first()
    org.faults.add("500", stream="Organization", times=2)

    run = log_in(refresh_token=first, token_folder=str(tmp_path / "tokens"), client_secret=org.client_secret)
    org.faults.clear()

    (file,) = (tmp_path / "tokens").glob("*.token")
    held = json.loads(file.read_bytes())["current"]
    secrets = [first, org.client_secret, held["access_token"], held["refresh_token"]]
    assert run.code == 0
    assert [one for one in secrets if one in run.text + run.error] == []


def test_the_assertion_lives_three_minutes(org, salesforce, tap, monkeypatch):
    monkeypatch.setenv("CLOSEDLOOP_CLOCK", NOW)
    salesforce.rows["Lead"] = [lead(1)]

    run = tap(
        select=LEADS,
        username="me@acme.test",
        private_key=org.private_key.replace("\n", "\\n"),
        client_secret=None,
    )

    head, claims, _ = salesforce.tokens[0]["assertion"].split(".")
    found = json.loads(base64.urlsafe_b64decode(claims + "=="))
    left = found.pop("exp") - datetime.fromisoformat(NOW).timestamp()
    assert (run.code, json.loads(base64.urlsafe_b64decode(head + "=="))) == (0, {"alg": "RS256"})
    assert found == {"iss": "app-123456", "sub": "me@acme.test", "aud": "https://login.salesforce.com"}
    assert 180 <= left < 200
