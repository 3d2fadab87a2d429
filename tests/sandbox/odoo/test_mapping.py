"""The world as Odoo's records: nothing lost, every entry balanced, every open amount explained."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest

from closedloop.sandbox.odoo import EVENT_MODELS, serve
from closedloop.sandbox.world import generate

KINDS = {
    "campaign": ("events", "crm"),
    "touch": ("registrations", "crm"),
    "account": ("accounts", "crm"),
    "person": ("people", "crm"),
    "opportunity": ("opportunities", "crm"),
    "opportunity_change": ("changes", "crm"),
    "activity": ("activities", "crm"),
    "stage": ("stages", "crm"),
    "owner": ("owners", "crm"),
    "customer": ("customers", "books"),
    "document": ("documents", "books"),
    "payment": ("payments", "books"),
    "allocation": ("allocations", "books"),
    "cost_line": ("cost_lines", "books"),
}


def rows(simulator, database, model):
    return {row["id"]: row for row in simulator.records(database, model)}


def cents(value, digits=2):
    return int((Decimal(repr(value)) * 10**digits).to_integral_value())


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_of_the_world_has_a_vendor_key_of_its_own(shared, world, kind):
    name, database = KINDS[kind]
    keys = shared.keys[kind]
    assert set(keys) == {record.key for record in getattr(world, name)}
    assert len(set(keys.values())) == len(keys)
    for key in keys.values():
        model, _, record = key.partition("/")
        assert int(record) in rows(shared, database, model)


def test_ids_differ_between_the_databases_and_times_carry_microseconds(shared):
    crm, books = rows(shared, "crm", "res.partner"), rows(shared, "books", "res.partner")
    assert min(key for key in crm if key > 20) != min(key for key in books if key > 20)
    for row in [*crm.values(), *books.values()]:
        assert row["write_date"].microsecond
        assert row["create_date"] <= row["write_date"] < shared.now().replace(tzinfo=None)


def test_every_entry_balances_and_its_totals_are_its_lines(shared, world):
    digits = {currency.code: currency.digits for currency in world.currencies}
    codes = {row["id"]: row["name"] for row in shared.records("books", "res.currency")}
    moves = rows(shared, "books", "account.move")
    lines = defaultdict(list)
    for line in shared.records("books", "account.move.line"):
        lines[line["move_id"]].append(line)
    for key, held in lines.items():
        scale = digits[codes[moves[key]["currency_id"]]]
        assert sum(cents(line["balance"]) for line in held) == 0
        assert sum(cents(line["amount_currency"], scale) for line in held) == 0
    assert set(lines) == set(moves)


def test_documents_say_what_the_world_says(shared, world):
    moves = rows(shared, "books", "account.move")
    for document in world.documents:
        row = moves[int(shared.keys["document"][document.key].partition("/")[2])]
        digits = next(c.digits for c in world.currencies if c.code == document.currency)
        sign = -1 if document.kind in {"credit_note", "refund"} else 1
        assert cents(row["amount_untaxed"], digits) == document.net
        assert cents(row["amount_total"], digits) == document.gross
        assert cents(row["amount_residual"], digits) == document.balance
        assert cents(row["amount_untaxed_signed"]) == sign * document.home_net
        assert row["state"] == {"draft": "draft", "posted": "posted", "void": "cancel"}[document.status]
        assert row["ref"] == document.reference
        assert row["x_opportunity"] == document.opportunity_number
        assert (row["reversed_entry_id"] is not None) == (document.credited is not None)


def test_what_is_open_is_the_total_less_its_settlements(shared, world):
    settled = defaultdict(int)
    by_line = {line["id"]: line["move_id"] for line in shared.records("books", "account.move.line")}
    codes = {row["id"]: row["decimal_places"] for row in shared.records("books", "res.currency")}
    exchanges = {row["exchange_move_id"] for row in shared.records("books", "account.partial.reconcile")}
    for partial in shared.records("books", "account.partial.reconcile"):
        for side in ("debit", "credit"):
            digits = codes[partial[f"{side}_currency_id"]]
            settled[by_line[partial[f"{side}_move_id"]]] += cents(partial[f"{side}_amount_currency"], digits)
    for document in world.documents:
        if document.status == "posted":
            move = int(shared.keys["document"][document.key].partition("/")[2])
            assert document.gross - settled[move] == document.balance
    zero = [p for p in shared.records("books", "account.partial.reconcile") if not p["debit_amount_currency"]]
    assert zero, "a foreign invoice paid at another rate leaves an exchange difference"
    assert len(zero) == len(exchanges - {None})


def test_a_lost_deal_is_archived_with_its_stage_and_a_won_one_is_not(shared, world):
    leads = rows(shared, "crm", "crm.lead")
    stages = {stage.key: shared.keys["stage"][stage.key] for stage in world.stages}
    for deal in world.opportunities:
        row = leads[int(shared.keys["opportunity"][deal.key].partition("/")[2])]
        lost = deal.is_closed and not deal.is_won
        assert row["active"] is not lost
        assert row["won_status"] == ("won" if deal.is_won else "lost" if lost else "pending")
        assert f"crm.stage/{row['stage_id']}" == stages[deal.stage]
        assert row["probability"] == deal.probability


def test_history_tells_stages_and_amounts(shared, world):
    values = rows(shared, "crm", "mail.tracking.value")
    messages = rows(shared, "crm", "mail.message")
    fields = rows(shared, "crm", "ir.model.fields")
    for change in world.changes:
        row = values[int(shared.keys["opportunity_change"][change.key].partition("/")[2])]
        message = messages[row["mail_message_id"]]
        assert f"crm.lead/{message['res_id']}" == shared.keys["opportunity"][change.opportunity]
        assert message["tracking_value_ids"] == [row["id"]]
        name = fields[row["field_id"]]["name"]
        if change.field == "stage":
            assert name == "stage_id"
            assert f"crm.stage/{row['new_value_integer']}" == shared.keys["stage"][change.new_stage]
        else:
            assert name == "expected_revenue"
            assert cents(row["new_value_float"]) == change.new_amount


def test_a_done_activity_is_archived_and_leaves_a_message(shared, world):
    done = rows(shared, "crm", "mail.activity")
    assert done
    assert not any(row["active"] for row in done.values())
    notes = [row for row in shared.records("crm", "mail.message") if row.get("mail_activity_type_id")]
    assert len(notes) == len(done)


def test_a_queue_is_a_team_and_nobody_owns_what_waits_in_it(shared, world):
    [queue] = [owner.key for owner in world.owners if owner.kind == "queue"]
    assert shared.keys["owner"][queue].startswith("crm.team/")
    waiting = [person for person in world.people if person.kind == "lead" and person.owner == queue]
    leads = rows(shared, "crm", "crm.lead")
    for person in waiting:
        row = leads[int(shared.keys["person"][person.key].partition("/")[2])]
        assert row["user_id"] is None
        assert f"crm.team/{row['team_id']}" == shared.keys["owner"][queue]


def test_a_bill_is_tagged_with_its_event(shared, world):
    lines = rows(shared, "books", "account.move.line")
    codes = {row["id"]: row["code"] for row in shared.records("books", "account.analytic.account")}
    for cost in world.cost_lines:
        row = lines[int(shared.keys["cost_line"][cost.key].partition("/")[2])]
        [(analytic, share)] = row["analytic_distribution"].items()
        assert (codes[int(analytic)], share) == (cost.event_code, 100.0)
        assert cents(row["balance"]) == cost.home_net


def test_the_same_seed_gives_the_same_databases(shared):
    with serve(generate(3, 0.1)) as again:
        assert again.keys == shared.keys
        assert again.api_keys == shared.api_keys
        assert again.records("books", "account.move.line") == shared.records("books", "account.move.line")


def test_an_empty_crm_has_stages_and_users_but_no_work(world):
    with serve(world, empty=True) as simulator:
        assert rows(simulator, "crm", "crm.stage")
        for model in ("crm.lead", "event.event", "event.registration", "mail.activity"):
            assert not rows(simulator, "crm", model)
        assert rows(simulator, "books", "account.move")


def test_a_crm_without_events_still_has_deals(world):
    with serve(world, no_events=True) as simulator:
        assert not rows(simulator, "crm", "event.registration")
        assert rows(simulator, "crm", "crm.lead")
    with serve(world, absent_models=EVENT_MODELS) as simulator:
        assert "event_id" not in simulator.model_fields("crm", "crm.lead")
        assert rows(simulator, "crm", "crm.lead")
