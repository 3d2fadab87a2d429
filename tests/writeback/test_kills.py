"""Kill the core, the target or both between any two durable steps: the CRM ends as if nothing had happened.

The CRM's own log must show each record written exactly once, and the journal must agree with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.writeback.bench import EVENT, PARTNER, Bench

ROOT = Path(__file__).parent.parent.parent
CORE = ("applying", "intended", "committed", "settled", "verified", "applied")
TARGET = ("intended", "answered", "settled", "echoed")
#: These run with every `make test`; the rest are the long dose.
SHORT = {"target.answered:1:self", "target.answered:2:group"}
CASES = [
    *(f"writeback.{name}:1:self" for name in CORE),
    "writeback.committed:2:self",
    "writeback.intended:2:group",
    *(f"target.{name}:{nth}:self" for name in TARGET for nth in (1, 2)),
    *(f"target.{name}:2:{victim}" for name in TARGET for victim in ("parent", "group")),
]


def marked(cases):
    return [case if case in SHORT else pytest.param(case, marks=pytest.mark.crash) for case in cases]


def run_core(folder: Path, attempt: int, failpoint: str = "") -> int:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "CLOSEDLOOP_FAILPOINT": failpoint,
        "CLOSEDLOOP_FAILPOINT_LOG": str(folder / "hits") if failpoint else "",
    }
    command = [sys.executable, "-m", "tests.writeback.core", str(folder), str(attempt)]
    return subprocess.run(
        command, env=environment, capture_output=True, start_new_session=True, check=False, cwd=ROOT
    ).returncode


@pytest.mark.parametrize("failpoint", marked(CASES))
def test_a_kill_leaves_no_trace(tmp_path, failpoint):
    bench = Bench(tmp_path)
    bench.world()
    bench.close()

    run_core(tmp_path, 1, failpoint)
    assert f"{failpoint.partition(':')[0]} killed" in (tmp_path / "hits").read_text()
    again = Bench(tmp_path)
    again.clock.moment = 1_800_002_000
    applied = again.apply()

    assert applied.exit_code == 0
    assert sorted((line["stream"], line["id"]) for line in again.vendor.writes) == [
        *((EVENT, str(n)) for n in range(1, 5)),
        *((PARTNER, str(n)) for n in range(1, 3)),
    ]
    assert again.vendor.values(EVENT, "2") == {
        "x_ltv": "20.00",
        "x_att": 20,
        "x_roi": "0.200000",
        "x_as_of": "2026-11-21",
    }
    last = {(row.object, row.record_id, row.field): row for row in again.journal()}
    assert len(last) == 18
    assert {row.state for row in last.values()} == {"written"}
    assert all(row.verified_at for row in last.values())
    assert {row.state for row in again.journal()} <= {"written", "refused"}
    again.sync()
    assert not again.plan().rows
    again.close()


@pytest.mark.crash
@pytest.mark.parametrize("step", ["resolved_from_file", "resolved"])
def test_a_kill_while_the_last_one_is_resolved(tmp_path, step):
    bench = Bench(tmp_path)
    bench.world()
    bench.close()
    run_core(tmp_path, 1, "target.answered:2:group")

    run_core(tmp_path, 2, f"writeback.{step}:1:self")
    again = Bench(tmp_path)
    again.clock.moment = 1_800_003_000

    assert again.apply().exit_code == 0
    assert len(again.vendor.writes) == 6
    again.close()
