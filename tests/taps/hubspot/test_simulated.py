"""Whole conversations with the simulator: good days, bad days, and what the store holds after them."""

import itertools
import json
import os
import subprocess
import sys

import pytest
from tests.taps.running import budget

from closedloop.sandbox import hubspot
from closedloop.sandbox.hubspot.options import Options
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from tap_hubspot.catalog import ASSOCIATIONS, OBJECTS, STREAMS

pytestmark = pytest.mark.long

WORLD = as_members(generate(5, 0.06), unknown="contact")
QUIET = {"ten_second_limit": 100_000, "search_limit": 100_000}


class Held:
    """What a store holds after the runs that it has seen, and what the core does about it."""

    def __init__(self, tap, served, **config):
        self.tap, self.served, self.config = tap, served, config
        self.rows, self.state = {}, None

    def run(self, *streams):
        run = self.tap(
            state=self.state,
            select=streams,
            url=self.served.url,
            access_token=self.served.token,
            **self.config,
        )
        for name in streams:
            held, key = self.rows.setdefault(name, {}), STREAMS[name].key
            for record in run.records(name):
                held[record[key]] = {**held.get(record[key], {}), **record}
        if run.of("STATE"):
            self.state = run.state
        if run.code == 0:
            self.sweep(run, streams)
        return run

    def sweep(self, run, streams):
        """As the core does: more rows held than the source counts."""
        for name in streams:
            proof = run.proof(name)
            column, until = proof["count_column"], proof["count_until"]
            counted = [
                one
                for one in self.live(name)
                if column is None or one[column][:19] <= until.removesuffix("Z")
            ]
            if proof["source_count"] is None or len(counted) == proof["source_count"]:
                continue
            assert len(counted) > proof["source_count"], f"{name}: rows never came"
            given = {"url": self.served.url, "access_token": self.served.token, **self.config}
            lines = self.tap("--sweep", name, **given).lines
            assert lines[-1]["sweep_count"] == lines[-1]["source_count"]
            there = {line["id"] for line in lines if "id" in line}
            for key in self.rows[name].keys() - there:
                self.rows[name][key]["_sdc_deleted_at"] = "swept"

    def counted(self, run, name):
        """The live rows that the source has counted."""
        proof = run.proof(name)
        column, until = proof["count_column"], (proof["count_until"] or "").removesuffix("Z")
        return [one for one in self.live(name) if column is None or one[column][:19] <= until]

    def live(self, name):
        return [one for one in self.rows[name].values() if not one.get("_sdc_deleted_at")]

    def keys(self, name):
        return {one[STREAMS[name].key] for one in self.live(name)}


@pytest.fixture
def served():
    with hubspot.serve(WORLD, options=Options(**QUIET)) as simulator:
        yield simulator


def ids(served, name):
    return {one["id"] for one in served.records(name)}


@pytest.mark.parametrize("api", ["2026-09", "v3"])
def test_every_stream_is_read_and_counts(served, tap, api):
    held = Held(tap, served, api=api)

    run = held.run(*STREAMS)

    assert (run.code, [p["stream"] for p in run.of("PROOF") if p["error"] or p["skipped"]]) == (0, [])
    for name in OBJECTS:
        assert held.keys(name) == ids(served, name), name
        assert run.proof(name)["source_count"] == len(held.counted(run, name))
    assert len(held.live("participations")) == len(WORLD.registrations)
    served.advance(3600)
    assert held.run(*STREAMS).code == 0
    served.advance(3600)
    before = len(served.requests())
    again = held.run(*STREAMS)
    assert (again.code, len(served.requests()) - before <= len(STREAMS)) == (0, True)
    assert [name for name in OBJECTS if again.records(name)] == []


def change(served, number):
    """Something that happens in the account."""
    names = ("companies", "contacts", "deals", "calls")
    name = names[number % 4]
    known = sorted(ids(served, name), key=int)
    if number % 7 == 3:
        served.remove(name, known[number % len(known)])
    elif number % 7 == 5 and name != "calls":
        served.merge(name, known[0], known[-1])
    elif number % 7 == 6:
        served.erase(name, known[number % len(known)])
    elif number % 2:
        served.create(name, {"name": f"new {number}"} if name == "companies" else {}, late=number % 30)
    else:
        served.edit(name, known[number % len(known)], {"hubspot_owner_id": f"{number}"}, late=number % 30)
    served.advance(11)


def test_the_store_equals_the_account_after_everything_that_happens(served, tap):
    held = Held(tap, served)
    names = ("companies", "contacts", "deals", "calls")
    for number in range(56):
        if number % 7 == 0:
            assert held.run(*names).code == 0
        change(served, number)
    served.advance(3600)
    assert held.run(*names).code == 0

    for name in names:
        assert held.keys(name) == ids(served, name), name
        there = {one["id"]: one["properties"].get("hubspot_owner_id") for one in served.records(name)}
        assert {one["id"]: one["hubspot_owner_id"] for one in held.live(name)} == there, name
    merged = [one for one in held.rows["companies"].values() if one.get("merged_into")]
    assert merged


def test_more_than_ten_thousand_rows_of_one_moment(served, tap):
    held = Held(tap, served)
    assert held.run("companies").code == 0
    for _ in range(10_050):
        served.create("companies", {"name": "x"})
    served.stamp_all("companies")
    served.advance(3600)
    before = len(served.requests())
    run = held.run("companies")

    assert run.code == 0
    assert set(run.ids("companies")) == ids(served, "companies")
    calls = served.requests(before)
    assert {call["operation"] for call in calls} == {"search", "list"}, "the account is the only listing"
    assert len(calls) <= 10_100 / 200 + 8


def test_what_the_search_learns_late_is_not_lost(tap):
    with hubspot.serve(WORLD, options=Options(index_lag=200, **QUIET)) as served:
        held = Held(tap, served)
        held.run("companies")
        for number in range(12):
            served.create("companies", {"name": f"late {number}"})
            served.advance(47)
            assert held.run("companies").code == 0
        served.advance(900)
        assert held.run("companies").code == 0

        assert held.keys("companies") == ids(served, "companies")


@pytest.mark.parametrize("kind", ["drop_row", "short_page", "freeze_cursor"])
@pytest.mark.parametrize("name", ["companies", "contacts", "campaigns"])
def test_rows_that_are_kept_from_us_fail_the_stream_and_come_with_the_next_run(served, tap, name, kind):
    held = Held(tap, served)
    served.faults.add(kind, stream=name)
    first = held.run(name)
    served.faults.clear()
    second = held.run(name)

    assert (first.code, bool(first.proof(name)["error"])) == (1, True)
    assert second.code == 0
    expected = {one["id"] for one in served.records(name)} if name != "campaigns" else held.keys(name)
    assert held.keys(name) == expected


@pytest.mark.parametrize("kind", ["drop_row", "short_page", "repeat_page", "freeze_cursor"])
def test_a_bad_search_fails_the_stream_and_the_next_run_has_it_all(served, tap, kind):
    held = Held(tap, served)
    held.run("contacts")
    served.advance(3600)
    served.stamp_all("contacts")
    served.advance(3600)
    served.faults.add(kind, stream="contacts", method="search", nth=1 if kind != "repeat_page" else 2)
    first = held.run("contacts")
    served.faults.clear()
    second = held.run("contacts")

    if kind != "repeat_page":  # one search suffices: nothing could be repeated
        assert first.code == 1
    assert second.code == 0
    assert set(first.ids("contacts")) | set(second.ids("contacts")) == ids(served, "contacts")


@pytest.mark.parametrize("kind", ["reset", "500", "429"])
def test_a_stumble_at_every_nth_call_costs_nothing(served, tap, kind):
    names = ("contacts", "deals_to_contacts", "participations")
    whole = Held(tap, served)
    assert whole.run(*names).code == 0
    for nth in itertools.islice(itertools.count(2, 7), 4):
        served.faults.clear()
        served.faults.add(kind, nth=nth, times=1)
        held = Held(tap, served)
        assert held.run(*names).code == 0
        assert {name: held.keys(name) for name in names} == {name: whole.keys(name) for name in names}


def test_a_missing_scope_fails_or_leaves_out_its_streams_only(tap):
    scopes = Options().scopes - {"crm.objects.deals.read", "crm.objects.leads.read"}
    scopes -= {"crm.objects.deals.write", "crm.objects.leads.write"}
    with hubspot.serve(WORLD, options=Options(scopes=scopes, **QUIET)) as served:
        run = Held(tap, served).run("companies", "deals", "leads", "owners")

        assert "crm.objects.deals.read" in run.proof("deals")["error"]
        assert run.proof("leads")["skipped"]
        assert [run.proof(name)["error"] for name in ("companies", "owners")] == [None, None]


def test_the_limit_of_the_day_stops_the_run_and_the_next_day_goes_on(tap):
    with hubspot.serve(WORLD, options=Options(day_limit=12, **QUIET)) as served:
        config = {"url": served.url, "access_token": served.token, "day_reserve": 0}
        first = tap(select=("companies", "contacts", "deals", "calls", "owners"), **config)
        served.advance(24 * 3600)
        second = tap(select=("contacts",), state=first.state, **config)

        assert (first.code, second.code) == (4, 0)
        assert budget(first.error) == (1, None, "day"), "as HubSpot said last"
        assert "of the day" in first.stopped["message"]


def test_an_association_that_was_added_or_ended_shows_with_the_whole_pass(served, tap):
    held = Held(tap, served, associations_hours=0)
    held.run("deals", "deals_to_contacts")
    one = held.live("deals_to_contacts")[0]
    served.unlink("deals", one["from_id"], "contacts", one["to_id"])
    other = min(ids(served, "contacts"))
    served.link("deals", one["from_id"], "contacts", other)
    served.advance(900)
    held.run("deals", "deals_to_contacts")

    pairs = {(r["from_id"], r["to_id"]) for r in held.live("deals_to_contacts")}
    assert (one["from_id"], other) in pairs
    assert other == one["to_id"] or (one["from_id"], one["to_id"]) not in pairs


def oauth(served, tmp_path):
    return {
        "url": served.url,
        "client_id": served.client_id,
        "client_secret": served.client_secret,
        "token_folder": str(tmp_path / "tokens"),
        "refresh_token": served.consented()["refresh_token"],
    }


@pytest.mark.parametrize("rotates", [True, False])
def test_tokens_are_refreshed_whether_or_not_the_refresh_token_changes(tap, tmp_path, rotates):
    with hubspot.serve(WORLD, options=Options(rotates_refresh=rotates, **QUIET)) as served:
        config = oauth(served, tmp_path)
        codes = []
        for _ in range(3):
            codes.append(tap(select=("owners",), access_token=None, **config).code)
            served.advance(31 * 60)

        assert codes == [0, 0, 0]


def test_an_app_that_was_removed_asks_for_a_login(served, tap, tmp_path):
    config = oauth(served, tmp_path)
    served.engine.identity.revoke()

    run = tap(select=("owners",), access_token=None, **config)

    assert (run.code, run.stopped["fix"]) == (2, "closedloop login CONNECTION")


@pytest.mark.parametrize(
    "name", ["tap_hubspot.first_token_kept", "tap_hubspot.refresh_due", "tap_hubspot.refresh_answered"]
)
def test_a_kill_around_the_refresh_leaves_a_token_that_works(tmp_path, name):
    with hubspot.serve(WORLD, options=Options(**QUIET)) as served:
        (tmp_path / "config.json").write_text(json.dumps(oauth(served, tmp_path)))
        argv = [sys.executable, "-m", "tap_hubspot", "--config", str(tmp_path / "config.json"), "--check"]

        def run(**environment):
            env = {**os.environ, **environment}
            return subprocess.run(argv, capture_output=True, timeout=60, check=False, env=env)

        assert run(CLOSEDLOOP_FAILPOINT=f"{name}:1:self").returncode == -9
        login = json.loads(run().stdout.splitlines()[0])
        assert (login["name"], login["ok"]) == ("login", True)


def test_the_associations_of_the_catalog_are_all_read(served, tap):
    held = Held(tap, served)
    held.run(*ASSOCIATIONS)

    assert {name for name in ASSOCIATIONS if held.rows[name]} >= {
        "contacts_to_companies",
        "deals_to_companies",
        "deals_to_contacts",
    }
