"""Verbs that a person runs beside a daemon at work: none changes anything, each says what to do."""

import pytest
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.service.lease import BusyError, Lease
from closedloop.service.session import session
from closedloop.settings import Settings
from closedloop.store.analytical import InUseError, Store
from closedloop.store.lease import WRITER

CONFIG = """\
company: {currency: USD, time_zone: UTC}
connections:
  crm: {connector: salesforce, settings: {url: "http://127.0.0.1:9", client_id: a, client_secret: b}}
  src: {connector: singer, executable: [none], staging: staging}
writeback:
  crm: {mode: apply, campaign: {attendee_ltv: LTV__c}}
"""
#: Every verb that changes the store, the decisions or another system.
VERBS = (
    ("run",), ("sync",), ("sync", "crm"), ("reconcile",), ("plan",), ("apply",), ("revert", "20260101T000000Z-abc"),
    ("provision",), ("provision", "--import"), ("import", "leads", "list.csv", "--campaign", "E-17"),
    ("import", "events", "list.csv"), ("backfill", "crm/Lead", "--since", "2026-01-01"), ("connection", "rename", "src", "source"),
)  # fmt: skip


@pytest.fixture
def home(tmp_path):
    (tmp_path / "closedloop.yaml").write_text(CONFIG)
    (tmp_path / "list.csv").write_text("email\na@example.com\n")
    (tmp_path / "staging").mkdir()
    return tmp_path


@pytest.fixture
def at_work(home):
    """Somebody else holds the writer's lease."""
    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"}, connections={}, home=home / ".closedloop"
    )
    with session(settings, Clock()) as opened:
        held = Lease(operations=opened.operations, name=WRITER, seconds=60.0, clock=opened.clock)
        assert held.take()
        yield opened
        held.give_back()


def test_every_verb_that_writes_waits_for_nobody_and_says_what_to_do(at_work, home, monkeypatch):
    monkeypatch.chdir(home)
    for verb in VERBS:
        done = CliRunner().invoke(app, ["--config", str(home / "closedloop.yaml"), *verb])
        assert done.exit_code == 4, (verb, done.output)
        assert "another closedloop is at work on this home" in done.stderr, verb
        assert "`closedloop status` shows what it does" in done.stderr, verb
    assert not (home / ".closedloop" / "store.duckdb").exists(), "nothing was touched"


def test_a_run_that_finds_somebody_looking_at_figures_waits_and_has_not_failed(home, monkeypatch):
    """The daemon waits on `BusyError` and tries again; any other error would be a failure that people are told of."""
    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"}, connections={}, home=home / ".closedloop"
    )

    def in_use(path):
        raise InUseError("the analytical store is open in another process", where=str(path))

    with session(settings, Clock()) as opened:
        monkeypatch.setattr(Store, "open", in_use)
        with pytest.raises(BusyError, match="open in another process"), opened.writer():
            pytest.fail("it is in use")
        monkeypatch.undo()
        with opened.writer():
            pass
