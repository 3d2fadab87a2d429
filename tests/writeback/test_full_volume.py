"""The volume fills up while figures are written: nothing is sent that was not noted, and when there is room the rest follows."""

from contextlib import suppress
from pathlib import Path

import pytest
from tests.service.test_disk import volume
from tests.writeback.ground import crm, ground, plain

from closedloop.errors import UnreachableError
from closedloop.writeback.apply import apply_plan

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What the CRM holds when the volume has room."""
    with (
        crm("salesforce") as made,
        ground(tmp_path_factory.mktemp("roomy") / "ground", made) as bed,
    ):
        assert bed.apply(batch_records=2).exit_code == 0
        return plain(made.fields())


@pytest.mark.parametrize("blocks", [0, 8, 16])
def test_a_write_back_on_a_full_volume_stops_and_goes_on_when_there_is_room(expected, blocks):
    """``blocks`` of 4 KiB are left: the volume is full before something is sent, or in the middle of it."""
    with volume("32m") as folder, crm("salesforce") as made, ground(folder / "ground", made) as bed:
        plan, run = bed.plan(), bed.operations.begin_run("apply", bed.clock)
        fill(folder / "filler", blocks)
        with suppress(UnreachableError):
            stopped = apply_plan(
                bed.settings, bed.store, bed.operations, plan.id, run_id=run, clock=bed.clock, batch_records=2
            )  # fmt: skip
            assert stopped.exit_code == UnreachableError.exit_code
        (folder / "filler").unlink()
        noted = {(row.object, row.record_id) for row in bed.journal()}
        assert {(name, key) for name, key, _ in plain(made.fields())} <= noted
        assert plain(made.fields()) != expected
        assert bed.apply(batch_records=2).exit_code == 0
        assert not [row for row in bed.journal() if row.state in {"intent", "unknown"}]
        assert plain(made.fields()) == expected


def fill(file: Path, blocks: int) -> None:
    """Leave so many blocks of 4 KiB."""
    with file.open("wb", 0) as handle:
        with suppress(OSError):
            while True:
                handle.write(bytes(4096))
        handle.truncate(handle.tell() - 4096 * blocks)
