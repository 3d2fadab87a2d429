"""A forgotten person is known again by digests alone, and what stands in their place tells nothing."""

import json

from closedloop.forget import marks
from closedloop.forget.marks import Mark
from closedloop.store import tables
from closedloop.store.operations import Operations

ANN = (
    Mark(kind=marks.EMAIL, scope="", value="ann.lee@acme.com"),
    Mark(kind=marks.PERSON, scope="", value="ann lee"),
    Mark(kind=marks.PHONE, scope="", value="13035554253"),
)
KNOWN = marks.of("3f9a12c4", ANN)


def test_an_address_is_found_whatever_stands_around_it():
    for text in (
        "ann.lee@acme.com",
        " Ann.Lee@ACME.com ",
        "Mail to <ANN.LEE@acme.com>, please.",
        '{"to":["ann.lee@acme.com"]}',
        "mailto:ann.lee@acme.com?subject=x".replace("?subject=x", ""),
    ):
        assert KNOWN.owner(text) == "3f9a12c4", text
        assert "lee" not in KNOWN.without_addresses(text).lower()
    assert KNOWN.owner("joann.lee@acme.com") is None
    assert KNOWN.without_addresses("bob@acme.com") == "bob@acme.com"


def test_what_stands_in_the_place_of_an_address_is_one_exactly_if_it_was():
    assert KNOWN.address("Ann.Lee@acme.com", "3f9a12c4") == KNOWN.address("ann.lee@acme.com", "3f9a12c4")
    assert KNOWN.address("ann.lee@acme.com", "3f9a12c4").endswith("@acme.com")
    assert "@" not in KNOWN.address("ann.lee at acme.com", "3f9a12c4")
    hidden = marks.of("3f9a12c4", (*ANN, Mark(kind=marks.DOMAIN, scope="", value="acme.com")))
    assert "acme" not in hidden.address("ann.lee@acme.com", "3f9a12c4")


def test_names_and_numbers_go_from_what_tells_of_the_person():
    told = KNOWN.without_names(
        "Called Ann Lee (+1 303 555 4253, ann.lee@acme.com); Ann-Marie Lee waits. ANN  LEE!"
    )

    assert "ann lee" not in told.lower().replace("  ", " ")
    assert "4253" not in told
    assert "Ann-Marie Lee waits" in told
    assert told.count("Forgotten 3f9a12c4") == 2


def test_only_digests_are_kept_and_the_same_person_keeps_the_token(tmp_path):
    operations = Operations.open(tmp_path / "operations.db")
    with operations.transaction() as connection:
        assert marks.add(connection, "3f9a12c4", ANN) == 3
        assert marks.add(connection, "00000000", ANN) == 0
        known = marks.read(connection)
        rows = connection.execute(tables.forgotten_mark.select()).all()
    operations.close()

    assert known.of(marks.EMAIL, "ann.lee@acme.com") == "3f9a12c4"
    assert len({row.salt for row in rows}) == 1
    assert "lee" not in str(rows).lower()
    assert b"ann" not in (tmp_path / "operations.db").read_bytes().lower().replace(b"channel", b"")


def test_json_is_opened_before_it_is_looked_at():
    held = {"said": json.dumps({"by": "Zoë Müller", "n": 1}), "more": ["Zoë Müller", 2]}
    known = marks.of("3f9a12c4", [Mark(kind=marks.PERSON, scope="", value="zoë müller")])

    clean = json.loads(marks.masked(json.dumps(held), known.without_names))

    assert clean["more"] == ["Forgotten 3f9a12c4", 2]
    assert json.loads(clean["said"]) == {"by": "Forgotten 3f9a12c4", "n": 1}
    assert marks.masked("{Zoë Müller", known.without_names) == "{Forgotten 3f9a12c4"
