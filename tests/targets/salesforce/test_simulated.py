"""The target against the simulated organisation, which another hand made: every way of writing, and every place to die."""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from tests.contract.target_suite import commit, lines, record, schema

import target_salesforce
from closedloop.kit.outcome import State, read_lines
from closedloop.kit.writer import FieldWish
from closedloop.sandbox import salesforce
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from target_salesforce.target import TargetSalesforce

#: Where a kill leaves what: whether the rows are written for sure, surely not, or as the vendor goes on.
BY_JOB = {
    "target_salesforce.job_made": False,
    "target_salesforce.job_uploaded": False,
    "target_salesforce.job_begun": None,
    "target_salesforce.job_ended": True,
}
BY_CALL = {"target_salesforce.collection_answered": True}
MAKING = ["target_salesforce.field_made"]
#: An import is reverted in `tests/imports`, also killed there.
REMOVING = ["target_salesforce.removed"]


@pytest.fixture(scope="module")
def world():
    return as_members(generate(3, 0.03), unknown="lead")


@pytest.fixture
def org(world):
    with salesforce.serve(world) as simulator:
        yield simulator


@pytest.fixture
def config(org):
    return {"url": org.url, "client_id": org.client_id, "client_secret": org.client_secret}


@pytest.fixture
def target(config):
    made = []

    def make(**more):
        target = TargetSalesforce(config={**config, **more})
        target.writer.sleep = target.writer.org.http.sleep = lambda _seconds: None
        made.append(target)
        return target

    yield make
    for one in made:
        one.lock.release()


def ids(org, name, count=None):
    return [row["Id"] for row in org.records(name)][:count]


def provide(target, *fields, stream="Campaign"):
    for field, kind in fields:
        wish = FieldWish(stream=stream, field=field, type=kind, label=field)
        assert target.writer.provision(wish).state == "created"


def feed(config, *messages, failpoint="", arguments=()):
    """Run the target as a process, perhaps until it is killed."""
    environment = {**os.environ, "CLOSEDLOOP_FAILPOINT": failpoint}
    return subprocess.run(
        [sys.executable, "-m", "target_salesforce", "--config", str(config), *arguments],
        input="".join(json.dumps(message) + "\n" for message in messages), env=environment, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("bulk_from", [1, 2001])
def test_figures_are_made_room_for_written_read_back_and_emptied(org, target, bulk_from):
    made = target(target_bulk_from=bulk_from)
    provide(made, ("LTV__c", "money"), ("Came__c", "count"), ("Win__c", "ratio"), ("At__c", "date"))
    keys = ids(org, "Campaign", 3)
    fields = {"LTV__c": "12345678.90", "Came__c": 0, "Win__c": "0.333333", "At__c": "2026-10-31"}
    said = schema("Campaign", *fields)

    made.listen(lines(said, *(record("Campaign", key, **fields) for key in keys), commit(1)))

    found = made.writer.read("Campaign", keys, list(fields))
    assert [(row["LTV__c"], row["Win__c"], row["At__c"]) for row in found.values()] == [
        ("12345678.9", "0.333333", "2026-10-31")
    ] * 3
    assert {Decimal(row["Came__c"]) for row in found.values()} == {0}

    emptied = target(target_bulk_from=bulk_from)
    made.lock.release()
    emptied.listen(
        lines(said, *(record("Campaign", key, **dict.fromkeys(fields)) for key in keys), commit(1))
    )

    assert emptied.writer.read("Campaign", keys[:1], list(fields)) == {keys[0]: dict.fromkeys(fields)}


@pytest.mark.parametrize("bulk_from", [1, 2001])
def test_locks_pass_and_validation_rules_do_not(org, target, bulk_from):
    made = target(target_bulk_from=bulk_from)
    provide(made, ("Came__c", "count"))
    keys = ids(org, "Campaign", 4)
    org.control.refuse("Campaign", "UNABLE_TO_LOCK_ROW", ids=[keys[1]], times=2)
    org.control.refuse("Campaign", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Frozen", ids=[keys[2]], times=None)
    org.remove("Campaign", keys[3])

    made.listen(
        lines(
            schema("Campaign", "Came__c"),
            *(record("Campaign", key, Came__c=n) for n, key in enumerate(keys)),
            commit(1),
        )
    )

    assert made.counts == {State.WRITTEN: 2, State.REFUSED: 2}
    assert {row["Id"]: row["Came__c"] for row in org.records("Campaign") if row["Id"] in keys} == {
        keys[0]: 0,
        keys[1]: 1,
        keys[2]: None,
        keys[3]: None,
    }
    assert made.exit_code == 1


@pytest.mark.parametrize("bulk_from", [1, 2001])
def test_leads_and_members_are_imported_once(org, target, bulk_from):
    campaign, before = ids(org, "Campaign", 1)[0], len(ids(org, "Lead"))
    said = {
        "type": "SCHEMA", "stream": "Lead", "key_properties": ["External_Id__c"],
        "schema": {"properties": {name: {"type": ["string", "null"]} for name in ("External_Id__c", "LastName", "Company", "Email")}},
    }  # fmt: skip
    rows = [
        {
            "type": "RECORD",
            "stream": "Lead",
            "record": {"External_Id__c": f"scan-{n}", "LastName": f"L{n}", "Company": "Acme"},
        }
        for n in (1, 2)
    ]
    for _ in range(2):
        made = target(target_bulk_from=bulk_from)
        made.listen(lines(said, *rows, commit(1)))
        made.lock.release()
        assert made.counts == {State.WRITTEN: 2}
    leads = {row["External_Id__c"]: row["Id"] for row in org.records("Lead") if row["External_Id__c"]}
    assert len(ids(org, "Lead")) == before + 2

    names = ("External_Id__c", "CampaignId", "LeadId", "Status")
    said = {
        **said,
        "stream": "CampaignMember",
        "schema": {"properties": {name: {"type": "string"} for name in names}},
    }
    for status in ("Registered", "Attended"):
        made = target(target_bulk_from=bulk_from)
        rows = [
            {
                "type": "RECORD",
                "stream": "CampaignMember",
                "record": dict(zip(names, (key, campaign, lead, status), strict=True)),
            }
            for key, lead in leads.items()
        ]
        made.listen(lines(said, *rows, commit(1)))
        made.lock.release()
        assert made.counts == {State.WRITTEN: 2}
    members = [row for row in org.records("CampaignMember") if row["External_Id__c"]]
    assert {(row["LeadId"], row["Status"]) for row in members} == {
        (lead, "Attended") for lead in leads.values()
    }


def test_without_the_right_nothing_is_made_and_the_admin_is_told_what_to_do(world):
    with salesforce.serve(world, options=salesforce.Options(can_customize=False)) as org:
        made = TargetSalesforce(
            config={"url": org.url, "client_id": org.client_id, "client_secret": org.client_secret}
        )
        wish = FieldWish(stream="Campaign", field="LTV__c", type="money", label="LTV")

        answer = made.writer.provision(wish)
        checks = {line["name"]: line["ok"] for line in made.answer()}

    assert (answer.state, "Number, length 16, decimal places 2" in answer.reason) == ("denied", True)
    assert checks["login"]
    assert checks["permission:Campaign"]
    assert not checks["permission:CustomizeApplication"]


def test_an_api_that_is_switched_off_is_named(world):
    with salesforce.serve(world, options=salesforce.Options(is_api_enabled=False)) as org:
        made = TargetSalesforce(
            config={"url": org.url, "client_id": org.client_id, "client_secret": org.client_secret}
        )

        (check,) = made.answer()

    assert not check["ok"]
    assert "API" in check["fix"]


class TestKills:
    """A kill at each place between two durable steps; the next run finds its way, and nothing is written twice."""

    @pytest.fixture
    def story(self, org, config, tmp_path):
        provider = TargetSalesforce(config=config)
        provide(provider, ("Came__c", "count"))
        keys = ids(org, "Campaign", 3)
        path, outcomes = tmp_path / "config.json", tmp_path / "outcomes" / "run.jsonl"

        own = {**config, "closedloop_outcomes": str(outcomes)}
        messages = [
            schema("Campaign", "Came__c"),
            *(record("Campaign", key, Came__c=7) for key in keys),
            commit(1),
        ]

        def run(bulk_from, failpoint):
            path.write_text(json.dumps({**own, "target_bulk_from": bulk_from}))
            return feed(path, *messages, failpoint=failpoint)

        def again(bulk_from):
            target = TargetSalesforce(config={**own, "target_bulk_from": bulk_from})
            target.writer.sleep = lambda _seconds: None
            target.listen(lines(*messages))
            target.lock.release()
            return target.exit_code

        run.again = again
        run.keys, run.outcomes = keys, outcomes
        return run

    @pytest.mark.parametrize(("failpoint", "written"), [*BY_JOB.items(), *BY_CALL.items()])
    def test_intents_tell_what_may_have_been_written(self, org, story, failpoint, written):
        bulk_from = 1 if failpoint in BY_JOB else 2001

        killed = story(bulk_from, failpoint)

        assert killed.returncode == -9
        assert [line.phase for line in read_lines(story.outcomes)] == ["intent"] * 3
        held = [row["Came__c"] for row in org.records("Campaign") if row["Id"] in story.keys]
        assert held == ([7] * 3 if written else [None] * 3)

        assert story.again(bulk_from) == 0
        assert {row["Came__c"] for row in org.records("Campaign") if row["Id"] in story.keys} == {7}
        assert len(ids(org, "Campaign")) == len(set(ids(org, "Campaign")))

    def test_what_is_read_back_is_what_the_job_of_the_killed_one_wrote(self, org, config, story):
        story(1, "target_salesforce.job_begun")
        assert {row["Came__c"] for row in org.records("Campaign") if row["Id"] in story.keys} == {None}
        reader = TargetSalesforce(config=config).writer
        reader.sleep = lambda _seconds: None

        found = reader.read("Campaign", story.keys, ["Came__c"])

        assert {Decimal(row["Came__c"]) for row in found.values()} == {7}

    def test_a_field_whose_maker_was_killed_is_shown_by_the_next(self, org, config, tmp_path):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        wish = {"stream": "Campaign", "field": "LTV__c", "type": "money", "label": "LTV"}

        killed = feed(path, wish, failpoint=MAKING[0], arguments=["--provision"])
        again = feed(path, wish, arguments=["--provision"])

        assert killed.returncode == -9
        assert json.loads(again.stdout)["state"] == "exists"
        assert "LTV__c" in TargetSalesforce(config=config).writer.fields("Campaign")

    def test_every_failpoint_of_the_target_is_in_the_drill(self):
        sources = Path(target_salesforce.__file__).parent.glob("*.py")
        found = {
            name for path in sources for name in re.findall(r'failpoint\("([\w.]+)"\)', path.read_text())
        }

        assert found == {*BY_JOB, *BY_CALL, *MAKING, *REMOVING}
