"""Settling links as an admin does: keys that do not exist, typing errors, a pair decided twice, ten thousand rows."""

from datetime import date

import pytest
from tests.models import kit
from tests.models.kit import event

from closedloop.cli.linking import _read
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.link import decisions, explain, review, train
from closedloop.link.review import Wish

HOUSE = {"street": "12 Mill Road", "city": "Denver", "postal_code": "80201"}
ROWS = {
    "campaign": [event("e", date(2026, 3, 10), date(2026, 3, 11))],
    "account": [
        {"key": "a1", "name": "Alder Foods", "website": "alder.com", **HOUSE},
        {"key": "a2", "name": "Birch Tools"},
        {"key": "a3", "name": "Birch Tools West", "merged_into": "a2"},
    ],
    "customer": [{"key": "c1", "name": "Alder Foods Inc.", **HOUSE}, {"key": "c2", "name": "Somebody"}],
    "person": [
        {"key": "p1", "kind": "contact", "name": "Bob Harker", "email": "bob@alder.com", "account_key": "a1", "mobile": "+1 303 555 7777"},
        {"key": "p2", "kind": "lead", "name": "Bob Harker", "email": "bob@alder.com"},
        {"key": "p3", "kind": "lead", "name": "Eve Stone", "email": "eve@alder.com", "company": "Alder Foods"},
    ],
    "touch": [
        {"key": "t1", "campaign_key": "e", "status": "attended", "name": "Bob Harker", "email": "bob@alder.com"},
        {"key": "t2", "campaign_key": "e", "status": "attended", "name": "Eve Stone", "email": "eve@alder.com"},
        {"key": "t3", "campaign_key": "e", "status": "attended", "name": "Robert Harker", "phone": "303-555-7777"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    world = kit.build(tmp_path_factory.mktemp("review"), ROWS, matching={})
    world.reconcile()
    yield world
    world.close()


@pytest.fixture
def world(made):
    """Return the world without a decision."""
    with made.operations.transaction() as connection:
        connection.execute(decisions.tables.decision.delete())
    return made


def settle(world, *wishes, who="Ann"):
    typed = [
        Wish(verb=verb, left=left, right=right, where=f"line {n}")
        for n, (verb, left, right) in enumerate(wishes, 2)
    ]
    return review.settle(world.store, world.operations, typed, who=who, now=Clock().now())


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        (("accept", "c1", "a2"), "customer_account"),
        (("reject", "t1", "p1"), "touch_person"),
        (("accept", "t1", "a2"), "touch_account"),
        (("accept", "p3", "a2"), "person_account"),
        (("same", "p2", "p1"), "person_person"),
        (("accept", "p2", "p1"), "person_person"),
        (("not-same", "a1", "a2"), "account_account"),
        (("accept", "c1", "a3"), "customer_account"),  # merged away, and still known
    ],
)
def test_the_kind_is_found_from_the_keys(world, wish, kind):
    assert [one.kind for one in settle(world, wish)] == [kind]


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (("accept", "c9", "a1"), r"line 3: no record has the key c9.*\n.*did you mean c1"),
        (("accept", "c1", "nothing-like-it"), "line 3: no record has the key"),
        (("acept", "c1", "a1"), "line 3: acept is no decision"),
        (("accept", "a1", "c1"), "that is no link"),
        (("same", "c1", "a1"), "does not fit|that is no link"),
        (("accept", "a1", "a1"), "two records"),
        (("reject", "c2", "a2"), "line 3: c2 and a2 are decided twice, and not alike.*\n.*line 2"),
    ],
)
def test_one_mistake_and_nothing_is_taken(world, wish, why):
    with pytest.raises(ConfigError, match=why):
        settle(world, ("accept", "c2", "a2"), wish)
    assert decisions.listed(world.operations) == []


def test_the_same_row_twice_is_one_decision(world):
    assert len(settle(world, ("accept", "c2", "a2"), ("accept", "c2", "a2"))) == 1


def test_ten_thousand_rows_are_one_transaction(world):
    wishes = [("accept" if n % 2 else "reject", left, right) for n, (left, right) in enumerate(
        (left, right) for left in ("c1", "c2") for right in ("a1", "a2")
    )]  # fmt: skip
    rows = [Wish(verb=verb, left=left, right=right) for verb, left, right in wishes] * 2_500
    assert len(review.settle(world.store, world.operations, rows, who="Ann", now=Clock().now())) == 4


def test_contradictions_are_told_also_through_a_merge(world):
    settle(world, ("accept", "c1", "a3"))
    settle(world, ("reject", "c1", "a2"), who="Bob")
    assert review.conflicts(world.store, world.operations) == [
        "c1 is accepted for a3 (Ann), and c1 is rejected for a2 (Bob), which are the same records now: the last one counts"
    ]
    settle(world, ("accept", "c1", "a1"), who="Cy")
    assert "c1 is accepted for a3 (Ann) and a1 (Cy): the last one counts" in review.conflicts(
        world.store, world.operations
    )


def test_what_a_record_is_linked_to_and_how_it_is_undone(world):
    assert review.linked(world.store, "c1") == [("reject", "customer_account", "a1")]
    assert review.linked(world.store, "p2") == [("not-same", "person_person", "p1")]
    assert review.linked(world.store, "p3") == [("reject", "person_account", "a1")]
    assert review.linked(world.store, "t1") == [("reject", "touch_person", "p1")]
    assert review.linked(world.store, "a3") == [("not-same", "account_account", "a2")]
    assert review.linked(world.store, "a1") == []


def test_customers_touches_and_people_are_explained(world):
    for key, other in (("c1", "a1"), ("t3", "p1"), ("p2", "p1"), ("p1", "p2")):
        best = explain.candidates(world.store, key)[0]
        assert (best.right, best.doubt) in {(other, None), (other, "another person fits better")}
        assert best.weight == pytest.approx(
            best.prior + sum(one.weight for one in best.comparisons), abs=0.01
        )


def test_weights_are_not_learnt_from_a_few_decisions(world):
    settle(world, ("accept", "c1", "a1"), ("accept", "p2", "p1"))
    for job in ("company", "person"):
        with pytest.raises(ConfigError, match="50 are needed"):
            train.from_decisions(world.store, job, decisions.listed(world.operations))


@pytest.mark.parametrize(
    ("job", "pair", "name"), [("company", ("c1", "a1"), "address"), ("person", ("p2", "p1"), "mail")]
)
def test_learnt_weights_say_what_they_changed(world, monkeypatch, job, pair, name):
    monkeypatch.setattr(train, "LEAST", 1)
    settle(world, ("accept", *pair))
    learnt = train.from_decisions(world.store, job, decisions.listed(world.operations))
    assert learnt.accepted == (1 if job == "company" else 2)
    assert learnt.rejected == 0
    assert name in {what for what, _, old, new in learnt.changed if old != new}
    assert learnt.model.content["gate"] == train.load(job).content["gate"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("verb,kind,left_key,right_key,why\naccept,,c1,a1,street\n,,c2,a2,\n", [("accept", "c1", "a1", "street", 2)]),
        ("\ufeffverb;left_key;right_key\n Reject ; c1 ;a1\n\n", [("reject", "c1", "a1", "", 2)]),
        ('verb,left_key,right_key,why\naccept,c1,a1,"two\nlines"\nreject,c2,a2\n', [("accept", "c1", "a1", "two\nlines", 3), ("reject", "c2", "a2", "", 4)]),
        ("verb,left_key,right_key\n", []),
    ],
)  # fmt: skip
def test_spreadsheets_are_read_as_they_are_saved(tmp_path, text, found):
    file = tmp_path / "queue.csv"
    file.write_text(text, encoding="utf-8", newline="")
    assert [
        (one.verb, one.left, one.right, one.why, int(one.where.rpartition(" ")[2])) for one in _read(file)
    ] == found


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"verb,left_key\n", "right_key.* missing"), ("verb,left_key,right_key,why\na,b,c,stra\xdfe\n".encode("cp1252"), "no UTF-8"), (b"", "missing")],
)  # fmt: skip
def test_what_is_no_queue_is_refused(tmp_path, content, why):
    file = tmp_path / "queue.csv"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=why):
        _read(file)
    with pytest.raises(ConfigError, match="no such file"):
        _read(tmp_path / "nothing.csv")
