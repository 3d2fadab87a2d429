"""Any Singer tap works, with less."""

import pytest
from tests.extract.support import TEXT, WHOLE, stream

from closedloop.errors import ConfigError, PartlyFailedError

PROPERTIES = {"id": WHOLE, "name": TEXT}


def schema(name, *keys):
    return {
        "type": "SCHEMA",
        "stream": name,
        "schema": {"properties": PROPERTIES},
        "key_properties": list(keys),
    }


def record(stream_name, number, text, **more):
    return {"type": "RECORD", "stream": stream_name, "record": {"id": number, "name": text}, **more}


def state(**bookmarks):
    return {"type": "STATE", "value": {"bookmarks": bookmarks}}


def two(place, name="lead"):
    return place.rows(name, "id, name")


def test_it_lands_and_is_unproven(foreign):
    result = foreign.sync(streams={"lead": stream((1, 1, "a"), (2, 2, "b"))})["lead"]
    assert (result.verdict, result.rows, result.keys) == ("unproven", 2, 2)
    assert foreign.rows() == [(1, 1, "a"), (2, 2, "b")]
    assert foreign.sync()["lead"].verdict == "stale"


def test_its_failure_fails_all_its_streams_and_keeps_what_came(foreign):
    result = foreign.sync(
        streams={}, lines=[schema("a", "id"), record("a", 1, "x"), schema("b", "id")], exit=3
    )
    assert {name: (one.verdict, one.reason) for name, one in result.items()} == dict.fromkeys(
        "ab", ("failed", "the tap ended with exit code 3")
    )
    assert two(foreign, "a") == [(1, "x")]


def test_our_own_messages_mean_nothing_from_it(foreign):
    proof = {"type": "PROOF", "stream": "a", "source_count": 1}
    result = foreign.sync(streams={}, lines=[schema("a", "id"), record("a", 1, "x"), proof, {"type": "NEW"}])[
        "a"
    ]
    assert result.verdict == "unproven"


def test_a_state_of_any_shape_comes_back(foreign):
    value = {"position": [1, {"deep": "x"}]}
    foreign.sync(
        streams={}, lines=[schema("a", "id"), record("a", 1, "x"), {"type": "STATE", "value": value}]
    )
    assert foreign.state() == value
    foreign.sync(streams={}, lines=[])
    assert (
        foreign.home / "script.json.state"
    ).read_text() == '{"position": [1, {"deep": "x"}], "bookmarks": {}}'


def test_a_table_without_a_key_is_replaced_whole(foreign):
    foreign.sync(
        streams={}, lines=[schema("t"), record("t", 1, "same"), record("t", 1, "same"), record("t", 2, "b")]
    )
    assert two(foreign, "t") == [(1, "same"), (1, "same"), (2, "b")]
    foreign.sync(streams={}, lines=[schema("t"), record("t", 3, "c"), state(other=None)])
    assert two(foreign, "t") == [(3, "c")]
    foreign.sync(streams={}, lines=[schema("t")])
    assert two(foreign, "t") == []


def test_a_table_without_a_key_is_not_replaced_by_half_of_it(foreign):
    foreign.sync(streams={}, lines=[schema("t"), record("t", 1, "a"), record("t", 2, "b")])
    foreign.sync(streams={}, lines=[schema("t"), record("t", 3, "c")], exit=1)
    assert two(foreign, "t") == [(1, "a"), (2, "b")]


def test_a_stream_without_a_key_but_with_a_bookmark_is_appended_once(foreign):
    first = [schema("t"), record("t", 1, "a"), record("t", 2, None), state(t={"n": 2})]
    foreign.sync(streams={}, lines=first)
    foreign.sync(
        streams={}, lines=[schema("t"), record("t", 2, None), record("t", 3, "c"), state(t={"n": 3})]
    )
    assert two(foreign, "t") == [(1, "a"), (2, None), (3, "c")]


def test_activate_version_marks_what_did_not_come_again(foreign):
    def version(number, *rows):
        messages = [schema("t", "id"), *(record("t", *row, version=number) for row in rows)]
        return [*messages, {"type": "ACTIVATE_VERSION", "stream": "t", "version": number}]

    foreign.sync(streams={}, lines=version(1, (1, "a"), (2, "b")))
    foreign.sync(streams={}, lines=version(2, (2, "b"), (3, "c")))
    assert two(foreign, "t") == [(2, "b"), (3, "c")]
    foreign.sync(
        streams={}, lines=version(2, (4, "d"))
    )  # the same version: a log of changes, not a whole table
    assert two(foreign, "t") == [(2, "b"), (3, "c"), (4, "d")]
    foreign.sync(streams={}, lines=version(3, (5, "e")), exit=1)
    assert len(two(foreign, "t")) == 4


def test_a_schema_no_table_can_be_made_of_fails_its_stream_alone(foreign):
    bad = {"type": "SCHEMA", "stream": "bad", "schema": {"properties": PROPERTIES}, "key_properties": ["no"]}
    empty = {"type": "SCHEMA", "stream": "empty", "schema": {}, "key_properties": []}
    lines = [bad, empty, record("bad", 1, "a"), schema("good", "id"), record("good", 1, "a")]
    found = foreign.sync(streams={}, lines=lines)
    assert (found["bad"].verdict, found["bad"].reason) == ("failed", "the key no is not among the properties")
    assert (found["empty"].verdict, found["empty"].reason) == ("failed", "SCHEMA without properties")
    assert found["good"].verdict == "unproven"
    assert len(foreign.quarantine()) == 1


def test_a_command_that_does_not_exist_is_a_clear_error(foreign):
    foreign.executable = ["no-such-tap"]
    with pytest.raises(ConfigError, match="there is no program no-such-tap"):
        foreign.sync()


@pytest.mark.parametrize(("code", "error"), [(0, ConfigError), (1, PartlyFailedError)])
def test_a_tap_that_says_nothing_is_an_error(foreign, code, error):
    with pytest.raises(error):
        foreign.sync(streams={}, exit=code)
