"""Numbers, times and references as Odoo prints them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_odoo import values


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (0.30000000000000004, "0.3"),
        (1234.565, "1234.565"),
        (2000.0, "2000"),
        (-0.0, "0"),
        (7, "7"),
        (12345678901.23, "12345678901.23"),
        (1e16, "10000000000000000"),
        (1e-07, "0"),
        (0.0000015, "0.000002"),
        (-1.5e-06, "-0.000002"),
        (0.1234565, "0.123456"),
        (99999999999999.98, "99999999999999.98"),
        (False, None),
        (None, None),
    ],
)
def test_money_loses_the_noise_and_keeps_every_digit(printed, text):
    assert values.decimal(printed) == text


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_an_amount_that_went_through_a_float_comes_back(amount):
    assert Decimal(values.decimal(float(amount))) == amount


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_rate_is_the_very_number_odoo_printed(rate):
    assert float(values.exact(rate)) == rate


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "12", True, [1, "x"]])
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(ValueError, match=r"^not"):
        values.decimal(wrong)


@pytest.mark.parametrize(
    ("convert", "wrong"),
    [
        (values.integer, "7"),
        (values.integer, True),
        (values.integer, 1.5),
        (values.integer, [1, 2, 3]),
        (values.boolean, 1),
        (values.moment, "2026-02-01"),
        (values.day, 20260201),
        (values.document, [1]),
    ],
)
def test_a_value_its_column_cannot_hold_is_refused(convert, wrong):
    with pytest.raises(ValueError, match=r"^not"):
        convert(wrong)


@pytest.mark.parametrize(
    ("convert", "printed", "expected"),
    [
        (values.text, False, None),
        (values.text, [7, "Azure"], "Azure"),
        (values.text, 7, "7"),
        (values.reference, [7, "Azure"], "7"),
        (values.reference, "S-7", "S-7"),
        (values.integer, [7, "Azure"], 7),
        (values.integer, 0, 0),
        (values.integer, False, None),
        (values.display_name, 7, None),
        (values.display_name, [7, ""], None),
        (values.boolean, False, False),
        (values.moment, "2026-02-01 10:00:00", "2026-02-01T10:00:00Z"),
        (values.moment, "2026-02-01 10:00:00.123456", "2026-02-01T10:00:00Z"),
        (values.day, "2026-02-28", "2026-02-28"),
        (values.document, {"7": 100.0}, {"7": 100.0}),
    ],
)
def test_values_take_their_columns_type(convert, printed, expected):
    assert convert(printed) == expected


@pytest.mark.parametrize("wrong", ["2026-02-30", "2026-13-01", "tomorrow"])
def test_days_that_do_not_exist_are_refused(wrong):
    with pytest.raises(ValueError):  # noqa: PT011 (the standard library's words)
        values.day(wrong)
