"""The world through the simulator, the tap, the store and the models gives the figures of the truth, to the cent.

The figures then go into the simulated HubSpot, are read back, and are not written twice.
"""

import re

import pytest
from tests.sandbox import landed
from tests.sandbox.hubspot.ground import Ground

from closedloop import connectors
from closedloop.errors import ConfigError
from closedloop.sandbox import hubspot, odoo
from closedloop.sandbox.check import check_own_links, check_true_links
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from closedloop.writeback.apply import apply_plan
from closedloop.writeback.plan import make_plan
from closedloop.writeback.provision import provision

#: Canonical entity → columns in which HubSpot says something else than the world: it keeps e-mails in small letters, its
#: states have other names, a scan days off is none, a closed deal has no expected close, and a lost one a stage of its own.
SAYS_OTHERWISE = {
    "campaign": {"status"},
    "touch": {"email", "phone", "company", "occurred_at"},
    "person": {"email", "created_at"},
    "account": set(),
    "opportunity": {"expected_close", "stage_key"},
    "opportunity_change": set(),
    "stage": {"rank"},
    "activity": set(),
    "owner": set(),
}

CAMPAIGN = {"attendee_ltv": "cl_attendee_ltv", "win_rate": "cl_win_rate", "as_of": "cl_as_of"}
ACCOUNT = {"invoiced": "cl_invoiced", "events_attended": "cl_events_attended", "as_of": "cl_as_of"}
WRITEBACK = {"crm": {"mode": "apply", "campaign": CAMPAIGN, "account": ACCOUNT}}


def installed():
    try:
        return connectors.tap_module("hubspot")
    except ConfigError:
        return None


pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(installed() is None, reason="the entry point of tap-hubspot is not installed"),
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    world = as_members(generate(4, 0.03), unknown="contact")
    with hubspot.serve(world) as crm, odoo.serve(world) as books:
        made = Ground(tmp_path_factory.mktemp("hubspot"), world, crm, books, writeback=WRITEBACK)
        made.fields = provision(made.settings, "crm")
        made.first = made.sync("crm", "books")
        yield made
        made.close()


@pytest.fixture(scope="module")
def staged(ground):
    if not ground.is_reconciled:
        ground.reconciled()
    return ground


def test_every_stream_of_the_crm_is_read(ground):
    crm = {result.stream: result for result in ground.first if result.connection == "crm"}

    assert {
        name: result.reason for name, result in crm.items() if result.verdict not in {"proven", "unproven"}
    } == {}
    assert crm["contacts"].keys == len(ground.crm.records("contacts"))


def test_the_figures_are_the_truth_to_the_cent(ground):
    made, published = ground.published(automatic_links=False)

    assert made.checks == []
    assert [str(one) for one in check_true_links(ground.world, published, ground.keys)] == []


def test_our_own_links_are_not_false_and_explain_every_figure(ground):
    _, published = ground.published(automatic_links=True)

    own = check_own_links(ground.world, published, ground.keys)

    assert own.is_good, own


@pytest.mark.parametrize("entity", SAYS_OTHERWISE)
def test_every_record_is_staged_as_the_world_has_it(staged, entity):
    found = staged.store.connection.execute(f"select * from staging.{entity} where source = 'crm'")
    names = [column[0] for column in found.description]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}

    other, differences = SAYS_OTHERWISE[entity] | {"key"}, []
    records = getattr(staged.world, landed.SOURCES[entity])
    for record in records:
        row = rows[staged.keys[record.key]]
        expected = landed.MAKERS[entity](staged.world, staged.keys, record)
        differences += [
            (record.key, name, value, row[name])
            for name, value in expected.items()
            if name not in other and (value or None) != (row[name] or None)
        ]
    assert records
    assert differences == []


def test_what_hubspot_says_otherwise_is_what_it_means(staged):
    ask = staged.store.query
    lost = "select count(*), count(*) filter (where s.rank is null and s.is_closed) from staging.opportunity as o"
    lost += " inner join staging.stage as s on s.key = o.stage_key where o.is_closed and not o.is_won"
    ranks = dict(ask("select key, rank from staging.stage where source = 'crm' and rank is not null"))
    steps = [ranks[staged.keys[stage.key]] for stage in sorted(staged.world.stages, key=lambda one: one.rank)]

    number, ranked = ask(lost)[0]
    assert number == ranked > 0
    assert steps == sorted(set(steps))
    assert ask("select count(*) from staging.opportunity where is_closed = (closed_at is null)") == [(0,)]
    nobody = "select count(*) from staging.touch where source = 'crm' and person_key is null"
    assert ask(nobody)[0][0] == sum(one.person is None for one in staged.world.registrations)


def planned(ground):
    return make_plan(ground.settings, ground.store, ground.operations, "crm", clock=ground.clock)


def companies(ground):
    return {row["id"]: row["properties"] for row in ground.crm.records("companies")}


def events(ground):
    return {event.id: event.custom for event in ground.crm.account.events.by_id.values()}


def test_figures_are_written_read_back_and_not_written_again(staged):
    ground = staged
    assert {one.state for one in ground.fields} == {"created"}
    assert {one.object for one in ground.fields} == {"marketing_events", "campaigns", "companies"}

    plan = planned(ground)
    run = ground.operations.begin_run("apply", ground.clock)
    arguments = (ground.settings, ground.store, ground.operations, plan.id)
    delivered = apply_plan(*arguments, run_id=run, clock=ground.clock).delivered

    assert (delivered.refused, delivered.unknown, delivered.differing, delivered.stopped) == (0, 0, 0, None)
    assert delivered.written == delivered.verified == len(plan.writes) > 0
    figures = ground.store.query("select source_id, invoiced from marts.account_measures where invoiced <> 0")
    assert {key: float(companies(ground)[key]["cl_invoiced"]) for key, _ in figures} == {
        key: minor / 100 for key, minor in figures
    }
    attended = ground.store.query("select source_id from marts.campaign_measures where attendee_ltv <> 0")
    assert all(float(events(ground)[key]["cl_attendee_ltv"]) for (key,) in attended)

    ground.sync("crm", streams=["companies", "marketing_events", "campaigns"])
    assert planned(ground).writes == ()


def test_merged_and_archived_records_are_gone_and_say_where_to(staged):
    crm = staged.crm
    kept, lost = [row["id"] for row in crm.records("companies")[:2]]
    winner, loser = [row["id"] for row in crm.records("contacts")[:2]]
    (gone, *_) = [row["id"] for row in crm.records("deals")]
    crm.merge("companies", kept, lost)
    crm.merge("contacts", winner, loser)
    crm.remove("deals", gone)
    crm.advance(600)

    staged.sync("crm", streams=["companies", "contacts", "deals"])

    found = [
        staged.store.query(
            f"select merged_into, deleted_at is not null from staging.{entity} where key = 'crm:{key}'"
        )
        for entity, key in (
            ("account", f"companies/{lost}"),
            ("account", f"companies/{kept}"),
            ("person", f"contacts/{loser}"),
            ("opportunity", f"deals/{gone}"),
        )
    ]
    assert found == [
        [(f"crm:companies/{kept}", True)],
        [(None, False)],
        [(f"crm:contacts/{winner}", True)],
        [(None, True)],
    ]


def test_an_account_without_campaigns_still_lands_what_the_staging_of_its_events_requires(tmp_path):
    sql = connectors.staging_files("hubspot")["campaign__marketing_event"]
    required = re.search(r"-- requires: (.+)", sql)[1].split(", ")
    world = as_members(generate(4, 0.01), unknown="contact")
    scopes = frozenset(one for one in hubspot.Options().scopes if "campaigns" not in one)
    with hubspot.serve(world, options=hubspot.Options(scopes=scopes)) as crm, odoo.serve(world) as books:
        made = Ground(tmp_path, world, crm, books)
        results = {result.stream: result for result in made.sync("crm", streams=required)}

    assert {results["campaigns"].keys, results["marketing_events"].keys} == {0, len(world.events)}
    assert set(required) <= set(made.store.streams("crm"))
    made.close()
