"""Every check finds the fault that it is there for: the sound books are spoiled, the check is asked, and all is undone."""

import pytest

from closedloop.models import graph

FAULTS = {
    "unique_keys": "insert into canonical.document select * from canonical.document where key = 'i1'",
    "sum_law": "delete from marts.shared_credit where item_no in (select item_no from marts.credit_item where item_key = 'i1')",
    "totals_add_up": "update marts.totals set value = value + 1 where name = 'unlinked'",
    "credits_of_document": "update marts.shared_credit set value = value + 1 where campaign_no = 1",
    "campaign_totals": "update marts.campaign_model set credited_won = credited_won + 1 where model = 'w'",
    "contact_shares": "delete from marts.contact_credit where person_key = 'p1b'",
    "collected_days": "update marts.campaign_day set collected = collected + 1 where campaign_key = 'e1'",
    "parts_of_document": "delete from marts.document_part where document_key = 'cn2' and part = 1",
    "fan_out": "insert into marts.part_bucket select * from marts.part_bucket where document_key = 'i1'",
    "ledger_balance": "update marts.document_figure set settled_ever = settled_ever + 1 where document_key = 'i1'",
    "document_tax": "update marts.document_figure set tax = 0 where document_key = 'i1'",
    "document_lines": "delete from canonical.line where document_key = 'i1'",
    "document_kind": "update canonical.document set kind = 'bill' where key = 'i1'",
    "foreign_keys": "update raw_src.document set customer_key = 'c0' where key = 'i1'",
    "documents_without_rate": "update marts.document_figure set state = 'not_convertible'",
    "one_home": "update marts.document_figure set home_revenue = 2 * revenue where document_key = 'i1'",
    "chain_breaks": "insert into marts.chain_break select * from marts.chain_break limit 1",
    "chain_shares": "update marts.chain_share set whole_chain_share = 1.000001",
    "dates": "update canonical.document set date = date '0206-03-01' where key = 'i1'",
    "freshness": "insert into param.source values ('crm', 'contacts', date '2026-05-01', 'proven', 3, 3)",
    "source_counts": "insert into param.source values ('crm', 'contacts', date '2026-06-30', 'incomplete', 2, 3)",
    "touch_status": "update raw_src.touch set status = 'came' where key = 't1'",
}
#: Further faults of checks that look at two tables.
MORE = (
    ("credits_of_document", "update marts.sole_credit set collected = collected + 1"),
    ("credits_of_document", "insert into marts.sole_credit select * from marts.sole_credit limit 1"),
    ("credits_of_document", "delete from marts.sole_credit"),
    (
        "credits_of_document",
        (
            "insert into marts.sole_credit select item_no, item_key, part, parts, campaign_key, account_key, deal_key, date,"
            " bucket, is_new_business, item.value, item.collected from marts.credit_item as item cross join (select 'e1' as campaign_key)"
            " where item_key = 'i1'"
        ),
    ),
)


def found(world, name):
    models = graph.load()
    return world.rows(graph.statement(models[name], models, "duckdb"))


def test_every_check_has_its_fault():
    assert set(FAULTS) == {name for name, model in graph.load().items() if model.layer == "checks"}


@pytest.mark.parametrize(("check", "fault"), [*FAULTS.items(), *MORE])
def test_check_finds_its_fault_and_nothing_in_sound_books(worked, check, fault):
    world = worked[0]
    assert found(world, check) == []
    world.store.query("begin")
    try:
        world.store.query(fault)
        rows = found(world, check)
        assert rows
        assert set(rows[0]) == {"record", "detail"}
    finally:
        world.store.query("rollback")


def test_failed_check_is_reported_with_an_example_and_the_figures_are_published(tmp_path):
    from tests.models import kit
    from tests.models.kit import sale

    document, lines = sale("i", "c", kit.AS_OF, "10.00", balance="9.00")
    rows = {"customer": [{"key": "c", "name": "C"}], "document": [document], "line": lines}
    world = kit.build(tmp_path, rows)
    [failed] = world.reconcile().checks
    assert (failed.name, failed.rows) == ("ledger_balance", 1)
    assert failed.example == "invoice N-i (i): open 1000, the ledger says 900 (smallest units of USD)"
    assert world.by("marts.totals", "name", "value")["invoiced_all"] == 1000
    world.close()
