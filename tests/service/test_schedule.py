"""Cron lines in the company's zone, over the days on which the clocks change."""

from datetime import UTC, datetime

import pytest

from closedloop.service.daemon import due
from closedloop.service.schedule import Cron

VIENNA = "Europe/Vienna"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(line, start, n, zone=VIENNA):
    cron, moment = Cron(line=line, zone=zone), utc(start)
    for _ in range(n):
        moment = cron.after(moment)
        yield moment.strftime("%d %H:%M")


def test_a_tick_is_a_wall_time_of_the_company():
    assert list(ticks("30 2 * * *", "2026-01-09T12:00", 2)) == ["10 01:30", "11 01:30"]


def test_a_wall_time_in_the_spring_gap_fires_once_when_the_gap_ends():
    assert list(ticks("30 2 * * *", "2026-03-28T12:00", 3)) == ["29 01:00", "30 00:30", "31 00:30"]


def test_a_wall_time_that_autumn_repeats_fires_once():
    assert list(ticks("30 2 * * *", "2026-10-24T12:00", 3)) == ["25 00:30", "26 01:30", "27 01:30"]


def test_a_line_for_every_hour_keeps_its_pace_through_both_changes():
    autumn = list(ticks("*/30 * * * *", "2026-10-24T23:40", 4))
    spring = list(ticks("*/30 * * * *", "2026-03-29T00:10", 3))

    assert autumn == ["25 00:00", "25 00:30", "25 01:00", "25 01:30"]
    assert spring == ["29 00:30", "29 01:00", "29 01:30"]


@pytest.mark.parametrize(
    ("line", "moment", "tick"),
    [
        ("30 2 * * *", "2026-03-28T01:30", "2026-03-28T01:30"),
        ("30 2 * * *", "2026-03-29T23:00", "2026-03-29T01:00"),
        ("30 2 * * *", "2026-10-25T12:00", "2026-10-25T00:30"),
        ("0 9 1 1 *", "2026-12-31T12:00", "2026-01-01T08:00"),
        ("0 0 29 2 *", "2027-06-01T00:00", "2024-02-28T23:00"),
    ],
)
def test_the_last_tick_until_now_is_found_over_changes_and_years(line, moment, tick):
    assert Cron(line=line, zone=VIENNA).until(utc(moment)) == utc(tick)


def test_a_day_that_never_comes_never_fires():
    never = Cron(line="0 0 30 2 *", zone="UTC")

    assert never.after(utc("2026-01-01T00:00")) is None
    assert never.until(utc("2026-01-01T00:00")) is None


def test_a_job_missed_many_times_is_due_once_and_what_was_worked_on_is_not():
    lines = {
        "sync:crm": Cron(line="*/15 * * * *", zone="UTC"),
        "sync:books": Cron(line="0 * * * *", zone="UTC"),
        "publish": Cron(line="30 * * * *", zone="UTC"),
    }
    last = {"sync:books": "2026-05-01T12:00:00.000000Z", "publish": "2026-05-01T09:30:00.000000Z"}

    found = due(lines, last, utc("2026-05-01T12:20"))

    assert found == [("sync:crm", utc("2026-05-01T12:15")), ("publish", utc("2026-05-01T11:30"))]
