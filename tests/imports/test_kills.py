"""Killed at any point, an import goes on where it was: nobody is made twice, and what was made can be undone."""

import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.crash.zygote import Zygote

import closedloop
from closedloop.store.operations import Operations
from closedloop.store.tables import creation

CRMS = ("salesforce", "hubspot", "odoo")
#: Failpoints of an import, of its undoing, and those that only what a kill left open leads to.
OURS = {
    "import.applying", "create.intended", "create.committed", "create.settled", "import.people_made", "import.made",
}  # fmt: skip
UNDOING = {"import.undoing", "import.undone", "create.intended", "create.committed", "create.settled"}
RESOLVING = {
    "create.resolved_from_file": "target.settled:1:group",
    "create.resolved": "target.answered:1:group",
}
#: Those of the target that are on its way, among others.
ANY_TARGET = {"target.intended", "target.answered", "target.settled"}
THEIRS = {
    "salesforce": {"target_salesforce.collection_answered"},
    "hubspot": {"target_hubspot.answered", "target_hubspot.recorded"},
    "odoo": {"target.loaded"},
}
REMOVING = {
    "salesforce": {"target_salesforce.removed"},
    "hubspot": {"target_hubspot.archived", "target_hubspot.recorded"},
    "odoo": {"target_odoo.removed"},
}


def run(desk, verb, what, failpoint=""):
    environment = {**os.environ, "CLOSEDLOOP_FAILPOINT": failpoint, "CLOSEDLOOP_CLOCK": desk.clock}
    command = [sys.executable, "-m", "tests.imports.core", str(desk.config), verb, what]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def plan_of(desk, tag):
    people = [(f"{tag}{n}@kill.example", "Kim", f"{tag.title()} {n}", "Acme") for n in range(3)]
    return desk.leads(desk.list(*people, name=f"{tag}.csv"))["id"]


def made(desk, tag):
    """Return the e-mail addresses of the people whom an import made."""
    ours = re.compile(rf"{tag}\d@kill\.example")
    mails = (
        row["properties"].get("email") if desk.crm == "hubspot" else row.get("Email") or row.get("email_from")
        for row in desk.people()
    )  # fmt: skip
    return sorted(str(mail) for mail in mails if ours.fullmatch(str(mail)))


def unsettled(desk):
    """Return what nobody knows the end of."""
    operations = Operations.open(desk.folder / ".closedloop" / "operations.db")
    with operations.reading() as database:
        found = database.execute(select(creation.c.state, creation.c.key)).all()
    operations.close()
    return [row for row in found if row.state in {"intent", "unknown"}]


def assert_imported(desk, tag, members):
    assert made(desk, tag) == [f"{tag}{n}@kill.example" for n in range(3)]
    assert len(desk.members()) == members + 3
    assert unsettled(desk) == []


def test_an_import_that_was_killed_goes_on(salesforce):
    plan, members = plan_of(salesforce, "real"), len(salesforce.members())

    assert run(salesforce, "apply", plan, "create.committed:1:self").returncode == -9
    salesforce.run("apply", plan)

    assert_imported(salesforce, "real", members)


class Drill:
    """One CRM, in which a core is killed again and again."""

    def __init__(self, desk, zygote, folder):
        self.desk, self._zygote = desk, zygote
        self.log = folder / "hits"
        self.log.touch()
        self._tags = (f"k{n}x" for n in itertools.count(1))

    def core(self, verb, what, failpoint=""):
        return self._zygote.run(
            str(self.desk.config), verb, what,
            failpoint=failpoint, log=str(self.log), module="tests.imports.core", clock=self.desk.clock,
        )  # fmt: skip

    def applied(self, *failpoints):
        """Import three people, killed or not, and to the end."""
        tag, members = next(self._tags), len(self.desk.members())
        plan = plan_of(self.desk, tag)
        for failpoint in failpoints:
            self.core("apply", plan, failpoint)
        done = self.core("apply", plan)
        assert done[0] == 0, (failpoints, done)
        assert_imported(self.desk, tag, members)

    def undone(self, *failpoints):
        """Import three people, and undo it, killed or not, and to the end."""
        tag, members = next(self._tags), len(self.desk.members())
        done = self.desk.run("apply", plan_of(self.desk, tag))["run_id"]
        for failpoint in failpoints:
            self.core("revert", done, failpoint)
        again = self.core("revert", done)
        assert again[0] == 0, (failpoints, again)
        assert made(self.desk, tag) == [], failpoints
        assert unsettled(self.desk) == []
        assert self.desk.crm == "hubspot" or len(self.desk.members()) == members, failpoints

    def hits(self, act):
        """Return what an act passes when nobody is killed."""
        before = len(self.log.read_text(encoding="utf-8"))
        act()
        return Counter(self.log.read_text(encoding="utf-8")[before:].split())

    def kills(self):
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return Counter(line.partition(" ")[0] for line in lines if " killed " in line)


def cases(hits):
    """Yield each failpoint with each victim, at its first, its last and a hit between them.

    The hits are counted over all of a target's processes, and each of them is sure of one only.
    """
    for name, count in sorted(hits.items()):
        of_target = name.startswith("target")
        nths = itertools.cycle([1] if of_target else sorted({1, (count + 1) // 2, count}))
        yield from (
            f"{name}:{nth}:{victim}"
            for nth, victim in zip(nths, ("self", "parent" if of_target else "child", "group"), strict=False)
        )


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    started = Zygote(tmp_path_factory.mktemp("zygote"))
    yield started
    started.close()


@pytest.mark.crash
@pytest.mark.parametrize("crm", CRMS)
def test_an_import_or_its_revert_killed_at_any_point_goes_on(request, served, zygote, tmp_path, crm):
    desk = request.getfixturevalue("salesforce") if crm == "salesforce" else served(crm)
    drill = Drill(desk, zygote, tmp_path)
    applying, undoing = drill.hits(drill.applied), drill.hits(drill.undone)
    assert set(applying) >= OURS | ANY_TARGET | THEIRS[crm]
    assert set(undoing) >= UNDOING | ANY_TARGET | REMOVING[crm]

    for failpoint in cases(applying):
        drill.applied(failpoint)
    for failpoint in cases(undoing):
        drill.undone(failpoint)
    for name, before in RESOLVING.items():
        for act in (drill.applied, drill.undone):
            act(before, f"{name}:1:self")

    kills = drill.kills()
    print(f"{crm}: {sum(kills.values())} kills at {len(kills)} failpoints")  # noqa: T201 (the dose, for the reader)
    assert set(kills) == set(applying) | set(undoing) | set(RESOLVING)
    wanted = 3 * (len(applying) + len(undoing)) + 4 * len(RESOLVING)
    assert sum(kills.values()) == wanted


def test_every_failpoint_of_imports_is_in_the_drill():
    top = Path(closedloop.__file__).parent
    sources = [*(top / "imports").glob("*.py"), top / "writeback" / "create.py"]
    found = {name for path in sources for name in re.findall(r'failpoint\("([\w.]+)"\)', path.read_text())}

    assert found == OURS | UNDOING | set(RESOLVING)
