"""Whatever happens in a Salesforce between the runs and during them: after catch-up the store is the org."""

import random
from datetime import timedelta

import pytest
from tests.extract.crm import bad, plain, while_it_runs

from closedloop.sandbox import salesforce
from closedloop.sandbox.members import as_members
from closedloop.sandbox.salesforce.options import Options
from closedloop.sandbox.world import generate
from tap_salesforce.catalog import ENTITIES

DAY = 24 * 3600
#: What people edit; nothing is deleted with a lead, a task or an account's name while its change is on its way.
EDITED = {
    "Lead": "Title",
    "Contact": "Title",
    "Account": "Website",
    "Opportunity": "NextStep",
    "Campaign": "Description",
    "Task": "Subject",
}
LATE = ("Lead", "Task")


class Life:
    """What people and programs do in an org."""

    def __init__(self, org, seed):
        self.org, self.random = org, random.Random(seed)
        self.number, self.merged, self.removed, self.busy = 0, {}, [], {}

    def rows(self, entity):
        return self.org.org.database.tables[entity].values()

    def living(self, entity):
        now = self.org.now()
        return sorted(
            row["Id"]
            for row in self.rows(entity)
            if not (row.get("IsDeleted") or row.get("IsConverted")) and self.busy.get(row["Id"], now) <= now
        )

    def act(self):
        with self.org.org.database.lock:
            self.happen()
        self.org.advance(self.random.randint(0, 90))

    def happen(self):
        self.number += 1
        acts = (self.create, self.remove, self.restore, self.merge, self.convert, *[self.edit] * 3)
        self.random.choice(acts)()

    def edit(self):
        entity = self.random.choice(sorted(EDITED))
        late = self.random.choice((0, 45, 400)) if entity in LATE else 0
        for key in self.random.sample(self.living(entity), 3):
            self.busy[key] = self.org.now() + timedelta(seconds=late + 1)
            self.org.edit(entity, key, {EDITED[entity]: f"edit {self.number}"}, late=late)

    def create(self):
        late = self.random.choice((0, 60, 500))
        self.org.create("Lead", {"LastName": f"L{self.number}", "Company": "New"}, late=late)
        self.org.create("Account", {"Name": f"A{self.number}"}, late=late)
        lead, campaign = (self.random.choice(self.living(name)) for name in ("Lead", "Campaign"))
        taken = {(row["CampaignId"], row.get("LeadId")) for row in self.rows("CampaignMember")}
        if (campaign, lead) not in taken:
            self.org.create("CampaignMember", {"CampaignId": campaign, "LeadId": lead})

    def remove(self):
        entity = self.random.choice(("Lead", "Contact", "Opportunity", "CampaignMember", "Account"))
        key = self.random.choice(self.living(entity))
        kind = self.random.choice(("bin", "hard", "vanish"))
        if kind == "vanish":
            self.org.control.vanish(entity, key)
        else:
            self.org.remove(entity, key, hard=kind == "hard")
        if kind == "bin" and entity != "CampaignMember":
            self.removed.append((entity, key))

    def restore(self):
        if self.removed:
            self.org.control.restore(*self.removed.pop())

    def merge(self):
        entity = self.random.choice(("Lead", "Contact", "Account"))
        master, *losers = self.random.sample(self.living(entity), 3)
        self.org.merge(entity, master, *losers)
        self.merged |= {(entity, loser): master for loser in losers}

    def convert(self):
        known = self.org.org.database.tables["Contact"]
        contact = known[self.random.choice(self.living("Contact"))]
        if contact.get("AccountId"):
            lead = self.random.choice(self.living("Lead"))
            self.org.control.convert(lead, contact=contact["Id"], account=contact["AccountId"])

    def crowd(self):
        """An import: all of it has the stamp of one second."""
        for number in range(1_000):
            self.org.create("Lead", {"LastName": f"C{number}", "Company": "Import"})

    def forget_cursors(self):
        self.org.org.pages.end_all()


def differences(org, held, *, entities=ENTITIES):
    """Return what the tables of the store and of the org do not share."""
    found = []
    for entity in entities:
        fields = org.org.database.objects[entity].fields
        there = {row["Id"]: row for row in org.records(entity) if not row.get("IsDeleted")}
        here = held.rows(entity)
        found += [(entity, "lost", key) for key in there.keys() - here.keys()]
        found += [(entity, "not gone", key) for key in here.keys() - there.keys()]
        found += [
            (entity, key, name, plain(row[name]), plain(here[key][name]))
            for key, row in there.items()
            if key in here
            for name in fields
            if name in here[key] and "k" not in fields[name].flags
            if plain(row[name]) != plain(here[key][name])
        ]
    return found


@pytest.fixture(scope="module")
def world():
    return as_members(generate(5, 0.06), unknown="lead")


@pytest.mark.parametrize("seed", [1])
def test_after_catch_up_the_store_is_the_org(world, crm, seed):
    with salesforce.serve(world, options=Options(page_size=250, bulk_polls=0)) as org:
        held, life, seen = crm(org, "salesforce"), Life(org, seed), {}
        assert bad(held.sync()) == {}
        for turn in range(3):
            for _ in range(15):
                life.act()
            if turn == 1:
                life.crowd()
            if turn % 2:
                with while_it_runs(org, life.act, every=4), while_it_runs(org, life.forget_cursors, every=7):
                    held.sync()
            else:
                assert bad(held.sync()) == {}
            rows = {entity: set(held.rows(entity, live=False)) for entity in ENTITIES}
            assert [name for name, keys in seen.items() if not keys <= rows[name]] == [], "a fact is gone"
            seen = rows
        org.advance(DAY + 60)
        assert bad(held.sync()) == {}

        assert differences(org, held) == []
        assert life.merged
        for (entity, loser), master in life.merged.items():
            row = held.rows(entity, live=False).get(loser)
            assert row is None or (row["MasterRecordId"], row["_deleted_at"] is not None) == (master, True)


def test_fields_that_come_and_go_between_runs_cost_no_row_and_no_value(world, crm):
    options = Options(page_size=250, bulk_polls=0, hidden_fields=frozenset({"Lead.Phone"}))
    with salesforce.serve(world, options=options) as org:
        held = crm(org, "salesforce", streams=("Lead", "Account"))
        fields = org.org.database.objects["Lead"].fields
        assert bad(held.sync()) == {}
        before = held.rows("Lead")
        assert {row["Phone"] for row in before.values()} == {None}

        org.advance(DAY)
        for key in held.rows("Account"):
            org.edit("Account", key, {"Tier__c": f"t{key[-4:]}"}, touches=False)
        gone = fields.pop("Title")
        object.__setattr__(options, "hidden_fields", frozenset())
        held.more["extra_fields"] = {"Account": ["Tier__c"]}
        assert bad(held.sync()) == {}

        assert {row["Phone"] for row in held.rows("Lead").values()} > {None}
        assert {key: row["Tier__c"] for key, row in held.rows("Account").items()} == {
            key: f"t{key[-4:]}" for key in held.rows("Account")
        }
        org.advance(DAY)
        fields["Title"] = gone
        assert bad(held.sync()) == {}
        assert held.rows("Lead").keys() == before.keys()
        assert differences(org, held, entities=("Lead", "Account")) == []
