"""Participants of marketing events: recorded once, whatever the wire does."""

import json

import pytest
from tests.contract.target_suite import commit, lines

from closedloop.kit.outcome import Row, State, read_lines
from closedloop.kit.policy import UnknownOutcomeError
from closedloop.kit.writer import ForeignFieldError, UnknownStreamError
from target_hubspot.target import TargetHubspot

STREAM = "participations"
WHEN = "2026-05-06T09:30:00Z"
CREATE, BY_EMAIL = "attendance/attend/create", "attendance/attend/email-create"


@pytest.fixture
def event(writer, vendor):
    vendor.participations["7"] = []
    writer.open(STREAM, ["marketing_event_id", "contact_id"])
    return vendor


def row(who, state="attended", event="7", **more):
    return Row(id=f"{event}/{who}", fields={"attendanceState": state, "occurredAt": WHEN, **more})


def record(writer, *rows):
    return {one.id: (one.state, one.reason) for one in writer.update(STREAM, rows)}


def test_attendance_by_contact_is_one_call_an_event_and_state(writer, event):
    event.participations["8"] = []
    found = record(writer, row("1"), row("2"), row("3", "registered"), row("1", event="8"))

    assert {state for state, _ in found.values()} == {State.WRITTEN}
    assert len(event.batches("attend/create")) == 2
    assert len(event.batches("register/create")) == 1
    (first,) = [call for call in event.batches("attend/create") if len(call["inputs"]) == 2]
    assert first["inputs"][0] == {"vid": 1, "interactionDateTime": 1778059800000, "properties": {}}


def test_what_is_already_so_is_not_sent(writer, event):
    event.take_part("7", "1", "ATTENDED")
    event.take_part("7", "2", "ATTENDED")
    event.take_part("7", "3", "REGISTERED")

    found = record(writer, row("1"), row("2", "registered"), row("3"))

    assert {state for state, _ in found.values()} == {State.WRITTEN}
    assert event.writes == [("7", "3")]


def test_who_cancelled_and_came_after_all_is_recorded(writer, event):
    event.take_part("7", "1", "REGISTERED", at=1)
    event.take_part("7", "1", "CANCELLED", at=2)

    record(writer, row("1"))

    assert event.writes == [("7", "1")]


def test_the_whole_list_of_an_event_is_read_before(writer, event):
    for key in range(100, 350):
        event.take_part("7", str(key), "ATTENDED")

    found = record(writer, row("349"))

    assert found == {"7/349": (State.WRITTEN, None)}
    assert event.writes == []
    assert sum("breakdown" in path for _, path, _ in event.calls) == 3


def test_by_email_hubspot_makes_the_contact(writer, event):
    writer.open(STREAM, ["marketing_event_id", "email"])
    writer.accept(STREAM, ["attendanceState", "occurredAt", "firstname"])
    event.take_part("7", "1", "ATTENDED", email="old@x.example")

    found = record(writer, row("New@x.example", firstname="New"), row("old@x.example"))

    assert {state for state, _ in found.values()} == {State.WRITTEN}
    (call,) = event.batches("attend/email-create")
    assert [(one["email"], one["contactProperties"]) for one in call["inputs"]] == [
        ("new@x.example", {"firstname": "New"})
    ]


def test_a_contact_that_is_gone_is_refused_and_its_neighbours_are_recorded_once(writer, event):
    found = record(writer, row("1"), row("99"), row("2"))

    assert found["7/99"] == (State.REFUSED, "The contact is gone")
    assert {found["7/1"][0], found["7/2"][0]} == {State.WRITTEN}
    assert sorted(event.writes) == [("7", "1"), ("7", "2")]
    assert len(event.batches("attend/create")) == 1


def test_who_the_answer_forgets_is_looked_up_and_not_sent_again(writer, event):
    event.odd = {"forgets"}

    found = record(writer, row("1"), row("2"))

    assert {state for state, _ in found.values()} == {State.WRITTEN}
    assert len(event.batches("attend/create")) == 1


def test_an_error_that_names_nobody_is_found_in_smaller_parts(writer, event):
    event.odd = {"unnamed"}

    found = record(writer, row("1"), row("98"), row("99"), row("2"))

    assert {key: state for key, (state, _) in found.items()} == {
        "7/1": State.WRITTEN,
        "7/2": State.WRITTEN,
        "7/98": State.REFUSED,
        "7/99": State.REFUSED,
    }
    assert sorted(event.writes) == [("7", "1"), ("7", "2")]


def test_an_event_that_is_gone_refuses_its_rows(writer, event):
    found = record(writer, row("1", event="70"), row("1"))

    assert found["70/1"][0] is State.REFUSED
    assert found["7/1"][0] is State.WRITTEN


def test_after_a_lost_answer_the_event_is_read_again_and_nothing_is_sent_twice(writer, event):
    event.faults = [(CREATE, "lost_answer")]

    found = record(writer, row("1"), row("2"))

    assert {state for state, _ in found.values()} == {State.WRITTEN}
    assert len(event.batches("attend/create")) == 1
    assert len(event.participations["7"]) == 2


def test_what_the_second_look_does_not_show_is_unknown(writer, event):
    event.faults = [(CREATE, "lost_request")]
    outcomes = iter(writer.update(STREAM, [row("1")]))

    assert next(outcomes).state is State.UNKNOWN
    with pytest.raises(UnknownOutcomeError):
        next(outcomes)
    assert event.writes == []


def test_a_whole_refusal_is_halved(writer, event):
    refusal = (400, {"Content-Type": "application/json"}, json.dumps({"message": "no such date"}))
    event.faults = [(CREATE, refusal), (CREATE, refusal)]

    found = record(writer, row("1"), row("2"), row("3"))

    assert found["7/1"] == (State.REFUSED, "no such date")
    assert {found["7/2"][0], found["7/3"][0]} == {State.WRITTEN}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (Row(id="7/1", fields={"attendanceState": "came", "occurredAt": WHEN}), "attendanceState"),
        (Row(id="7/1", fields={"attendanceState": "attended"}), "occurredAt is not a time"),
        (Row(id="7/1", fields={"attendanceState": "attended", "occurredAt": "2026-05-06T09:30"}), "no zone"),
        (Row(id="7/a@x.example", fields={"attendanceState": "attended", "occurredAt": WHEN}), "no event"),
        (Row(id="../1", fields={"attendanceState": "attended", "occurredAt": WHEN}), "no event"),
    ],
)
def test_a_row_that_does_not_say_what_to_record_is_refused_before_the_call(writer, event, bad, why):
    ((state, reason),) = record(writer, bad).values()

    assert state is State.REFUSED
    assert why in reason
    assert not event.calls


def test_only_what_a_participation_takes_is_accepted(writer, event):
    with pytest.raises(ForeignFieldError, match="firstname"):
        writer.accept(STREAM, ["attendanceState", "firstname"])
    with pytest.raises(UnknownStreamError):
        writer.open(STREAM, ["id"])
    assert not event.writes


def test_through_singer_both_parts_of_the_key_are_needed(event, config, tmp_path):
    path = tmp_path / "outcomes" / "run.jsonl"
    target = TargetHubspot(config={**config, "closedloop_outcomes": str(path)})
    text = {"type": ["string", "null"]}
    names = ("marketing_event_id", "contact_id", "attendanceState", "occurredAt")
    schema = {
        "type": "SCHEMA",
        "stream": STREAM,
        "key_properties": ["marketing_event_id", "contact_id"],
        "schema": {"properties": dict.fromkeys(names, text)},
    }
    said = dict(zip(names, ("7", "1", "attended", WHEN), strict=True))
    message = {"type": "RECORD", "stream": STREAM, "record": said}

    target.listen(lines(schema, message, commit(1)))
    target.lock.release()

    assert {line.id: line.state for line in read_lines(path) if line.phase == "outcome"} == {
        "7/1": State.WRITTEN
    }
    assert event.writes == [("7", "1")]
