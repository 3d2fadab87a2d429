"""The credential: refreshed, rotated, kept before it is used, and never lost, wherever a process dies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from closedloop.sandbox.quickbooks import Oddities, serve

POINTS = [
    "tap_quickbooks.token_seeded",
    "tap_quickbooks.refresh_begun",
    "tap_quickbooks.refresh_answered",
    "tap_quickbooks.token_saved",
]


def refreshes(books):
    return [one for one in books.requests() if one["kind"] == "token"]


def test_one_refresh_serves_a_run_and_the_next(books, tap):
    first = tap(only=["company_info"])
    second = tap(only=["company_info"])

    assert (first.code, second.code) == (0, 0)
    assert len(refreshes(books)) == 1


def test_an_expired_access_token_is_replaced_once(books, tap):
    tap(only=["company_info"])
    books.tokens.expire()

    run = tap(only=["company_info", "invoice"])

    assert run.code == 0
    assert len(refreshes(books)) == 2


def test_a_token_that_is_refused_twice_stops_the_run(books, tap):
    books.faults.add("401", model="CompanyInfo", times=None)

    run = tap(only=["company_info"])

    assert run.code == 2
    assert "access token" in run.stopped["message"]


def test_the_first_token_is_used_once_and_then_the_rotated_ones(books, tap):
    for _ in range(3):
        books.tokens.expire()
        assert tap(only=["company_info"]).code == 0

    assert not books.tokens.works(books.refresh_token)
    assert books.tokens.refreshes == 3


def test_a_dead_kept_token_gives_way_to_a_new_one_in_the_settings(books, tap):
    tap(only=["company_info"])
    books.tokens.revoke()

    dead = tap(only=["company_info"])
    fresh = tap(only=["company_info"], refresh_token=books.tokens.first())

    assert dead.code == 2
    assert "refresh token" in dead.stopped["message"]
    assert "login" in dead.stopped["fix"]
    assert fresh.code == 0


def test_a_wrong_secret_is_said(tap):
    run = tap(only=["company_info"], client_secret="not-the-secret")

    assert run.code == 2
    assert "client_secret" in run.stopped["message"]


def test_another_company_is_said(tap):
    run = tap(only=["company_info"], realm_id="1")

    assert run.code == 2
    assert "realm_id" in run.stopped["fix"]


def test_no_secret_is_ever_written(books, tap):
    books.faults.add("500", times=2)

    run = tap()

    for secret in (books.client_secret, books.refresh_token):
        assert secret not in run.text + run.error


def test_the_token_file_is_the_owners_and_can_be_encrypted(books, tap, settings):
    assert tap(only=["company_info"], token_key="a key of ours").code == 0

    folder = Path(settings["token_folder"])
    (file,) = folder.glob("*.token")
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"refresh_token" not in file.read_bytes()
    assert tap(only=["company_info"]).code == 2


@pytest.mark.parametrize("dies", [pytest.param("on_use", marks=pytest.mark.long), "at_once"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_around_a_refresh_a_working_token_is_left(world, tmp_path, point, dies):
    """Where the vendor kills the old token at once, an answer that nobody has read is lost for good."""
    with serve(world, oddities=Oddities(old_dies=dies)) as books:
        settings = {**books.settings, "token_folder": str(tmp_path / "tokens")}
        config = tmp_path / "config.json"
        config.write_text(json.dumps(settings))
        command = [sys.executable, "-m", "tap_quickbooks", "--config", str(config), "--check"]
        armed = os.environ | {"CLOSEDLOOP_FAILPOINT": f"{point}:1:self"}

        killed = subprocess.run(command, env=armed, capture_output=True, timeout=60, check=False)
        again = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert killed.returncode == -9
    lost = (point, dies) == ("tap_quickbooks.refresh_answered", "at_once")
    assert (again.returncode == 2) if lost else (again.returncode == 0)


def test_the_simulators_old_token_dies_with_the_use_of_the_newer(books):
    tokens = books.tokens
    form = {"grant_type": "refresh_token", "client_id": books.client_id, "client_secret": books.client_secret}

    second = tokens.grant(form | {"refresh_token": books.refresh_token}, "")["refresh_token"]
    assert tokens.works(books.refresh_token)
    tokens.grant(form | {"refresh_token": second}, "")
    assert not tokens.works(books.refresh_token)
