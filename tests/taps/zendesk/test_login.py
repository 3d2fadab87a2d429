"""The ways into Zendesk: what ends, what rotates, what is refused."""

import json
import os
import subprocess
import sys

import pytest

USERS = ("users",)


def test_the_client_s_own_token_is_asked_for_once_and_anew_when_it_was_refused(serve, tap):
    served = serve(token_life=3600)
    assert tap(served, select=("users", "organizations")).code == 0
    assert served.engine.token_requests == ["client_credentials"]

    served.can(401, {"error": "invalid_token", "error_description": "expired"})
    assert tap(served, select=USERS).code == 0
    assert served.engine.token_requests == ["client_credentials"] * 3


def test_a_refresh_token_rotates_and_its_successor_is_kept(serve, tap, tmp_path):
    served = serve()
    config = {"grant": "authorization_code", "token_folder": str(tmp_path / "tokens")}
    config["refresh_token"] = served.engine.refresh_token()

    codes = []
    for _ in range(3):
        codes.append(tap(served, select=USERS, **config).code)
        for file in (tmp_path / "tokens").glob("*.token"):  # our clock stands still: the token must look old
            held = json.loads(file.read_bytes())
            held["current"]["expires_at"] = "1970-01-01T00:00:00Z"
            file.write_text(json.dumps(held))

    assert (codes, served.engine.token_requests) == ([0, 0, 0], ["refresh_token"] * 3)


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["tap_zendesk.first_token_kept", "tap_zendesk.refresh_due", "tap_zendesk.token_saved"]
)
def test_a_kill_around_the_refresh_leaves_a_token_that_works(serve, tap, tmp_path, name):
    served = serve()
    config = {"grant": "authorization_code", "token_folder": str(tmp_path / "tokens")}
    config["refresh_token"] = served.engine.refresh_token()
    (tmp_path / "settings.json").write_text(json.dumps(served.settings | config))
    command = [sys.executable, "-m", "tap_zendesk", "--config", str(tmp_path / "settings.json"), "--check"]
    armed = {**os.environ, "CLOSEDLOOP_FAILPOINT": f"{name}:1:self"}
    killed = subprocess.run(command, capture_output=True, timeout=120, check=False, env=armed)

    assert killed.returncode == -9
    assert tap(served, select=USERS, **config).code == 0


def test_an_api_token_works_with_a_warning_that_names_its_end(serve, tap):
    own = {"client_id": None, "client_secret": None}
    served = serve()
    run = tap(served, "--check", email=served.api_user, api_token=served.api_token, **own)

    told = {line["name"]: line for line in run.lines}
    assert (run.code, told["login"]["ok"]) == (0, True)
    assert (told["credential"]["ok"], told["credential"]["required"]) == (False, False)
    assert "2027-04-30" in told["credential"]["message"]
    assert served.api_token not in run.error


def test_a_token_made_by_hand_is_used_as_it_is(serve, tap):
    served = serve()
    run = tap(
        served, select=USERS, client_id=None, client_secret=None, access_token=served.engine.access_token()
    )

    assert (run.code, served.engine.token_requests) == (0, [])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"client_secret": "wrong"}, "the OAuth client was refused"),
        ({"client_secret": None}, "not set: client_secret"),
        ({"client_id": None, "client_secret": None, "api_token": "x"}, "not set: email"),
        ({"client_id": None, "client_secret": None, "access_token": "dead"}, "refused"),
        ({"client_id": None, "client_secret": None, "email": "a@b.example", "api_token": "old"}, "the credential was refused"),
        ({"grant": "authorization_code", "refresh_token": "dead"}, "the refresh token has ended"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_correct(serve, tap, tmp_path, config, message):
    run = tap(serve(), select=USERS, token_folder=str(tmp_path / "tokens"), **config)

    assert (run.code, message in run.stopped["message"]) == (2, True), run.stopped
    assert run.stopped["fix"]
