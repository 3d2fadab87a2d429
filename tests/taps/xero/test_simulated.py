"""The tap against the simulator on a bad day: nothing is lost silently, and no kill costs the token."""

import json
import os
import subprocess
import sys

import pytest

from closedloop.sandbox import xero
from closedloop.sandbox.world import generate
from closedloop.sandbox.xero.identity import CLIENT_ID, CLIENT_SECRET

WORLD = generate(5, 0.06)
INVOICES = ("invoices",)


@pytest.fixture
def served():
    with xero.serve(WORLD, options=xero.Options(minute_limit=10_000)) as simulator:
        yield simulator


@pytest.fixture
def read(served, tap):
    def run(*args, **more):
        own = {"url": served.url, "identity_url": served.url, "tenant_id": None}
        return tap(
            *args, **own | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "page_size": 20} | more
        )

    return run


@pytest.mark.parametrize("kind", ["drop_row", "short_page", "repeat_page", "freeze_cursor"])
def test_rows_that_are_kept_from_us_fail_the_stream_and_come_with_the_next_run(served, read, kind):
    served.faults.add(kind, stream="Invoices")
    first = read(select=INVOICES)
    served.faults.clear()
    second = read(select=INVOICES, state=first.state)

    assert first.code == 1
    assert first.proof("invoices")["error"]
    got = {record["invoice_id"] for run in (first, second) for record in run.records("invoices")}
    assert (second.code, got) == (0, {row["InvoiceID"] for row in served.records("Invoices")})


@pytest.mark.parametrize("kind", ["reset", "500", "429", "401"])
def test_what_passes_is_repeated(served, read, kind):
    served.faults.add(kind, stream="Invoices", retry_after=3)

    assert read(select=INVOICES).code == 0


def test_a_listing_that_does_not_count_is_read_to_its_short_page(tap):
    with xero.serve(WORLD, options=xero.Options(has_pagination=False, is_inclusive=False)) as served:
        own = {"url": served.url, "identity_url": served.url, "tenant_id": None, "page_size": 20}
        run = tap(select=INVOICES, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **own)

        assert run.code == 0
        assert run.proof("invoices")["source_count"] is None
        assert {r["invoice_id"] for r in run.records("invoices")} == {
            row["InvoiceID"] for row in served.records("Invoices")
        }


def test_a_scope_that_is_missing_fails_its_streams_only(tap):
    scopes = xero.options.SCOPES - {"accounting.payments.read"}
    with xero.serve(WORLD, options=xero.Options(scopes=scopes)) as served:
        own = {"url": served.url, "identity_url": served.url, "tenant_id": None}
        run = tap(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **own)

        failed = {proof["stream"] for proof in run.of("PROOF") if proof["error"]}
        assert (run.code, failed) == (1, {"payments", "prepayments", "overpayments"})


def test_a_consent_for_two_organisations_needs_a_choice(tap):
    with xero.serve(WORLD, options=xero.Options(tenants=2)) as served:
        own = {"url": served.url, "identity_url": served.url, "tenant_id": None}
        run = tap(select=INVOICES, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **own)

        assert (run.code, "opens 2 organisations" in run.stopped["message"]) == (2, True)
        assert served.tenant in run.stopped["fix"]


def test_a_first_refresh_token_is_used_once_and_its_successors_are_kept(served, read, tmp_path):
    config = {"grant": "authorization_code", "token_folder": str(tmp_path / "tokens")}
    config["refresh_token"] = served.consented()["refresh_token"]

    codes = []
    for _ in range(3):
        codes.append(read(select=INVOICES, **config).code)
        served.advance(31 * 60)
        for file in (tmp_path / "tokens").glob("*.token"):  # our clock stands still: the token must look old
            held = json.loads(file.read_bytes())
            held["current"]["expires_at"] = "1970-01-01T00:00:00Z"
            file.write_text(json.dumps(held))

    assert codes == [0, 0, 0]
    assert served.token_requests() == ["refresh_token"] * 3


def test_a_dead_refresh_token_asks_for_a_login(read, tmp_path):
    run = read(
        select=INVOICES,
        grant="authorization_code",
        token_folder=str(tmp_path / "tokens"),
        refresh_token="dead",
    )

    assert (run.code, run.stopped["fix"]) == (2, "closedloop login CONNECTION")


@pytest.mark.parametrize(
    "name",
    [
        "tap_xero.first_token_kept",
        "tap_xero.refresh_due",
        "tap_xero.refresh_answered",
        "tap_xero.token_saved",
    ],
)
def test_a_kill_around_the_refresh_leaves_a_token_that_works(served, tmp_path, name):
    config = {
        "url": served.url,
        "identity_url": served.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "token_folder": str(tmp_path / "tokens"),
        "refresh_token": served.consented()["refresh_token"],
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    argv = [sys.executable, "-m", "tap_xero", "--config", str(tmp_path / "config.json"), "--count"]

    def run(**environment):
        env = {**os.environ, **environment}
        return subprocess.run(argv, capture_output=True, timeout=60, check=False, env=env).returncode

    assert run(CLOSEDLOOP_FAILPOINT=f"{name}:1:self") == -9
    assert run() == 0
