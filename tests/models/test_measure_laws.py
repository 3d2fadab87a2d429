"""Laws that hold for any books: conservation, credit notes, the ledger's balance, order, and a past that stays.

Hypothesis invents companies with touches, deals, documents, credit notes and payments; only the models that a law speaks
about are run. What CI runs is a taste; `make test-long` takes more.
"""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.models import kit
from tests.models.examples import Books, contact
from tests.models.kit import attended, event
from tests.models.remake import above

from closedloop.models import graph, matching, parameters, staging
from closedloop.models.draft import Draft

FIRST = date(2025, 1, 1)
LAST = date(2026, 6, 30)
DAYS = (LAST - FIRST).days
CREDITS = (
    "attribution_credit",
    "attribution_no_deal",
    "totals",
    "document_value",
    "document_part",
    "journey",
    "part_credit",
)
ATTRIBUTION = {
    "attribution": {"models": {"opportunity_only": {"opportunity": 100}, "quick": {"half_life": 7}}}
}


def taste(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def life(rng):
    """Invent one account: its touches, deals, documents, and credit notes; days are offsets from the first."""
    return {
        "is_linked": rng.random() < 0.9,
        "touches": [(rng.randrange(6), rng.randrange(DAYS), rng.choice(("attended", "attended", "responded", "no_show"))) for _ in range(rng.randrange(8))],
        "deals": [(rng.randrange(DAYS), rng.randrange(200), rng.choice(("won", "won", "lost", "open")), rng.randrange(1, 50_000)) for _ in range(rng.randrange(4))],
        "documents": [(rng.randrange(DAYS), rng.randrange(1, 50_000), rng.randrange(1000), rng.randrange(5), rng.randrange(4)) for _ in range(rng.randrange(6))],
        "notes": [(rng.randrange(5), rng.randrange(300), rng.randrange(1, 130), rng.choice(("named", "used", "loose", "other"))) for _ in range(rng.randrange(5))],
        "lead": rng.choice((None, rng.randrange(DAYS))),
    }  # fmt: skip


def invent(seed):
    rng = random.Random(seed)
    return [life(rng) for _ in range(10)]


#: Drawn whole, so that the first of them is as rich as any.
worlds = st.integers(0, 2**32).map(invent)


def on(offset):
    return FIRST + timedelta(days=offset)


def noon(offset):
    day = on(offset)
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def cents(amount):
    return str(Decimal(amount).scaleb(-2))


class Invented:
    """Rows of the invented accounts, and what is open on every document by our own count (cents)."""

    def __init__(self, world):
        self.books = Books()
        self.books.add("campaign", *(event(f"e{n}", on(60 * n), on(60 * n + 500)) for n in range(6)))
        self.gross, self.settled, self.amount = {}, Counter(), {}
        for number, account in enumerate(world):
            self._account(f"x{number}", account)
        for document in self.books.rows.get("document", []):
            key = document["key"]
            document["balance"] = cents(self.gross[key] - self.settled[key])

    @property
    def rows(self):
        return self.books.rows

    def _account(self, key, account):
        self.books.company(key, f"Company {key}")
        if not account["is_linked"]:
            self.books.rows["customer"][-1]["tax_id"] = None
            self.books.rows["customer"][-1]["name"] = f"Stranger {key}"
        lead = account["lead"]
        self.books.add(
            "person", contact(f"p-{key}", f"a-{key}", created_at=None if lead is None else noon(lead))
        )
        for n, (campaign, offset, status) in enumerate(account["touches"]):
            self.books.add(
                "touch",
                {
                    **attended(f"t-{key}-{n}", f"e{campaign}", f"p-{key}"),
                    "status": status,
                    "occurred_on": on(offset),
                },
            )
        for n, deal in enumerate(account["deals"]):
            self._deal(f"{key}-{n}", key, deal)
        made = [self._invoice(f"{key}-{n}", key, bill) for n, bill in enumerate(account["documents"])]
        for n, note in enumerate(account["notes"]):
            if made:
                self._note(f"{key}-n{n}", key, made, note)

    def _deal(self, number, key, deal):
        offset, length, state, amount = deal
        closed = min(offset + length, DAYS)
        self.books.add("opportunity", {
            "key": f"d-{number}", "name": number, "number": f"D-{number}", "account_key": f"a-{key}", "amount": cents(amount),
            "currency": "USD", "is_won": state == "won", "is_closed": state != "open", "created_at": noon(offset),
            "closed_at": None if state == "open" else noon(closed), "probability": "0.3",
        })  # fmt: skip

    def _invoice(self, number, key, bill):
        """Add an invoice that may name a deal, and pay it in some parts, not always all of them."""
        offset, net, tax, deal, parts = bill
        gross = net + tax
        self.books.sale(
            number,
            f"c-{key}",
            on(offset),
            cents(net),
            tax=cents(tax),
            opportunity_ref=f"D-{key}-{deal}" if deal < 3 else None,
        )
        self.gross[number] = gross
        for part in range(parts):
            share = gross // 4
            if share:
                self.settled[number] += share
                self.books.add(
                    "allocation",
                    kit.paid(f"{number}/{part}", number, on(min(offset + 20 * part, DAYS)), cents(share)),
                )
        return number, offset, net, tax

    def _note(self, number, key, made, note):
        """Add a credit note: it names its invoice, is used for two of them, or neither, or names a deal besides."""
        which, later, percent, mode = note
        invoice, offset, net, tax = made[which % len(made)]
        worth, tax = max(1, net * percent // 100), tax * percent // 100
        when = min(offset + later, DAYS)
        named = invoice if mode in ("named", "other") else None
        self.books.sale(number, f"c-{key}", on(when), cents(worth), tax=cents(tax), kind="credit_note",
                        credited_document_key=named, opportunity_ref=f"D-{key}-1" if mode == "other" else None)  # fmt: skip
        self.gross[number] = worth + tax
        if mode == "used":
            for target in dict.fromkeys((invoice, made[0][0])):
                amount = min((worth + tax) // 3, self.gross[target] - self.settled[target])
                if amount > 0:
                    self.settled[target] += amount
                    self.settled[number] += amount
                    self.books.credit(f"{number}/{target}", target, number, on(when), cents(amount))


class Bench:
    """A store whose rows are exchanged; runs the models that some tables rest on, and no others."""

    def __init__(self, folder):
        # Every entity has its staging from the start, rows or none.
        everything = dict.fromkeys((*EMPTY, *Invented([]).rows), ())
        self.world = kit.build(folder, everything, **ATTRIBUTION)
        self.models = graph.load()
        self.order = graph.ordered(self.models)

    def run(self, rows, tables, as_of=LAST):
        store, draft = self.world.store, Draft(store=self.world.store)
        kit.land(store, dict.fromkeys(EMPTY, ()) | rows)
        wanted = above(self.models, tables)
        for schema in graph.LAYERS:
            store.query(f"drop schema if exists {schema} cascade")
            store.query(f"create schema {schema}")
        for schema in ("param", "staging"):
            store.query(f"create schema if not exists {schema}")
        parameters.fill(draft, self.world.settings, self.world.operations, as_of=as_of, automatic_links=True)
        staging.create(store, self.world.settings)
        for model in self.order:
            if model.name in wanted:
                sql = graph.statement(model, self.models, "duckdb")
                store.query(f'create table {model.layer}."{model.name}" as {sql}')
                if model.name in matching.MODELS:
                    matching.fill(draft, self.world.settings, model.name)

    def all(self, table):
        return self.world.rows(f"select * from marts.{table} order by all")

    def totals(self):
        return self.world.by("marts.totals", "name", "value")


EMPTY = (
    "account",
    "customer",
    "person",
    "touch",
    "opportunity",
    "document",
    "line",
    "allocation",
    "campaign",
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("laws"))
    yield made
    made.world.close()


def conserves(bench, world):
    """Σ events + no_deal + no_touch + unlinked + not_convertible = Σ documents, and so for every single document."""
    bench.run(Invented(world).rows, CREDITS)
    totals = bench.totals()
    rests = sum(totals[name] for name in ("no_deal", "no_touch", "unlinked", "not_convertible"))
    given, collected, no_deal = {}, {}, {}
    for row in bench.all("attribution_credit"):
        given.setdefault(row["model"], Counter())[row["document_key"]] += row["value"]
        collected.setdefault(row["model"], Counter())[row["document_key"]] += row["collected"]
    for row in bench.all("attribution_no_deal"):
        no_deal.setdefault(row["model"], []).append(row["value"])
    models = {row["model"] for row in bench.world.rows("select model from param.attribution_model")}
    assert len(models) == 11
    documents = bench.all("document_value")
    for model in models:
        assert (
            given.get(model, Counter()).total() + rests
            == totals["invoiced_all"]
            == sum(row["value"] for row in documents)
        )
        assert given.get(model, Counter()).total() == totals["credited"]
        assert sum(no_deal.get(model, [])) == totals["no_deal"]
        for row in documents:
            if row["bucket"] == "credited":
                assert given[model][row["document_key"]] == row["value"]
                assert collected[model][row["document_key"]] == row["collected"]
    for row in documents:
        parts = bench.world.rows(
            "select sum(value) as value, sum(collected) as collected from marts.document_part where document_key = ?",
            row["document_key"],
        )
        assert (row["value"], row["collected"]) == (parts[0]["value"], parts[0]["collected"])


def undoes(bench, world):
    """After a whole credit note for every invoice nothing is left anywhere, by any model."""
    invented = Invented([{**account, "notes": []} for account in world])
    for document in list(invented.rows.get("document", [])):
        invented.books.sale(f"{document['key']}-cn", document["customer_key"], LAST, document["net"], tax=document["tax"],
                            kind="credit_note", credited_document_key=document["key"],
                            # Some say which deal they belong to, rightly or wrongly: they take back what was given all the same.
                            opportunity_ref=document["opportunity_ref"] and "D-x0-1")  # fmt: skip
    bench.run(invented.rows, CREDITS)
    for table in ("attribution_credit", "attribution_no_deal"):
        left = Counter()
        for row in bench.all(table):
            left[row["model"], row["campaign_key"]] += row["value"]
        assert {key: value for key, value in left.items() if value} == {}
    assert {name: value for name, value in bench.totals().items() if value and name != "collected_all"} == {}


def balances(bench, world):
    """Gross less settled is the ledger's own open balance, for every document."""
    invented = Invented(world)
    bench.run(invented.rows, ("document_value", "ledger_balance"))
    found = {row["document_key"]: row["document_open"] for row in bench.all("document_value")}
    assert found == {key: gross - invented.settled[key] for key, gross in invented.gross.items()}
    assert bench.world.rows("select * from checks.ledger_balance") == []


def ignores_order(bench, world):
    """Rows may come in any order."""
    rows = Invented(world).rows
    tables = ("attribution_credit", "campaign_model", "document_value", "account_event")
    bench.run(rows, tables)
    first = [bench.all(table) for table in tables]
    for records in rows.values():
        random.Random(3).shuffle(records)
    bench.run(rows, tables)
    assert [bench.all(table) for table in tables] == first


def empty_event_changes_nobody(bench, world):
    """An event with no touch, or with one that earns no credit, changes nobody else's figures."""
    rows = Invented(world).rows
    tables = ("attribution_credit", "campaign_model", "account_credit", "campaign_account")
    bench.run(rows, tables)
    first = [bench.all(table) for table in tables]
    rows["campaign"].append(event("another", on(200), on(201), actual_cost="77.00"))
    rows["touch"] = [
        *rows.get("touch", []),
        {**attended("t-another", "another", "p-x0"), "status": "registered"},
    ]
    bench.run(rows, tables)
    assert [
        [row for row in bench.all(table) if row.get("campaign_key") != "another"] for table in tables
    ] == first
    assert all(
        not row["attributed"] for row in bench.all("campaign_model") if row["campaign_key"] == "another"
    )


def past_stays(bench, world):
    """What the figures of a past day were does not change because of documents and payments dated later."""
    whole = Invented(world).rows
    day = on(DAYS // 2)
    early = {document["key"] for document in whole.get("document", []) if document["date"] <= day}
    known = {
        **whole,
        "document": [one for one in whole.get("document", []) if one["key"] in early],
        "line": [one for one in whole.get("line", []) if one["document_key"] in early],
        "allocation": [
            one
            for one in whole.get("allocation", [])
            if one["document_key"] in early
            and (one["credit_document_key"] or one["document_key"]) in early
            and one["date"] <= day
        ],
    }
    tables = ("attribution_credit", "document_value", "campaign_model", "totals")
    columns = {"document_value": ("document_key", "value", "collected", "bucket", "deal_key", "deal_rule")}

    def figures(rows):
        bench.run(rows, tables, as_of=day)
        return [
            [{name: row[name] for name in columns.get(table, row)} for row in bench.all(table)]
            for table in tables
        ]

    assert figures(known) == figures(whole)


LAWS = (conserves, undoes, balances, ignores_order, empty_event_changes_nobody, past_stays)


#: The others run by `make test-long`: each run of the models takes its time.
ALWAYS = (conserves, undoes)


@pytest.mark.parametrize("law", ALWAYS, ids=lambda law: law.__name__)
def test_law(bench, law):
    @taste(1)
    @given(world=worlds)
    def holds(world):
        law(bench, world)

    holds()


@pytest.mark.long
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law_at_length(bench, law):
    @taste(10)
    @given(world=worlds)
    def holds(world):
        law(bench, world)

    holds()
