import pytest

from closedloop.store.bookmarks import covers, is_empty, merge_state

GOOD = {"bookmarks": {"a": {"replication_key": "t", "replication_key_value": 5}}}
EMPTY = {"replication_key": "t", "replication_key_value": None}


@pytest.mark.parametrize("received", [None, {}, [], "x", 3, {"bookmarks": {}}, {"bookmarks": None}, {"bookmarks": {"a": {}}},
                                      {"bookmarks": {"a": EMPTY}}])  # fmt: skip
def test_nothing_never_replaces_something(received):
    assert merge_state(GOOD, received) == GOOD


def test_what_is_new_replaces_what_was_held_stream_by_stream():
    merged = merge_state(
        {**GOOD, "other": 1}, {"bookmarks": {"a": {"n": 6}, "b": {"n": 1}}, "currently": "b"}
    )
    assert merged == {"bookmarks": {"a": {"n": 6}, "b": {"n": 1}}, "currently": "b"}


def test_a_state_without_bookmarks_is_taken_as_it_is():
    assert merge_state({"position": 1}, {"position": 2}) == {"position": 2}
    assert merge_state(GOOD, {"bookmarks": None, "x": 1}) == {**GOOD, "x": 1}


@pytest.mark.parametrize(
    ("value", "empty"),
    [(0, False), (False, False), ("", True), ({"a": {"b": None}}, True), ({"a": 1}, False)],
)
def test_emptiness(value, empty):
    assert is_empty(value) is empty


def test_a_state_covers_the_streams_it_has_a_bookmark_of():
    assert covers(GOOD, "a")
    assert not covers(GOOD, "b")
    assert covers({"position": 1}, "anything")
    assert not covers({}, "a")
