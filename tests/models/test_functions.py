"""Our SQL functions against references in plain Python."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.kit import evaluate

from closedloop.models.functions import expand
from closedloop.models.graph import read


@pytest.fixture(scope="module")
def calculate():
    connection = duckdb.connect()

    def one(expression, *values):
        [(value,)] = connection.execute(
            read(f"select {expression}", "test").sql(dialect="duckdb"), list(values)
        ).fetchall()
        return value

    return one


amounts = st.integers(-(10**12), 10**12)


@given(cases=st.lists(st.tuples(amounts, amounts, st.integers(1, 10**12)), min_size=20, max_size=60))
@settings(max_examples=10, deadline=None)
def test_mul_div_rounds_half_away_from_zero(cases):
    cases += [(x * n, n, 2 * n) for x, n, _ in cases if 0 < n < 10**6]  # halves
    fitting = [(x, n, m) for x, n, m in cases if abs(x * n) < 2**62 * m]
    values = ", ".join(str(case) for case in [(1, 1, 1), *fitting])
    sql = f"select x, n, m, mul_div(x, n, m) as found from (values {values}) as given (x, n, m)"
    for x, n, m, found in duckdb.sql(read(sql, "test").sql(dialect="duckdb")).fetchall():
        exact = abs(Fraction(x * n, m))
        rounded = int(exact) + (1 if exact - int(exact) >= Fraction(1, 2) else 0)
        assert found == (rounded if x * n >= 0 else -rounded)


rates = st.decimals(min_value="0.000001", max_value=9999, places=6) | st.decimals(
    min_value="0.000000000001", max_value=2, places=12
)
sums = st.integers(-(10**11), 10**11).map(lambda n: Decimal(n) / 100)


@given(
    cases=st.lists(
        st.tuples(
            sums,
            rates.filter(bool),
            st.sampled_from(["multiply", "divide"]),
            st.sampled_from(["USD", "JPY", "KWD"]),
        ),
        min_size=20,
        max_size=60,
    )
)
@settings(max_examples=10, deadline=None)
def test_an_amount_goes_home_in_its_own_direction_rounded_once(cases):
    """A ledger that multiplies and one that divides by the inverse mean the same, down to the home currency's digit."""
    sql = "select home_amount(x, 'EUR', rate, direction, home) from given_rows"
    digits = {"USD": 2, "JPY": 0, "KWD": 3}
    exact = [
        Fraction(x) * Fraction(rate) if way == "multiply" else Fraction(x) / Fraction(rate)
        for x, rate, way, _ in cases
    ]
    fitting = [(case, value) for case, value in zip(cases, exact, strict=True) if abs(value) < 10**14]
    values = ", ".join(
        f"(cast('{x}' as decimal(24, 6)), cast('{rate:f}' as decimal(24, 12)), '{way}', '{home}')"
        for (x, rate, way, home), _ in fitting
    )
    given_rows = f"with given_rows (x, rate, direction, home) as (values {values}) "
    found = duckdb.sql(given_rows + read(sql, "test").sql(dialect="duckdb")).fetchall()
    for ((_, _, _, home), value), (amount,) in zip(fitting, found, strict=True):
        scaled = abs(value) * 10 ** digits[home]
        rounded = int(scaled) + (1 if scaled - int(scaled) >= Fraction(1, 2) else 0)
        assert Fraction(amount) == Fraction(rounded if value >= 0 else -rounded, 10 ** digits[home])


@pytest.mark.parametrize(
    ("rate", "direction"), [("0", "divide"), ("0", "multiply"), ("-1", "multiply"), ("1", "sideways")]
)
def test_without_a_rate_or_a_known_direction_there_is_no_amount(calculate, rate, direction):
    assert calculate(f"home_amount(10, 'EUR', {rate}, '{direction}', 'USD')") is None
    assert calculate(f"to_home(10, {rate}, '{direction}', 100, 100)") is None


@pytest.mark.parametrize("currency", ["'USD'", "null"])
def test_what_is_in_the_home_currency_needs_no_rate(calculate, currency):
    assert calculate(f"home_amount(10.125, {currency}, null, 'multiply', 'USD')") == Decimal("10.125")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("mul_div(-5, 1, 2)", -3),
        ("mul_div(7, 1, 0)", None),
        ("to_home(1000, 1.234567, 'multiply', 100, 100)", 1235),
        ("to_home(10000000, 1.0000001, 'multiply', 100, 100)", 10000001),
        ("to_home(1000, 900, 'multiply', 100, 100)", 900000),
        ("to_home(15000000, 15000, 'divide', 100, 100)", 1000),
        ("to_home(1000, 0.0067, 'multiply', 1, 100)", 670),
        ("to_home(-900000001, 0.85, 'divide', 100, 100)", -1058823531),
        ("to_minor(-1.005, 100)", -101),
        ("to_minor(12.5, 1)", 13),
        ("cast(ratio(-2, 3) as varchar)", "-0.666667"),
        ("company_name('Société d''Étude, S.A.')", "societe detude"),
        ("company_name('Inc')", "inc"),
        ("legal_form('Foo Limited')", "ltd"),
        ("legal_form('Foo')", None),
        ("normal_name('  Иван   Петров ')", "иван петров"),
        ("is_email('a@b.example')", True),
        ("is_email('a@b')", False),
        ("is_email('a b@c.example')", False),
        ("is_email('a@b..example')", False),
        ("is_email(null)", False),
        ("is_phone('+1 (312) 555-0100')", True),
        ("is_phone('call me')", False),
        ("email_domain('x@mail.acme.co.uk')", "acme.co.uk"),
        ("web_domain('HTTPS://www.Acme.com/about?x=1')", "acme.com"),
        ("web_domain('http://127.0.0.1/')", None),
        ("normal_tax_id('DE 123.456.789')", "DE123456789"),
        ("normal_tax_id('00-0000000')", None),
        ("normal_tax_id('n/a')", None),
    ],
)
def test_function(calculate, expression, value):
    assert calculate(expression) == value


@pytest.mark.parametrize("function", ["mul_div", "wide_mul_div"])
def test_an_amount_stays_in_64_bits_whatever_it_is_multiplied_by(calculate, function):
    wide = "cast(3 as hugeint)"
    assert calculate(f"typeof({function}(cast(1 as bigint), {wide}, {wide}))") == "BIGINT"


def test_wrong_number_of_arguments_is_an_error():
    from sqlglot import parse_one

    with pytest.raises(ValueError, match="mul_div takes 3 arguments, not 2"):
        expand(parse_one("select mul_div(1, 2)", dialect="duckdb"))


SPLIT = {
    "credit_item": "item_no integer, journey_key varchar, value bigint, collected bigint",
    "journey_shape": "journey_no integer, journey_key varchar",
    "journey_weight": (
        "model_no integer, journey_no integer, campaign_no integer, touches integer, key_place integer, is_equal boolean,"
        " weight bigint, total bigint"
    ),
}


@st.composite
def splits(draw):
    """Documents with a value, a collected part, and weights by campaign."""
    documents = draw(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=12))
    keys = st.text("abcÄ-0Z", min_size=1, max_size=3)
    return [
        (
            value,
            collected,
            draw(st.dictionaries(keys, st.sampled_from([1, 1, 2, 9, 10**9]), min_size=1, max_size=6)),
        )
        for value, collected in documents
    ]


def by_hand(value, weights):
    """Split by largest remainder on the absolute value: a reference that shares nothing with the SQL."""
    total = sum(weights.values())
    exact = {key: Fraction(abs(value) * weight, total) for key, weight in weights.items()}
    shares = {key: int(share) for key, share in exact.items()}
    order = sorted(weights, key=lambda key: (-(exact[key] - shares[key]), key.encode()))
    for key in order[: abs(value) - sum(shares.values())]:
        shares[key] += 1
    return {key: share if value >= 0 else -share for key, share in shares.items()}


@given(documents=splits(), turned=st.booleans())
@settings(max_examples=12, deadline=None)
def test_split_is_the_largest_remainder_whatever_the_order_of_rows(documents, turned):
    items, journeys, weights = [], [], []
    for n, (value, collected, shares) in enumerate(documents):
        total = sum(shares.values())
        items.append((n, f"d{n}", value, collected))
        journeys.append((n, f"d{n}"))
        weights += [
            (1, n, place, len(shares), place, len(set(shares.values())) == 1, shares[key], total)
            for place, key in enumerate(sorted(shares, key=str.encode), start=1)
        ]
    if turned:
        items, weights = items[::-1], weights[::-1]
    rows = dict(zip(SPLIT, (items, journeys, weights), strict=True))
    found = evaluate("shared_credit", {name: (SPLIT[name], rows[name]) for name in SPLIT})
    for n, (value, collected, shares) in enumerate(documents):
        names = dict(enumerate(sorted(shares, key=str.encode), start=1))
        mine = [row for row in found if row["item_no"] == n]
        assert by_hand(value, shares) == {names[row["campaign_no"]]: row["value"] for row in mine}
        assert by_hand(collected, shares) == {names[row["campaign_no"]]: row["collected"] for row in mine}
        assert sum(row["value"] for row in mine) == value


DOCUMENT = "key varchar, kind varchar, date date, gross bigint, status varchar"


@given(steps=st.lists(st.tuples(st.integers(1, 28), st.integers(1, 500)), min_size=1, max_size=6))
@settings(max_examples=8, deadline=None)
def test_settlements_are_ordered_by_the_day_on_which_they_take_effect(steps):
    invoice = ("i", "invoice", date(2026, 3, 10), 1000, "posted")
    allocations = [
        (f"x{n}", "i", f"p{n}", None, amount, date(2026, 3, day)) for n, (day, amount) in enumerate(steps)
    ]
    found = evaluate(
        "settlement",
        {
            "allocation": (
                "key varchar, document_key varchar, payment_key varchar, other_document_key varchar, amount bigint, date date",
                allocations,
            ),
            "document": (DOCUMENT, [invoice]),
        },
        params={"param.run": ("as_of date", [(date(2026, 6, 30),)])},
    )
    order = sorted((max(date(2026, 3, day), date(2026, 3, 10)), f"p{n}") for n, (day, _) in enumerate(steps))
    found.sort(key=lambda row: row["position"])
    assert order == [(row["effective_date"], row["payment_key"]) for row in found]
