"""Whatever happens in a HubSpot account between the runs and during them: after catch-up the store is the account."""

import random
from datetime import datetime

import pytest
from tests.extract.crm import bad, plain, while_it_runs

from closedloop.sandbox import hubspot
from closedloop.sandbox.hubspot.options import Options
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from tap_hubspot.catalog import ASSOCIATIONS, OBJECTS

pytestmark = pytest.mark.long

DAY = 24 * 3600
QUIET = {"ten_second_limit": 1_000_000, "search_limit": 1_000_000}
#: What people edit.
EDITED = {"companies": "city", "contacts": "jobtitle", "deals": "dealname", "calls": "hs_call_title"}


class Life:
    """What people and programs do in an account."""

    def __init__(self, account, seed):
        self.account, self.random = account, random.Random(seed)
        self.number, self.merged, self.removed = 0, {}, []

    def living(self, name):
        return [row.id for row in self.account.account.tables[name].live()]

    def act(self):
        self.number += 1
        acts = (self.create, self.remove, self.restore, self.merge, self.join, *[self.edit] * 3)
        with self.account.account.lock:
            self.random.choice(acts)()
        self.account.advance(self.random.randint(0, 60))

    def edit(self):
        name = self.random.choice(sorted(EDITED))
        for key in self.random.sample(self.living(name), 3):
            late = self.random.choice((0, 0, 25))
            self.account.edit(name, key, {EDITED[name]: f"edit {self.number}"}, late=late)

    def create(self):
        for name in ("companies", "contacts", "deals"):
            self.account.create(name, {}, late=self.random.choice((0, 25)))

    def remove(self):
        name = self.random.choice(sorted(EDITED))
        key = self.random.choice(self.living(name))
        if self.random.random() < 0.4:
            self.account.erase(name, key)
        else:
            self.account.remove(name, key)
            self.removed.append((name, key))

    def restore(self):
        if self.removed:
            self.account.restore(*self.removed.pop())

    def merge(self):
        name = self.random.choice(("companies", "contacts", "deals"))
        winner, loser = self.random.sample(self.living(name), 2)
        self.account.merge(name, winner, loser)
        self.merged[name, loser] = winner

    def last(self, name, winner):
        """Return who is left of a chain of merges."""
        while (name, winner) in self.merged:
            winner = self.merged[name, winner]
        return winner

    def join(self):
        deal, contact = (self.random.choice(self.living(name)) for name in ("deals", "contacts"))
        links = self.account.account.links
        if old := sorted(links.of("deals", deal, "contacts")):
            self.account.unlink("deals", deal, "contacts", old[0])
        label = self.random.choice((None, "Decision maker"))
        self.account.link("deals", deal, "contacts", contact, label=label)
        event = self.random.choice(sorted(self.account.account.events.by_id))
        self.account.attend(event, contact)
        self.account.edit_event(event, {"eventName": f"edit {self.number}"})

    def crowd(self):
        """A batch job: more than a page of records, all with the stamp of one millisecond."""
        for _ in range(450):
            self.account.create("companies", {"name": "import"})
        self.account.stamp_all("companies")


def differences(account, held):
    """Return what the tables of the store and of the account do not share."""
    found = []
    for name in OBJECTS:
        own = OBJECTS[name].properties
        there = {
            row["id"]: {one: value for one, value in row["properties"].items() if one in own}
            for row in account.records(name)
        }
        found += compared(name, there, held.rows(name))
    links = account.account.links
    for name, pair in ASSOCIATIONS.items():
        there = {
            f"{key}/{other}/{kind.category}/{kind.number}": {
                "from_id": key,
                "to_id": other,
                "label": kind.label,
            }
            for key in account.account.tables[pair.origin].rows
            for other, kinds in links.of(pair.origin, key, pair.to).items()
            for kind in kinds
        }
        found += compared(name, there, held.rows(name))
    events = account.account.events
    there = {key: event.values for key, event in events.by_id.items()}
    found += compared("marketing_events", there, held.rows("marketing_events"))
    there = {
        one.id: {"marketing_event_id": key, "contact_id": one.contact, "attendanceState": one.state}
        for key, known in events.there.items()
        for one in known.values()
    }
    here = {
        key: {**row, "contact_id": survivor(held, row["contact_id"])}
        for key, row in held.rows("participations").items()
    }
    return found + compared("participations", there, here)


def survivor(held, contact):
    """Return who a contact is now: a merge does not touch the participations, it leaves a pointer."""
    known = held.rows("contacts", live=False)
    while known[contact]["merged_into"]:
        contact = known[contact]["merged_into"]
    return contact


def compared(name, there, here):
    found = [(name, "lost", key) for key in there.keys() - here.keys()]
    found += [(name, "not gone", key) for key in here.keys() - there.keys()]
    return found + [
        (name, key, column, seen(value), seen(here[key][column]))
        for key, row in there.items()
        if key in here
        for column, value in row.items()
        if column in here[key] and not isinstance(value, dict | list)
        if seen(value) != seen(here[key][column])
    ]


def seen(value):
    """Return a value without what only its type makes different."""
    text = plain(value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return {"True": "true", "False": "false"}.get(text, text)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") if len(text) > len("2026-01-01") else text


@pytest.fixture(scope="module")
def world():
    return as_members(generate(5, 0.04), unknown="contact")


@pytest.mark.parametrize("seed", [1])
def test_after_catch_up_the_store_is_the_account(world, crm, seed):
    with hubspot.serve(world, options=Options(**QUIET)) as account:
        held, life, before = crm(account, "hubspot"), Life(account, seed), {}
        assert bad(held.sync()) == {}
        for turn in range(3):
            for _ in range(15):
                life.act()
            if turn == 1:
                life.crowd()
            if turn % 2:
                with while_it_runs(account, life.act, every=6):
                    held.sync()
            else:
                account.advance(60)
                assert bad(held.sync()) == {}
            rows = {name: set(held.rows(name, live=False)) for name in OBJECTS}
            assert [name for name, keys in before.items() if not keys <= rows[name]] == [], "a fact is gone"
            before = rows
        account.advance(DAY + 60)
        assert bad(held.sync()) == {}

        assert differences(account, held) == []
        assert life.merged
        for (name, loser), winner in life.merged.items():
            row = held.rows(name, live=False)[loser]
            assert row["_deleted_at"] is not None
            assert row["merged_into"] == life.last(name, winner)
