import json
from datetime import UTC, datetime

import pytest
from tests.extract.support import stream

from closedloop.errors import ConfigError

FIVE = [(n, n, f"n{n}") for n in range(1, 6)]


def test_a_stream_is_read_again_and_no_bookmark_moves(place):
    place.sync(streams={"lead": stream(*FIVE), "other": stream((1, 1, "x"))})
    before = place.state()
    healed = [(n, v, f"healed {name}") for n, v, name in FIVE]
    place.play(streams={"lead": stream(*healed, (6, 6, "new")), "other": stream((1, 1, "x"), (2, 2, "y"))})
    result = place.backfill("lead")

    assert (result.stream, result.rows, result.verdict) == ("lead", 6, "proven")
    assert place.rows() == [*healed, (6, 6, "new")]
    assert place.rows("other") == [(1, 1, "x")]
    assert place.state() == before
    assert (
        "lead" not in json.loads((place.home / "script.json.state").read_text())["bookmarks"]
        or result.rows == 6
    )


def test_a_window_begins_at_its_time(place):
    place.sync(streams={"lead": stream(*FIVE)})
    place.play(streams={"lead": stream()})
    place.backfill("lead", since=datetime(2026, 3, 1, tzinfo=UTC))
    given = json.loads((place.home / "script.json.state").read_text())["bookmarks"]["lead"]
    assert given == {"replication_key": "v", "replication_key_value": "2026-03-01T00:00:00Z"}


def test_a_window_needs_a_cursor(place):
    place.play(streams={"lead": stream(*FIVE)})
    with pytest.raises(ConfigError, match="read before"):
        place.backfill("lead", since=datetime(2026, 3, 1, tzinfo=UTC))


def test_an_unknown_stream_is_a_clear_error(place):
    place.play(streams={"lead": stream(*FIVE)})
    with pytest.raises(ConfigError, match="no stream leads here"):
        place.backfill("leads")
