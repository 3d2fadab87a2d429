"""The writer: exact, fast, and understood by any JSON reader."""

import io
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from closedloop.kit.singer import FastWriter, Proof

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
RECORDS = st.lists(st.dictionaries(st.text(min_size=1), VALUES), max_size=5)


def written(write):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    kept, sys.stdout = sys.stdout, out
    try:
        write(FastWriter())
    finally:
        sys.stdout = kept
    out.flush()
    return out.buffer.getvalue().decode()


@settings(max_examples=50, deadline=None)
@given(RECORDS, st.text(min_size=1))
def test_records_come_back_as_they_were(records, stream):
    text = written(lambda writer: writer.write_records(stream, records, extracted_at=NOW))

    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    assert [line["record"] for line in lines] == records
    assert {line["stream"] for line in lines} <= {stream}
    assert all(line["type"] == "RECORD" for line in lines)
    assert all(datetime.fromisoformat(line["time_extracted"]) == NOW for line in lines)


def test_a_decimal_stays_exact_as_text():
    text = written(
        lambda w: w.write_records("s", [{"amount": Decimal("99999999999999.99")}], extracted_at=NOW)
    )

    assert json.loads(text)["record"]["amount"] == "99999999999999.99"


def test_a_page_larger_than_the_buffer_arrives_whole():
    records = [{"id": n, "text": "x" * 1000} for n in range(1000)]

    text = written(lambda writer: writer.write_records("s", records, extracted_at=NOW))

    assert [json.loads(line)["record"]["id"] for line in text.splitlines()] == list(range(1000))


def test_proof_and_quarantine_are_lines_of_their_own():
    text = written(
        lambda writer: (
            writer.write_proof(Proof(stream="s", rows=2, source_count=2)),
            writer.write_quarantine(stream="s", key="7", reason="id is missing", record={"id": None}),
        )
    )

    proof, quarantine = map(json.loads, text.splitlines())
    assert (proof["type"], proof["rows"], proof["source_count"], proof["error"]) == ("PROOF", 2, 2, None)
    assert quarantine == {
        "type": "QUARANTINE",
        "stream": "s",
        "key": "7",
        "reason": "id is missing",
        "record": {"id": None},
    }


def test_no_nan_leaves_as_a_number():
    text = written(lambda w: w.write_records("s", [{"x": float("nan")}], extracted_at=NOW))

    assert json.loads(text)["record"]["x"] is None
