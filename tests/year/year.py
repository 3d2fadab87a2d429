"""A daemon's life in stepped time: every tick of a year in minutes.

    python -m tests.year.year --dir FOLDER [--days 365] [--hours 1] [--nightly] [--no-real] [--no-figures]

The daemon, its schedules, leases, runs, store and operational database are the real ones, and so is the clock: one file
(`CLOSEDLOOP_CLOCK_FILE`) that the daemon's own waits move on, read by the core, by the taps' processes and by the
simulators. A connection `pulse` is read every hour (or every few) by a tap that runs in this process; `crm` and `books` are real taps
on simulated vendors (the ledger's tokens rotate with every refresh) an hour before figures are made. Publishing is scheduled for every night, at
an hour that the clock change leaves out in spring and repeats in autumn; on Sundays, when clocks change, it makes the figures and
writes them back, on other nights only with `--nightly`.

Every four weeks the daemon is restarted; every ninth week it is away for half a day; now and then `pulse` has no calls
left, or cannot be reached, for some hours. At the end each tick must have been worked on once, neither memory nor files
may have grown beyond what the rows explain, and nothing may be left open.
"""

import argparse
import gc
import io
import json
import os
import random
import resource
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import yaml
from tests.warm import Warm
from typer.testing import CliRunner

from closedloop import connectors
from closedloop.cli.app import app
from closedloop.cli.playground import playground
from closedloop.clock import FILE_VARIABLE, SharedClock, set_shared
from closedloop.config import load
from closedloop.log import configure
from closedloop.service import cycle, daemon, retention
from closedloop.service.daemon import Daemon
from closedloop.service.signals import Signals
from closedloop.store import tables
from closedloop.store.operations import Operations

ZONE = "Europe/Vienna"
STREAM = {"type": "SCHEMA", "stream": "beat", "key_properties": ["id"]}
SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
#: Rows of `pulse`: the same keys again and again.
ROWS = 50
NIGHT = "30 2 * * *"
SUNDAY = 6
#: What may come on top between the first and the last quarter of a year: a fifth, and this much for what is seldom.
GROWTH, SLACK = 1.2, {"memory": 40e6, "store": 8e6, "operations": 1.5e6, "wal": 1e6}


@dataclass(slots=True, kw_only=True)
class Stepping(SharedClock):
    """The shared clock of a world that nobody waits in: a wait moves it on.

    Args:
        end: When the world ends.
        signals: Asked to stop at the end.
        stops: Moments at which the daemon is asked to end, the next one last.
    """

    end: datetime
    signals: Signals = field(default_factory=Signals)
    stops: list[datetime] = field(default_factory=list)

    def wait(self, event, seconds):
        now = self.now()
        due = min(self.end, self.stops[-1] if self.stops else self.end)
        if not event.is_set():
            set_shared(self.path, min(now + timedelta(seconds=max(seconds, 0.001)), due), runs=False)
        if self.now() >= due:
            if self.stops and self.stops[-1] <= self.now():
                self.stops.pop()
            self.signals.ask_stop()


class Said:
    """A tap that has said everything and ended."""

    pid = 1 << 30  # no process has it
    stdin = None

    def __init__(self, lines, code=0, log=b""):
        self.stdout = io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        self.stderr, self.returncode = io.BytesIO(log), code

    def poll(self):
        return self.returncode

    def wait(self, timeout=None):
        del timeout
        return self.returncode


class Pulse:
    """The tap of `pulse`: its rows now, or that it cannot."""

    def __init__(self, clock, bad_hours):
        self.clock, self.bad_hours, self.refused = clock, bad_hours, 0

    def process(self, args):
        schema = {**STREAM, "schema": SCHEMA}
        if "--discover" in args:
            entry = {"tap_stream_id": "beat", "stream": "beat", "schema": SCHEMA, "key_properties": ["id"]}
            return Said([{"streams": [entry]}])
        now = self.clock.now()
        if now.replace(minute=0, second=0, microsecond=0) in self.bad_hours:
            self.refused += 1
            log = {"event": "tap.stopped", "message": "the day's calls are used up", "level": "error"}
            return Said([], 4, json.dumps(log).encode() + b"\n")
        rows = [{"id": n, "at": now.isoformat()} for n in range(ROWS)]
        records = [{"type": "RECORD", "stream": "beat", "record": row} for row in rows]
        return Said(
            [schema, *records, {"type": "STATE", "value": {"bookmarks": {"beat": {"at": now.isoformat()}}}}]
        )


@dataclass
class Year:
    """One life, and what was seen of it."""

    folder: Path
    first: date
    days: int
    hours: int = 1
    real: bool = False
    nightly: bool = True
    figures: bool = True
    seed: int = 1
    done: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    seen: list = field(default_factory=list)
    away: list = field(default_factory=list)
    pulse: Pulse | None = None

    def __post_init__(self):
        self.start = datetime.combine(self.first, datetime.min.time(), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
        last = self.first + timedelta(days=self.days)
        self.end = datetime.combine(last, datetime.min.time(), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)

    @property
    def home(self):
        return self.folder / ".closedloop"

    def live(self):
        """Live through it."""
        file = self.folder / "clock"
        self.folder.mkdir(parents=True, exist_ok=True)
        set_shared(file, self.start + timedelta(minutes=1), runs=False)
        with ExitStack() as stack:
            stack.callback(os.environ.pop, FILE_VARIABLE, None)
            os.environ[FILE_VARIABLE] = str(file)
            config = self._company(stack)
            clock = Stepping(path=file, end=self.end)
            self.pulse = Pulse(clock, self._bad_hours())
            self._instead(stack)
            clock.stops = sorted(self._stops(), reverse=True)
            while clock.now() < self.end:
                clock.signals = Signals()
                self._rest(clock)
                Daemon(read=lambda: load(config), clock=clock, signals=clock.signals).run()
        return self

    def _company(self, stack):
        """Write the configuration of a small company; with real connections if it is to have any."""
        config = self.folder / "closedloop.yaml"
        pulse = {
            "connector": "singer",
            "executable": ["true"],
            "staging": "staging",
            "schedule": f"0 */{self.hours} * * *",
        }
        found = {"company": {"currency": "USD", "time_zone": ZONE}, "connections": {}}
        if self.real:
            ground = self.folder / "ground"
            play = stack.enter_context(
                playground(ground, seed=4, scale=0.02, mode="apply", crm="odoo", ledger="xero")
            )
            found = yaml.safe_load(play.config.read_text().replace("keys/", f"{ground}/keys/"))
            for name in ("crm", "books"):
                found["connections"][name]["schedule"] = "0 1 * * *" if self.nightly else "0 1 * * 0"
        found["company"]["time_zone"] = ZONE
        found["connections"]["pulse"] = pulse
        found["matching"] = {"policy": "exact"}
        found["service"] = {
            "port": 0, "reconcile_schedule": NIGHT, "backoff": "10m", "backoff_limit": "40m", "keep": "30d",
        }  # fmt: skip
        (self.folder / "staging").mkdir(exist_ok=True)
        config.write_text(yaml.safe_dump(found))
        if self.real:
            done = CliRunner().invoke(app, ["--config", str(config), "provision"])
            assert done.exit_code == 0, done.output
            configure(level="WARNING")  # the verb wanted more
        return config

    def _instead(self, stack):
        """Put `pulse` in its place, let the real taps start fast, and see every job."""
        warm = stack.enter_context(closing(Warm())) if self.real else None
        real, scheduled, publish = connectors.process, cycle.scheduled, cycle.publish
        longest = daemon.LONGEST_WAIT_SECONDS

        def process(module, args, config, **more):
            if isinstance(module, (list, tuple)):
                return self.pulse.process(args)
            return (warm.process if warm else real)(module, args, config, **more)

        def seen(opened, job, **more):
            try:
                scheduled(opened, job, **more)
            except BaseException as error:
                self.failed.append((job, more["tick"], type(error).__name__, str(error)))
                raise
            self.done.append((job, more["tick"]))
            if job == cycle.PUBLISH and self._makes_figures(opened):
                self._look(opened)

        def published(opened, *rest, **more):
            if self.figures and self._makes_figures(opened):
                publish(opened, *rest, **more)

        connectors.process, cycle.scheduled, daemon.LONGEST_WAIT_SECONDS = process, seen, 7200.0
        cycle.publish = published
        stack.callback(setattr, cycle, "publish", publish)
        stack.callback(setattr, connectors, "process", real)
        stack.callback(setattr, cycle, "scheduled", scheduled)
        stack.callback(setattr, daemon, "LONGEST_WAIT_SECONDS", longest)

    def _makes_figures(self, opened):
        return self.nightly or opened.clock.now().astimezone(ZoneInfo(ZONE)).weekday() == SUNDAY

    def _bad_hours(self):
        dice = random.Random(self.seed)
        hours = int((self.end - self.start) / timedelta(hours=1))
        begins = [self.start + timedelta(hours=dice.randrange(hours)) for _ in range(hours // 300)]
        return {begin + timedelta(hours=n) for begin in begins for n in range(dice.randrange(1, 5))}

    def _stops(self):
        step = timedelta(days=28, minutes=17) if self.days > 28 else timedelta(hours=31)
        return [self.start + step * n for n in range(1, int((self.end - self.start) / step) + 1)]

    def _rest(self, clock):
        """Be away for half a day before every second start but the first: what was missed is done once."""
        if self.done and len(self.away) * 2 < len(self.done) // 300 + 1:
            begin = clock.now()
            self.away.append((begin, min(begin + timedelta(hours=12), self.end - timedelta(minutes=1))))
            set_shared(clock.path, self.away[-1][1], runs=False)

    def _look(self, opened):
        """Note what must not grow."""
        gc.collect()
        files = {
            "store": self.home / "store.duckdb",
            "operations": self.home / "operations.db",
            "wal": self.home / "operations.db-wal",
        }
        sizes = {name: path.stat().st_size if path.exists() else 0 for name, path in files.items()}
        with opened.operations.reading() as connection:
            rows = {
                table.name: connection.exec_driver_sql(f"select count(*) from {table.name}").scalar()
                for table in (tables.run, tables.stream_run, tables.plan, tables.journal, tables.snapshot)
            }
        look = {
            "day": opened.clock.now().date(),
            "memory": int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize(),
            "handles": sum(1 for _ in Path("/proc/self/fd").iterdir()),
            "spool": sum(1 for one in (self.home / "spool").rglob("*") if one.is_file()),
            "outcomes": sum(1 for one in (self.home / "outcomes").rglob("*.jsonl")),
            **sizes,
            **rows,
        }
        if len(self.seen) % 10 == 0:
            tell(look)
        self.seen.append(look)

    # What must be true

    def expected(self):
        """Every tick by the wall clock, told in another way than the daemon computes it: quarter by quarter of UTC."""
        zone, moment, hours, nights = ZoneInfo(ZONE), self.start, [], {}
        while moment < self.end:
            wall = moment.astimezone(zone)
            if wall.minute == 0 and wall.hour % self.hours == 0:
                hours.append(moment)
            if (wall.hour, wall.minute) >= (
                2,
                30,
            ):  # the first moment of the day not before it: also after a gap
                nights.setdefault(wall.date(), moment)
            moment += timedelta(minutes=15)
        return hours, list(nights.values())

    def missed(self, job, ticks):
        """Ticks that were not worked on, less those that a later one caught up with after a time away or a failure."""
        worked = sorted(tick for name, tick in self.done if name == job)
        assert len(worked) == len(set(worked)), f"{job} worked on a tick twice"
        excused = [*self.away, *self._pauses(job)]
        return [
            tick
            for tick in ticks
            if tick not in worked and not any(begin <= tick <= end for begin, end in excused)
        ] + [tick for tick in worked if tick not in ticks and tick > self.start]

    def _pauses(self, job):
        """From the first failure of a job to the tick it worked on next."""
        for name, tick, *_ in self.failed:
            if name == job:
                yield (
                    tick,
                    min((one for other, one in self.done if other == job and one >= tick), default=self.end),
                )


def open_ends(home):
    """What must be over in the end: runs, leases, intents, incidents."""
    operations = Operations.open(home / "operations.db")
    with operations.reading() as connection:
        counts = {
            "running": "select count(*) from run where state = 'running'",
            "leases": "select count(*) from lease",
            "unsettled": "select count(*) from journal where state in ('intent', 'unknown')",
        }
        found = {name: connection.exec_driver_sql(sql).scalar() for name, sql in counts.items()}
    operations.close()
    with duckdb.connect(str(home / "store.duckdb"), read_only=True) as store:
        found["rows"] = store.execute("select count(*) from raw_pulse.beat").fetchone()[0]
        found["segments"] = store.execute(
            "select count(*) from meta.load_log where connection = 'pulse'"
        ).fetchone()[0]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--hours", type=int, default=1)
    parser.add_argument("--no-real", action="store_true", help="only `pulse`, no CRM and no ledger")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--nightly", action="store_true", help="make the figures every night")
    parser.add_argument("--no-figures", action="store_true", help="publish without computing")
    chosen = parser.parse_args()
    configure(level="WARNING")
    began = time.monotonic()
    life = Year(
        chosen.dir.resolve(),
        date(2026, 1, 1),
        chosen.days,
        hours=chosen.hours,
        real=not chosen.no_real,
        nightly=chosen.nightly,
        figures=not chosen.no_figures,
    )
    year = life.live()
    report(year, time.monotonic() - began)


def tell(look):
    """Print what was seen one night."""
    sizes = {name: f"{look[name] / 1e6:.1f} MB" for name in ("memory", "store", "operations", "wal")}
    print(  # noqa: T201 (a program)
        look["day"],
        *(f"{name}={value}" for name, value in {**look, **sizes}.items() if name != "day"),
        flush=True,
    )


def report(year, seconds):
    """Print the figures, and fail if something is not as it must be."""
    hours, nights = year.expected()
    wrong = {"pulse": year.missed("sync:pulse", hours), "publish": year.missed("publish", nights)}
    tell(year.seen[-1])
    ends = open_ends(year.home)
    worked = Counter(job for job, _ in year.done)
    print(  # noqa: T201 (a program)
        f"{year.days} days in {seconds:.0f} s; worked on {dict(worked)} of {len(hours)} hours and {len(nights)} nights; "
        f"{len(year.failed)} failures ({year.pulse.refused} refused); away {len(year.away)} times; ends {ends}; wrong {wrong}"
    )
    assert not any(wrong.values()), wrong
    assert (ends["running"], ends["leases"], ends["unsettled"], ends["rows"]) == (0, 0, 0, ROWS)
    assert ends["segments"] <= retention.SEGMENTS + 24
    insist_flat(year.seen)


def insist_flat(seen):
    """Fail if memory, handles or files grew: the last quarter against the second, when what is kept for 30 days is whole."""
    quarter = len(seen) // 4
    if quarter < 4:
        return
    before, after = seen[quarter : 2 * quarter], seen[-quarter:]
    for name in ("memory", "store", "operations", "wal"):
        was, now = (max(look[name] for look in looks) for looks in (before, after))
        assert now <= was * GROWTH + SLACK[name], f"{name} grew from {was / 1e6:.1f} to {now / 1e6:.1f} MB"
    assert max(look["handles"] for look in after) <= max(look["handles"] for look in before) + 2
    assert {look["spool"] for look in after} == {0}
    assert max(look["outcomes"] for look in after) <= max(look["outcomes"] for look in before) + 2


if __name__ == "__main__":
    main()
