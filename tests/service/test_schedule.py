"""Cron lines in the company's zone, over the days on which the clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from closedloop.service.jobs import Held, Job, due
from closedloop.service.schedule import Cron, Every, offset, schedule
from closedloop.settings import Service

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


def jobs(lines, late=0):
    return {
        name: Job(name=name, schedule=schedule(line, "UTC"), late=timedelta(seconds=late))
        for name, line in lines.items()
    }


def names(found):
    return [(name, f"{tick:%H:%M}") for name, tick in found]


def test_a_job_missed_many_times_is_due_once_and_what_was_worked_on_is_not():
    known = jobs({"sync:crm": "*/15 * * * *", "sync:books": "0 * * * *", "publish": "30 * * * *"})
    held = {"books:sync": Held(tick=utc("2026-05-01T12:00")), "publish": Held(tick=utc("2026-05-01T09:30"))}

    found = due(known, held, utc("2026-05-01T12:20"), Service())

    assert names(found) == [("sync:crm", "12:15"), ("publish", "11:30")]


def test_an_interval_keeps_its_length_through_changes_of_the_clock():
    every = schedule("every 90m", VIENNA)

    assert every == Every(interval=timedelta(minutes=90))
    assert every.after(utc("2026-03-29T00:00")) == utc("2026-03-29T01:30")
    assert every.until(utc("2026-03-29T01:29:59")) == utc("2026-03-29T00:00")
    assert every.until(utc("2026-03-29T01:30")) == utc("2026-03-29T01:30")


def test_jitter_makes_a_job_later_always_by_the_same_time_and_never_skips_a_tick():
    late = {offset(f"sync:{name}", "Acme", timedelta(minutes=5)) for name in "abcdefgh"}
    assert len(late) == 8
    assert all(timedelta(0) <= one < timedelta(minutes=5) for one in late)
    assert offset("sync:a", "Acme", timedelta(minutes=5)) == offset("sync:a", "Acme", timedelta(minutes=5))

    known = jobs({"publish": "* * * * *"}, late=150)  # longer than its interval
    held, done = {}, []
    for minute in range(10):
        for _, tick in due(known, held, utc(f"2026-05-01T12:{minute:02}:30"), Service()):
            held["publish"] = Held(tick=tick)
            done.append(f"{tick:%H:%M}")
    assert done == [f"11:{minute}" for minute in (58, 59)] + [f"12:0{minute}" for minute in range(8)]


def test_a_job_that_failed_is_left_alone_until_its_time_and_others_go_on():
    known = jobs({"sync:crm": "*/15 * * * *", "publish": "*/15 * * * *"})
    failed = Held(tick=utc("2026-05-01T12:15"), failures=3, retry_at=utc("2026-05-01T12:40"))
    held = {"crm:sync": failed, "publish": Held(tick=utc("2026-05-01T12:15"))}

    assert names(due(known, held, utc("2026-05-01T12:30"), Service())) == [("publish", "12:30")]
    assert names(due(known, held, utc("2026-05-01T12:40"), Service()))[0] == ("sync:crm", "12:30")


def test_a_clock_that_was_set_back_silences_no_job():
    known = jobs({"sync:crm": "0 * * * *"})
    later = {"crm:sync": Held(tick=utc("2027-05-01T12:00"))}
    pausing = {"crm:sync": Held(tick=utc("2027-05-01T12:00"), failures=1, retry_at=utc("2027-05-01T12:01"))}
    moment = {"crm:sync": Held(tick=utc("2026-05-01T12:00"))}

    assert names(due(known, later, utc("2026-05-01T12:20"), Service())) == [("sync:crm", "12:00")]
    assert names(due(known, pausing, utc("2026-05-01T12:20"), Service())) == [("sync:crm", "12:00")]
    assert not due(known, moment, utc("2026-05-01T11:59:58"), Service()), (
        "two seconds are no reason to do it twice"
    )
