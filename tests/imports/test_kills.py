"""Killed at any point, an import goes on where it was: nobody is made twice, and what was made can be undone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import closedloop

#: Failpoints of an import, and those of the target that are on its way; the victim is who dies there.
OURS = (
    "import.applying", "create.intended", "create.committed", "create.settled", "import.people_made", "import.made",
)  # fmt: skip
THEIRS = ("target.intended", "target.answered", "target.settled", "target_salesforce.collection_answered")
RESOLVING = ("create.resolved_from_file", "create.resolved")
UNDOING = (
    "import.undoing",
    "import.undone",
    "create.intended",
    "create.committed",
    "target_salesforce.removed",
)


def run(desk, verb, what, failpoint=""):
    environment = {**os.environ, "CLOSEDLOOP_FAILPOINT": failpoint, "CLOSEDLOOP_CLOCK": desk.clock}
    command = [sys.executable, "-m", "tests.imports.core", str(desk.config), verb, what]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def plan_of(desk, tag):
    people = [(f"{tag}{n}@kill.example", "Kim", f"{tag.title()} {n}", "Acme") for n in range(3)]
    return desk.leads(desk.list(*people, name=f"{tag}.csv"))["id"]


def made(desk, tag):
    ours = re.compile(rf"{tag}\d@kill\.example")
    return [row for row in desk.people() if ours.fullmatch(str(row.get("Email") or ""))]


def finished(desk, plan):
    """Apply the plan again, to its end, and return the run that wrote."""
    return desk.run("apply", plan)


def drill(desk, failpoint, nth, *, victim="group"):
    tag = re.sub(r"\W", "", failpoint) + str(nth)
    plan = plan_of(desk, tag)
    members = len(desk.members())
    killed = run(desk, "apply", plan, f"{failpoint}:{nth}:{victim}")
    if killed.returncode == 0:
        assert nth > 1, failpoint  # so many times it is not passed
    finished(desk, plan)
    assert len(made(desk, tag)) == 3, failpoint
    assert len({row["Email"] for row in made(desk, tag)}) == 3
    assert len(desk.members()) == members + 3, failpoint


@pytest.mark.parametrize("failpoint", ["create.committed"])
def test_an_import_that_was_killed_goes_on(salesforce, failpoint):
    drill(salesforce, failpoint, 1, victim="self")


@pytest.mark.crash
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("failpoint", [*OURS, *THEIRS])
def test_an_import_killed_at_any_point_goes_on(salesforce, failpoint, nth):
    if nth > 1 and failpoint.startswith("import."):
        pytest.skip("reached once")
    drill(salesforce, failpoint, nth, victim="self")


@pytest.mark.crash
@pytest.mark.parametrize("failpoint", RESOLVING)
def test_an_import_killed_while_it_settles_goes_on(salesforce, failpoint):
    tag = re.sub(r"\W", "", failpoint)
    plan = plan_of(salesforce, tag)
    run(salesforce, "apply", plan, "create.committed:1:self")
    run(salesforce, "apply", plan, f"{failpoint}:1:self")
    finished(salesforce, plan)

    assert len(made(salesforce, tag)) == 3


@pytest.mark.crash
@pytest.mark.parametrize("failpoint", UNDOING)
def test_a_revert_killed_at_any_point_goes_on(salesforce, failpoint):
    tag = re.sub(r"\W", "", failpoint)
    done = salesforce.run("apply", plan_of(salesforce, tag))
    run(salesforce, "revert", done["run_id"], f"{failpoint}:1:self")
    salesforce.run("revert", done["run_id"])

    assert made(salesforce, tag) == []


def test_every_failpoint_of_imports_is_in_the_drill():
    top = Path(closedloop.__file__).parent
    sources = [*(top / "imports").glob("*.py"), top / "writeback" / "create.py"]
    found = {name for path in sources for name in re.findall(r'failpoint\("([\w.]+)"\)', path.read_text())}

    assert found == {*OURS, *RESOLVING, *(name for name in UNDOING if name.startswith("import."))}
