"""The daemon as an operator meets it: a process, its signals, its health, and another one beside it."""

import signal
import threading
import urllib.error
import urllib.request

import pytest
from sqlalchemy import select
from tests.service.conftest import ENDLESS, TAP

from closedloop.cli import state
from closedloop.clock import Clock
from closedloop.store import tables
from closedloop.store.operations import Operations


def status(address, path):
    try:
        with urllib.request.urlopen(f"{address}/{path}", timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def runs(config):
    operations = Operations.open(config.parent / ".closedloop" / "operations.db")
    with operations.reading() as connection:
        found = [(row.kind, row.state) for row in connection.execute(select(tables.run))]
        leases = connection.execute(select(tables.lease)).all()
    operations.close()
    return found, leases


def until_told(config, wanted):
    """Wait until `status` shows a trouble, or none."""
    operations = Operations.open(config.parent / ".closedloop" / "operations.db")
    for _ in range(600):
        found = [
            row["message"] for row in state.read(operations, now=Clock().now(), alert_days=3)["troubles"]
        ]
        if (wanted is None and not found) or any(wanted in one for one in found if wanted):
            break
        threading.Event().wait(0.05)
    else:
        pytest.fail(f"{wanted} was never told: {found}")
    operations.close()


def test_a_life_of_a_daemon(daemon, config):
    process = daemon()
    address = process.until("daemon.listening")["address"]
    caught_up = process.until("run.ended")

    assert caught_up["state"] == "done"
    assert status(address, "healthz") == 200
    assert status(address, "readyz") == 200

    good = config.read_text()
    config.write_text(good.replace("currency: USD", "curency: USD"))
    process.signal(signal.SIGHUP)
    refused = process.until("daemon.reload_refused")
    assert "line 1" in refused["problems"]
    assert status(address, "healthz") == 200
    until_told(config, "the changed file was refused")

    config.write_text(good.replace("currency: USD", "currency: EUR"))
    process.signal(signal.SIGHUP)
    assert process.until("daemon.reloaded")["changed"] is True
    process.until("daemon.working")
    until_told(config, None)

    assert process.end() == 0
    assert process.seen[-1]["event"] == "daemon.ended"
    assert runs(config) == ([("sync", "done")], []), "the year's tick was caught up with once, not again"


def test_a_second_daemon_stands_by_and_takes_over_from_a_killed_one(daemon):
    first = daemon()
    first.until("run.ended")
    second = daemon()
    address = second.until("daemon.listening")["address"]
    second.until("daemon.standby")

    assert status(address, "readyz") == 503
    assert status(address, "healthz") == 200

    first.child.kill()
    second.until("daemon.working")
    assert second.end() == 0


def test_a_job_cut_short_by_sigterm_leaves_nothing_behind_and_is_done_at_the_next_start(daemon, config):
    tap = config.parent / "tap.py"
    tap.write_text(ENDLESS)
    first = daemon()
    first.until_text("tap waits")

    assert first.end() == 0
    assert runs(config) == ([("sync", "stopped")], [])

    tap.write_text(TAP)
    second = daemon()
    assert second.until("run.ended")["state"] == "done"
    assert second.end() == 0


@pytest.mark.long
def test_a_job_without_a_safe_point_is_stopped_when_the_grace_period_is_over(daemon, config):
    tap = config.parent / "tap.py"
    tap.write_text("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ENDLESS)
    config.write_text(config.read_text().replace("service: {", "service: {grace: 1s, "))
    first = daemon()
    first.until_text("tap waits")

    assert first.end() == 0
    assert "daemon.grace_over" in [one["event"] for one in first.seen]
    assert runs(config) == ([("sync", "stopped")], [])

    tap.write_text(TAP)
    second = daemon()
    assert second.until("run.ended")["state"] == "done"
    assert second.end() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_one_off_verb_that_is_interrupted_ends_clean(daemon, config, number, code):
    (config.parent / "tap.py").write_text(ENDLESS)
    process = daemon("sync")
    process.until_text("tap waits")
    process.signal(number)
    said = process.child.communicate(timeout=120)[1]

    assert process.child.returncode == code
    assert "Traceback" not in said
    assert runs(config) == ([("sync", "stopped")], [])


def test_a_daemon_with_a_wrong_file_does_not_start(daemon, config):
    config.write_text("company: {}\n")
    process = daemon()

    assert process.child.wait(timeout=120) == 2
