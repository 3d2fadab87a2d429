"""target_odoo against what a real Odoo 19 does."""

from __future__ import annotations

import json

import pytest
import responses
from tests.contract.target_suite import TargetContract
from tests.targets.odoo.fake import LOCKED, URL, FakeOdoo

from closedloop.errors import ConfigError
from closedloop.kit.outcome import Row, State
from closedloop.kit.policy import UnknownOutcomeError
from closedloop.kit.writer import FieldWish, ForeignFieldError, UnknownStreamError
from closedloop.writeback.mapping import objects
from closedloop.writeback.value import stands_for
from target_odoo.load import blame
from target_odoo.target import TargetOdoo

EVENT = "event.event"


@pytest.fixture
def vendor():
    fake = FakeOdoo()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake.install(mock)
        yield fake


@pytest.fixture
def config():
    return {"url": URL, "database": "crm", "api_key": "0123456789"}


@pytest.fixture
def writer(vendor, config):
    for key in range(1, 7):
        vendor.add(EVENT, str(key))
    writer = TargetOdoo(config=config).writer
    writer.sleep = lambda _seconds: None
    return writer


def update(writer, *rows: tuple[str, dict]) -> dict[str, tuple[State, str | None]]:
    outcomes = writer.update(EVENT, [Row(id=key, fields=fields) for key, fields in rows])
    return {outcome.id: (outcome.state, outcome.reason) for outcome in outcomes}


class TestContract(TargetContract):
    stream = EVENT

    @pytest.fixture
    def target_class(self):
        return TargetOdoo


def test_different_values_go_in_one_call(writer, vendor):
    found = update(writer, *((str(n), {"x_money": f"{n}.50", "x_count": n}) for n in range(1, 5)))

    assert set(found.values()) == {(State.WRITTEN, None)}
    (call,) = vendor.loads()
    assert call["data"] == [[str(n), str(n), f"{n}.50"] for n in range(1, 5)]
    assert call["context"]["tracking_disable"] is True
    assert call["context"]["allowed_company_ids"] == [1, 2]


def test_rows_that_set_other_fields_go_in_a_call_of_their_own(writer, vendor):
    update(writer, ("1", {"x_money": "1"}), ("2", {"x_count": 2}), ("3", {"x_money": "3"}))

    assert [len(call["data"]) for call in vendor.loads()] == [1, 2]
    assert vendor.values(EVENT, "1")["x_count"] == 0


def test_a_missing_record_is_refused_and_never_created(writer, vendor):
    found = update(writer, ("1", {"x_money": "1"}), ("99", {"x_money": "9"}), ("2", {"x_money": "2"}))

    assert found["99"][0] is State.REFUSED
    assert {found["1"][0], found["2"][0]} == {State.WRITTEN}
    assert len(vendor.loads()) == 2
    assert "99" not in vendor.ids(EVENT)


def test_row_0_is_not_taken_for_the_guilty_one(writer, vendor):
    vendor.refused[3] = "The event is closed."

    found = update(writer, *((str(n), {"x_money": "1"}) for n in (1, 2, 3, 4)))

    assert found["3"] == (State.REFUSED, "The event is closed.")
    assert {found[key][0] for key in "124"} == {State.WRITTEN}


def test_row_0_is_refused_where_it_is_guilty(writer, vendor):
    vendor.refused = {1: "closed", 3: "closed"}

    found = update(writer, *((str(n), {"x_money": "1"}) for n in (1, 2, 3)))

    assert [found[key][0] for key in "123"] == [State.REFUSED, State.WRITTEN, State.REFUSED]


def test_a_locked_record_is_tried_again_alone(writer, vendor):
    vendor.locked[2] = 2

    found = update(writer, *((str(n), {"x_money": "1"}) for n in (1, 2, 3)))

    assert {state for state, _ in found.values()} == {State.WRITTEN}
    assert [[row[0] for row in call["data"]] for call in vendor.loads()] == [
        ["1", "2", "3"],
        ["1", "3"],
        ["2"],
        ["2"],
    ]


def test_a_record_that_stays_locked_is_refused(writer, vendor):
    vendor.locked[2] = 99

    found = update(writer, ("2", {"x_money": "1"}))

    assert found["2"] == (State.REFUSED, LOCKED.strip())
    assert len(vendor.loads()) == 4


def test_a_call_that_fails_as_a_whole_is_halved(writer, vendor):
    vendor.faults = ["crash", "crash", "crash"]

    found = update(writer, *((str(n), {"x_money": "1"}) for n in (1, 2, 3, 4)))

    assert [found[key][0] for key in "1234"] == [State.REFUSED, State.WRITTEN, State.WRITTEN, State.WRITTEN]


@pytest.mark.parametrize("fault", ["lost_answer", "lost_request", "html", "garbled", "other_ids"])
def test_an_unreadable_end_is_unknown_and_nothing_follows(writer, vendor, fault):
    vendor.faults = [fault]
    rows = [Row(id="1", fields={"x_count": 1}), Row(id="2", fields={"x_money": "1"})]
    outcomes = iter(writer.update(EVENT, rows))

    first = next(outcomes)
    with pytest.raises(UnknownOutcomeError):
        next(outcomes)

    assert (first.id, first.state) == ("1", State.UNKNOWN)
    assert len(vendor.loads()) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"x_money": "abc"}, "x_money: not a number"),
        ({"x_money": "NaN"}, "x_money: not a finite number"),
        ({"x_count": "1.5"}, "x_count: not a whole number"),
        ({"x_count": 2**31}, "x_count: too large for an Odoo integer; use a decimal field"),
        ({"x_date": "soon"}, "x_date: not a date"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_the_call(writer, vendor, fields, reason):
    assert update(writer, ("1", fields)) == {"1": (State.REFUSED, reason)}
    assert not vendor.loads()


@pytest.mark.parametrize("key", ["0", "abc", "1 or 1=1", "-3", "²"])
def test_what_is_no_id_of_odoo_is_refused_before_the_call(writer, vendor, key):
    assert update(writer, (key, {"x_money": "1"}))[key][0] is State.REFUSED
    assert not vendor.loads()


def test_an_emptied_number_reads_as_zero_which_stands_for_empty(writer, vendor):
    vendor.add(EVENT, "1", x_money=5.0, x_date="2026-01-01")
    update(writer, ("1", {"x_money": None, "x_date": None}))

    read = writer.read(EVENT, ["1"], ["x_money", "x_date"])["1"]

    assert read == {"x_money": "0.0", "x_date": None}
    assert stands_for(None, read["x_money"])
    assert not stands_for("0.00", read["x_date"])


def test_no_right_to_write_refuses_every_row_with_the_reason(writer, vendor):
    vendor.denied.add((EVENT, "load"))

    found = update(writer, ("1", {"x_money": "1"}), ("2", {"x_money": "1"}))

    assert set(found.values()) == {(State.REFUSED, "the API user may not change event.event")}


@pytest.mark.parametrize("field", ["x_nowhere", "x_tags"])
def test_a_field_that_is_missing_or_of_another_kind_is_named(writer, field):
    with pytest.raises(ForeignFieldError, match=field):
        writer.accept(EVENT, [field])


def test_a_model_that_the_database_lacks_is_named(writer):
    with pytest.raises(UnknownStreamError, match="no model"):
        writer.accept("crm.lead", ["x_money"])


def test_provision_makes_a_field_once(writer, vendor):
    wish = FieldWish(stream=EVENT, field="x_new", type="money", label="New", help="What it means")

    assert writer.provision(wish).state == "created"
    assert writer.provision(wish).state == "exists"
    (made,) = [body["vals_list"][0] for model, method, body in vendor.calls if method == "create"]
    assert (made["ttype"], made["state"], made["help"], made["model_id"]) == (
        "float",
        "manual",
        "What it means",
        90,
    )


def test_provision_says_which_right_is_missing(writer, vendor):
    vendor.denied.add(("ir.model", "search"))

    answer = writer.provision(FieldWish(stream=EVENT, field="x_new", type="count", label="New"))

    assert answer.state == "denied"
    assert "ir.model" in answer.reason
    assert "name x_new, type integer" in answer.reason


def test_provision_refuses_another_type(writer):
    answer = writer.provision(FieldWish(stream=EVENT, field="x_date", type="money", label="New"))

    assert (answer.state, "date" in answer.reason) == ("wrong_type", True)


def test_provision_refuses_a_field_that_is_not_ours(writer):
    with pytest.raises(ForeignFieldError):
        writer.provision(FieldWish(stream=EVENT, field="name2", type="money", label="New"))


def test_check_names_the_missing_rights_and_fields(vendor, config):
    vendor.denied |= {("res.partner", "access_write"), ("ir.model.fields", "access_create")}
    target = TargetOdoo(config={**config, "closedloop_fields": {"res.partner": ["x_money", "x_nowhere"]}})

    checks = {line["name"]: line for line in target.answer()}

    assert {name: line["ok"] for name, line in checks.items()} == {
        "login": True,
        "permission:res.partner": False,
        "field:res.partner.x_money": True,
        "field:res.partner.x_nowhere": False,
        "permission:ir.model.fields": False,
    }
    assert checks["permission:res.partner"]["required"]
    assert not checks["permission:ir.model.fields"]["required"]


def test_check_says_when_the_key_is_refused(config):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.GET, f"{URL}/web/version", json={"version_info": [19, 0], "version": "19.0"})
        refused = {"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}
        mock.add(responses.POST, f"{URL}/json/2/res.users/context_get", status=401, json=refused)

        (line,) = TargetOdoo(config=config).answer()

    assert (line["name"], line["ok"], line["required"]) == ("login", False, True)
    assert "0123456789" not in json.dumps(line)


def test_messages_without_a_row_blame_nobody():
    warning = {"type": "warning", "message": "Found more than 10 errors"}
    assert blame([warning, {"type": "error", "message": "?"}]) == {}


def test_the_targets_objects_are_models_it_writes_to(config):
    from closedloop.settings import Settings
    from target_odoo.client import MODELS

    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"},
        connections={"crm": {"connector": "odoo", "settings": config}},
    )
    assert {name for names in objects(settings, "crm").values() for name in names} <= set(MODELS)


def test_a_plain_http_address_is_refused(config):
    with pytest.raises(ConfigError, match="plain http"):
        TargetOdoo(config={**config, "url": "http://odoo.example.com"})


def test_a_record_that_would_show_another_currency_is_refused_and_its_neighbours_are_written(writer, vendor):
    vendor.fields[EVENT]["x_worth"] = "monetary"
    for key, row in vendor.records[EVENT].items():
        row["currency_id"] = [key % 2, "USD" if key % 2 else "EUR"]
    writer.currency = "USD"

    found = update(writer, ("1", {"x_worth": "5.00"}), ("2", {"x_worth": "6.00"}))

    assert found["1"] == (State.WRITTEN, None)
    assert found["2"] == (
        State.REFUSED,
        "x_worth: the record shows EUR, and the figures are in USD; map a field of type float",
    )
    assert [load["data"] for load in vendor.loads()] == [[["1", "5.00"]]]
