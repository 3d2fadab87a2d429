"""A fault at every call of an apply, and of a revert: the CRM and the journal end as if there had been none."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest
from tests.writeback.ground import VENDORS, crm, ground, plain

from closedloop import connectors
from closedloop.errors import ClosedloopError
from closedloop.sandbox import hubspot

#: Kind of fault → how the simulator is told. `after`: the call was carried out, and its answer is lost.
FAULTS = {
    "reset": {"kind": "reset"},
    "reset after it was done": {"kind": "reset", "when": "after"},
    "timeout after it was done": {"kind": "slow", "when": "after", "seconds": 1.3},
    "500": {"kind": "500"},
    "500 after it was done": {"kind": "500", "when": "after"},
    "limit": {"kind": "429"},
    "limit of the day": {"kind": "429", "mode": "daily"},
    "ended token": {"kind": "401"},
    "garbled": {"kind": "garbled"},
    "garbled after it was done": {"kind": "garbled", "when": "after"},
    "page": {"kind": "html", "status": 200},
    "page after it was done": {"kind": "html", "when": "after", "status": 200},
    "maintenance": {"kind": "html", "status": 503},
}
#: The vendors, and Salesforce once more with every batch as a job of its Bulk API.
STANDS = (*VENDORS, "salesforce by jobs")
#: Our taps do not wait here, so that a limit over seconds would be reached where it never is.
UNHURRIED = {"hubspot": {"options": hubspot.Options(ten_second_limit=10**9)}}
#: With every `make test`: one vendor, at the call that writes first, of an apply and of a revert.
SHORT = ("reset after it was done", "garbled after it was done")
#: How often an operator would have to call it: an unknown outcome ends a run, and the next reads it back.
_TRIES = 4


@dataclass
class Stand:
    """A vendor and a ground over it at one moment, to which every case goes back."""

    served: Any
    bed: Any
    held: dict[tuple[str, str], dict[str, Any]]
    numbers: Any = field(default_factory=itertools.count)

    @contextmanager
    def fresh(self):
        """Yield the vendor as it was then, and a copy of the ground."""
        self.served.simulator.faults.clear()
        self.served.put_back(self.held)
        bed = self.bed.copied(self.bed.folder.parent / f"{self.bed.folder.name}-{next(self.numbers)}")
        yield self.served, bed
        self.served.simulator.faults.clear()
        bed.close()


@dataclass
class Calls:
    """What an action without a fault leaves, how many calls it took, and which of them was the first that writes."""

    left: dict[tuple[str, str, str], str]
    count: int
    first: int

    @classmethod
    def of(cls, served, action):
        before = served.calls
        assert action().exit_code == 0
        log = served.simulator.requests(before)
        first = next(n for n, one in enumerate(log, start=1) if one["is_write"])
        return cls(plain(served.fields()), len(log), first)


@pytest.fixture(scope="module")
def stands(hasty_taps, tmp_path_factory):
    """Serve a vendor with a ground that was never written to, each once."""
    opened = []

    @cache
    def of(vendor):
        serving = crm(vendor.partition(" ")[0], **UNHURRIED.get(vendor, {}))
        served = serving.__enter__()
        served.settings["timeout_seconds"] = 1
        served.settings |= {"target_bulk_from": 1} if vendor.endswith("jobs") else {}
        folder = tmp_path_factory.mktemp(vendor.replace(" ", "_")) / "ground"
        laying = ground(folder, served)
        opened.extend((serving, laying))
        return Stand(served, laying.__enter__(), served.fields())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connectors, "process", hasty_taps.process)
        yield of
    for one in reversed(opened):
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def undisturbed(stands):
    """Return the calls of an apply, by vendor."""

    @cache
    def of(vendor):
        with stands(vendor).fresh() as (served, bed):
            return Calls.of(served, bed.apply)

    return of


@pytest.fixture(scope="module")
def written(stands):
    """Return a vendor that was written to, the run that did, and the calls of its revert."""
    opened = []

    @cache
    def of(vendor):
        stand = stands(vendor)
        with stand.fresh() as (served, _):
            bed = stand.bed.copied(stand.bed.folder.parent / "written")
            opened.append(bed)
            run_id = bed.apply().run_id
            after = Stand(served, bed, served.fields())
        with after.fresh() as (served, copy):
            return after, run_id, Calls.of(served, lambda: copy.revert(run_id))

    yield of
    for one in opened:
        one.close()


def until_done(action):
    """Do it again until it ends well; return how often it took."""
    for n in range(1, _TRIES + 1):
        try:
            if action().exit_code == 0:
                return n
        except ClosedloopError as error:
            assert error.exit_code in {1, 2, 4}  # noqa: PT017
    pytest.fail("it never ended well")


def check(served, bed, expected, context):
    assert plain(served.fields()) == expected, context
    rows = bed.journal()
    last = {(row.object, row.record_id, row.field): row for row in rows}
    assert {row.state for row in last.values()} == {"written"}, context
    assert all(row.verified_at for row in last.values()), context
    assert not [row.id for row in rows if row.state in {"intent", "unknown"}], context
    asked = {(row.object, row.record_id, row.field, row.reverts is None, row.after) for row in rows}
    assert len(asked) == len({one[:-1] for one in asked}), context


def cases():
    for vendor, name in itertools.product(STANDS, FAULTS):
        short = vendor == "salesforce" and name in SHORT
        yield pytest.param(vendor, name, id=f"{vendor}: {name}", marks=() if short else pytest.mark.long)


@pytest.mark.parametrize(("vendor", "name"), [*cases()])
def test_a_fault_at_the_first_write_leaves_no_trace(stands, undisturbed, vendor, name):
    known = undisturbed(vendor)
    with stands(vendor).fresh() as (served, bed):
        fault = served.simulator.faults.add(nth=known.first, times=1, **FAULTS[name])

        until_done(bed.apply)

        assert fault.hits == 1
        check(served, bed, known.left, name)
        before = served.calls
        assert bed.apply().exit_code == 0
        assert served.calls == before


@pytest.mark.parametrize(("vendor", "name"), [*cases()])
def test_a_fault_at_the_first_write_of_a_revert_leaves_no_trace(written, vendor, name):
    stand, run_id, known = written(vendor)
    with stand.fresh() as (served, bed):
        fault = served.simulator.faults.add(nth=known.first, times=1, **FAULTS[name])

        until_done(lambda: bed.revert(run_id))

        assert fault.hits == 1
        check(served, bed, known.left, name)


@pytest.mark.long
@pytest.mark.parametrize("vendor", STANDS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_any_call_leaves_no_trace(stands, undisturbed, vendor, name):
    known = undisturbed(vendor)
    for nth in range(1, known.count + 1):
        with stands(vendor).fresh() as (served, bed):
            fault = served.simulator.faults.add(nth=nth, times=1, **FAULTS[name])

            until_done(bed.apply)

            assert fault.hits == 1
            check(served, bed, known.left, f"{name} at call {nth} of {known.count}")


@pytest.mark.long
@pytest.mark.parametrize("vendor", STANDS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_any_call_of_a_revert_leaves_no_trace(stands, written, vendor, name):
    stand, run_id, known = written(vendor)
    assert known.left == plain(stands(vendor).held)
    for nth in range(1, known.count + 1):
        with stand.fresh() as (served, bed):
            fault = served.simulator.faults.add(nth=nth, times=1, **FAULTS[name])

            until_done(lambda bed=bed: bed.revert(run_id))

            assert fault.hits == 1
            check(served, bed, known.left, f"{name} at call {nth} of {known.count}")


def test_a_dry_run_and_a_plan_only_read(stands):
    for vendor in VENDORS:
        with stands(vendor).fresh() as (served, bed):
            before, held = served.calls, plain(served.fields())
            bed.plan()
            assert served.calls == before, "a plan asks nobody"

            looked = bed.apply(dry_run=True)

            log = served.simulator.requests(before)
            assert log
            assert not [one for one in log if one["is_write"]]
            assert len(looked.would_write) == 36
            assert plain(served.fields()) == held
            assert not bed.journal()
            assert bed.apply().delivered.written == 36


@pytest.mark.parametrize(
    ("vendor", "code"),
    [
        ("salesforce", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        pytest.param("salesforce", "UNABLE_TO_LOCK_ROW", marks=pytest.mark.long),
        pytest.param("salesforce by jobs", "FIELD_CUSTOM_VALIDATION_EXCEPTION", marks=pytest.mark.long),
        pytest.param("salesforce by jobs", "UNABLE_TO_LOCK_ROW", marks=pytest.mark.long),
    ],
)
def test_a_mixed_outcome_ends_as_if_it_had_not_been(stands, undisturbed, vendor, code):
    known = undisturbed(vendor)
    with stands(vendor).fresh() as (served, bed):
        for name, chosen in zip(served.objects, served.ids, strict=True):
            served.simulator.control.refuse(name, code, ids=chosen[1:3], times=2)

        first = bed.apply()

        assert first.exit_code == (1 if code.startswith("FIELD") else 0)
        assert first.delivered.written + first.delivered.refused == 36
        until_done(bed.apply)
        check(served, bed, known.left, code)


def test_a_field_that_became_read_only_is_named_and_nothing_is_written(stands):
    with stands("odoo").fresh() as (served, bed):
        fields = served.simulator._engine.databases["crm"].models["res.partner"].fields  # noqa: SLF001
        name, before = served.names["inv"], served.calls
        writable = fields[name]
        fields[name] = replace(writable, readonly=True)

        with pytest.raises(ClosedloopError, match=name) as stopped:
            bed.apply()

        fields[name] = writable
        assert stopped.value.exit_code == 2
        assert served.writes(before) == []
        assert not bed.journal()
