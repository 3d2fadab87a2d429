"""Each kind of change, on the smallest facts: who is named, and that the amounts sum to the change."""

import copy
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedloop.history.causes import Change, Comparison, changed

AS_OF = "2026-06-30"


def document(value, customer="c", date="2026-03-01", deal=None):
    return [value, 0, date, "invoice", "7", customer, deal, "reference" if deal else "none"]


def account(**parts):
    return {
        "documents": {},
        "customers": {"c": ["The tax id agrees.", False]},
        "touches": {},
        "deals": {},
        **parts,
    }


def campaign(**parts):
    return {
        "touches": {},
        "reached": {},
        "credits": {},
        "cost": ["none", None],
        "start": "2026-01-10",
        **parts,
    }


def compare(*, accounts=None, before, now, redefined="", touches=()):
    comparison = Comparison(
        accounts={key: Change(before=old, now=new) for key, (old, new) in (accounts or {}).items()},
        campaigns={"e": Change(before=before, now=now)},
        redefined=redefined,
        as_of=AS_OF,
        touches=frozenset(touches),
    )
    found = Counter()
    for (measure, why), amount in comparison.of_campaign("e").items():
        found[measure, why.cause, why.record] += amount
    return comparison, dict(found)


def credited(value, owner="a"):
    return {"d": [owner, value, 0]}


def test_a_document_that_was_corrected_keeps_its_share_and_the_journey_takes_the_rest():
    old = account(documents={"d": document(100)}, touches={})
    new = account(documents={"d": document(200)}, touches={"t": ["f", "attended", "2026-02-01"]})
    _, found = compare(
        accounts={"a": (old, new)}, before=campaign(credits=credited(100)), now=campaign(credits=credited(67))
    )
    assert found == {("attributed", "document", "d"): 100, ("attributed", "touch", "t"): -133}


def test_a_document_that_is_gone_and_one_whose_customer_left():
    old = account(documents={"d": document(100)})
    for new, cause, record in (
        (account(), "document", "d"),
        (account(customers={}), "link", "c"),
    ):
        comparison, found = compare(
            accounts={"a": (old, new)}, before=campaign(credits=credited(100)), now=campaign()
        )
        assert found == {("attributed", cause, record): -100}
        of_account = {
            (measure, why.cause): amount for (measure, why), amount in comparison.of_account("a").items()
        }
        assert of_account == {("attributed", cause): -100, ("invoiced", cause): -100}


def test_a_document_of_another_account_moves_its_credit_and_changes_nothing_at_the_event():
    link = {"c": ["Decided by Ann.", True]}
    accounts = {
        "a": (account(documents={"d": document(100)}), account(customers={})),
        "b": (account(customers={}), account(documents={"d": document(100)}, customers=link)),
    }
    comparison, found = compare(
        accounts=accounts, before=campaign(credits=credited(100)), now=campaign(credits=credited(100, "b"))
    )
    assert found == {}
    told = [
        (measure, why.cause, why.record, amount)
        for key in ("a", "b")
        for (measure, why), amount in comparison.of_account(key).items()
    ]
    assert told == [
        ("attributed", "decision", "c", -100),
        ("invoiced", "link", "c", -100),
        ("attributed", "decision", "c", 100),
        ("invoiced", "decision", "c", 100),
    ]


@pytest.mark.parametrize(
    ("old", "new", "redefined", "cause", "record"),
    [
        ({"o": [1, None, None, True, "D"]}, {"o": [2, None, None, True, "D"]}, "", "deal", "o"),
        ({}, {}, "definitions changed: x", "definition", "definitions"),
        ({}, {}, "", "document", "d"),
    ],
)
def test_a_share_that_changes_without_its_document(old, new, redefined, cause, record):
    docs = {"d": document(100)}
    accounts = {"a": (account(documents=docs, deals=old), account(documents=docs, deals=new))}
    _, found = compare(
        accounts=accounts,
        before=campaign(credits=credited(50)),
        now=campaign(credits=credited(40)),
        redefined=redefined,
    )
    assert found == {("attributed", cause, record): -10}


def test_an_account_that_leaves_takes_what_it_is_worth_and_its_documents_tell_the_rest():
    old, new = account(documents={"d": document(100)}), account(documents={"d": document(130)})
    before = campaign(touches={"t": ["a", "attended", "2026-01-10"]}, reached={"a": [100, 0, 100, 0, True]})
    for now_touches, kept, cause in (
        ({}, (), "touch"),
        ({}, ("t",), "link"),
        ({"t": ["b", "attended", "2026-01-10"]}, (), "link"),
    ):
        _, found = compare(
            accounts={"a": (old, new)}, before=before, now=campaign(touches=now_touches), touches=kept
        )  # fmt: skip
        assert found["attendee_ltv", "document", "d"] == 30
        assert found["attendee_ltv", cause, "t"] == -130
        assert found["accounts_reached", cause, "t"] == found["new_customers", cause, "t"] == -1
        assert found.get(("attended", cause, "t"), 0) == (0 if now_touches else -1)


def test_a_new_first_day_is_named():
    reached = {"a": [100, 0, 100, 0, True]}, {"a": [100, 0, 0, 0, False]}
    _, found = compare(
        before=campaign(reached=reached[0]), now=campaign(reached=reached[1], start="2026-05-01")
    )
    assert found == {("ltv_after_event", "touch", "start"): -100, ("new_customers", "touch", "start"): -1}


def test_cost_is_named():
    _, found = compare(before=campaign(), now=campaign(cost=["entered", 500]))
    assert found == {("cost", "cost", "e"): 500}


facts = st.fixed_dictionaries({
    "documents": st.dictionaries(st.sampled_from("def"), st.integers(-500, 500).map(document), max_size=3),
    "touches": st.dictionaries(
        st.sampled_from("tuv"), st.tuples(st.sampled_from("ab"), st.sampled_from(["attended", "invited"])), max_size=3
    ),
    "credits": st.dictionaries(
        st.sampled_from("def"), st.tuples(st.sampled_from("ab"), st.integers(-300, 300)), max_size=3
    ),
    "linked": st.booleans(),
})  # fmt: skip


def sides(given_):
    """Return an event's and its one reached account's facts."""
    bought = sum(row[0] for row in given_["documents"].values())
    touches = {key: [owner, status, "2026-01-10"] for key, (owner, status) in given_["touches"].items()}
    came = any(owner == "a" and status == "attended" for owner, status in given_["touches"].values())
    event = campaign(
        touches=touches,
        reached={"a": [bought, 0, bought, 0, bought > 0]} if came else {},
        credits={key: [owner, value, 0] for key, (owner, value) in given_["credits"].items()},
    )
    links = {"c": ["The tax id agrees.", False]} if given_["linked"] else {}
    return event, account(documents=copy.deepcopy(given_["documents"]), customers=links)


@settings(max_examples=40, deadline=None)
@given(before=facts, now=facts, redefined=st.sampled_from(["", "definitions changed"]))
def test_causes_always_sum_to_the_change(before, now, redefined):
    (old, old_account), (new, new_account) = sides(before), sides(now)
    comparison, found = compare(
        accounts={"a": (old_account, new_account)}, before=old, now=new, redefined=redefined
    )

    def total(measure):
        return sum(amount for (of, _, _), amount in found.items() if of == measure)

    def figure(side, place):
        return sum(row[place] for row in side["reached"].values())

    for measure, place in (("attendee_ltv", 0), ("ltv_after_event", 2), ("new_customers", 4)):
        assert total(measure) == figure(new, place) - figure(old, place)
    assert total("accounts_reached") == len(new["reached"]) - len(old["reached"])
    credits_ = [sum(row[1] for row in side["credits"].values()) for side in (old, new)]
    assert total("attributed") == credits_[1] - credits_[0]
    bought = [sum(row[0] for row in side["documents"].values()) for side in (old_account, new_account)]
    of_account = comparison.of_account("a")
    assert sum(amount for (of, _), amount in of_account.items() if of == "invoiced") == bought[1] - bought[0]


def test_what_was_not_there_has_no_facts():
    assert changed("account", None, None).before == changed("account", None, None).now
