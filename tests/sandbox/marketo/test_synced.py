"""Marketo beside the Salesforce that it keeps in step: who and what it names there is the same, whatever it is called."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from closedloop import connectors
from closedloop.clock import Clock
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox import marketo, salesforce
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from closedloop.settings import Settings
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

pytestmark = pytest.mark.long


def unlike(account):
    """Take away what could tell that two records are one, but for the ids."""
    for place, program in enumerate(account.programs.values()):
        program |= {"name": f"Programme {place}", "tags": []}
    for place, lead in enumerate(account.leads.values()):
        lead |= {
            "email": f"p{place}@elsewhere{place}.example",
            "firstName": "Some",
            "lastName": f"Body{place}",
        }


@pytest.fixture
def store(tmp_path, hasty_taps, monkeypatch):
    monkeypatch.setattr(connectors, "process", hasty_taps.process)
    world = as_members(generate(4, 0.02), unknown="lead")
    with salesforce.serve(replace(world, registrations=())) as crm:
        names = crm.keys["campaign"] | crm.keys["person"]
        synced = {key: record.partition("/")[2] for key, record in names.items()}
        with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000), synced=synced) as served:
            unlike(served.account)
            served.advance(3600)
            settings = Settings(
                company={"currency": world.home_currency, "time_zone": world.zone},
                connections={
                    "crm": {"connector": "salesforce", "settings": crm.settings},
                    "marketing": {
                        "connector": "marketo",
                        "settings": {**served.settings, "crm_connection": "crm"},
                    },
                },
                home=tmp_path,
                matching={"policy": "exact"},
            )
            clock = Clock(start=datetime.combine(world.as_of, time(13), tzinfo=UTC))
            held, operations = Store.open(tmp_path / "store.duckdb"), Operations.open(tmp_path / "o.db")
            sync(
                settings,
                connections=["crm", "marketing"],
                store=held,
                operations=operations,
                run_id=operations.begin_run("sync", clock),
                clock=clock,
            )
            reconcile(settings, held, operations, as_of=world.as_of, clock=clock)
            yield held, world, names, served.keys
            held.close()
            operations.close()


def test_programs_and_leads_are_the_campaigns_and_people_of_salesforce(store):
    held, world, names, own = store

    linked = dict(held.query("select campaign_key, kept_key from link.link_campaign where rule = 'stated'"))
    assert linked == {f"marketing:{own['event'][one.key]}": f"crm:{names[one.key]}" for one in world.events}
    people = dict(held.query("select identity_key, person_key from link.link_person"))
    copies = {f"crm:{names[key]}" for key in world.links.person_person}
    expected = {
        f"marketing:{own['person'][one.key]}": f"crm:{names[one.key]}"
        for one in world.people
        if one.key in {there.person for there in world.registrations}
    }
    wrong = {key: people.get(key) for key, kept in expected.items() if people.get(key) != kept}
    assert len(wrong) < len(expected) / 2
    assert {expected[key] for key in wrong} <= copies  # these are one with another record of the CRM
    sql = "select distinct split_part(campaign_key, ':', 1) from marts.touch_resolved"
    assert held.query(sql) == [("crm",)]
