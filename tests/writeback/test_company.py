"""Whole cycles on simulated companies: our own writes are no news, and no trouble of a source or of the CRM's fields is written."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.writeback.company import COMPANIES, Company, company
from tests.writeback.ledgers import Ledger

from closedloop import connectors
from closedloop.clock import START_VARIABLE, system_clock
from closedloop.errors import ClosedloopError
from closedloop.sandbox.hubspot import limits
from closedloop.writeback.tripped import GUARDS

pytestmark = pytest.mark.long

#: What would move if our own writes counted as somebody's work or edit.
MARTS = (
    "chain_break",
    "chain_attendee",
    "chain_account",
    "attendee_work",
    "campaign_measures",
    "account_measures",
)
HOUR, DAY = 3600, 86_400


@pytest.fixture(scope="module", autouse=True)
def _hasty(hasty_taps):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connectors, "process", hasty_taps.process)
        patch.setattr(limits, "_room", lambda *_more: True)
        yield


@dataclass
class Stand:
    """A company that was written to once, and the moment to which each case goes back; only the day never does."""

    made: Company
    ledger: Ledger
    rows: dict[str, Any]
    folder: Any
    days: int = 0

    def later(self, seconds: int = HOUR) -> None:
        """Let time go by, for the vendors and for us."""
        self.days += seconds // DAY
        for simulator in {id(one.simulator): one.simulator for one in self.made.play.sides}.values():
            simulator.advance(seconds)
        noon = datetime.fromisoformat(self.made.play.clock) + timedelta(days=self.days)
        os.environ[START_VARIABLE] = noon.isoformat()
        self.made.opened = replace(self.made.opened, clock=system_clock())

    def keep(self) -> None:
        self._closed()
        shutil.copytree(self.made.opened.settings.home, self.folder)

    def go_back(self) -> None:
        """Undo what a case did to the ledger and to what we know."""
        home = self.made.opened.settings.home
        self._closed()
        shutil.rmtree(home)
        shutil.copytree(self.folder, home)
        self.ledger.put_back(self.rows)

    def _closed(self) -> None:
        self.made.opened.operations.engine.dispose()


@pytest.fixture(scope="module", params=COMPANIES)
def stand(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with company(folder / "company", request.param) as made:
        ledger = Ledger(COMPANIES[request.param], made.play.books.simulator)
        found = Stand(made=made, ledger=ledger, rows=ledger.kept(), folder=folder / "kept")
        for trouble in (made.rename_field, made.lock_field):
            named_before_the_first_write(found, trouble)
        assert made.run().applied["crm"].delivered.verified > 100
        found.keep()
        yield found


def named_before_the_first_write(stand, trouble):
    """All of our fields wait for one that may not be written; a run that has everything to write says which."""
    undo = trouble()
    stopped = refused(stand)
    undo()
    assert stopped.exit_code == 2
    assert stand.made.field in str(stopped)
    assert stopped.fix


def refused(stand, *, seconds=HOUR):
    """Run a cycle that must stop before its first write, and return why."""
    made = stand.made
    stand.later(seconds)
    before, seen = made.held(), made.calls()
    with pytest.raises(ClosedloopError) as stopped:
        made.run()
    assert made.writes(seen) == []
    assert made.held() == before
    return stopped.value


def figures(made):
    with made.opened.store() as store:
        found = {name: store.query(f"select * from marts.{name}") for name in MARTS}
        found["activity"] = store.query("select key from canonical.activity")
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


def test_our_own_writes_are_no_news(stand):
    made = stand.made
    before, seen = figures(made), made.calls()
    stand.later()

    second = made.run()

    assert second.streams
    assert made.calls() > seen, "it was read"
    assert made.writes(seen) == []
    assert second.plans[0].rows == (), "nothing to write, and nobody is said to have edited anything"
    assert figures(made) == before
    stand.go_back()


def test_a_field_renamed_since_is_nobodys_edit(stand):
    made = stand.made
    undo = made.rename_field()

    if (
        made.crm == "hubspot"
    ):  # it shows no difference before a record changes, and then the target names the field
        seen = made.calls()
        stand.later()
        assert made.run().plans[0].rows == ()
        assert made.writes(seen) == []
        undo()
    else:
        stopped = refused(stand)
        undo()
        assert stopped.exit_code == 2
        assert made.field in str(stopped)
    stand.go_back()


@pytest.mark.parametrize(
    ("trouble", "guard"),
    [
        ("nothing", "empty_source"),
        ("half", "source_shrank"),
        ("zeros", "empty_source"),
        ("another", "other_company"),
        ("yesterday", "stale_source"),
    ],
)
def test_a_ledger_in_trouble_stops_the_run_until_somebody_allows_it(stand, trouble, guard):
    made = stand.made
    getattr(stand.ledger, trouble)()

    stopped = refused(stand, seconds=DAY)  # Xero is asked for its counts once a day

    assert stopped.exit_code == 3
    assert f"{guard}: " in str(stopped)
    names = [word for word in (stopped.fix or "").split() if word in GUARDS]
    assert guard in names
    done = made.apply(allow=names)
    assert done.exit_code == 0
    if done.delivered.written:
        made.revert(done.run_id)
    stand.go_back()
