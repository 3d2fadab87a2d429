"""From what QuickBooks prints to what the schema says."""

import msgspec
import pytest

from tap_quickbooks import faults, lines, values
from tap_quickbooks.client import _decode
from tap_quickbooks.records import Records


def test_amounts_keep_every_printed_digit():
    found = _decode(b'{"a": 337.50, "b": 0.1, "c": 12345678901234567.89, "d": 5, "e": "7.10", "f": 1E2}')
    assert [values.decimal(one) for one in found.values()] == [
        "337.50", "0.1", "12345678901234567.89", "5", "7.10", "100",
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["ten", "NaN", "Infinity", True, [], {}])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="number"):
        values.decimal(value)


def test_times_carry_the_companys_offset_and_become_utc():
    assert values.moment("2026-08-31T12:11:06-07:00") == "2026-08-31T19:11:06Z"
    with pytest.raises(ValueError, match="offset"):
        values.moment("2026-08-31T12:11:06")


@pytest.mark.parametrize(
    ("text", "code"),
    [("USA", "US"), ("u.s.a.", "US"), ("de", "DE"), ("Deutschland", "DE"), ("Narnia", None), ("UK", "GB")],
)
def test_countries(text, code):
    assert values.country(text) == code


def test_a_group_is_its_lines():
    sale = {
        "Id": "1",
        "Amount": "5",
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "9"}},
    }
    group = {
        "Id": "2",
        "Amount": "10",
        "DetailType": "GroupLineDetail",
        "GroupLineDetail": {"Line": [sale, sale]},
    }
    empty = {"Id": "3", "Amount": "4", "DetailType": "GroupLineDetail", "GroupLineDetail": {}}

    found = lines.flat([group, empty])

    assert [(one["kind"], one["amount"], one["item_id"], one["group"]) for one in found] == [
        ("SalesItemLineDetail", "5", "9", "2"),
        ("SalesItemLineDetail", "5", "9", "2"),
        ("GroupLineDetail", "4", None, None),
    ]


def test_a_record_that_is_not_what_it_should_be_names_the_column_and_not_the_value():
    made = Records("invoice", {})
    with pytest.raises(ValueError, match="txn_date is not a date"):
        made.of({"Id": "1", "TxnDate": "secret of jane"})
    with pytest.raises(ValueError, match="line is not a list of objects"):
        made.of({"Id": "1", "Line": ["x"]})
    with pytest.raises(ValueError, match="id is missing"):
        made.of({"DocNumber": "7"})


@pytest.mark.parametrize("outer", ["Fault", "fault"])
def test_both_spellings_of_a_fault_are_read(outer):
    inner = {"Error": "error", "code": "code"} if outer == "fault" else {"Error": "Error", "code": "code"}
    body = {outer: {inner["Error"]: [{"code": "003200"}]}}
    assert faults.fault_of(msgspec.json.decode(msgspec.json.encode(body))) == "3200"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("3001", "limit"),
        ("3100", "company"),
        ("610", "no such object"),
        ("501", "edition"),
        ("10000", "failed"),
        ("4000", "4000"),
    ],
)
def test_codes_have_their_bands(code, words):
    assert words in faults.rule_for(code).message
