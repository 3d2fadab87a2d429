"""What every target of ours must do, whatever its vendor: inherit `TargetContract` and give it a vendor.

A vendor under test offers ``add(stream, id, **fields)``, ``ids(stream)``, ``values(stream, id)``, ``writes`` (what it
carried out for us so far) and ``fault(kind)`` with ``lost_answer`` (carried out, but the answer is lost) and
``lost_request``.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from closedloop.errors import UnreachableError
from closedloop.kit.outcome import State, read_lines
from closedloop.kit.policy import UnknownOutcomeError
from closedloop.kit.target import run
from closedloop.kit.writer import ForeignFieldError, MissingIdError, UnknownStreamError

if TYPE_CHECKING:
    from pathlib import Path


def schema(stream: str, *fields: str) -> dict:
    nullable = {"type": ["string", "integer", "number", "null"]}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": ["id"],
        "schema": {"properties": {"id": {"type": ["string", "integer"]}, **dict.fromkeys(fields, nullable)}},
    }


def record(stream: str, key: object, **fields: object) -> dict:
    return {"type": "RECORD", "stream": stream, "record": {"id": key, **fields}}


def commit(batch: int) -> dict:
    return {"type": "STATE", "value": {"batch": batch}}


def lines(*messages: dict) -> io.StringIO:
    return io.StringIO("".join(json.dumps(message) + "\n" for message in messages))


def echoed(capfd) -> list[dict]:
    """Return the states on standard output."""
    return [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]


class TargetContract:
    """Inherit, and define the fixtures `target_class`, `config` (a dict) and `vendor`."""

    stream = "thing"
    foreign_field = "name"
    money, count = "x_money", "x_count"

    @pytest.fixture
    def outcomes(self, tmp_path) -> Path:
        return tmp_path / "outcomes" / "run.jsonl"

    @pytest.fixture
    def target(self, target_class, config, vendor, outcomes):
        vendor.add(self.stream, "1")
        vendor.add(self.stream, "2")
        target = target_class(config={**config, "closedloop_outcomes": str(outcomes), "drain_at_end": False})
        yield target
        target.lock.release()

    def states(self, outcomes: Path) -> dict[str, State]:
        return {line.id: line.state for line in read_lines(outcomes) if line.phase == "outcome"}

    def test_a_committed_batch_is_written_and_its_state_is_echoed(self, target, vendor, outcomes, capfd):
        target.listen(
            lines(
                schema(self.stream, self.money, self.count),
                record(self.stream, "1", **{self.money: "12.30", self.count: 4}),
                record(self.stream, 2, **{self.money: "7.00"}),
                commit(1),
            )
        )

        assert float(vendor.values(self.stream, "1")[self.money]) == 12.3
        assert int(vendor.values(self.stream, "1")[self.count]) == 4
        assert float(vendor.values(self.stream, "2")[self.money]) == 7
        assert self.states(outcomes) == {"1": State.WRITTEN, "2": State.WRITTEN}
        assert echoed(capfd) == [{"batch": 1}]
        assert target.exit_code == 0

    def test_rows_without_a_commit_are_dropped(self, target, vendor, capfd):
        target.listen(
            lines(schema(self.stream, self.money), record(self.stream, "1", **{self.money: "1.00"}))
        )

        assert not vendor.writes
        assert not echoed(capfd)

    def test_plain_singer_pipelines_drain_at_the_end(self, target_class, config, vendor):
        vendor.add(self.stream, "1")

        target_class(config=config).listen(
            lines(schema(self.stream, self.money), record(self.stream, "1", **{self.money: "1.00"}))
        )

        assert float(vendor.values(self.stream, "1")[self.money]) == 1

    def test_an_empty_commit_is_a_handshake(self, target, vendor, outcomes, capfd):
        target.listen(lines(schema(self.stream, self.money), commit(0)))

        assert echoed(capfd) == [{"batch": 0}]
        assert not vendor.writes

    def test_intent_is_on_disk_before_the_outcome(self, target, outcomes):
        target.listen(
            lines(
                schema(self.stream, self.money),
                record(self.stream, "1", **{self.money: "1.00"}),
                commit(7),
            )
        )

        intent, outcome = read_lines(outcomes)
        assert (intent.phase, intent.batch, intent.fields) == ("intent", 7, {self.money: "1.00"})
        assert (outcome.phase, outcome.batch, outcome.id) == ("outcome", 7, "1")

    def test_an_unknown_stream_is_refused_and_not_swallowed(self, target, vendor):
        with pytest.raises(UnknownStreamError):
            target.listen(lines(schema("no.such.object", self.money), commit(1)))

        assert not vendor.writes

    def test_a_field_that_is_not_ours_is_refused(self, target, vendor):
        with pytest.raises(ForeignFieldError):
            target.listen(
                lines(
                    schema(self.stream, self.money, self.foreign_field),
                    record(self.stream, "1", **{self.foreign_field: "x"}),
                    commit(1),
                )
            )

        assert not vendor.writes

    @pytest.mark.parametrize("key", ["", "  ", None, True])
    def test_an_empty_id_is_refused_before_anything_is_written(self, target, vendor, key):
        open_schema = schema(self.stream, self.money)
        open_schema["schema"]["properties"]["id"] = {}
        with pytest.raises(MissingIdError):
            target.listen(
                lines(
                    open_schema,
                    record(self.stream, "1", **{self.money: "1.00"}),
                    record(self.stream, key, **{self.money: "1.00"}),
                    commit(1),
                )
            )

        assert not vendor.writes
        assert vendor.ids(self.stream) == {"1", "2"}

    def test_a_record_that_is_gone_is_refused_and_its_neighbour_written(self, target, vendor, outcomes):
        target.listen(
            lines(
                schema(self.stream, self.money),
                record(self.stream, "999", **{self.money: "5.00"}),
                record(self.stream, "2", **{self.money: "6.00"}),
                commit(1),
            )
        )

        assert self.states(outcomes) == {"999": State.REFUSED, "2": State.WRITTEN}
        assert vendor.ids(self.stream) == {"1", "2"}
        assert float(vendor.values(self.stream, "2")[self.money]) == 6
        assert target.exit_code == 1

    @pytest.mark.parametrize("fault", ["lost_answer", "lost_request"])
    def test_a_lost_answer_is_unknown_and_never_sent_again(self, target, vendor, outcomes, fault, capfd):
        vendor.fault(fault)

        with pytest.raises((UnknownOutcomeError, UnreachableError)) as stopped:
            target.listen(
                lines(
                    schema(self.stream, self.money),
                    record(self.stream, "1", **{self.money: "5.00"}),
                    commit(1),
                )
            )

        assert stopped.value.exit_code == 4
        assert self.states(outcomes) == {"1": State.UNKNOWN}
        assert len(vendor.writes) == (1 if fault == "lost_answer" else 0)
        assert not echoed(capfd)

    def test_a_value_can_be_emptied(self, target, vendor):
        vendor.add(self.stream, "3", **{self.money: 9.0})

        target.listen(
            lines(schema(self.stream, self.money), record(self.stream, "3", **{self.money: None}), commit(1))
        )

        assert not vendor.values(self.stream, "3")[self.money]

    def test_reading_names_what_is_gone(self, target, vendor):
        vendor.add(self.stream, "3", **{self.money: 9.5})
        asked = json.dumps({"stream": self.stream, "ids": ["3", "999"], "fields": [self.money]})

        found, gone = target.answer(read=True, lines=[asked])

        assert float(found["values"][self.money]) == 9.5
        assert gone == {"stream": self.stream, "id": "999", "missing": True}

    def test_about_needs_no_configuration(self, target_class, capfd):
        with pytest.raises(SystemExit) as left:
            run(target_class, ["--about", "--format", "json"])

        assert left.value.code == 0
        assert "drain_at_end" in json.dumps(json.loads(capfd.readouterr().out))

    def test_a_missing_setting_is_a_configuration_error(self, target_class, capfd):
        with pytest.raises(SystemExit) as left:
            run(target_class, [])

        assert left.value.code == 2
        assert "target.stopped" in capfd.readouterr().err
