"""Kill -9 between any two durable steps: nothing is lost, nothing is done twice.

The story is told once without kills: a first run that reads all and writes our fields, a second one after people have
edited and deleted, and a revert. Each case rewinds to the moment before a step, kills a process at one failpoint, runs
the command again until it ends well, and compares everything with what the step left when nobody was killed.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.crash

DOSE = os.environ.get("CLOSEDLOOP_CRASH_DOSE", "4")
FULL = DOSE == "full"
KILLS = 200 if FULL else int(DOSE)
#: The failpoints' shelves say which process they stop in: the core has children, a tap or target has a parent.
VICTIMS = {
    "sync": ("self", "child", "group"),
    "taps": ("self", "parent", "group"),
    "targets": ("self", "parent", "group"),
}
#: The kit's two bases run inside the connectors.
IN_TAPS, IN_TARGETS = "tap.", "target."
#: What only happens after a kill, or under conditions that the story does not have: hit by their own cases.
AFTER_A_KILL = {"writeback.resolved_from_file", "writeback.resolved"}
#: Only with a tap that sends broken lines; killed there, three ways, by tests/extract/test_kill.py.
WITH_A_BROKEN_TAP = {"extract.repaired"}


def shelf(name: str, found: str) -> str:
    """Return which process a failpoint stops in."""
    return "taps" if name.startswith(IN_TAPS) else "targets" if name.startswith(IN_TARGETS) else found


def plan(company, names: dict[str, str]) -> list[tuple[str, str, int, str]]:
    """Return (step, failpoint, hit, victim) for every kill of this dose: each failpoint with each victim first."""
    sure, more = [], []
    for name, found in sorted(names.items()):
        for step in company.steps.values():
            hits = step.hits[name]
            for nth, victim in itertools.product(
                sorted({1, hits // 2, hits} - {0}) if hits else (), VICTIMS[shelf(name, found)]
            ):
                known = {(other, who) for _, other, _, who in sure}
                (more if (name, victim) in known else sure).append((step.name, name, nth, victim))
    dice = random.Random(7)
    dice.shuffle(more)
    if FULL:
        return (sure + more * (KILLS // max(len(more), 1) + 1))[:KILLS]
    dice.shuffle(sure)
    return sure[:KILLS]


def kill_and_recover(company, step, failpoint: str, log: Path) -> None:
    """Rewind, kill once, run again until it ends well, and compare."""
    company.rewind(step.before)
    since = len(company.play.crm.simulator.requests())
    first = company.command(*step.command, failpoint=failpoint, log=log)
    for _ in range(4):
        again = company.command(*step.command)
        if again.returncode == 0:
            break
    assert again.returncode == 0, (
        f"{failpoint} in {step.name}: {first.stderr[-1500:]}\n{again.stderr[-3000:]}{again.stdout[-1500:]}"
    )
    seen = company.look(since)
    for part, expected in step.after.items():
        assert seen[part] == expected, f"{failpoint} in {step.name}: {part} differs"


def test_every_failpoint_is_reached(company, failpoints):
    reached = {name for step in company.steps.values() for name in step.hits}

    assert set(failpoints) - reached - AFTER_A_KILL - WITH_A_BROKEN_TAP == set()


@pytest.mark.parametrize("half", [0, 1])  # one for each core
def test_a_kill_at_any_failpoint_leaves_everything_as_if_it_had_not_been(company, failpoints, tmp_path, half):
    log = tmp_path / "hits"
    log.touch()
    cases = plan(company, failpoints)[half::2]
    for step, name, nth, victim in cases:
        kill_and_recover(company, company.steps[step], f"{name}:{nth}:{victim}", log)
    killed = Counter(
        line.split()[0] for line in log.read_text(encoding="utf-8").splitlines() if " killed " in line
    )
    print(f"{sum(killed.values())} kills at {len(killed)} failpoints")  # noqa: T201 (the dose, for the reader)

    assert sum(killed.values()) == len(cases)


def test_the_full_dose_kills_at_every_failpoint_at_least_three_times(company, failpoints, monkeypatch):
    monkeypatch.setattr("tests.crash.test_crash.FULL", True)
    monkeypatch.setattr("tests.crash.test_crash.KILLS", 200)
    times = Counter(name for _, name, _, _ in plan(company, failpoints))
    reachable = set(failpoints) - AFTER_A_KILL - WITH_A_BROKEN_TAP

    assert [name for name in failpoints if name in reachable and times[name] < 3] == []


@pytest.mark.parametrize("name", sorted(AFTER_A_KILL)[: KILLS - 1])  # CI's dose of two kills: one of them
def test_a_kill_while_recovering_from_a_kill(company, tmp_path, name):
    """The core dies with an intent on disk, and dies again while it finds out what became of it."""
    before = "target.settled:1:group" if name.endswith("file") else "target.answered:1:group"
    step = company.steps["first"]
    for victim in ("self", "child", "group") if FULL else ("self",):
        log = tmp_path / f"hits-{victim}"
        company.rewind(step.before)
        since = len(company.play.crm.simulator.requests())
        company.command(*step.command, failpoint=before)
        company.command(*step.command, failpoint=f"{name}:1:{victim}", log=log)
        assert f"{name} killed {victim}" in log.read_text(encoding="utf-8")
        assert company.command(*step.command).returncode == 0
        assert company.look(since) == step.after
