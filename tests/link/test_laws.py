"""What must hold for any records: order, repetition, strangers, and taking evidence away change nothing for the worse."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.link.conftest import autos

from closedloop.link import linker

pytestmark = pytest.mark.long

WORDS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm")
COMPANY = st.fixed_dictionaries(
    {"name": st.builds("{} {}{}".format, st.sampled_from(WORDS), st.sampled_from(("Foods", "Tools")), st.sampled_from(("", " Inc.", " GmbH", " #12")))},
    optional={
        "website": st.sampled_from(("alder.com", "birch.com", "cedar.co.uk")),
        "phone": st.sampled_from(("+1 303 555 1234", "+1 303 555 4321")),
        "street": st.sampled_from(("1 High St", "22 Low Road")),
        "city": st.sampled_from(("Leeds", "York")),
        "postal_code": st.sampled_from(("LS1 1AA", "YO1 7HH")),
        "tax_id": st.sampled_from(("12-3456789", "98-7654321")),
    },
)  # fmt: skip
SIDE = st.lists(COMPANY, min_size=1, max_size=5)
FEW = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a link takes a second: a failing example is small enough as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STRANGER = {"key": "stranger", "name": "Quokka Zeppelins", "website": "quokka.au", "phone": "+61 2 9999 8888"}


def keyed(rows, side):
    return [{"key": f"{side}{n}", "source_id": f"{side}{n}", **row} for n, row in enumerate(rows)]


@given(left=SIDE, right=SIDE, seed=st.integers(0, 9))
@FEW
def test_order_repetition_and_strangers_change_nothing(records, left, right, seed):
    left, right = keyed(left, "l"), keyed(right, "r")
    found = records.link(linker.COMPANIES, left, right)
    assert records.again(linker.COMPANIES, left, right) == found
    assert records.scored.pairs[1] == 0
    more = records.again(linker.COMPANIES, [*left, STRANGER], [*right, {**STRANGER, "key": "other"}])
    assert [row for row in more if row["l"] != "stranger"] == found
    shuffled = random.Random(seed)
    shuffled.shuffle(left)
    shuffled.shuffle(right)
    assert records.link(linker.COMPANIES, left, right) == found


@given(right=SIDE, field=st.sampled_from(("website", "phone", "street", "tax_id")))
@FEW
def test_taking_agreeing_evidence_away_makes_no_link_stronger(records, right, field):
    right = keyed(right, "r")
    left = [{**right[0], "key": "l0", "source_id": "l0"}]
    weight = {(row["l"], row["r"]): row["weight"] for row in records.link(linker.COMPANIES, left, right)}
    without = [{name: value for name, value in left[0].items() if name != field}]
    for row in records.again(linker.COMPANIES, without, right):
        if row["r"] == "r0":
            assert row["weight"] <= weight[row["l"], row["r"]]


def test_an_unrelated_record_changes_no_link(records):
    left = keyed([{"name": "Alder Foods", "website": "alder.com"}], "l")
    right = keyed([{"name": "Alder Foods Inc.", "website": "www.alder.com"}], "r")
    before = records.link(linker.COMPANIES, left, right)
    after = records.again(linker.COMPANIES, [*left, STRANGER], [*right, {**STRANGER, "key": "other"}])
    assert [row for row in after if row["l"] == "l0"] == before
    assert autos(before) == {"l0": "r0"}


def test_only_what_changed_and_its_rivals_are_compared_again(records):
    names = [f"{word} {kind}" for word in WORDS for kind in ("Foods", "Tools", "Marine", "Optics")]
    left = keyed([{"name": name, "website": f"{name.replace(' ', '')}.com"} for name in names], "l")
    right = keyed([{"name": name, "website": f"{name.replace(' ', '')}.com"} for name in names], "r")
    whole = records.link(linker.COMPANIES, left, right)
    all_pairs = records.scored.pairs[1]
    left[0] = {**left[0], "phone": "+1 303 555 7777"}
    part = records.again(linker.COMPANIES, left, right)
    assert 0 < records.scored.pairs[1] < all_pairs / 4
    assert autos(part) == autos(whole) == {f"l{n}": f"r{n}" for n in range(len(names))}


def test_a_rejected_pair_is_no_candidate_and_no_rival(records):
    left = keyed([{"name": "Alder Foods", "website": "alder.com"}], "l")
    right = keyed(
        [{"name": "Alder Foods", "website": "alder.com"}, {"name": "Alder Foods", "website": "alder.com"}],
        "r",
    )
    assert autos(records.link(linker.COMPANIES, left, right)) == {}
    rejected = "select 'l0' as l, 'r0' as r"
    assert autos(records.again(linker.COMPANIES, left, right, rejected=rejected)) == {"l0": "r1"}


def test_records_that_are_known_to_be_one_are_no_rivals(records):
    left = keyed([{"name": "Alder Foods", "website": "alder.com"}], "l")
    right = keyed(
        [{"name": "Alder Foods", "website": "alder.com"}, {"name": "Alder Foods", "website": "alder.com"}],
        "r",
    )
    same = "select unnest(['r0', 'r1']) as r, 'r0' as e"
    assert autos(records.link(linker.COMPANIES, left, right, same=same)) == {"l0": "r0"}


@pytest.mark.parametrize("job", [linker.COMPANIES, linker.PEOPLE])
def test_nothing_to_link_is_no_error(records, job):
    assert records.link(job, [], []) == []
