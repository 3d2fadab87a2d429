"""Kill -9 between any two durable steps of apply and revert, on every CRM simulator.

The story is told once without kills: figures are written, written anew after they changed, undone, undone in part, and the
undoing undone. Each case goes back to the moment before a step, kills a process at one failpoint, repeats the step until it
ends well, and compares the CRM's fields and the journal with what the step left when nobody was killed.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.crash.zygote import Zygote
from tests.writeback.ground import VENDORS, Crm, Ground, crm, ground, plain

pytestmark = pytest.mark.crash

ROOT = Path(__file__).parent.parent.parent
DOSE = os.environ.get("CLOSEDLOOP_CRASH_DOSE", "4")
FULL = DOSE == "full"
#: Kills of each vendor in the full dose: 300 in all; CI's dose is of one vendor, with the most ways to write.
FULL_KILLS = 100
CORE, TARGET = ("self", "child", "group"), ("self", "parent", "group")
#: Hit only where a kill left something to find out: killed by `test_a_kill_while_recovering…`.
AFTER_A_KILL = {"writeback.resolved_from_file", "writeback.resolved"}
#: A participation is recorded by an import, a field is made by `provision`: killed in tests/targets.
ELSEWHERE = {"target_hubspot.recorded", "target_salesforce.field_made"}
#: Records are made and removed by imports: killed in tests/imports.
OF_IMPORTS = {"create.py", "removal.py", "imported.py"}
#: Salesforce takes the way of bulk jobs from so many rows on; half of the steps shall.
BULK_FROM = 3


@dataclass
class Step:
    """One verb, the moment before it, and what it left when nobody was killed."""

    name: str
    verb: list[str]
    folder: Path
    held: dict
    hits: Counter[str]
    fields: dict
    journal: Counter


class Story:
    """One vendor's story."""

    def __init__(self, made: Crm, folder: Path, zygote: Zygote) -> None:
        self.crm, self.folder, self.zygote = made, folder, zygote
        self.steps: dict[str, Step] = {}
        self._numbers = itertools.count(1)

    def tell(self, bed: Path, name: str, verb: list[str]) -> None:
        before = self.folder / f"before-{name}"
        shutil.copytree(bed, before)
        held, log = self.crm.fields(), self.folder / f"{name}.hits"
        code, said = self.core(bed, *verb, log=log)
        assert code == 0, said
        self.steps[name] = Step(
            name=name,
            verb=verb,
            folder=before,
            held=held,
            hits=Counter(log.read_text(encoding="utf-8").split()),
            fields=plain(self.crm.fields()),
            journal=written(bed),
        )

    def core(self, bed: Path, *verb: str, failpoint: str = "", log: Path | None = None) -> tuple[int, str]:
        """Run one verb as a process of a session of its own; return its exit code and what it said."""
        name, *rest = verb
        return self.zygote.run(
            str(bed), name, str(next(self._numbers)), *rest, failpoint=failpoint, log=str(log or "")
        )

    def rewound(self, step: Step) -> Path:
        """Go back to the moment before a step."""
        self.crm.put_back(step.held)
        bed = self.folder / f"bed-{next(self._numbers)}"
        shutil.copytree(step.folder, bed)
        return bed

    def kill_and_recover(self, step: Step, *failpoints: str, log: Path) -> list[tuple[int, str]]:
        """Go back, kill, repeat, compare; return how the killed ones ended and what they said."""
        bed = self.rewound(step)
        said = [self.core(bed, *step.verb, failpoint=failpoint, log=log) for failpoint in failpoints]
        for _ in range(4):
            code, last = self.core(bed, *step.verb)
            if code == 0:
                break
        context = f"{failpoints} in {step.name} of {self.crm.vendor}"
        assert code == 0, f"{context}: {said}\n{last[-3000:]}"
        assert plain(self.crm.fields()) == step.fields, f"{context}: the fields differ"
        assert written(bed) == step.journal, f"{context}: the journal differs"
        shutil.rmtree(bed)
        return said


def written(bed: Path) -> Counter:
    """Return what the journal says was written, and insist that nothing is open and nothing unread."""
    opened = Ground.reopened(bed)
    rows = opened.journal()
    opened.close()
    assert not [row.id for row in rows if row.state in {"intent", "unknown"}]
    assert not [row.id for row in rows if row.state == "superseded"]
    newest = {(row.object, row.record_id, row.field): row for row in rows if row.state == "written"}
    assert all(row.verified_at for row in newest.values())
    return Counter(
        (row.object, row.record_id, row.field, row.after) for row in rows if row.state == "written"
    )


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    """Tell each vendor's story once."""
    told: dict[str, Story] = {}
    with ExitStack() as stack:
        zygote = Zygote(tmp_path_factory.mktemp("zygote"))
        stack.callback(zygote.close)

        def of(vendor: str) -> Story:
            if vendor not in told:
                told[vendor] = tell(stack, tmp_path_factory.mktemp(vendor), vendor, zygote)
            return told[vendor]

        yield of


def tell(stack: ExitStack, folder: Path, vendor: str, zygote: Zygote) -> Story:
    made = stack.enter_context(crm(vendor))
    if vendor == "salesforce":
        made.settings["target_bulk_from"] = BULK_FROM
    bed = folder / "ground"
    with ground(bed, made):
        pass
    story = Story(made, folder, zygote)
    story.tell(bed, "apply", ["apply"])
    first = last_run(bed)
    figures(bed, made, turn=2)
    story.tell(bed, "apply again", ["apply"])
    story.tell(bed, "revert", ["revert", last_run(bed)])
    undone = last_run(bed)
    story.tell(bed, "revert of the revert", ["revert", undone])
    figures(bed, made, turn=3, only_accounts=True)
    story.tell(bed, "apply a few", ["apply"])
    story.tell(bed, "revert accounts", ["revert", last_run(bed), "account"])
    assert first != undone
    return story


def figures(bed: Path, made: Crm, *, turn: int, only_accounts: bool = False) -> None:
    """Change the figures: of everything, or of the accounts, of which two stay as they are."""
    opened = Ground.reopened(bed)
    campaigns, accounts = made.ids
    if only_accounts:
        opened.store.connection.execute(
            "update marts.account_measures set invoiced = invoiced + 7 where source_id in (select unnest(?))",
            [accounts[2:]],
        )
    else:
        opened.figures(campaigns, accounts, turn=turn)
    opened.close()


def last_run(bed: Path) -> str:
    opened = Ground.reopened(bed)
    found = opened.last_run()
    opened.close()
    return found


def names(vendor: str) -> set[str]:
    """Return every failpoint that a write-back to a vendor can reach."""
    files = [
        *(ROOT / "sync/closedloop/writeback").glob("*.py"),
        ROOT / "sync/closedloop/kit/target.py",
        *(ROOT / "targets" / f"target_{vendor}").glob("*.py"),
    ]
    texts = [path.read_text(encoding="utf-8") for path in files if path.name not in OF_IMPORTS]
    return {name for text in texts for name in re.findall(r'failpoint\("([a-z_.]+)"\)', text)} - ELSEWHERE


def victims(name: str) -> tuple[str, ...]:
    return CORE if name.startswith("writeback.") else TARGET


def plan(story: Story, kills: int) -> list[tuple[str, str, int, str]]:
    """Return (step, failpoint, hit, victim): each failpoint with each victim first, then other hits and other steps."""
    sure, more = [], []
    for name in sorted(names(story.crm.vendor) - AFTER_A_KILL):
        for step in story.steps.values():
            hits = step.hits[name]
            chosen = sorted({1, (hits + 1) // 2, hits}) if hits else []
            for nth, victim in itertools.product(chosen, victims(name)):
                known = {(other, who) for _, other, _, who in sure}
                (more if (name, victim) in known else sure).append((step.name, name, nth, victim))
    dice = random.Random(7)
    dice.shuffle(more)
    if not FULL:
        dice.shuffle(sure)
    return (sure + more)[:kills]


def doses() -> list[tuple[str, int]]:
    """Return how many kills each vendor gets."""
    if FULL:
        return [(vendor, FULL_KILLS) for vendor in VENDORS]
    return [("salesforce", max(int(DOSE) // 2, 1))]


@pytest.mark.parametrize(("vendor", "kills"), doses())
def test_a_kill_at_any_failpoint_leaves_everything_as_if_it_had_not_been(stories, tmp_path, vendor, kills):
    story, log = stories(vendor), tmp_path / "hits"
    log.touch()
    missed, seen = [], Counter()
    for step, name, nth, victim in plan(story, kills):
        said = story.kill_and_recover(story.steps[step], f"{name}:{nth}:{victim}", log=log)
        killed = Counter(
            line.split()[0] for line in log.read_text(encoding="utf-8").splitlines() if " killed " in line
        )
        if killed == seen:
            missed.append((step, name, nth, victim, said))
        seen = killed
    print(f"{vendor}: {sum(seen.values())} kills at {len(seen)} failpoints")  # noqa: T201 (the dose, for the reader)

    assert missed == []
    assert not FULL or set(seen) == names(vendor) - AFTER_A_KILL


@pytest.mark.skipif(not FULL, reason="the full dose: CLOSEDLOOP_CRASH_DOSE=full")
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", sorted(AFTER_A_KILL))
@pytest.mark.parametrize("verb", ["apply again", "revert"])
def test_a_kill_while_recovering_from_a_kill(stories, tmp_path, vendor, name, verb):
    """The core dies with an intent on disk, and dies again while it finds out what became of it."""
    story, log = stories(vendor), tmp_path / "hits"
    before = "target.settled:1:group" if name.endswith("file") else "target.answered:1:group"

    story.kill_and_recover(story.steps[verb], before, f"{name}:1:self", log=log)

    assert f"{name} killed self" in log.read_text(encoding="utf-8")


@pytest.mark.skipif(not FULL, reason="the full dose: CLOSEDLOOP_CRASH_DOSE=full")
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_failpoint_is_reached(stories, vendor):
    reached = {name for step in stories(vendor).steps.values() for name in step.hits}

    assert names(vendor) - reached - AFTER_A_KILL == set()
