"""Lists all the way into the figures' inputs: what the staging SQL makes of them, and what a correction takes away."""

import os

import pytest
import yaml

from closedloop.clock import system_clock
from closedloop.config import load
from closedloop.extract import sync
from closedloop.models import staging
from closedloop.sandbox import leadlist
from closedloop.sandbox.world import generate
from closedloop.service.session import session


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "leads").mkdir()
    connection = {
        "connector": "leadlist",
        "settings": {"files": ["leads/*.csv", "leads/*.xlsx", "leads/*.txt"], "settle_seconds": 0},
    }
    data = {"company": {"currency": "USD", "time_zone": "UTC"}, "connections": {"scans": connection}}
    (tmp_path / "closedloop.yaml").write_text(yaml.safe_dump(data))
    return load(tmp_path / "closedloop.yaml")


def touches(opened):
    with opened.store() as store:
        store.query("create schema if not exists param; create schema if not exists staging")
        store.query(
            "create or replace table param.connection as select 'scans' as connection, '' as url, 'USD' as home_currency"
        )
        staging.create(store, opened.settings)
        alive = store.query(
            "select email, status, campaign_key from staging.touch where deleted_at is null order by 1, 2"
        )
        gone = store.query("select email from staging.touch where deleted_at is not null order by 1")
        return (
            alive,
            [email for (email,) in gone],
            store.query(
                "select name, code, same_as from stg_scans.campaign where deleted_at is null order by 1"
            ),
        )


def read(opened):
    with opened.writer() as store:
        run = opened.operations.begin_run("sync", opened.clock)
        found = sync(
            opened.settings,
            connections=["scans"],
            store=store,
            operations=opened.operations,
            run_id=run,
            clock=opened.clock,
        )
        return {one.stream: one.verdict for one in found}


def test_who_is_not_in_the_corrected_file_is_gone_and_the_event_stays(settings, tmp_path, warm):
    file = tmp_path / "leads" / "E-17.csv"
    file.write_text("Email,Status\na@x.com,Attended\nb@x.com,No show\n")
    with session(settings, system_clock()) as opened:
        read(opened)
        before = touches(opened)
        file.write_text("Email,Status\na@x.com,Attended\nc@x.com,Attended\n")
        os.utime(file, (1, 1))
        verdicts = read(opened)
        after = touches(opened)

    assert before[0] == [
        ("a@x.com", "attended", "scans:event/E-17"),
        ("b@x.com", "no_show", "scans:event/E-17"),
    ]
    assert ([email for email, *_ in after[0]], after[1]) == (["a@x.com", "c@x.com"], ["b@x.com"])
    assert after[2] == [("E-17", "E-17", None)]
    assert verdicts == {"attendees": "unproven", "files": "proven"}


def test_the_worlds_lists_tell_the_worlds_attendance(settings, tmp_path, warm):
    world = generate(3, 0.1)
    leadlist.write(world, tmp_path / "leads")
    with session(settings, system_clock()) as opened:
        verdicts = read(opened)
        alive, _, campaigns = touches(opened)

    code = {event.key: event.code for event in world.events}
    told = sorted((f"scans:event/{code[one.event]}", one.status) for one in world.registrations)
    assert sorted((campaign, status) for _, status, campaign in alive) == told
    assert {name for _, name, _ in campaigns} == {code[one.event] for one in world.registrations}
    assert set(verdicts.values()) == {"proven"}
