"""The target against the simulator of an account: both were written from the vendor's material, by different hands."""

import pytest

from closedloop.errors import BudgetError
from closedloop.kit.outcome import Row, State
from closedloop.kit.policy import UnknownOutcomeError
from closedloop.kit.writer import FieldWish
from closedloop.sandbox import hubspot
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from tap_hubspot.tap import TapHubspot
from target_hubspot.target import TargetHubspot

WORLD = as_members(generate(5, 0.02), unknown="contact")
OBJECTS = ("companies", "marketing_events", "campaigns")
FIELDS = {"cl_money": "money", "cl_count": "count", "cl_day": "date", "cl_note": "text", "cl_share": "ratio"}
VALUES = {
    "cl_money": "12.30",
    "cl_count": 4,
    "cl_day": "2026-10-31",
    "cl_note": "ours",
    "cl_share": "0.25",
}
WHEN = "2026-05-06T09:30:00Z"


@pytest.fixture
def served():
    """An account of its own for each test: they write to it."""
    running = []

    def serve(**options):
        simulator = hubspot.serve(WORLD, options=hubspot.Options(search_limit=1000, **options))
        running.append(simulator)
        writer = target(simulator).writer
        writer.sleep = writer.portal.http.sleep = simulator.advance
        return simulator, writer

    yield serve
    for simulator in running:
        simulator.close()


def target(simulator, **config):
    return TargetHubspot(config={"url": simulator.url, "access_token": simulator.token, **config})


def provisioned(writer, *objects):
    wishes = [
        FieldWish(stream=name, field=field, type=kind, label=field, help="What it means")
        for name in objects
        for field, kind in FIELDS.items()
    ]
    return {writer.provision(wish).state for wish in wishes}


def ids(simulator, name, number=3):
    kind = {"companies": "account", "marketing_events": "event", "campaigns": "campaign_of_event"}[name]
    return [key.split("/")[1] for key in [*simulator.keys[kind].values()][:number]]


def update(writer, name, *rows):
    outcomes = writer.update(name, [Row(id=key, fields=fields) for key, fields in rows])
    return {one.id: (one.state, one.reason) for one in outcomes}


@pytest.mark.parametrize("api", ["2026-09", "v3"])
@pytest.mark.parametrize("name", OBJECTS)
def test_figures_go_into_properties_of_ours_and_come_back(served, api, name):
    simulator, _ = served()
    writer = target(simulator, api=api).writer
    keys = ids(simulator, name)

    assert provisioned(writer, name) == {"created"}
    assert provisioned(writer, name) == {"exists"}
    writer.accept(name, list(FIELDS))
    found = update(writer, name, *((key, VALUES) for key in keys))
    read = writer.read(name, [*keys, "999999"], list(FIELDS))

    assert set(found.values()) == {(State.WRITTEN, None)}
    assert set(read) == set(keys)
    assert {float(values["cl_money"]) for values in read.values()} == {12.3}
    assert {values["cl_day"] for values in read.values()} == {"2026-10-31"}
    update(writer, name, *((key, dict.fromkeys(FIELDS)) for key in keys))
    assert set(writer.read(name, keys, list(FIELDS))[keys[0]].values()) == {None}


def test_missing_archived_and_merged_companies_are_refused(served):
    simulator, writer = served()
    provisioned(writer, "companies")
    gone, kept, lost, fine = ids(simulator, "companies", 4)
    simulator.remove("companies", gone)
    simulator.merge("companies", kept, lost)

    found = update(writer, "companies", *((key, VALUES) for key in (gone, lost, fine, "4711")))

    assert {key for key, (state, _) in found.items() if state is State.WRITTEN} == {fine}
    assert set(writer.read("companies", [gone, lost, fine], ["cl_count"])) == {fine}


def test_a_validation_rule_refuses_one_record_of_a_batch(served):
    rule = hubspot.Rule(object="companies", property="cl_count", pattern="[0-9]")
    simulator, writer = served(rules=(rule,))
    provisioned(writer, "companies")
    one, two, three = ids(simulator, "companies")

    found = update(
        writer, "companies", (one, {"cl_count": 1}), (two, {"cl_count": 22}), (three, {"cl_count": 3})
    )

    assert [found[key][0] for key in (one, two, three)] == [State.WRITTEN, State.REFUSED, State.WRITTEN]
    assert found[two][1]


def test_a_record_locked_by_a_write_just_before_is_written_in_the_end(served):
    simulator, writer = served(lock_seconds=2.0)
    provisioned(writer, "companies")
    keys = ids(simulator, "companies")

    for money in ("1", "2"):
        assert {
            state
            for state, _ in update(writer, "companies", *((k, {"cl_money": money}) for k in keys)).values()
        } == {State.WRITTEN}


def test_a_spent_day_stops_and_says_of_every_batch_what_became_of_it(served):
    simulator, writer = served(day_limit=20)
    provisioned(writer, "companies")
    (key,) = ids(simulator, "companies", 1)
    written = []

    def spend():
        for money in range(30):
            found = update(writer, "companies", (key, {"cl_money": money}))
            assert found == {key: (State.WRITTEN, None)}
            written.append(money)

    with pytest.raises(BudgetError):
        spend()

    (held,) = [row for row in simulator.records("companies") if row["id"] == key]
    assert float(held["properties"]["cl_money"]) == written[-1]


def test_a_connection_that_breaks_is_unknown(served):
    simulator, writer = served()
    provisioned(writer, "companies")
    (key,) = ids(simulator, "companies", 1)
    simulator.faults.add(kind="reset", model="companies", method="write", times=1)

    with pytest.raises(UnknownOutcomeError):
        update(writer, "companies", (key, VALUES))


def test_attendance_is_recorded_once(served):
    simulator, writer = served()
    event = ids(simulator, "marketing_events", 1)[0]
    there = simulator.account.events.there.get(event, {})
    before = len(simulator.account.events.timeline)
    new = [row["id"] for row in simulator.records("contacts") if row["id"] not in there][:2]
    writer.open("participations", ["marketing_event_id", "contact_id"])
    said = {"attendanceState": "attended", "occurredAt": WHEN}

    for _ in range(2):
        found = update(writer, "participations", *((f"{event}/{key}", said) for key in new))
        assert {state for state, _ in found.values()} == {State.WRITTEN}
    again = target(simulator).writer
    again.open("participations", ["marketing_event_id", "contact_id"])
    update(again, "participations", *((f"{event}/{key}", said) for key in new))

    assert len(simulator.account.events.timeline) - before == len(new) == 2


def test_a_lead_is_imported_by_email_and_not_twice(served):
    simulator, writer = served()
    writer.open("contacts", ["email"])
    writer.accept("contacts", ["firstname", "lastname"])
    before = len(simulator.records("contacts"))

    for name in ("Ada", "Augusta"):
        found = update(writer, "contacts", ("ada@new.example", {"firstname": name, "lastname": "King"}))
        assert found == {"ada@new.example": (State.WRITTEN, None)}

    (made,) = [
        row for row in simulator.records("contacts") if row["properties"].get("email") == "ada@new.example"
    ]
    assert made["properties"]["firstname"] == "Augusta"
    assert len(simulator.records("contacts")) == before + 1


@pytest.mark.parametrize("missing", ["crm.objects.companies.write", "crm.objects.marketing_events.read"])
def test_check_names_each_missing_scope(served, missing):
    simulator, _ = served(scopes=hubspot.SCOPES - {missing})

    lines = {line["name"]: line["ok"] for line in target(simulator).answer()}

    assert lines["login"]
    assert [name for name, ok in lines.items() if not ok and "crm.objects" in name] == [
        f"permission:{missing}"
    ]
    assert not any(entry["is_write"] and entry.get("ids") for entry in simulator.requests())


def test_an_oauth_app_refreshes_once_for_tap_and_target(served, tmp_path):
    simulator, _ = served(rotates_refresh=True)
    config = {
        "url": simulator.url,
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "refresh_token": simulator.consented()["refresh_token"],
        "token_folder": str(tmp_path),
        "closedloop_connection": "crm",
    }
    already = len(simulator.requests())

    lines = list(TargetHubspot(config=dict(config)).answer())
    account = TapHubspot(config=config).hubspot.account()

    asked = [entry for entry in simulator.requests(already) if entry["path"].endswith("/token")]
    assert lines[0] == {**lines[0], "name": "login", "ok": True}
    assert str(account["portalId"]) == str(simulator.portal)
    assert len(asked) == 1


def test_a_token_that_ends_between_two_batches_costs_one_refresh(served, tmp_path):
    simulator, private = served()
    provisioned(private, "companies")
    (key,) = ids(simulator, "companies", 1)
    config = {
        "url": simulator.url,
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "refresh_token": simulator.consented()["refresh_token"],
        "token_folder": str(tmp_path),
    }
    writer = TargetHubspot(config=config).writer
    already = len(simulator.requests())

    for money in "12":
        found = update(writer, "companies", (key, {"cl_money": money}))
        assert found == {key: (State.WRITTEN, None)}
        simulator.engine.identity.expire()

    asked = [entry["path"] for entry in simulator.requests(already)]
    assert sum(path.endswith("/token") for path in asked) == 2
    assert sum("batch/update" in path for path in asked) == 3


def test_a_revoked_app_is_named(served, tmp_path):
    simulator, _ = served()
    config = {
        "url": simulator.url,
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "refresh_token": "na1-0000-revoked",
        "token_folder": str(tmp_path),
    }

    (login,) = TargetHubspot(config=config).answer()

    assert (login["name"], login["ok"], login["fix"]) == ("login", False, "closedloop login CONNECTION")
    assert "revoked" in login["message"]
    assert "na1-0000" not in str(login)
