"""The tap against the simulator: late rows, equal stamps, deletions, merges, and a fault at every call."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from tests.taps.running import budget
from tests.taps.salesforce.conftest import only

from closedloop.sandbox import members
from closedloop.sandbox.salesforce.options import Options
from closedloop.sandbox.salesforce.simulator import serve
from closedloop.sandbox.world import generate
from tap_salesforce.catalog import ENTITIES

WORLD = members.as_members(generate(5, 0.04), unknown="lead")
TINY = members.as_members(generate(5, 0.01), unknown="lead")
SMALL = Options(page_size=7, bulk_polls=0)
MEMBERS = ("CampaignMember",)


@pytest.fixture
def org():
    with serve(WORLD, options=SMALL) as simulator:
        yield simulator


@pytest.fixture
def read(org, tap):
    def run(*args, **more):
        return tap(*args, url=org.url, client_id=org.client_id, client_secret=org.client_secret, **more)

    return run


class Store:
    """What a core would hold: the newest version of every row, tombstones marked."""

    def __init__(self):
        self.rows = {}
        self.state = None

    def take(self, run):
        for message in run.of("RECORD"):
            record = message["record"]
            held = self.rows.setdefault(message["stream"], {}).setdefault(record["Id"], {})
            held |= record
        states = run.of("STATE")
        self.state = states[-1]["value"] if states else self.state
        return run

    def living(self, stream):
        return {key for key, row in self.rows.get(stream, {}).items() if not row.get("_sdc_deleted_at")}


def living(org, stream):
    return {row["Id"] for row in org.records(stream) if not row.get("IsDeleted")}


def test_every_stream_is_read_and_proven(org, read):
    store, run = Store(), None
    run = store.take(read())

    assert run.code == 0
    for name in ENTITIES:
        assert (name, store.living(name)) == (name, living(org, name))
        proof = run.proof(name)
        assert (proof["error"], proof["skipped"]) == (None, None)
        assert proof["source_count"] == len(store.living(name))


def test_an_unchanged_run_costs_a_call_a_stream(org, read, tmp_path):
    folder = {"token_folder": str(tmp_path / "tokens")}
    org.advance(3600)
    state = read(**folder).state
    before = len(org.requests())

    run = read(state=state, **folder)

    asked = [one for one in org.requests(before) if one["api"] == "rest"]
    # A stream without a row has no cursor to go on from: it is listed and counted as on the first day. Nobody here changed accounts.
    never = {"ContactHistory": 3}
    assert (run.code, len(asked)) == (0, len(ENTITIES) + 2)
    costs = {proof["stream"]: proof["requests"] for proof in run.of("PROOF")}
    assert costs == dict.fromkeys(costs, 1) | never


def test_a_full_read_costs_a_call_for_each_page_and_a_constant(org, read):
    run = read(select=MEMBERS)

    rows, proof = len(org.records("CampaignMember")), run.proof("CampaignMember")
    assert proof["rows"] == rows
    assert proof["requests"] == -(-rows // SMALL.page_size) + 2


def test_a_row_that_is_committed_late_comes_with_the_next_run(org, read):
    store = Store()
    campaign = next(row for row in org.records("Campaign"))["Id"]
    late = org.create("Campaign", {"Name": "Late", "ParentId": campaign}, late=400)
    org.advance(60)
    org.create("Campaign", {"Name": "On time"})
    store.take(read(select=("Campaign",)))
    held = late in store.living("Campaign")
    org.advance(400)

    run = store.take(read(select=("Campaign",), state=store.state))

    assert (held, run.code) == (False, 0)
    assert store.living("Campaign") == living(org, "Campaign")


def test_a_thousand_rows_of_one_second_are_read_across_pages_and_stops(org, tap):
    with serve(WORLD, options=Options(page_size=200, small_pages=True)) as crowd:
        for number in range(1000):
            crowd.create("Lead", {"LastName": f"L{number}", "Company": "Import"})
        own = {"url": crowd.url, "client_id": crowd.client_id, "client_secret": crowd.client_secret}
        crowd.advance(1200)
        crowd.faults.add("500", nth=7, times=6)
        store = Store()
        first = store.take(tap(select=("Lead",), **own))
        crowd.faults.clear()
        second = store.take(tap(select=("Lead",), state=store.state, **own))

        assert (first.code, second.code) == (1, 0)
        assert store.living("Lead") == living(crowd, "Lead")


def test_deletions_merges_and_restorations_are_followed(org, read):
    store = Store()
    org.advance(3600)
    chosen = {"select": ("Lead", "Contact", "CampaignMember", "OpportunityContactRole")}
    store.take(read(**chosen))
    leads = sorted(living(org, "Lead"))
    contacts = sorted(living(org, "Contact"))
    org.remove("Lead", leads[0])
    org.remove("Lead", leads[1])
    org.merge("Contact", contacts[0], contacts[1])

    store.take(read(state=store.state, **chosen))

    assert store.rows["Lead"][leads[0]]["_sdc_deleted_at"]
    assert store.rows["Contact"][contacts[1]]["MasterRecordId"] == contacts[0]
    assert store.rows["Contact"][contacts[1]]["_sdc_deleted_at"]
    for name in chosen["select"]:
        assert (name, store.living(name)) == (name, living(org, name))

    org.control.restore("Lead", leads[1])
    store.take(read(state=store.state, **chosen))
    assert leads[1] in store.living("Lead")


def test_what_left_the_recycle_bin_is_found_within_a_day(org, read):
    store = Store()
    store.take(read(select=("Lead",)))
    gone = min(living(org, "Lead"))
    org.remove("Lead", gone, hard=True)
    org.advance(timedelta(days=1, minutes=1).total_seconds())

    run = store.take(read(select=("Lead",), state=store.state))

    assert (gone in store.living("Lead"), run.proof("Lead")["source_count"]) == (
        False,
        len(store.living("Lead")),
    )


def test_what_is_gone_without_a_trace_shows_in_the_count_and_the_sweep(org, read):
    store = Store()
    store.take(read(select=("Lead",)))
    gone = min(living(org, "Lead"))
    org.control.vanish("Lead", gone)
    org.advance(timedelta(days=20).total_seconds())

    run = store.take(read(select=("Lead",), state=store.state))
    swept = {line["id"] for line in read("--sweep", "Lead").lines if "id" in line}

    assert run.proof("Lead")["source_count"] == len(store.living("Lead")) - 1
    assert store.living("Lead") - swept == {gone}


def test_a_formula_that_changes_without_a_stamp_comes_with_the_rows_next_change(org, read):
    store = Store()
    deal = min(living(org, "Opportunity"))
    settings = {"extra_fields": {"Opportunity": ["Account_Tier__c"]}}
    settings["catalog"] = json.loads(read("--discover", **settings).text)
    settings["catalog"]["streams"] = [
        one | {"metadata": [{"breadcrumb": [], "metadata": {"selected": True}}]}
        for one in settings["catalog"]["streams"]
        if one["stream"] == "Opportunity"
    ]
    org.advance(3600)
    store.take(read(**settings))
    account = store.rows["Opportunity"][deal]["AccountId"]
    org.edit("Account", account, {"Tier__c": "A"})
    store.take(read(state=store.state, **settings))
    before = store.rows["Opportunity"][deal]["Account_Tier__c"]
    org.edit("Opportunity", deal, {"NextStep": "call"})
    store.take(read(state=store.state, **settings))

    assert (before, store.rows["Opportunity"][deal]["Account_Tier__c"]) == (None, "A")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("drop_row", {}),
        ("short_page", {"nth": 2}),
        ("repeat_page", {}),
        ("freeze_cursor", {"mode": "loop"}),
        ("freeze_cursor", {"mode": "hide"}),
    ],
)
def test_rows_that_are_kept_from_us_are_missed_by_name_and_come_later(org, read, kind, options):
    store = Store()
    org.faults.add(kind, stream="CampaignMember", **options)
    first = store.take(read(select=MEMBERS))
    proof = first.proof("CampaignMember")
    missed = len(living(org, "CampaignMember") - store.living("CampaignMember"))
    org.faults.clear()

    assert proof["error"] or (missed and proof["source_count"] > len(store.living("CampaignMember")))
    if proof["error"]:
        second = store.take(read(select=MEMBERS, state=store.state))
        assert (first.code, second.code) == (1, 0)
        assert store.living("CampaignMember") == living(org, "CampaignMember")


def test_a_change_that_is_kept_from_us_shows_in_the_newest_stamp(org, read):
    store = Store()
    org.advance(3600)
    store.take(read(select=MEMBERS))
    org.advance(3600)
    member = min(living(org, "CampaignMember"))
    org.edit("CampaignMember", member, {"Status": "Attended"})
    org.faults.add("drop_row", stream="CampaignMember", ids=[member])

    proof = store.take(read(select=MEMBERS, state=store.state)).proof("CampaignMember")

    assert proof["source_cursor"] > proof["cursor"]


@pytest.mark.parametrize("kind", ["reset", "500", "401", "429"])
def test_a_fault_at_any_call_is_got_over(org, read, kind):
    assert read(select=("Campaign",)).code == 0
    calls = len(org.requests())
    for nth in range(1, calls + 1):
        org.faults.clear()
        org.faults.add(kind, nth=nth, times=1)
        store = Store()

        run = store.take(read(select=("Campaign",)))

        assert (nth, run.code) == (nth, 2 if (kind, nth) == ("401", 1) else 0)
        assert run.code or store.living("Campaign") == living(org, "Campaign")


@pytest.mark.parametrize(
    ("small_pages", "early", "header"), [(False, 204, "every"), (True, 400, "first"), (True, 412, "every")]
)
def test_bulk_gives_what_pages_give(tap, small_pages, early, header):
    options = Options(bulk_polls=2, bulk_early_status=early, bulk_header=header, small_pages=small_pages)
    with serve(WORLD, options=options) as org:
        own = {"url": org.url, "client_id": org.client_id, "client_secret": org.client_secret}
        by_page = tap(select=("Lead", "CampaignMember"), bulk_threshold=0, **own)
        by_bulk = tap(select=("Lead", "CampaignMember"), bulk_threshold=1, **own)
        jobs = [one for one in org.requests() if one["path"].endswith("/jobs/query")]

    assert (by_page.code, by_bulk.code, len(jobs)) == (0, 0, 2)
    for stream in ("Lead", "CampaignMember"):
        one, other = ({r["Id"]: r for r in run.records(stream)} for run in (by_page, by_bulk))
        assert one == other


def test_the_limit_of_the_day_stops_the_run_and_the_next_one_goes_on(tap):
    with serve(WORLD, options=Options(page_size=7, daily_limit=14)) as org:
        own = {"url": org.url, "client_id": org.client_id, "client_secret": org.client_secret}
        store, codes = Store(), []
        for _ in range(12):
            run = store.take(tap(select=("Lead", "CampaignMember"), state=store.state, day_reserve=2, **own))
            codes.append(run.code)
            if run.code == 0:
                break
            org.advance(25 * 3600)

        assert (codes[0], codes[-1]) == (4, 0)
        left, allowed, window = budget(run.error)
        assert (allowed, window) == (14, "day")
        assert 2 <= left < 14, "what this day's run left over"
        for stream in ("Lead", "CampaignMember"):
            assert store.living(stream) == living(org, stream)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"is_api_enabled": False}, 2, "API is switched off"),
        ({"hidden_objects": frozenset({"Lead"})}, 1, "does not have this object"),
        ({"hidden_fields": frozenset({"Lead.Email"})}, 1, "Lead.Email"),
    ],
)
def test_what_is_not_granted_is_named(tap, options, code, message):
    with serve(WORLD, options=Options(**options)) as org:
        own = {"url": org.url, "client_id": org.client_id, "client_secret": org.client_secret}
        run = tap(select=("Lead",), **own)
        check = tap("--check", **own)

    said = run.stopped["message"] if code == 2 else run.proof("Lead")["error"]
    assert (run.code, message in said) == (code, True)
    assert check.code == 2
    assert any(not line["ok"] and message in line["message"] and line["fix"] for line in check.lines)


def test_an_org_with_one_currency_and_without_field_history_is_read(tap):
    options = Options(multi_currency=False, hidden_objects=frozenset({"OpportunityFieldHistory", "Case"}))
    with serve(WORLD, options=options) as org:
        run = tap(url=org.url, client_id=org.client_id, client_secret=org.client_secret, currency="EUR")

    skipped = {proof["stream"] for proof in run.of("PROOF") if proof["skipped"]}
    assert (run.code, skipped) == (
        0,
        {"CurrencyType", "DatedConversionRate", "OpportunityFieldHistory", "Case"},
    )
    assert {record["CurrencyIsoCode"] for record in run.records("Campaign")} == {None}
    assert run.records("Organization")[0]["DefaultCurrencyIsoCode"] == "EUR"


def test_person_accounts_bring_their_columns(tap):
    with serve(WORLD, options=Options(person_accounts=True)) as org:
        run = tap(
            select=("Account", "Contact"),
            url=org.url,
            client_id=org.client_id,
            client_secret=org.client_secret,
        )

    assert run.code == 0
    assert {record["IsPersonAccount"] for record in run.records("Account")} <= {True, False}


@pytest.fixture
def process(tmp_path):
    """Return the settings of a token that rotates, and the command that reads one object with it."""

    def command(org):
        config = {
            "url": org.url,
            "client_id": org.client_id,
            "token_folder": str(tmp_path / "tokens"),
            "refresh_token": org.tokens.first(),
        }
        (tmp_path / "settings.json").write_text(json.dumps(config))
        (tmp_path / "chosen.json").write_text(json.dumps(only("OpportunityStage")))
        paths = ("--config", str(tmp_path / "settings.json"), "--catalog", str(tmp_path / "chosen.json"))
        return config, [sys.executable, "-m", "tap_salesforce", *paths]

    return command


@pytest.mark.parametrize(
    ("name", "grace"),
    [
        ("tap_salesforce.first_token_kept", 0),
        ("tap_salesforce.refresh_due", 0),
        ("tap_salesforce.refresh_answered", 0),
        ("tap_salesforce.refresh_answered", 600),
        ("tap_salesforce.token_saved", 0),
    ],
)
def test_a_kill_around_the_refresh_leaves_a_token_that_works(process, tap, name, grace):
    """Where Salesforce ends the old token at once, an answer that nobody has read is lost for good."""
    with serve(TINY, options=Options(rotates=True, grace_seconds=grace)) as org:
        config, command = process(org)
        armed = {**os.environ, "CLOSEDLOOP_FAILPOINT": f"{name}:1:self"}
        killed = subprocess.run(command, capture_output=True, timeout=60, check=False, env=armed)
        again = tap(select=("OpportunityStage",), client_secret=None, **config)

    is_lost = (name, grace) == ("tap_salesforce.refresh_answered", 0)
    assert (killed.returncode, again.code) == (-9, 2 if is_lost else 0)


def test_two_processes_refresh_once(process):
    with serve(TINY, options=Options(rotates=True)) as org:
        _, command = process(org)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        both = [subprocess.Popen(command, **quiet) for _ in range(2)]
        codes = [one.wait(timeout=60) for one in both]

    assert (codes, org.tokens.grants) == ([0, 0], ["refresh_token"])
