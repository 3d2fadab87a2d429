"""Kill -9 between any two durable steps: nothing is lost, nothing is done twice.

The story is told once without kills: a first run that reads all and writes our fields, a second one after people have
edited and deleted, and a revert; in the full dose also an upgrade, a backup and its restoring. Each case rewinds to the moment
before a step, kills a process at one failpoint, runs the command again until it ends well, and compares everything with
what the step left when nobody was killed.
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
#: Kills inside of a whole run in the full dose, beside those of every failpoint in the cheapest verb that has it.
WHOLE = 6
#: Steps by what they cost; a failpoint is killed at in the first that reaches it.
BY_COST = ("upgrade", "backup", "restore", "sync", "apply", "revert", "reconcile", "first", "second")
#: The failpoints' shelves say which process they stop in: the core has children, a tap or target has a parent.
VICTIMS = {
    "sync": ("self", "child", "group"),
    "taps": ("self", "parent", "group"),
    "targets": ("self", "parent", "group"),
}
#: Where the core has no children.
ALONE = ("models.", "history.", "migration.", "backup.", "restore.")
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
    """Return (step, failpoint, hit, victim) for every kill of this dose: each failpoint with each victim, at several hits."""
    dice, sure = random.Random(7), []
    for name, found in sorted(names.items()):
        step = next((one for one in BY_COST if one in company.steps and company.steps[one].hits[name]), None)
        if step is None:
            continue
        hits = company.steps[step].hits[name]
        nths = sorted({1, (hits + 1) // 2, hits})
        victims = [
            victim
            for victim in VICTIMS[shelf(name, found)]
            if victim != "child" or not name.startswith(ALONE)
        ]
        sure += [
            (step, name, nth, victim) for nth, victim in zip(itertools.cycle(nths), victims, strict=False)
        ]
    dice.shuffle(sure)
    if not FULL:
        return sure[: int(DOSE)]
    run = company.steps["second"].hits
    whole = [("second", name, max(run[name] // 2, 1), "group") for name in dice.sample(sorted(run), WHOLE)]
    return sure + whole


def kill_and_recover(company, step, failpoint: str, log: Path) -> str:
    """Rewind, kill once, run again until it ends well, and compare; return how the killed one ended."""
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
    return f"{first.returncode}: {first.stderr[-500:]}"


def test_every_failpoint_is_reached(company, failpoints):
    reached = {name for step in company.steps.values() for name in step.hits}

    assert set(failpoints) - reached - AFTER_A_KILL - WITH_A_BROKEN_TAP == set()


@pytest.mark.parametrize("half", [0, 1])  # one for each core
def test_a_kill_at_any_failpoint_leaves_everything_as_if_it_had_not_been(company, failpoints, tmp_path, half):
    log = tmp_path / "hits"
    log.touch()
    cases = plan(company, failpoints)[half::2]
    missed, wrong = [], []
    for number, (step, name, nth, victim) in enumerate(cases, start=1):
        before = log.read_text(encoding="utf-8").count(" killed ")
        try:
            said = kill_and_recover(company, company.steps[step], f"{name}:{nth}:{victim}", log)
        except AssertionError as error:  # the others are tried, too
            wrong.append(str(error)[:3000])
            continue
        finally:
            print(f"{number}/{len(cases)} {step} {name}:{nth}:{victim}", flush=True)  # noqa: T201 (hours of it)
        if log.read_text(encoding="utf-8").count(" killed ") == before:
            missed.append((step, name, nth, victim, said))

    assert wrong == []
    assert missed == []


@pytest.mark.skipif(not FULL, reason="the full dose: CLOSEDLOOP_CRASH_DOSE=full")
def test_the_full_dose_kills_at_every_failpoint_every_process(company, failpoints):
    cases = plan(company, failpoints)
    times = Counter((name, victim) for step, name, _, victim in cases)
    reachable = set(failpoints) - AFTER_A_KILL - WITH_A_BROKEN_TAP

    assert {name for name, _ in times} == reachable
    assert all(times[name, "self"] and times[name, "group"] for name in reachable)
    assert len(cases) >= 2 * len(reachable) + WHOLE


@pytest.mark.parametrize("name", sorted(AFTER_A_KILL)[: None if FULL else int(DOSE) - 1])
def test_a_kill_while_recovering_from_a_kill(company, tmp_path, name):
    """The core dies with an intent on disk, and dies again while it finds out what became of it."""
    before = "target.settled:1:group" if name.endswith("file") else "target.answered:1:group"
    step = company.steps["apply" if FULL else "first"]
    for victim in ("self", "child", "group") if FULL else ("self",):
        log = tmp_path / f"hits-{victim}"
        company.rewind(step.before)
        since = len(company.play.crm.simulator.requests())
        company.command(*step.command, failpoint=before)
        company.command(*step.command, failpoint=f"{name}:1:{victim}", log=log)
        assert f"{name} killed {victim}" in log.read_text(encoding="utf-8")
        assert company.command(*step.command).returncode == 0
        assert company.look(since) == step.after
