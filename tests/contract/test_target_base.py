"""The target base keeps its contract, and the SDK's own target tests."""

from __future__ import annotations

import fcntl
import os

import pytest
from singer_sdk.testing import get_target_test_class
from tests.contract.target_suite import TargetContract, commit, lines, record, schema
from tests.contract.toy_target import ToyTarget, ToyVendor, ToyWriter

from closedloop.errors import ConfigError, UnreachableError
from closedloop.kit.lock import WriteLock
from closedloop.kit.outcome import Outcome, OutcomeFile, Row, State, read_lines


class TestToyTarget(TargetContract):
    @pytest.fixture
    def target_class(self):
        return ToyTarget

    @pytest.fixture
    def vendor(self, tmp_path):
        return ToyVendor(tmp_path / "vendor")

    @pytest.fixture
    def config(self, vendor):
        return {"folder": str(vendor.folder)}

    def test_a_batch_is_sent_in_the_vendors_size(self, target, vendor, outcomes):
        keys = [str(n) for n in range(10, 17)]
        for key in keys:
            vendor.add("thing", key)

        target.listen(
            lines(schema("thing", "x_money"), *(record("thing", k, x_money="1") for k in keys), commit(1))
        )

        phases = [line.phase for line in read_lines(outcomes)]
        expected = (["intent"] * 3 + ["outcome"] * 3) * 2 + ["intent", "outcome"]
        assert phases == expected

    def test_what_could_not_be_sent_is_not_called_unknown(self, target, vendor, outcomes):
        vendor.fault("down")

        with pytest.raises(UnreachableError):
            target.listen(lines(schema("thing", "x_money"), record("thing", "1", x_money="1"), commit(1)))

        assert self.states(outcomes) == {"1": State.NOT_SENT}

    def test_later_rows_of_one_record_win_field_by_field(self, target, vendor):
        target.listen(
            lines(
                schema("thing", "x_money", "x_count"),
                record("thing", "1", x_money="1", x_count=1),
                record("thing", "1", x_money="2"),
                commit(1),
            )
        )

        assert vendor.values("thing", "1") == {"x_money": "2", "x_count": 1}
        assert len(vendor.writes) == 1

    def test_batch_messages_are_refused(self, target):
        message = {"type": "BATCH", "stream": "thing", "encoding": {}, "manifest": []}
        with pytest.raises(ConfigError, match="BATCH"):
            target.listen(lines(schema("thing", "x_money"), message))

    def test_a_second_writer_is_kept_out(self, target, outcomes):
        handle = (
            os.open(outcomes.parent / "write.lock", os.O_RDWR | os.O_CREAT)
            if outcomes.parent.exists()
            else None
        )
        if handle is None:
            outcomes.parent.mkdir(parents=True)
            handle = os.open(outcomes.parent / "write.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(handle, fcntl.LOCK_EX)
        waits = []
        target.lock.sleep = waits.append

        with pytest.raises(UnreachableError, match="another process"):
            target.listen(lines(schema("thing", "x_money"), commit(0)))

        assert sum(waits) == pytest.approx(60)
        os.close(handle)


def test_half_a_line_of_a_killed_process_is_left_out(tmp_path):
    path = tmp_path / "run.jsonl"
    file = OutcomeFile(path)
    file.intend(1, "thing", [Row(id="1", fields={"x_money": "1"})])
    file.close()
    with path.open("ab") as torn:
        torn.write(b'{"batch":1,"phase":"outc')

    again = OutcomeFile(path)
    again.settle(2, "thing", [Outcome(id="2", state=State.WRITTEN)])
    again.close()

    assert [(line.batch, line.phase, line.id) for line in read_lines(path)] == [
        (1, "intent", "1"),
        (2, "outcome", "2"),
    ]


def test_the_lock_is_free_again_after_release(tmp_path):
    path = tmp_path / "write.lock"
    with WriteLock(path=path), WriteLock(path=path):
        pass

    handle = os.open(path, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)


class AnyWriter(ToyWriter):
    """Takes every stream and field, as the SDK's samples need."""

    def accept(self, stream, fields):
        pass

    def update(self, stream, rows):
        return [Outcome(id=row.id, state=State.WRITTEN) for row in rows]


class AnyTarget(ToyTarget):
    """The base without our rules about objects, fields and ids."""

    def make_writer(self):
        return AnyWriter(None)

    def row(self, sink, record):
        keys = sink.key_properties or list(record)[:1]
        return Row(id=str(record.get(keys[0])), fields=record)


class TestSdkSuite(get_target_test_class(AnyTarget, config={"folder": "unused"})):
    """The SDK's generic tests."""
