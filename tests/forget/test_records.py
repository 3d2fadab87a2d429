"""The operational database: who was forgotten is in none of its tables, and stays so when an older backup is put back."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from closedloop.clock import Clock
from closedloop.forget import marks, records
from closedloop.forget.marks import Mark
from closedloop.history.facts import pack, unpack
from closedloop.link.decisions import KEEPER
from closedloop.service import forgotten, pins
from closedloop.service.backup import put_back, take
from closedloop.service.session import session
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.writeback import audit

NOW = "2026-05-01T12:00:00.000000Z"
CLOCK = Clock(start=datetime(2026, 5, 1, tzinfo=UTC))
ANN = (
    Mark(kind=marks.EMAIL, scope="", value="ann.lee@acme.com"),
    Mark(kind=marks.PERSON, scope="", value="ann lee"),
    Mark(kind=marks.PERSON, scope="", value="zoë ångström"),
    Mark(kind=marks.RECORD, scope="crm/Lead", value="00QA"),
    Mark(kind=marks.LIST, scope="", value="lead-1"),
)
TOLD = {"email": "Ann.Lee@acme.com", "name": "Ann Lee", "phone": "+1 303 555 4253"}
ROWS = [
    ("run", {"id": "r1", "kind": "sync", "started_at": NOW, "state": "done", "detail": json.dumps({"error": {"message": "Ann Lee failed"}, "by": "Bob"})}),
    ("run", {"id": "r2", "kind": "sync", "started_at": NOW, "state": "done", "detail": json.dumps({"error": {"message": "Zoë Ångström failed"}})}),
    ("quarantine", {"connection": "crm", "stream": "Lead", "record_key": "00QA", "direction": "read", "reason": "LastName: Lee-Smith is no date", "record": '{"LastName": "Lee-Smith"}', "first_seen": NOW, "last_seen": NOW}),
    ("quarantine", {"connection": "crm", "stream": "Lead", "record_key": "00QB", "direction": "read", "reason": "bad", "record": '{"Email": "bob@acme.com"}', "first_seen": NOW, "last_seen": NOW}),
    ("decision", {"kind": "touch_person", "left_key": "crm:CampaignMember/1", "right_key": "crm:Contact/1", "verdict": "accept", "who": "Bob", "why": "Ann Lee told me", "at": NOW}),
    ("import_plan", {"id": "i1", "connection": "crm", "kind": "leads", "created_at": NOW, "state": "open", "file": "scans.csv", "summary": "{}"}),
    ("import_row", {"plan_id": "i1", "n": 2, "action": "lead", "label": "Ann.Lee@acme.com", "reason": None, "content": json.dumps({"id": "a", "told": TOLD})}),
    ("import_row", {"plan_id": "i1", "n": 3, "action": "lead", "label": "Ann Lee", "reason": None, "content": json.dumps({"id": "b", "told": {"name": "Ann Lee", "email": "ann@other.com"}})}),
    ("import_row", {"plan_id": "i1", "n": 4, "action": "lead", "label": "Zoë", "content": json.dumps({"id": "c", "person_key": "lead-1", "told": {"name": "Zoë"}})}),
    ("import_row", {"plan_id": "i1", "n": 5, "action": "review", "label": "Bob", "reason": "may be crm:Lead/00QA: ann.lee@acme.com agrees", "content": json.dumps({"id": "d", "told": {"name": "Bob"}})}),
    ("creation", {"run_id": "r1", "plan_id": "i1", "batch": 1, "connection": "crm", "kind": "create", "object": "Lead", "found_by": "Key__c", "key": "k1", "fields": json.dumps({"LastName": "Lee-Smith", "Rank": 2}), "state": "written", "record_id": "00QA", "seen": json.dumps({"LastName": "Lee-Smith"}), "at": NOW}),
    ("incident", {"kind": "failure", "subject_key": "crm:sync", "message": "ann.lee@acme.com was refused", "opened_at": NOW, "last_seen": NOW, "told": "[]", "told_end": "[]"}),
    ("snapshot_cause", {"entity": "account", "key": "crm:a/2", "n": 1, "place": 1, "measure": "m", "cause": "link", "record": "crm:o/3", "label": "linked by ann.lee@acme.com", "amount": 1}),
    ("snapshot_now", {"entity": "account", "key": "crm:a/2", "n": 1, "figures_digest": "f", "facts_digest": "g", "facts": pack('{"customers":{"books:c/1":["The e-mail ann.lee@acme.com agrees.",false]}}')}),
]  # fmt: skip


@pytest.fixture
def opened(tmp_path):
    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"},
        connections={"crm": {"connector": "salesforce"}},
        home=tmp_path,
    )
    with session(settings, CLOCK) as made:
        with made.operations.transaction() as connection:
            for table, row in ROWS:
                connection.execute(insert(tables.metadata.tables[table]).values(**row))
        yield made


def forget(opened):
    with opened.operations.transaction() as connection:
        connection.execute(
            insert(tables.forgotten).values(token="3f9a12c4", run_id="r1", day="2026-05-01", state="done")
        )
        marks.add(connection, "3f9a12c4", ANN)
        return forgotten.again(connection)


def everything(opened):
    with opened.operations.reading() as connection:
        return {
            name: [
                dict(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            ]
            for name, table in tables.metadata.tables.items()
        }


def insist_gone(opened):
    found = everything(opened)
    text = json.dumps(found, default=str).lower()
    for word in ("ann.lee@", "lee-smith", "4253", "ann lee told", "ngstr", "zo\\u00eb", "zo\\\\u00eb"):
        assert word not in text, word
    assert "ann.lee" not in json.dumps(unpack(found["snapshot_now"][0]["facts"]))
    opened.operations.rewrite()
    for path in opened.settings.home.glob("operations.db*"):
        assert b"ann.lee@" not in path.read_bytes().lower()
    return found


def test_every_table_forgets_and_others_stay(opened):
    done = forget(opened)
    found = insist_gone(opened)

    assert done == {
        "run": 2, "quarantine": 1, "decision": 1, "import_row": 3, "creation": 1, "incident": 1, "snapshot_cause": 1,
        "snapshot_now": 1,
    }  # fmt: skip
    assert [row["action"] for row in found["import_row"]] == [
        "refused",
        "lead",
        "refused",
        "review",
    ]  # it will never be written, and who is somebody else waits on

    assert json.loads(found["creation"][0]["fields"]) == {"LastName": None, "Rank": 2}
    assert found["quarantine"][1]["record"] == '{"Email": "bob@acme.com"}'
    with opened.operations.transaction() as connection:
        assert forgotten.again(connection) == {}


def test_what_would_go_is_counted_and_not_changed(opened):
    before = everything(opened)
    with opened.operations.reading() as connection:
        assert sum(records.count(connection, marks.of("3f9a12c4", ANN)).values()) == 10

    assert everything(opened) == before


@pytest.mark.sqlite
def test_an_older_backup_does_not_bring_them_back(opened):
    old = take(opened, None, keep=5).path
    pins.keep(
        opened.operations,
        [(("touch_account", "crm:CampaignMember/2", "crm:Account/1"), "accept")],
        CLOCK.now(),
    )
    forget(opened)
    known = marks.of("3f9a12c4", ANN)
    assert forgotten.holding(opened.settings.home, known) == [old]

    put_back(opened, old, replace=True)

    found = insist_gone(opened)
    assert [row["token"] for row in found["forgotten"]] == ["3f9a12c4"]
    assert len(found["forgotten_mark"]) == len(ANN)
    assert [(row["who"], row["verdict"]) for row in found["decision"]] == [
        ("Bob", "accept"),
        (KEEPER, "accept"),
    ]  # what keeps their links, as what made them is gone


def test_the_audit_tells_that_it_happened_and_not_of_whom(opened):
    forget(opened)
    [told] = [one for one in audit.entries(opened.operations) if one["verb"] == "forget"]

    assert (told["outcome"], told["record"], told["by"]) == ("forgotten", "3f9a12c4", "Bob")


def test_a_backup_is_found_in_which_packed_facts_alone_name_them(opened):
    with opened.operations.transaction() as connection:
        for name in dict.fromkeys(name for name, _ in reversed(ROWS) if name != "snapshot_now"):
            connection.execute(tables.metadata.tables[name].delete())
    old = take(opened, None, keep=5).path

    assert forgotten.holding(opened.settings.home, marks.of("3f9a12c4", ANN)) == [old]
    assert forgotten.holding(opened.settings.home, marks.of("3f9a12c4", ANN[1:2])) == []
