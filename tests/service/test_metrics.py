"""What Prometheus reads, and that the dashboard asks for nothing else."""

import json
import re
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.service.health import Health, serving
from closedloop.service.metrics import exposition
from closedloop.service.session import session
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.stamps import to_text

DASHBOARD = Path(__file__).parents[2] / "config" / "monitoring" / "grafana.json"


@pytest.fixture
def opened(tmp_path):
    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"}, connections={}, home=tmp_path / ".closedloop"
    )
    with session(settings, Clock()) as found:
        yield found


@pytest.fixture
def filled(opened):
    clock, database = opened.clock, opened.operations
    money = {"currency": "USD", "minor": {"invoiced_all": 100_00, "unlinked": 30_00}}
    plans = {"crm": {"id": "p", "fields": 9, "write": 4}}
    older = database.begin_run("sync", clock)
    said = {
        "crm": {"left": 9, "allowed": 10, "window": "day"},
        "news": {"left": 5, "allowed": None, "window": "day"},
    }
    database.end_run(older, state="done", exit_code=0, clock=clock, detail={"budgets": said})
    run = database.begin_run("run", clock)
    database.end_run(
        run,
        state="done",
        exit_code=0,
        clock=clock,
        detail={
            "money": money,
            "checks": ["dates"],
            "plans": plans,
            "budgets": {"crm": {"left": 7, "allowed": 10, "window": "day"}},
        },
    )
    now = to_text(clock.now())
    read = {"run_id": run, "connection": "crm", "keys": 3, "requests": 2, "bytes": 700, "at": now}
    held = {
        "connection": "crm",
        "stream": "Contact",
        "reason": "too long",
        "record": "{}",
        "first_seen": now,
        "last_seen": now,
    }
    entry = {
        "run_id": run,
        "batch": 1,
        "connection": "crm",
        "object": "Account",
        "record_id": "1",
        "field": "f",
        "at": now,
    }
    broken = {"subject_kind": "account", "link": "paid", "reason": "overdue_invoice", "first_seen": now}
    trouble = {
        "kind": "guard",
        "subject_key": "publish",
        "message": "max_changed: 40 of 90",
        "opened_at": now,
        "last_seen": now,
        "told": "[]",
        "told_end": "[]",
    }
    with database.transaction() as connection:
        for stream, verdict, source in (("Contact", "incomplete", 5), ("Task", "unproven", None)):
            connection.execute(
                tables.stream_run.insert().values(
                    **read, stream=stream, rows=3, verdict=verdict, source_count=source, held_count=3
                )
            )
        connection.execute(tables.quarantine.insert().values(**held, record_key="k", direction="read"))
        connection.execute(tables.journal.insert().values(**entry, state="unknown"))
        for subject, healed in (("a", None), ("b", now)):
            connection.execute(
                tables.break_history.insert().values(
                    **broken, subject_key=subject, at_stake=500, healed_at=healed
                )
            )
        connection.execute(tables.incident.insert().values(**trouble))
    return opened


def samples(text):
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_every_figure_is_there_with_its_labels(filled):
    found = samples(exposition(filled, "idle").decode())
    assert found["closedloop_stream_source_rows", "Contact", "crm"] == 5
    assert ("closedloop_stream_source_rows", "Task", "crm") not in found, "what is not counted is not 0"
    assert found["closedloop_stream_verdict", "Contact", "crm", "incomplete"] == 1
    assert ("closedloop_stream_lag_seconds", "Contact", "crm") not in found, "it was never read well"
    assert found["closedloop_stream_lag_seconds", "Task", "crm"] >= 0
    assert found["closedloop_money_minor", "USD", "unlinked"] == 30_00
    assert found["closedloop_plan_fields", "crm", "write"] == 4
    assert found["closedloop_failed_checks",] == 1
    assert found["closedloop_budget_left_calls", "crm", "day"] == 7, "the newest word counts"
    assert found["closedloop_budget_allowed_calls", "crm", "day"] == 10
    assert found["closedloop_budget_left_calls", "day", "news"] == 5
    assert ("closedloop_budget_allowed_calls", "day", "news") not in found
    assert found["closedloop_quarantine_records", "crm", "read"] == 1
    assert found["closedloop_writes_unknown", "crm"] == 1
    assert found["closedloop_breaks", "overdue_invoice"] == 1
    assert found["closedloop_guard_tripped", "max_changed"] == 1
    assert found["closedloop_guard_tripped", "max_to_zero"] == 0
    assert found["closedloop_daemon_state", "idle"] == 1


def test_an_empty_database_has_metrics_too(opened):
    assert samples(exposition(opened).decode())["closedloop_failed_checks",] == 0


def test_the_daemon_serves_them(filled):
    with serving(Health(on_death=print), "127.0.0.1", 0, lambda: exposition(filled, "idle")) as address:
        told = requests.get(f"{address}/metrics", timeout=30)
    assert told.headers["content-type"].startswith("text/plain")
    assert "closedloop_runs{" in told.text


def test_the_dashboard_asks_only_for_what_there_is(filled):
    names = {name for name, *_ in samples(exposition(filled, "idle").decode())}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"closedloop_\w+", target["expr"])
    }
    assert asked <= names
    assert names - asked <= {"closedloop_runs", "closedloop_stream_quarantined_rows"}, "not shown anywhere"
    places = [tuple(panel["gridPos"].values()) for panel in panels]
    assert len(set(places)) == len(panels)


#: What issue and README promise → a metric of it.
PROMISED = {
    "rows": "closedloop_stream_read_rows",
    "calls": "closedloop_stream_read_calls",
    "bytes": "closedloop_stream_read_bytes",
    "budget left": "closedloop_budget_left_calls",
    "lag": "closedloop_stream_lag_seconds",
    "durations": "closedloop_run_duration_seconds",
    "breaks": "closedloop_breaks",
    "unmatched money": "closedloop_money_minor",
    "guard state": "closedloop_guard_tripped",
}


@pytest.mark.parametrize("promise", PROMISED)
def test_what_is_promised_is_told_and_shown(filled, promise):
    name = PROMISED[promise]
    assert name in {found for found, *_ in samples(exposition(filled, "idle").decode())}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert any(re.search(rf"\b{name}\b", target["expr"]) for panel in panels for target in panel["targets"])


def test_a_cron_container_writes_them_into_a_file(filled, tmp_path):
    config = tmp_path / "closedloop.yaml"
    config.write_text(
        "company: {currency: USD, time_zone: UTC}\nconnections: {crm: {connector: odoo, settings: {}}}\n"
    )
    done = CliRunner().invoke(
        app, ["--config", str(config), "metrics", "--to", str(tmp_path / "closedloop.prom")]
    )
    assert done.exit_code == 0, done.output
    assert "closedloop_runs{" in (tmp_path / "closedloop.prom").read_text()
