"""target_hubspot against HubSpot's batches as its description and its guidelines have them."""

from __future__ import annotations

import json

import pytest
import responses
from tests.contract.target_suite import TargetContract, commit, lines, record, schema
from tests.targets.hubspot.fake import URL, limited, prop

from closedloop.errors import BudgetError, ConfigError
from closedloop.kit.outcome import Row, State, read_lines
from closedloop.kit.policy import StreamError, UnknownOutcomeError
from closedloop.kit.writer import FieldWish, ForeignFieldError, UnknownStreamError
from closedloop.writeback.mapping import objects
from target_hubspot.catalog import OBJECTS
from target_hubspot.target import TargetHubspot

COMPANIES, EVENTS, CAMPAIGNS = "companies", "marketing_events", "campaigns"


def update(writer, *rows, stream=COMPANIES):
    outcomes = writer.update(stream, [Row(id=key, fields=fields) for key, fields in rows])
    return {outcome.id: (outcome.state, outcome.reason) for outcome in outcomes}


def states(found):
    return {key: state for key, (state, _) in found.items()}


class TestCompanies(TargetContract):
    stream = COMPANIES

    @pytest.fixture
    def target_class(self):
        return TargetHubspot


class TestMarketingEvents(TestCompanies):
    stream = EVENTS


class TestCampaigns(TestCompanies):
    stream = CAMPAIGNS


def test_a_batch_is_one_call_and_its_answer_may_come_in_any_order(writer, vendor):
    found = update(writer, *((str(n), {"x_money": f"{n}.50", "x_count": n}) for n in range(1, 7)))

    assert set(found.values()) == {(State.WRITTEN, None)}
    (call,) = vendor.batches()
    assert call["inputs"][2] == {
        "id": "3",
        "properties": {"x_money": "3.50", "x_count": "3"},
        "objectWriteTraceId": "2",
    }


def test_a_batch_holds_a_hundred_and_of_campaigns_fifty(writer, vendor):
    for key in range(100, 220):
        vendor.add(COMPANIES, str(key))
        vendor.add(CAMPAIGNS, f"c-{key}")

    update(writer, *((str(n), {"x_count": 1}) for n in range(100, 220)))
    update(writer, *((f"c-{n}", {"x_count": 1}) for n in range(100, 220)), stream=CAMPAIGNS)

    assert [len(call["inputs"]) for call in vendor.batches()] == [100, 20, 50, 50, 20]


@pytest.mark.parametrize("odd", [set(), {"200"}, {"unnamed"}, {"200", "unnamed"}, {"no trace"}])
def test_a_missing_record_is_refused_under_207_and_under_200(writer, vendor, odd):
    vendor.odd = odd

    found = update(writer, ("1", {"x_money": "1"}), ("99", {"x_money": "9"}), ("2", {"x_money": "2"}))

    assert found["99"] == (State.REFUSED, "The record is gone")
    assert {found["1"][0], found["2"][0]} == {State.WRITTEN}
    assert "99" not in vendor.ids(COMPANIES)


@pytest.mark.parametrize("stream", [COMPANIES, EVENTS])
def test_one_bad_value_is_found_in_a_batch_that_is_refused_whole(writer, vendor, stream):
    bad = ("4", {"x_text": "bad"})
    rest = [(str(n), {"x_text": "fine"}) for n in (1, 2, 3, 5, 6)]

    found = update(writer, *rest, bad, stream=stream)

    assert found["4"][0] is State.REFUSED
    assert found["4"][1].startswith("Property values were not valid")
    assert {found[key][0] for key in "12356"} == {State.WRITTEN}
    assert sorted(key for _, key in vendor.writes) == ["1", "2", "3", "5", "6"], "each is written once"


def test_a_locked_record_is_tried_again_until_it_is_alone(writer, vendor):
    vendor.locked["2"] = 3

    found = update(writer, *((str(n), {"x_money": "1"}) for n in (1, 2, 3, 4)))

    assert set(states(found).values()) == {State.WRITTEN}
    assert len(vendor.writes) == 4


def test_a_record_that_stays_locked_is_refused(writer, vendor):
    vendor.locked["2"] = 99

    found = update(writer, ("1", {"x_money": "1"}), ("2", {"x_money": "1"}))

    assert found == {"1": (State.WRITTEN, None), "2": (State.REFUSED, "The record is locked")}


def test_a_merged_record_is_not_called_written(writer, vendor):
    vendor.merged["2"] = "1"

    found = update(writer, ("2", {"x_money": "1"}), ("3", {"x_money": "1"}))

    assert found["2"][0] is State.REFUSED
    assert "merged into 1" in found["2"][1]
    assert found["3"][0] is State.WRITTEN


def test_a_property_that_an_event_drops_without_a_word_is_named(writer, vendor):
    vendor.odd = {"x_money"}

    found = update(writer, ("2", {"x_money": "1"}), ("3", {"x_count": 1}), stream=EVENTS)

    assert found["2"] == (State.REFUSED, "HubSpot left out x_money: no such property")
    assert found["3"][0] is State.WRITTEN


def test_a_record_that_the_answer_forgets_is_unknown(writer, vendor):
    vendor.odd = {"forgets"}
    outcomes = iter(writer.update(COMPANIES, [Row(id=key, fields={"x_money": "1"}) for key in "12"]))

    assert (next(outcomes).state, next(outcomes).state) == (State.WRITTEN, State.UNKNOWN)
    with pytest.raises(UnknownOutcomeError):
        next(outcomes)


@pytest.mark.parametrize(
    "answer",
    [
        "lost_answer",
        "lost_request",
        (200, {"Content-Type": "text/html"}, "<html>down</html>"),
        (200, {"Content-Type": "application/json"}, '{"results": ['),
        (502, {"Content-Type": "text/html"}, "<html>bad gateway</html>"),
        (500, {"Content-Type": "application/json"}, "{}"),
    ],
)
def test_an_unreadable_end_is_unknown_and_nothing_follows(writer, vendor, answer):
    vendor.faults = [("batch/update", answer)]
    outcomes = iter(writer.update(COMPANIES, [Row(id=key, fields={"x_money": "1"}) for key in "12"]))

    assert [next(outcomes).state for _ in "12"] == [State.UNKNOWN] * 2
    with pytest.raises(UnknownOutcomeError):
        next(outcomes)
    assert len(vendor.batches()) == 1


@pytest.mark.parametrize("status", [409, 413, 422])
def test_a_batch_refused_for_another_reason_is_halved_too(writer, vendor, status):
    vendor.faults = [("batch/update", (status, {"Content-Type": "application/json"}, "{}"))]

    found = update(writer, *((str(n), {"x_money": "1"}) for n in range(1, 5)))

    assert set(states(found).values()) == {State.WRITTEN}
    assert [len(call["inputs"]) for call in vendor.batches()] == [4, 2, 2]


def test_an_account_on_the_move_is_waited_for(writer, vendor):
    vendor.faults = [("batch/update", (477, {"Retry-After": "3"}, "{}"))]
    waits = []
    writer.portal.http.sleep = waits.append

    assert states(update(writer, ("1", {"x_money": "1"}))) == {"1": State.WRITTEN}
    assert waits == [3.0]


def test_a_burst_waits_and_a_spent_day_stops(writer, vendor):
    vendor.faults = [("batch/update", limited("TEN_SECONDLY_ROLLING"))]
    waits = []
    writer.portal.http.sleep = waits.append

    assert states(update(writer, ("1", {"x_money": "1"}))) == {"1": State.WRITTEN}
    assert waits == [10.0]

    vendor.faults = [("batch/update", limited("DAILY"))]
    with pytest.raises(BudgetError) as stopped:
        update(writer, ("2", {"x_money": "1"}))
    assert stopped.value.exit_code == 4


def test_a_spent_day_leaves_its_rows_unsent_in_the_outcome_file(vendor, config, tmp_path):
    vendor.add(COMPANIES, "1")
    path = tmp_path / "outcomes" / "run.jsonl"
    target = TargetHubspot(config={**config, "closedloop_outcomes": str(path)})
    vendor.faults = [("batch/update", limited("DAILY"))]

    with pytest.raises(BudgetError):
        target.listen(lines(schema(COMPANIES, "x_money"), record(COMPANIES, "1", x_money="1"), commit(1)))
    target.lock.release()

    assert [line.state for line in read_lines(path) if line.phase == "outcome"] == [State.NOT_SENT]
    assert vendor.writes == []


def test_a_refused_credential_is_tried_once_more_and_no_more(writer, vendor):
    refused = (401, {"Content-Type": "application/json"}, '{"category": "EXPIRED_AUTHENTICATION"}')
    vendor.faults = [("batch/update", refused)]
    assert states(update(writer, ("1", {"x_money": "1"}))) == {"1": State.WRITTEN}

    vendor.faults = [("batch/update", refused)] * 2
    with pytest.raises(ConfigError):
        update(writer, ("1", {"x_money": "1"}))
    assert len(vendor.writes) == 1


def test_a_missing_scope_refuses_every_row_and_names_it(writer, vendor):
    vendor.missing_scopes = {"crm.objects.companies.write"}

    found = update(writer, ("1", {"x_money": "1"}), ("2", {"x_money": "1"}))

    assert {state for state, _ in found.values()} == {State.REFUSED}
    assert all("crm.objects.companies.write" in reason for _, reason in found.values())
    assert len(vendor.batches()) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"x_money": "abc"}, "x_money: not a number"),
        ({"x_money": "NaN"}, "x_money: not a finite number"),
        ({"x_count": True}, "x_count: not a number"),
        ({"x_date": "soon"}, "x_date: not a date"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_the_call(writer, vendor, fields, reason):
    assert update(writer, ("1", fields)) == {"1": (State.REFUSED, reason)}
    assert not vendor.batches()


@pytest.mark.parametrize(
    ("stream", "key"),
    [(COMPANIES, "0"), (COMPANIES, "abc"), (COMPANIES, "1/../2"), (EVENTS, "²"), (CAMPAIGNS, "a/b")],
)
def test_what_is_no_id_is_refused_before_the_call(writer, vendor, stream, key):
    assert update(writer, (key, {"x_money": "1"}), stream=stream)[key][0] is State.REFUSED
    assert not vendor.batches()


@pytest.mark.parametrize("field", ["name", "lifecyclestage", "x_kept", "x_nowhere"])
@pytest.mark.parametrize("stream", [COMPANIES, EVENTS, CAMPAIGNS])
def test_only_properties_of_ours_are_written(writer, stream, field):
    with pytest.raises(ForeignFieldError, match=field):
        writer.accept(stream, [field])


def test_another_kind_of_property_is_not_ours(writer, vendor):
    vendor.properties[COMPANIES]["x_odd"] = prop("x_odd", "json")

    with pytest.raises(ForeignFieldError, match="json"):
        writer.accept(COMPANIES, ["x_odd"])


def test_an_object_that_the_account_lacks_is_named(writer):
    with pytest.raises(UnknownStreamError, match="leads"):
        writer.accept("leads", ["x_money"])


# Import of contacts


def test_a_contact_is_updated_or_made_by_its_unique_property(writer, vendor):
    vendor.records["contacts"]["1"]["email"] = "ada@example.com"
    writer.open("contacts", ["email"])
    writer.accept("contacts", ["firstname", "x_text"])

    found = update(
        writer,
        ("Ada@example.com", {"firstname": "Ada"}),
        ("new@example.com", {"firstname": "New"}),
        stream="contacts",
    )

    assert set(states(found).values()) == {State.WRITTEN}
    assert vendor.values("contacts", "1")["firstname"] == "Ada"
    (call,) = vendor.batches("batch/upsert")
    assert [one["idProperty"] for one in call["inputs"]] == ["email", "email"]
    assert not vendor.batches("batch/update")


def test_keys_that_differ_in_case_only_do_not_share_a_batch(writer, vendor):
    writer.open("contacts", ["email"])

    found = update(
        writer, ("a@x.example", {"x_text": "1"}), ("A@x.example", {"x_text": "2"}), stream="contacts"
    )

    assert set(states(found).values()) == {State.WRITTEN}
    assert [len(call["inputs"]) for call in vendor.batches("batch/upsert")] == [1, 1]


@pytest.mark.parametrize("keys", [["firstname"], ["x_nowhere"], ["email", "x_number"]])
def test_only_a_unique_property_identifies_a_contact(writer, keys):
    with pytest.raises(UnknownStreamError):
        writer.open("contacts", keys)


def test_a_property_made_unique_identifies_a_contact_too(writer):
    writer.open("contacts", ["x_number"])


@pytest.mark.parametrize("stream", [COMPANIES, EVENTS, "deals"])
def test_nothing_else_is_ever_made(writer, stream):
    with pytest.raises(UnknownStreamError, match="never created"):
        writer.open(stream, ["x_number"])


def test_an_update_of_a_contact_by_id_never_becomes_an_import(writer, vendor):
    writer.open("contacts", ["id"])
    found = update(writer, ("99", {"x_text": "1"}), stream="contacts")

    assert found["99"][0] is State.REFUSED
    assert not vendor.batches("batch/upsert")
    with pytest.raises(ForeignFieldError):
        writer.accept("contacts", ["firstname"])


# Reading back, provision, checks


def test_an_emptied_property_reads_as_empty_and_a_date_of_milliseconds_as_a_day(writer, vendor):
    vendor.add(COMPANIES, "1", x_money=5, x_date=1767225600000)
    update(writer, ("1", {"x_money": None}))

    assert writer.read(COMPANIES, ["1", "99"], ["x_money", "x_date"]) == {
        "1": {"x_money": None, "x_date": "2026-01-01"}
    }


def test_what_could_not_be_read_is_not_taken_for_gone(writer, vendor):
    body = {
        "status": "COMPLETE",
        "results": [],
        "numErrors": 1,
        "errors": [{"category": "INTERNAL", "message": "oops"}],
    }
    vendor.faults = [("batch/read", (207, {"Content-Type": "application/json"}, json.dumps(body)))]

    with pytest.raises(StreamError, match="oops"):
        writer.read(COMPANIES, ["1"], ["x_money"])


def test_campaigns_are_read_with_their_properties_in_the_address(writer, vendor):
    vendor.add(CAMPAIGNS, "aaaa-1", x_money="2.50")

    assert writer.read(CAMPAIGNS, ["aaaa-1", "gone-1"], ["x_money", "x_count"]) == {
        "aaaa-1": {"x_money": "2.50", "x_count": None}
    }
    assert "properties=x_money&properties=x_count" in vendor.requests[-1].url


@pytest.mark.parametrize("many", [3, 40])
def test_a_few_events_are_asked_for_one_by_one_and_many_are_listed(writer, vendor, many):
    keys = [str(n) for n in range(1000, 1000 + many)]
    for key in keys:
        vendor.add(EVENTS, key, x_money=key)
    before = len(vendor.calls)

    found = writer.read(EVENTS, [*keys, "77"], ["x_money"])

    assert found == {key: {"x_money": key} for key in keys}
    assert len(vendor.calls) - before == (many + 2 if many == 3 else 2)


def test_a_listing_that_does_not_move_on_is_an_error(writer, vendor):
    page = {"results": [], "paging": {"next": {"after": "7"}}}
    stuck = (200, {"Content-Type": "application/json"}, json.dumps(page))
    vendor.faults = [("/2026-09", stuck)] * 3

    with pytest.raises(Exception, match="does not move on"):
        writer.read(EVENTS, [str(n) for n in range(1, 30)], ["x_money"])


@pytest.mark.parametrize("stream", [COMPANIES, EVENTS, CAMPAIGNS])
def test_provision_makes_a_property_once_in_a_group_of_its_own(writer, vendor, stream):
    wish = FieldWish(stream=stream, field="x_new", type="money", label="New", help="What it means")

    assert writer.provision(wish).state == "created"
    assert writer.provision(wish).state == "exists"
    (made,) = [json.loads(body) for method, path, body in vendor.calls if _makes(method, path)]
    assert made == {
        "name": "x_new",
        "label": "New",
        "description": "What it means",
        "groupName": "closedloop",
        "type": "number",
        "fieldType": "number",
    }
    assert vendor.groups[stream] == {"closedloop"}


def _makes(method, path):
    return method == "POST" and "/crm/properties/" in path and not path.endswith("groups")


def test_provision_prints_what_an_admin_must_make_where_the_scope_is_missing(writer, vendor):
    vendor.missing_scopes = {"crm.schemas.companies.write"}

    answer = writer.provision(FieldWish(stream=COMPANIES, field="x_new", type="count", label="New"))

    assert answer.state == "denied"
    assert "crm.schemas.companies.write" in answer.reason
    assert "internal name x_new" in answer.reason


def test_provision_refuses_another_type_and_names_of_hubspots_own(writer):
    wrong = writer.provision(FieldWish(stream=COMPANIES, field="x_date", type="money", label="New"))

    assert (wrong.state, "date" in wrong.reason) == ("wrong_type", True)
    for field in ("hs_new", "New", "a b", ""):
        with pytest.raises(ForeignFieldError):
            writer.provision(FieldWish(stream=COMPANIES, field=field, type="money", label="New"))
    with pytest.raises(UnknownStreamError):
        writer.provision(FieldWish(stream="quotes", field="x_new", type="money", label="New"))


@pytest.mark.parametrize(
    ("about", "ours", "shown"),
    [
        ({"showCurrencySymbol": True}, "EUR", "USD"),
        ({"showCurrencySymbol": True}, "USD", None),
        ({"currencyPropertyName": "hs_currency_code"}, "USD", "each record's own currency"),
    ],
)
def test_a_property_that_would_show_another_currency_is_named(writer, vendor, about, ours, shown):
    name, held = next((n, p) for n, p in vendor.properties[COMPANIES].items() if n == "x_money")
    vendor.properties[COMPANIES][name] = held | about
    writer.accept(COMPANIES, [name])
    writer.currency = ours

    if shown is None:
        writer.accept(COMPANIES, [name])
        return
    with pytest.raises(ForeignFieldError, match=f"x_money shows {shown}, and the figures are in {ours}"):
        writer.accept(COMPANIES, [name])


def test_an_answer_lost_while_a_property_was_made_is_looked_up(writer, vendor):
    vendor.faults = [("properties/2026-09/companies", "lost_answer")]
    vendor.groups[COMPANIES] = {"closedloop"}
    writer.portal.properties(COMPANIES)  # takes the fault that hits the listing first, and is asked again
    vendor.faults = [("properties/2026-09/companies", "lost_answer")]

    answer = writer.provision(FieldWish(stream=COMPANIES, field="x_new", type="money", label="New"))

    assert answer.state == "created"


def test_check_tries_every_scope_by_itself_and_writes_nothing(vendor, config):
    vendor.missing_scopes = {"crm.objects.companies.write", "crm.schemas.companies.write"}
    target = TargetHubspot(config={**config, "closedloop_fields": {COMPANIES: ["x_money", "name", "x_no"]}})

    checks = {line["name"]: line for line in target.answer()}

    assert {name: line["ok"] for name, line in checks.items()} == {
        "login": True,
        "permission:crm.objects.companies.read": True,
        "permission:crm.objects.companies.write": False,
        "permission:crm.schemas.companies.write:companies": False,
        "field:companies.x_money": True,
        "field:companies.name": False,
        "field:companies.x_no": False,
    }
    assert checks["permission:crm.objects.companies.write"]["required"]
    assert not checks["permission:crm.schemas.companies.write:companies"]["required"]
    assert "crm.objects.companies.write" in checks["permission:crm.objects.companies.write"]["fix"]
    assert vendor.writes == []


def test_check_says_that_an_account_is_a_sandbox(config):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        account = {"portalId": 147, "accountType": "DEVELOPER_TEST"}
        mock.add("GET", f"{URL}/account-info/2026-09/details", json=account)

        login = next(iter(TargetHubspot(config=config).answer()))

    assert login["message"] == "logged in to account 147, which is no company's real one: developer test"


def test_check_says_when_the_token_is_refused(config):
    with responses.RequestsMock() as mock:
        answer = {"status": "error", "category": "INVALID_AUTHENTICATION", "message": "no"}
        mock.add("GET", f"{URL}/account-info/2026-09/details", status=401, json=answer)

        (line,) = TargetHubspot(config=config).answer()

    assert (line["name"], line["ok"], line["required"]) == ("login", False, True)
    assert "0123456789" not in json.dumps(line)


def test_the_older_paths_are_a_setting(vendor, config):
    vendor.add(EVENTS, "1")
    writer = TargetHubspot(config={**config, "api": "v3"}).writer

    update(writer, ("1", {"x_money": "1"}), stream=EVENTS)
    writer.read(EVENTS, [str(n) for n in range(1, 20)], ["x_money"])

    assert [path for _, path, _ in vendor.calls] == [
        "/crm/v3/properties/0-54",
        "/marketing/v3/marketing-events/batch/update",
        "/marketing/marketing-events/v3",
    ]


def test_without_a_credential_there_is_no_target():
    with pytest.raises(ConfigError, match="no credential"):
        TargetHubspot(config={"url": URL})


def test_the_targets_objects_are_ones_it_writes_to(config):
    from closedloop.settings import Settings

    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"},
        connections={"crm": {"connector": "hubspot", "settings": config}},
    )
    assert {name for names in objects(settings, "crm").values() for name in names} <= set(OBJECTS)
