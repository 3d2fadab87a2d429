"""What must hold for any records: order, repetition, strangers, and taking evidence away change nothing for the worse."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.link.conftest import autos

from closedloop.link import engine, frequency, linker

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
PERSON = st.fixed_dictionaries(
    {"name": st.builds("{} {}".format, st.sampled_from(("Ana", "Bob", "Robert")), st.sampled_from(("Berg", "Cole")))},
    optional={
        "email": st.sampled_from(("ana@alder.com", "b.cole@birch.com", "info@alder.com", "bob7@gmail.com")),
        "phone": st.sampled_from(("+1 303 555 1234", "+1 303 555 4321")),
        "company": st.sampled_from(("Alder Foods", "Birch Tools Inc.")),
    },
)  # fmt: skip
RECORD = {"company": COMPANY, "person": PERSON}
#: Evidence that can be taken away, by job.
EVIDENCE = {
    "company": ("website", "phone", "street", "tax_id"),
    "person": ("email", "phone", "company"),
}
FEW = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a link takes a second: a failing example is small enough as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ONCE = settings(FEW, max_examples=1)
STRANGER = {"key": "stranger", "name": "Quokka Zeppelins", "website": "quokka.au", "phone": "+61 2 9999 8888"}
LONG = pytest.mark.long  # a link takes a second of processor
JOBS = pytest.mark.parametrize("job", [linker.COMPANIES, linker.PEOPLE], ids=lambda job: job.name)


def side(job, least=1):
    return st.lists(RECORD[job.name], min_size=least, max_size=6)


def keyed(rows, name):
    return [{"key": f"{name}{n}", "source_id": f"{name}{n}", **row} for n, row in enumerate(rows)]


def without_strangers(found):
    return [row for row in found if row["l"] != "stranger"]


@JOBS
@given(data=st.data())
@ONCE
def test_a_run_over_what_changed_gives_what_a_run_over_everything_gives(records, job, data):
    before = [data.draw(side(job, least=2)) for _ in range(2)]
    left, right = (keyed(rows, name) for rows, name in zip(before, "lr", strict=True))
    records.link(job, left, right)
    change = data.draw(RECORD[job.name])
    left = [
        *left[1:],
        {"key": "l0", "source_id": "l0", **change},
        {"key": "new", "source_id": "new", **change},
    ]
    right = [{**right[-1], "key": "other", "source_id": "other"}, *right[1:]]
    rejected = f"select 'l1' as l, '{right[-1]['key']}' as r"
    after = records.again(job, left, right, rejected=rejected)
    engine.forget(records.connection, job, frequencies=False)
    assert records.again(job, left, right, rejected=rejected) == after


@LONG
@JOBS
@given(data=st.data())
@settings(FEW, max_examples=6)
def test_any_changes_one_after_the_other_give_what_one_run_gives(records, job, data):
    found = None
    engine.forget(records.connection, job)
    for _ in range(3):
        left, right = (keyed(data.draw(side(job)), name) for name in "lr")
        same = "select unnest(['r0', 'r1']) as r, 'r0' as e" if data.draw(st.booleans()) else None
        options = {"same": same} if same else {}
        found = records.again(job, left, right, **options)
    engine.forget(records.connection, job, frequencies=False)
    assert records.again(job, left, right, **options) == found


@LONG
@JOBS
@given(data=st.data(), seed=st.integers(0, 9))
@ONCE
def test_order_repetition_and_strangers_change_nothing(records, job, data, seed):
    left, right = (keyed(data.draw(side(job)), name) for name in "lr")
    found = records.link(job, left, right)
    assert records.again(job, left, right) == found
    assert records.scored.pairs[1] == 0
    more = records.again(job, [*left, STRANGER], [*right, {**STRANGER, "key": "other"}])
    assert without_strangers(more) == found
    shuffled = random.Random(seed)
    shuffled.shuffle(left)
    shuffled.shuffle(right)
    assert records.link(job, left, right) == found


@LONG
@JOBS
@given(data=st.data())
@ONCE
def test_taking_agreeing_evidence_away_makes_no_link_stronger(records, job, data):
    right = keyed(data.draw(side(job)), "r")
    field = data.draw(st.sampled_from(EVIDENCE[job.name]))
    left = [{**right[0], "key": "l0", "source_id": "l0"}]
    before = {(row["l"], row["r"]): row for row in records.link(job, left, right)}
    without = [{name: value for name, value in left[0].items() if name != field}]
    for row in records.again(job, without, right):
        if row["r"] == "r0":
            assert row["weight"] <= before["l0", "r0"]["weight"]
            assert before["l0", "r0"]["decision"] == "auto" or row["decision"] == "review"


@LONG
def test_an_unrelated_record_changes_no_link(records):
    left = keyed([{"name": "Alder Foods", "website": "alder.com"}], "l")
    right = keyed([{"name": "Alder Foods Inc.", "website": "www.alder.com"}], "r")
    before = records.link(linker.COMPANIES, left, right)
    after = records.again(linker.COMPANIES, [*left, STRANGER], [*right, {**STRANGER, "key": "other"}])
    assert without_strangers(after) == before
    assert autos(before) == {"l0": "r0"}


def named(kinds=("Foods", "Tools", "Marine", "Optics")):
    names = [f"{word} {kind}" for word in WORDS for kind in kinds]
    return [{"name": name, "website": f"{name.replace(' ', '')}.com"} for name in names]


@LONG
def test_only_what_changed_and_its_rivals_are_compared_again(records):
    left, right = keyed(named(), "l"), keyed(named(), "r")
    whole = records.link(linker.COMPANIES, left, right)
    all_pairs = records.scored.pairs[1]
    left[0] = {**left[0], "phone": "+1 303 555 7777"}
    part = records.again(linker.COMPANIES, left, right)
    assert 0 < records.scored.pairs[1] < all_pairs / 4
    assert autos(part) == autos(whole) == {f"l{n}": f"r{n}" for n in range(len(left))}


def test_a_known_value_stays_as_rare_as_it_was_until_the_frequencies_are_refreshed(records):
    left, right = keyed(named(), "l"), keyed(named(), "r")
    phone = {"phone": "+1 303 555 7777"}
    left[0], right[0] = {**left[0], **phone}, {**right[0], **phone}
    before = records.link(linker.COMPANIES, left, right)
    counted = frequency.version(records.connection, linker.COMPANIES)
    more = [{"key": f"m{n}", "name": f"Quokka {n} Zeppelins", **phone} for n in range(4)]
    after = records.again(linker.COMPANIES, left, [*right, *more])
    assert [row for row in after if row["r"][0] == "r"] == before
    assert frequency.version(records.connection, linker.COMPANIES) == counted
    engine.forget(records.connection, linker.COMPANIES)
    anew = records.again(linker.COMPANIES, left, [*right, *more])
    assert next(row for row in anew if row["r"] == "r0")["weight"] < before[0]["weight"]
    assert frequency.version(records.connection, linker.COMPANIES) == counted + 1


@LONG
def test_a_store_that_has_doubled_is_counted_anew(records):
    left, right = keyed(named(), "l"), keyed(named(), "r")
    records.link(linker.COMPANIES, left[:3], right[:3])
    counted = frequency.version(records.connection, linker.COMPANIES)
    records.again(linker.COMPANIES, left, right)
    assert frequency.version(records.connection, linker.COMPANIES) == counted + 1


@LONG
def test_a_run_that_broke_off_is_made_good_by_the_next(records, monkeypatch):
    left, right = keyed(named(("Foods",)), "l"), keyed(named(("Foods",)), "r")
    whole = records.link(linker.COMPANIES, left, right)
    engine.forget(records.connection, linker.COMPANIES)
    with monkeypatch.context() as broken:
        broken.setattr(engine.pairs, "bring_up_to_date", None)
        with pytest.raises(TypeError):
            records.again(linker.COMPANIES, left, right)
    assert records.again(linker.COMPANIES, left, right) == whole


@LONG
def test_a_rejected_pair_is_no_candidate_and_no_rival(records):
    left = keyed([{"name": "Alder Foods", "website": "alder.com"}], "l")
    right = keyed(
        [{"name": "Alder Foods", "website": "alder.com"}, {"name": "Alder Foods", "website": "alder.com"}],
        "r",
    )
    assert autos(records.link(linker.COMPANIES, left, right)) == {}
    rejected = "select 'l0' as l, 'r0' as r"
    assert autos(records.again(linker.COMPANIES, left, right, rejected=rejected)) == {"l0": "r1"}
    assert autos(records.again(linker.COMPANIES, left, right)) == {}


@LONG
def test_records_that_are_known_to_be_one_are_no_rivals(records):
    left = keyed([{"name": "Alder Foods", "website": "alder.com"}], "l")
    right = keyed(
        [{"name": "Alder Foods", "website": "alder.com"}, {"name": "Alder Foods", "website": "alder.com"}],
        "r",
    )
    same = "select unnest(['r0', 'r1']) as r, 'r0' as e"
    assert autos(records.link(linker.COMPANIES, left, right)) == {}
    assert autos(records.again(linker.COMPANIES, left, right, same=same)) == {"l0": "r0"}
    assert autos(records.again(linker.COMPANIES, left, right)) == {}


@LONG
@JOBS
def test_nothing_to_link_is_no_error(records, job):
    assert records.link(job, [], []) == []
