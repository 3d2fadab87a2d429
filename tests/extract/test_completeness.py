"""Nothing is called complete that the source does not confirm."""

from datetime import timedelta

import pytest
from tests.extract.support import TIME, WHOLE, stream

FIVE = [(n, n, f"n{n}") for n in range(1, 6)]


def test_a_row_that_never_came_makes_the_stream_incomplete(place):
    lead = stream(*FIVE)
    lead["drop"] = [lead["rows"][1]]
    result = place.sync(streams={"lead": lead})["lead"]
    assert (result.verdict, result.source_count, result.held_count) == ("incomplete", 5, 4)
    assert result.reason == "the source has 5 rows, 1 of them never came"
    assert place.stream_runs()[-1].verdict == "incomplete"


def test_a_newest_row_that_we_lack_makes_the_stream_incomplete(place):
    result = place.sync(streams={"lead": stream(*FIVE, proof={"source_cursor": "6"})})["lead"]
    assert result.verdict == "incomplete"
    assert result.reason == "the source's newest row is of 6, ours of 5"


@pytest.mark.parametrize(
    ("rows", "verdict"), [(FIVE, "unproven"), ([], "stale")], ids=["something came", "nothing came"]
)
def test_a_source_that_cannot_count_is_unproven(place, rows, verdict):
    cannot = {"source_count": None, "source_cursor": None}
    assert place.sync(streams={"lead": stream(*rows, proof=cannot)})["lead"].verdict == verdict


def test_an_optional_stream_that_was_left_out_is_unproven(place):
    result = place.sync(streams={"lead": stream(proof={"source_count": None, "skipped": "no permission"})})[
        "lead"
    ]
    assert (result.verdict, result.reason) == ("unproven", "no permission")


def test_rows_born_after_the_count_do_not_disturb_it(place):
    row = {"id": 1, "v": 1, "born": "2026-01-01T00:00:00Z"}
    late = {"id": 2, "v": 2, "born": "2026-01-01T00:00:02Z"}
    edge = {"id": 3, "v": 3, "born": "2026-01-01T00:00:01Z"}
    proof = {"count_column": "born", "count_until": "2026-01-01T00:00:01Z"}
    lead = {"rows": [row, late, edge], "schema": {"id": WHOLE, "v": WHOLE, "born": TIME}, "keys": ["id"]}
    for count in (1, 2):  # interfaces that cut fractions off make the last second uncertain
        result = place.sync(streams={"lead": {**lead, "proof": {**proof, "source_count": count}}})["lead"]
        assert (result.verdict, result.held_count) == ("proven", count)


def test_deleted_rows_are_found_and_kept_as_deleted(place):
    place.sync(streams={"lead": stream(*FIVE)})
    result = place.sync(streams={"lead": stream(*FIVE[:2], *FIVE[3:])})["lead"]

    assert (result.verdict, result.deleted, result.held_count) == ("proven", 1, 4)
    assert [row[0] for row in place.rows()] == [1, 2, 4, 5]
    assert place.rows(where="_deleted_at is not null") == [(3, 3, "n3")]

    again = place.sync(streams={"lead": stream(*FIVE[:2], *FIVE[3:], (3, 9, "back"))})["lead"]
    assert (again.verdict, again.deleted) == ("proven", 0)
    assert (3, 9, "back") in place.rows()


def test_a_listing_that_does_not_agree_with_the_count_deletes_nothing(place):
    place.sync(streams={"lead": stream(*FIVE)})
    result = place.sync(streams={"lead": stream(*FIVE[:4])}, sweep_says=5)["lead"]
    assert (result.verdict, result.deleted) == ("incomplete", 0)
    assert "the sweep listed 4 keys, the source counts 5" in result.reason
    assert len(place.rows()) == 5


def test_keys_are_compared_once_a_day_even_if_the_counts_agree(place):
    place.sync(streams={"lead": stream(*FIVE)})
    swapped = stream(*FIVE[1:], proof={"source_count": 5})  # one deleted, and another that never came
    assert place.sync(streams={"lead": swapped})["lead"].verdict == "proven"
    place.clock.start += timedelta(days=1)
    result = place.sync(streams={"lead": swapped}, sweep_says=4)["lead"]
    assert (result.verdict, result.deleted) == ("incomplete", 1)


def test_a_failed_stream_is_not_swept(place):
    place.sync(streams={"lead": stream(*FIVE)})
    result = place.sync(streams={"lead": stream(*FIVE[:2], proof={"error": "no answer"})}, exit=1)["lead"]
    assert (result.verdict, result.reason, result.deleted) == ("failed", "no answer", 0)
    assert len(place.rows()) == 5
