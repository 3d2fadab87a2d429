"""Companies at the edge of the definitions: what their systems hold. `test_edges` says what must come out."""

from tests.models.examples import at, contact, day, deal
from tests.models.kit import attended, event, paid


def came(books, key, name, *campaigns, account=None):
    """Add an account with its customer, and a contact of it who attended every one of some campaigns."""
    books.company(key, name)
    books.add("person", contact(f"p-{key}", account or f"a-{key}"))
    books.add("touch", *(attended(f"t-{key}-{campaign}", campaign, f"p-{key}") for campaign in campaigns))


def no_cost(books):
    books.add("campaign", event("no-cost", day(2, 1), budget="900.00"))
    came(books, "nco", "No Cost", "no-cost")
    books.sale("nco", "c-nco", day(2, 2), "100.00")


def zero_attendees(books):
    books.add("campaign", event("nobody", day(2, 1), actual_cost="100.00"))


def one_deal(books):
    books.add("campaign", event("one", day(2, 1)))
    came(books, "one", "Only One", "one")
    books.add("opportunity", deal("one", "a-one", at(2, 5), at(3, 1), won=True))


def all_lost(books):
    books.add("campaign", event("lost", day(2, 1), actual_cost="50.00"))
    came(books, "los", "Losers", "lost")
    books.add("opportunity", *(deal(f"lost{n}", "a-los", at(2, 4 + n), at(3, n)) for n in (1, 2)))


def large_refund(books):
    books.add("campaign", event("refund", day(2, 1), actual_cost="100.00"))
    came(books, "ref", "Refunded", "refund")
    books.sale("ref1", "c-ref", day(2, 10), "100.00", balance="0")
    books.add("allocation", paid("ref", "ref1", day(2, 20), "100.00"))
    books.sale("ref2", "c-ref", day(3, 1), "150.00", kind="refund", credited_document_key="ref1", balance="0")


def late_credit_note(books):
    books.add("campaign", event("late", day(2, 1)))
    came(books, "lat", "Latecomer", "late")
    books.sale("lat1", "c-lat", day(2, 10), "100.00", balance="0")
    books.sale(
        "lat2", "c-lat", day(7, 5), "40.00", kind="credit_note", credited_document_key="lat1", balance="0"
    )
    books.credit("lat", "lat1", "lat2", day(7, 5), "40.00")
    books.add("allocation", paid("lat3", "lat1", day(6, 1), "60.00"))


def closed_before(books):
    books.add("campaign", event("after", day(5, 1)))
    came(books, "aft", "Afterwards", "after")
    books.add("opportunity", deal("aft", "a-aft", at(3, 1), at(4, 1), won=True))
    books.sale("aft", "c-aft", day(5, 10), "100.00", opportunity_ref="AFT")


def three_at_once(books):
    books.add("campaign", *(event(f"tri{n}", day(3, 3)) for n in (3, 1, 2)))
    came(books, "tri", "Thrice", "tri1", "tri2", "tri3")
    books.sale("tri", "c-tri", day(3, 10), "100.00")


def merged(books):
    books.add("campaign", event("merge", day(2, 1)))
    came(books, "new", "Newname", "merge")
    books.company("old", "Oldname", merged_into="a-new")
    books.sale("mer", "c-old", day(2, 10), "100.00")


def negative(books):
    books.add("campaign", event("minus", day(2, 1), actual_cost="10.00"))
    came(books, "neg", "Negative", "minus")
    books.sale("neg", "c-neg", day(2, 10), "100.00", kind="credit_note")


def future(books):
    books.add("campaign", event("future", day(2, 1), actual_cost="10.00"))
    came(books, "fut", "Future", "future")
    books.sale("fut", "c-fut", day(7, 15), "100.00")


def leap_day(books):
    books.add("campaign", event("leap", day(2, 29, 2024)))
    for key, when in (("le1", day(2, 28, 2025)), ("le2", day(3, 1, 2025))):
        came(books, key, f"Leap {key}", "leap")
        books.sale(key, f"c-{key}", when, "100.00")


def summer_time(books):
    # Clocks in Chicago go from 2 to 3 on 8 March: the hour before midnight UTC plus 5:30 is another one each night.
    books.add("campaign", event("dst", day(3, 7), day(3, 9)))
    books.company("dst", "Night Owls")
    books.add("person", *(contact(f"p-dst{n}", "a-dst") for n in (1, 2)))
    for n, when in ((1, at(3, 8, 5)), (2, at(3, 9, 5))):
        books.add("touch", attended(f"t-dst{n}", "dst", f"p-dst{n}", occurred_at=when.replace(minute=30)))


def midnight(books):
    books.add(
        "campaign",
        event("eve", day(3, 31), day(4, 1), actual_cost="10.00"),
        event("tonight", day(6, 29), day(6, 30), actual_cost="10.00"),
    )
    books.company("mid", "Midnight")
    books.add("person", *(contact(f"p-mid{n}", "a-mid") for n in (1, 2)))
    for n, when in ((1, at(4, 1, 4)), (2, at(4, 1, 6))):
        books.add("touch", attended(f"t-mid{n}", "eve", f"p-mid{n}", occurred_at=when))


def without_dates(books):
    books.add("campaign", {"key": "undated", "name": "Undated", "actual_cost": "10.00"})
    came(books, "und", "Undated", "undated")
    books.sale("und", "c-und", day(2, 10), "100.00")


def lost_last(books):
    books.add("campaign", event("last", day(2, 1)))
    came(books, "lst", "Lost Last", "last")
    stages = [{"key": f"lst{n}", "name": f"Lost {n}", "rank": n, "is_closed": n > 1} for n in (1, 2)]
    books.add("stage", *stages, {"key": "lst3", "name": "Mine", "rank": 3, "is_closed": True, "is_won": True})
    books.add("opportunity", deal("lst1", "a-lst", at(1, 5), at(3, 1)), deal("lst2", "a-lst", at(1, 5)))
    for n in (1, 2):
        books.add("opportunity_change", {"key": f"hl{n}", "opportunity_key": f"lst{n}", "changed_at": at(3, 1),
                  "field": "stage", "old_stage_key": "lst1", "new_stage_key": f"lst{1 + n}"})  # fmt: skip


def void_credit(books):
    books.company("voc", "Void Credit")
    for n, more in ((1, {"status": "void"}), (2, {"status": "draft"}), (3, {"deleted_at": at(3, 1)})):
        books.sale(f"voc{n}", "c-voc", day(2, 1), "10.00")
        books.sale(f"voc{n}'", "c-voc", day(2, 2), "10.00", kind="credit_note", **more)
        books.add("allocation", paid(f"voc{n}", f"voc{n}", day(2, 3), "10.00", credit=f"voc{n}'"))
    for n, more in ((4, {"status": "void"}), (5, {"deleted_at": at(3, 1)})):
        books.sale(f"voc{n}", "c-voc", day(2, 1), "10.00")
        books.add(
            "payment",
            {"key": f"pay-voc{n}", "customer_key": "c-voc", "date": day(2, 2), "amount": "10.00", **more},
        )
        books.add("allocation", paid(f"voc{n}", f"voc{n}", day(2, 3), "10.00"))


CASES = (
    no_cost, zero_attendees, one_deal, all_lost, large_refund, late_credit_note, closed_before, three_at_once, merged,
    negative, future, leap_day, summer_time, midnight, without_dates, lost_last, void_credit,
)  # fmt: skip
