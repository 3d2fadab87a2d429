"""What the breaks of the chain leave behind: when each was first seen, and when and by what it healed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from closedloop.models import Reconciled, breaks, graph, reconcile
from closedloop.settings import Settings
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.store.tables import break_history

START = datetime(2026, 6, 30, 18, tzinfo=UTC)
TODAY = date(2026, 6, 30)
PAT, NEW, ACME = ("attendee", "t-pat"), ("attendee", "t-new"), ("account", "acme")


class Later:
    """A clock that stands at an hour of the story."""

    def __init__(self, hour):
        self.hour = hour

    def now(self):
        return START + timedelta(hours=self.hour)


class Memory:
    """Published chains, as few as a test needs, and what is remembered of them."""

    def __init__(self, folder):
        self.folder = folder
        self.operations = Operations.open(folder / "operations.db")
        self.open()

    def open(self):
        self.store = Store.open(self.folder / "store.duckdb")
        run = self.store.query
        for schema in ("marts", "link"):
            run(f"create schema {schema}")
        models = graph.load()
        run(f"create table marts.break_fix as {graph.statement(models['break_fix'], models, 'duckdb')}")
        run("create table link.link_person (identity_key varchar, evidence varchar)")
        run(
            "create table link.link_customer_account (customer_key varchar, account_key varchar, evidence varchar)"
        )
        run(
            "create table marts.chain_link (subject_kind varchar, subject_key varchar, step integer, link varchar,"
            " state varchar, reason varchar)"
        )
        run("""create view marts.chain_break as select subject_kind, subject_key, 'e' as campaign_key, 'a' as account_key,
            'u' as owner_key, link, reason, date '2026-06-16' as since, 10000 as at_stake, 'u/1' as url
            from marts.chain_link where state = 'broken'
            qualify row_number() over (partition by subject_kind, subject_key order by step) = 1""")

    def publish(self, hour, chains, *, as_of=TODAY):
        """Publish chains, (kind, key) → link → outcome, and keep what they teach."""
        self.store.query("delete from marts.chain_link")
        for (kind, key), links in chains.items():
            for step, (link, outcome) in enumerate(links.items(), start=1):
                state = outcome if outcome in {"ok", "pending", "not_applicable"} else "broken"
                row = [kind, key, step, link, state, outcome if state == "broken" else None]
                self.store.query("insert into marts.chain_link values (?, ?, ?, ?, ?, ?)", row)
        now = Later(hour).now()
        breaks.keep(self.store, self.operations, as_of=as_of, run_id=f"run-{hour}", now=now)

    def rows(self):
        return history(self.operations)

    def healed(self):
        return {(row.subject_key, row.reason): row.healed_by for row in self.rows() if row.healed_at}

    def close(self):
        self.store.close()
        self.operations.close()


def history(operations):
    with operations.reading() as database:
        return database.execute(select(break_history).order_by(break_history.c.id)).all()


@pytest.fixture
def memory(tmp_path):
    memory = Memory(tmp_path)
    yield memory
    memory.close()


def test_a_break_is_remembered_once_with_what_it_was_about(memory):
    chains = {
        PAT: {"in_crm": "ok", "routed": "in_queue", "worked": "untouched_past_sla"},
        ACME: {"paid": "ok"},
    }
    memory.publish(0, chains)
    memory.publish(1, chains)
    [row] = memory.rows()
    assert (row.subject_key, row.link, row.reason, row.since) == ("t-pat", "routed", "in_queue", "2026-06-16")
    assert (row.first_run, row.first_seen, row.at_stake) == ("run-0", "2026-06-30T18:00:00.000000Z", 10000)
    assert (row.campaign_key, row.account_key, row.owner_key, row.url) == ("e", "a", "u", "u/1")
    assert (row.last_seen, row.healed_run, row.healed_at, row.healed_by) == (None,) * 4


def test_a_break_heals_when_its_own_link_does_and_not_because_an_earlier_one_hides_it(memory):
    memory.publish(0, {PAT: {"captured": "ok", "routed": "in_queue"}})
    memory.publish(1, {PAT: {"captured": "identity_missing", "routed": "in_queue"}})
    assert memory.healed() == {}
    memory.publish(2, {PAT: {"captured": "identity_missing", "routed": "ok"}})
    assert memory.healed() == {("t-pat", "in_queue"): "An active owner has it."}
    [healed, hidden] = memory.rows()
    assert (healed.healed_run, healed.healed_at, healed.last_seen) == (
        "run-2",
        "2026-06-30T20:00:00.000000Z",
        "2026-06-30T19:00:00.000000Z",
    )
    assert (hidden.reason, hidden.first_run, hidden.healed_at) == ("identity_missing", "run-1", None)


@pytest.mark.parametrize(
    ("link", "reason", "outcome", "healed_by"),
    [
        ("in_crm", "not_in_crm", "ok", "The attendee is linked to a person in the CRM. The e-mail agrees."),
        ("in_crm", "not_in_crm", "duplicate_in_crm", "It is broken in another way now: duplicate_in_crm."),
        ("won", "stalled_opportunity", "ok", "The opportunity moved on or was won."),
        ("won", "stalled_opportunity", "pending", "It is inside its window again."),
        ("won", "stalled_opportunity", "not_applicable", "The link applies no longer: the chain has ended, or what it rests on is gone."),
    ],
)  # fmt: skip
def test_what_healed_it(memory, link, reason, outcome, healed_by):
    memory.publish(0, {NEW: {link: reason}})
    memory.store.query("insert into link.link_person values ('t-new', 'The e-mail agrees.')")
    memory.publish(1, {NEW: {link: outcome}})
    assert memory.healed() == {("t-new", reason): healed_by}


def test_a_customer_that_was_linked_has_the_evidence_of_its_link(memory):
    memory.publish(
        0,
        {
            ("account", "c1"): {"invoiced": "invoice_without_account"},
            ACME: {"customer": "won_without_customer"},
        },
    )
    memory.store.query("insert into link.link_customer_account values ('c1', 'acme', 'Decided by Ann.')")
    memory.publish(1, {ACME: {"customer": "ok"}})
    assert memory.healed() == {
        ("c1", "invoice_without_account"): "The ledger customer is linked to an account. Decided by Ann.",
        ("acme", "won_without_customer"): "A ledger customer is linked to the account. Decided by Ann.",
    }


def test_a_break_that_comes_back_is_a_new_one(memory):
    for hour, outcome in enumerate(("in_queue", "ok", "in_queue")):
        memory.publish(hour, {PAT: {"routed": outcome}})
    assert [(row.first_run, row.healed_run) for row in memory.rows()] == [("run-0", "run-1"), ("run-2", None)]


def test_what_is_gone_has_healed_but_a_store_without_any_says_nothing(memory):
    memory.publish(0, {PAT: {"routed": "in_queue"}})
    memory.publish(1, {ACME: {"paid": "ok"}})
    assert memory.healed() == {}
    memory.publish(2, {NEW: {"routed": "ok"}})
    assert memory.healed() == {("t-pat", "in_queue"): "The record is there no longer."}


def test_looking_back_teaches_nothing(memory):
    memory.publish(0, {PAT: {"routed": "in_queue"}})
    memory.publish(1, {PAT: {"routed": "ok"}}, as_of=date(2026, 6, 29))
    assert memory.healed() == {}


def test_the_memory_outlives_the_loss_of_the_store(memory):
    memory.publish(0, {PAT: {"routed": "in_queue"}, ACME: {"paid": "overdue_invoice"}})
    before = memory.rows()
    memory.store.close()
    (memory.folder / "store.duckdb").unlink()
    memory.open()
    memory.publish(1, {PAT: {"routed": "in_queue"}, ACME: {"paid": "overdue_invoice"}})
    assert memory.rows() == before


def test_a_kill_before_the_memory_is_written_is_made_up_for_by_the_next_reconcile(memory, monkeypatch):
    memory.publish(0, {PAT: {"routed": "in_queue"}})

    def killed(name):
        assert name == "models.breaks_kept"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("closedloop.models.breaks.failpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            memory.publish(1, {PAT: {"routed": "ok"}, NEW: {"in_crm": "not_in_crm"}})
    assert (memory.healed(), len(memory.rows())) == ({}, 1)
    memory.publish(2, {PAT: {"routed": "ok"}, NEW: {"in_crm": "not_in_crm"}})
    assert [(row.reason, row.first_run, row.healed_run) for row in memory.rows()] == [
        ("in_queue", "run-0", "run-2"),
        ("not_in_crm", "run-2", None),
    ]


def test_a_reconcile_keeps_the_memory_unless_only_decisions_link(memory, monkeypatch):
    kept = []
    published = Reconciled(as_of=TODAY, basis="")
    monkeypatch.setattr("closedloop.models.runner.reconcile", lambda *_, **__: published)
    monkeypatch.setattr("closedloop.models.breaks.keep", lambda *_, **given: kept.append(given))
    settings = Settings(company={"currency": "USD", "time_zone": "America/Chicago"}, connections={})
    for automatic in (True, False):
        reconcile(
            settings,
            memory.store,
            memory.operations,
            clock=Later(0),
            run_id="r",
            automatic_links=automatic,
            as_of=TODAY,
        )
    assert kept == [{"as_of": TODAY, "run_id": "r", "now": START}]
