"""target_salesforce: collections, bulk jobs, imports, rights, and what is never done."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
import responses
from tests.contract.target_suite import TargetContract, commit, lines, record, schema
from tests.targets.salesforce.fake import COUNT, DAY, MONEY, RATIO, URL, FakeSalesforce, error

from closedloop.errors import BudgetError, ConfigError
from closedloop.kit.outcome import Row, State, read_lines
from closedloop.kit.policy import StreamError, UnknownOutcomeError
from closedloop.kit.writer import FieldWish, ForeignFieldError, UnknownStreamError
from closedloop.writeback.mapping import objects
from target_salesforce import client
from target_salesforce.target import TargetSalesforce

CONFIG = {"url": URL, "client_id": "app", "client_secret": "0123456789"}


def rid(n: int, prefix: str = "701") -> str:
    """Return the n-th record id."""
    return f"{prefix}{n:012d}AAA"


@pytest.fixture
def vendor():
    fake = FakeSalesforce()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake.install(mock)
        yield fake


@pytest.fixture
def config():
    return dict(CONFIG)


@pytest.fixture
def naps():
    return []


@pytest.fixture
def writer(vendor, config, naps):
    for n in range(1, 7):
        vendor.add("Campaign", rid(n))
    writer = TargetSalesforce(config={**config, "target_bulk_from": 5}).writer
    writer.sleep = naps.append
    writer.org.http.sleep = naps.append
    return writer


def update(writer, rows, stream="Campaign"):
    outcomes = writer.update(stream, [Row(id=key, fields=fields) for key, fields in rows])
    return {outcome.id: (outcome.state, outcome.reason) for outcome in outcomes}


def money(*numbers):
    return [(rid(n), {MONEY: f"{n}.50"}) for n in numbers]


class TestContract(TargetContract):
    stream = "Campaign"
    foreign_field = "Name"
    money, count = MONEY, COUNT

    @pytest.fixture
    def target_class(self, monkeypatch):
        monkeypatch.setattr(
            client, "_ID", re.compile(r"\d+")
        )  # the contract's records are called 1, 2 and 999
        return TargetSalesforce


class TestContractByJob(TestContract):
    """The same with every batch as a bulk job, however small."""

    @pytest.fixture
    def config(self):
        return {**CONFIG, "target_bulk_from": 1}

    @pytest.mark.parametrize("fault", ["lost_answer", "lost_request"])
    def test_a_lost_answer_is_unknown_and_never_sent_again(self, target, vendor, outcomes, fault, capfd):
        """What tells a job to begin may get lost: its state says whether it arrived."""
        vendor.fault(fault)
        rows = lines(schema("Campaign", MONEY), record("Campaign", "1", **{MONEY: "5.00"}), commit(1))

        if fault == "lost_answer":
            target.listen(rows)
        else:
            with pytest.raises(StreamError, match="not begun"):
                target.listen(rows)

        arrived = fault == "lost_answer"
        assert self.states(outcomes) == {"1": State.WRITTEN if arrived else State.NOT_SENT}
        assert len(vendor.writes) == int(arrived)
        assert [job["state"] for job in vendor.jobs.values()] == ["JobComplete" if arrived else "Aborted"]


class TestCollections:
    def test_values_go_as_numbers_and_dates_in_one_call(self, writer, vendor):
        found = update(
            writer, [(rid(1), {MONEY: "12345678901234.56", COUNT: 4, DAY: "2026-10-31"}), *money(2, 3)]
        )

        assert set(found.values()) == {(State.WRITTEN, None)}
        (call,) = vendor.sent()
        assert call["records"][0] == {
            "attributes": {"type": "Campaign"},
            "id": rid(1),
            MONEY: Decimal("12345678901234.56"),
            COUNT: 4,
            DAY: "2026-10-31",
        }

    def test_figures_give_no_lead_another_owner_and_imports_go_through_the_rules(self, vendor, config):
        vendor.add("Lead", rid(1, "00Q"), Key__c="K1")
        for message, row in (
            (schema("Lead", COUNT), record("Lead", rid(1, "00Q"), **{COUNT: 1})),
            (TestImport().lead(), TestImport().row(Key__c="K1", LastName="x")),
        ):
            target = TargetSalesforce(config=config)
            target.listen(lines(message, row, commit(1)))
            target.lock.release()

        sent = [
            head
            for (_, path, _), head in zip(vendor.calls, vendor.headers, strict=True)
            if "composite" in path
        ]
        assert [head.get("Sforce-Auto-Assign") for head in sent] == ["FALSE", None]
        assert [head.get("Sforce-Duplicate-Rule-Header") for head in sent] == ["allowSave=true", None]

    def test_200_rows_a_call(self, vendor, config):
        for n in range(450):
            vendor.add("Campaign", rid(n))
        target = TargetSalesforce(config=config)

        target.listen(
            lines(
                schema("Campaign", COUNT),
                *(record("Campaign", rid(n), **{COUNT: n}) for n in range(450)),
                commit(1),
            )
        )

        assert [len(call["records"]) for call in vendor.sent()] == [200, 200, 50]
        assert vendor.values("Campaign", rid(449))[COUNT] == 449

    def test_each_call_is_journalled_by_itself(self, vendor, config, tmp_path):
        for n in range(250):
            vendor.add("Campaign", rid(n))
        path = tmp_path / "out.jsonl"
        target = TargetSalesforce(config={**config, "closedloop_outcomes": str(path)})

        target.listen(
            lines(
                schema("Campaign", COUNT),
                *(record("Campaign", rid(n), **{COUNT: n}) for n in range(250)),
                commit(1),
            )
        )
        target.lock.release()

        assert [line.phase for line in read_lines(path)] == (
            ["intent"] * 200 + ["outcome"] * 200 + ["intent"] * 50 + ["outcome"] * 50
        )

    def test_a_refused_row_keeps_the_vendors_text_and_its_neighbours_are_written(self, writer, vendor):
        vendor.refused[rid(2)] = error(
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "Closed campaigns are frozen, ask anna@example.com",
            fields=[MONEY],
        )

        found = update(writer, money(1, 2, 3))

        assert found[rid(2)] == (
            State.REFUSED,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION: Closed campaigns are frozen, ask (e-mail)",
        )
        assert {found[rid(n)][0] for n in (1, 3)} == {State.WRITTEN}
        assert len(vendor.sent()) == 1

    def test_a_locked_row_is_tried_again_alone(self, writer, vendor, naps):
        vendor.locked[rid(2)] = 2

        found = update(writer, money(1, 2, 3))

        assert {state for state, _ in found.values()} == {State.WRITTEN}
        assert [[row["id"] for row in call["records"]] for call in vendor.sent()] == [
            [rid(1), rid(2), rid(3)],
            [rid(2)],
            [rid(2)],
        ]
        assert naps == [0.5, 1.0]

    def test_locked_rows_are_tried_again_by_parent(self, writer, vendor):
        for n, campaign in ((1, 9), (2, 8), (3, 9), (4, 8)):
            vendor.add("CampaignMember", rid(n, "00v"), CampaignId=rid(campaign))
            vendor.locked[rid(n, "00v")] = 1

        found = update(writer, [(rid(n, "00v"), {COUNT: n}) for n in (1, 2, 3, 4)], "CampaignMember")

        assert {state for state, _ in found.values()} == {State.WRITTEN}
        assert [call["records"][0]["id"] for call in vendor.sent()[1:]] == [
            rid(n, "00v") for n in (2, 4, 1, 3)
        ]

    def test_a_row_that_stays_locked_is_refused(self, writer, vendor):
        vendor.locked[rid(2)] = 99

        state, reason = update(writer, money(2))[rid(2)]

        assert (state, reason.split(":")[0]) == (State.REFUSED, "UNABLE_TO_LOCK_ROW")
        assert len(vendor.sent()) == 4

    def test_an_answer_lost_while_a_locked_row_is_tried_again_is_unknown_for_that_row_only(
        self, writer, vendor
    ):
        vendor.locked = {rid(2): 1, rid(3): 1}
        outcomes = []
        vendor.faults = ["none", "lost_answer"]

        with pytest.raises(UnknownOutcomeError):
            iter_into(writer.update("Campaign", [Row(id=k, fields=f) for k, f in money(1, 2, 3)]), outcomes)

        assert {outcome.id: outcome.state for outcome in outcomes} == {
            rid(1): State.WRITTEN,
            rid(2): State.UNKNOWN,
        }

    @pytest.mark.parametrize(
        "fault", ["lost_answer", "lost_request", "html", "garbled", "short", "other", "500"]
    )
    def test_an_end_that_tells_nothing_is_unknown_and_nothing_follows(self, writer, vendor, fault):
        vendor.faults = [fault]
        outcomes = []

        with pytest.raises(UnknownOutcomeError):
            iter_into(writer.update("Campaign", [Row(id=k, fields=f) for k, f in money(1, 2)]), outcomes)

        assert {outcome.id: outcome.state for outcome in outcomes} == {
            rid(1): State.UNKNOWN,
            rid(2): State.UNKNOWN,
        }
        assert len(vendor.sent()) == 1

    def test_a_missing_record_is_refused_and_never_created(self, writer, vendor):
        found = update(writer, money(1, 99))

        assert found[rid(99)] == (State.REFUSED, "ENTITY_IS_DELETED: entity is deleted")
        assert rid(99) not in vendor.ids("Campaign")
        assert {path for method, path, _ in vendor.calls if method in {"PATCH", "POST"}} == {
            "/composite/sobjects"
        }

    def test_a_call_that_is_refused_as_a_whole_is_halved_to_the_guilty_row(self, writer, vendor):
        whole = (400, [{"errorCode": "JSON_PARSER_ERROR", "message": "cannot read the value"}])
        vendor.answers["PATCH /composite/sobjects"] = whole

        found = update(writer, money(1, 2, 3))

        assert set(found.values()) == {(State.REFUSED, "JSON_PARSER_ERROR: cannot read the value")}
        assert len(vendor.sent()) == 5

    def test_a_field_that_vanished_refuses_all_rows_at_once(self, writer, vendor):
        text = "No such column 'Money__c' on entity 'Campaign'"
        vendor.answers["PATCH /composite/sobjects"] = (400, [{"errorCode": "INVALID_FIELD", "message": text}])

        assert set(update(writer, money(1, 2, 3)).values()) == {(State.REFUSED, f"INVALID_FIELD: {text}")}
        assert len(vendor.sent()) == 1

    def test_a_session_that_ended_costs_one_login(self, writer, vendor):
        vendor.faults = ["session"]

        assert update(writer, money(1))[rid(1)][0] is State.WRITTEN
        assert vendor.tokens == 2

    def test_a_credential_that_stays_refused_stops_the_run(self, writer, vendor):
        vendor.faults = ["session"] * 9

        with pytest.raises(ConfigError, match="401"):
            update(writer, money(1))

        assert vendor.tokens == 2
        assert not vendor.writes

    def test_too_many_calls_at_once_wait_and_the_days_end_stops(self, writer, vendor, naps):
        vendor.faults = ["busy", "busy"]
        assert update(writer, money(1))[rid(1)][0] is State.WRITTEN
        assert len(naps) == 2

        vendor.faults = ["day"]
        with pytest.raises(BudgetError, match="day"):
            update(writer, money(2))
        assert len(vendor.writes) == 1

    def test_no_right_refuses_every_row_with_the_vendors_reason(self, writer, vendor):
        no = [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "entity is read only"}]
        vendor.answers["PATCH /composite/sobjects"] = (403, no)

        found = update(writer, money(1, 2))

        assert set(found.values()) == {
            (State.REFUSED, "INSUFFICIENT_ACCESS_OR_READONLY: entity is read only")
        }


def iter_into(outcomes, kept):
    """Keep what comes before an error."""
    for outcome in outcomes:
        kept.append(outcome)


class TestValues:
    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({MONEY: "abc"}, "Money__c: not a number"),
            ({MONEY: "NaN"}, "Money__c: not a finite number"),
            ({MONEY: True}, "Money__c: not a finite number"),
            ({MONEY: "0.005"}, "Money__c: more than 2 decimals, which Salesforce would round"),
            ({MONEY: "1E16"}, "Money__c: too large for the field"),
            ({RATIO: "0.1234567"}, "Ratio__c: more than 6 decimals, which Salesforce would round"),
            ({COUNT: "1.5"}, "Count__c: more than 0 decimals, which Salesforce would round"),
            ({DAY: "soon"}, "Day__c: not a date"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused_before_the_call(self, writer, vendor, fields, reason):
        assert update(writer, [(rid(1), fields)]) == {rid(1): (State.REFUSED, reason)}
        assert not vendor.sent()

    @pytest.mark.parametrize(
        "key", ["12", "701-00000000001", "701000000000001A' OR", "é01000000000001", "7" * 19]
    )
    def test_what_is_no_id_of_salesforce_is_refused_before_the_call(self, writer, vendor, key):
        assert update(writer, [(key, {MONEY: "1"})])[key][0] is State.REFUSED
        assert not vendor.sent()

    def test_a_short_id_is_the_same_record(self, writer, vendor):
        vendor.records["Campaign"][rid(1)[:15]] = vendor.values("Campaign", rid(1))

        assert update(writer, [(rid(1)[:15], {MONEY: "1.00"})])[rid(1)[:15]][0] is State.WRITTEN

    def test_reading_gives_decimals_as_text_and_leaves_out_what_is_gone(self, writer, vendor):
        vendor.add("Campaign", rid(1), **{MONEY: 1.5e7, COUNT: 12, DAY: "2026-01-02"})

        found = writer.read("Campaign", [rid(1), rid(99), "junk"], [MONEY, COUNT, DAY])

        assert found == {rid(1): {MONEY: "15000000.0", COUNT: "12", DAY: "2026-01-02"}}
        (asked,) = vendor.sent("/composite/sobjects/Campaign", "POST")
        assert asked == {"ids": [rid(1), rid(99)], "fields": ["Id", MONEY, COUNT, DAY]}

    @pytest.mark.parametrize("field", ["Nowhere__c", "Tags__c", "Name"])
    def test_a_field_that_is_missing_of_another_kind_or_not_ours_is_named(self, writer, field):
        with pytest.raises(ForeignFieldError, match=field):
            writer.accept("Campaign", [field])

    @pytest.mark.parametrize(
        ("more", "shown"),
        [({"CurrencyIsoCode": ("picklist", 0, 0)}, "each record's own currency"), ({}, "EUR"), ({}, None)],
    )
    def test_a_field_that_would_show_another_currency_is_named_before_the_first_write(
        self, writer, vendor, more, shown
    ):
        vendor.fields["Account"] |= {"Worth__c": ("currency", 18, 2), **more}
        rows = [{"DefaultCurrencyIsoCode": shown if shown == "EUR" else "USD"}]
        vendor.answers["GET /query"] = (200, {"records": rows, "done": True})
        writer.accept("Account", ["Worth__c"])  # a plain Singer pipeline says nothing about currencies
        writer.currency = "USD"

        if shown is None:
            writer.accept("Account", ["Worth__c"])
            return
        with pytest.raises(ForeignFieldError, match=f"Worth__c shows {shown}, and the figures are in USD"):
            writer.accept("Account", ["Worth__c"])

    def test_a_field_that_may_not_be_edited_is_named(self, writer, vendor):
        vendor.read_only.add(COUNT)

        with pytest.raises(ForeignFieldError, match=r"may not edit Campaign\.Count__c"):
            writer.accept("Campaign", [COUNT])

    def test_an_object_that_the_user_does_not_see_is_named(self, writer, vendor):
        del vendor.fields["Account"]

        with pytest.raises(UnknownStreamError, match="Account"):
            writer.accept("Account", [MONEY])


class TestBulk:
    def test_many_rows_go_as_one_job_whose_results_come_in_another_order(self, writer, vendor):
        vendor.refused[rid(2)] = error("FIELD_CUSTOM_VALIDATION_EXCEPTION", 'Frozen, "really"')
        vendor.locked[rid(4)] = 1

        found = update(writer, [*money(1, 2, 3, 4), (rid(5), {COUNT: 5, MONEY: None})])

        assert {key: state for key, (state, _) in found.items()} == {
            rid(1): State.WRITTEN,
            rid(2): State.REFUSED,
            rid(3): State.WRITTEN,
            rid(4): State.WRITTEN,
            rid(5): State.WRITTEN,
        }
        assert found[rid(2)][1] == 'FIELD_CUSTOM_VALIDATION_EXCEPTION: Frozen, "really":--'
        (job,) = vendor.jobs.values()
        assert (job["operation"], job["object"], job["lineEnding"]) == ("update", "Campaign", "LF")
        assert [[row["id"] for row in call["records"]] for call in vendor.sent()] == [[rid(4)]]

    def test_an_absent_field_is_left_and_an_empty_one_emptied(self, writer, vendor):
        vendor.add("Campaign", rid(5), **{COUNT: 7, MONEY: 9})

        update(writer, [*money(1, 2, 3, 4), (rid(5), {MONEY: None})])

        assert (vendor.values("Campaign", rid(5))[COUNT], vendor.values("Campaign", rid(5))[MONEY]) == (
            7,
            None,
        )
        (job,) = vendor.jobs.values()
        assert job["rows"][4] == {"Id": rid(5), MONEY: "#N/A"}

    def test_the_whole_batch_is_one_job(self, vendor, config):
        for n in range(2001):
            vendor.add("Campaign", rid(n))
        target = TargetSalesforce(config=config)
        target.writer.sleep = lambda _seconds: None

        target.listen(
            lines(
                schema("Campaign", COUNT),
                *(record("Campaign", rid(n), **{COUNT: n}) for n in range(2001)),
                commit(1),
            )
        )

        (job,) = vendor.jobs.values()
        assert len(job["rows"]) == 2001
        assert not vendor.sent()
        assert target.counts == {State.WRITTEN: 2001}

    def test_a_job_is_waited_for(self, writer, vendor, naps):
        vendor.job_states = ["UploadComplete", "UploadComplete", "UploadComplete"]

        assert {state for state, _ in update(writer, money(1, 2, 3, 4, 5)).values()} == {State.WRITTEN}
        assert naps == [1.0, 2.0, 4.0]

    def test_a_job_that_is_lost_sight_of_leaves_its_rows_unknown(self, writer, vendor):
        vendor.job_states = ["lost"]
        outcomes = []

        with pytest.raises(UnknownOutcomeError):
            iter_into(
                writer.update("Campaign", [Row(id=k, fields=f) for k, f in money(1, 2, 3, 4, 5)]), outcomes
            )

        assert {outcome.state for outcome in outcomes} == {State.UNKNOWN}
        assert outcomes[0].request_id == next(iter(vendor.jobs))

    def test_a_failed_job_may_have_written_some(self, writer, vendor):
        vendor.job_states = ["Failed"]
        vendor.job_leaves = {rid(5)}
        outcomes = []

        with pytest.raises(StreamError, match="before it came to all"):
            iter_into(
                writer.update("Campaign", [Row(id=k, fields=f) for k, f in money(1, 2, 3, 4, 5)]), outcomes
            )

        assert {outcome.id: outcome.state for outcome in outcomes} == {
            **dict.fromkeys((rid(n) for n in (1, 2, 3, 4)), State.WRITTEN),
            rid(5): State.NOT_SENT,
        }

    def test_a_page_instead_of_the_answer_that_begins_a_job_leaves_its_rows_to_the_job(self, writer, vendor):
        vendor.fault("page")

        assert {state for state, _ in update(writer, money(1, 2, 3, 4, 5)).values()} == {State.WRITTEN}

    def test_a_row_that_no_listing_names_is_unknown(self, writer, vendor):
        vendor.job_loses = {rid(3)}
        outcomes = []

        with pytest.raises(UnknownOutcomeError, match="does not account"):
            iter_into(
                writer.update("Campaign", [Row(id=k, fields=f) for k, f in money(1, 2, 3, 4, 5)]), outcomes
            )

        assert {outcome.id for outcome in outcomes if outcome.state is State.UNKNOWN} == {rid(3)}

    def test_a_job_that_takes_too_long_is_aborted_and_what_it_did_is_told(self, vendor, config, naps):
        for n in (1, 2):
            vendor.add("Campaign", rid(n))
        target = TargetSalesforce(config={**config, "target_bulk_from": 1, "target_bulk_minutes": 1})
        target.writer.sleep = naps.append
        vendor.job_states = ["InProgress"]

        assert {state for state, _ in update(target.writer, money(1, 2)).values()} == {State.WRITTEN}
        assert sum(naps) >= 60
        assert next(iter(vendor.jobs.values()))["state"] == "Aborted"

    def test_rows_that_cannot_be_handed_over_are_not_sent(self, writer, vendor):
        vendor.answers["PUT /jobs/ingest"] = (413, [{"errorCode": "TOO_LARGE", "message": "too large"}])

        with pytest.raises(StreamError, match="413"):
            update(writer, money(1, 2, 3, 4, 5))

        assert [job["state"] for job in vendor.jobs.values()] == ["Aborted"]
        assert not vendor.writes

    def orphan(self, vendor, **more):
        job = {
            "id": f"750{9:012d}AAA",
            "state": "InProgress",
            "object": "Campaign",
            "operation": "update",
            "results": [],
        }
        vendor.jobs[job["id"]] = job | more
        return vendor.jobs[job["id"]]

    def test_a_job_that_a_killed_process_left_is_ended_before_anything_is_read_back(
        self, writer, vendor, naps
    ):
        job = self.orphan(vendor)

        assert writer.read("Campaign", [rid(1)], [COUNT])
        assert (job["state"], sum(naps) >= 3600) == ("Aborted", True)

    @pytest.mark.parametrize(
        "other", [{"object": "Account"}, {"state": "Failed"}, {"user": "005000000000002AAA"}]
    )
    def test_jobs_of_others_are_let_alone(self, writer, vendor, naps, other):
        job = self.orphan(vendor, **other)
        state = job["state"]

        assert writer.read("Campaign", [rid(1)], [COUNT])
        assert (job["state"], naps) == (state, [])


class TestImport:
    def lead(self, key="Key__c", fields=("LastName", "Company")):
        message = schema("Lead", key, *fields)
        del message["schema"]["properties"]["id"]
        return {**message, "key_properties": [key]}

    def row(self, stream="Lead", **fields):
        return {"type": "RECORD", "stream": stream, "record": fields}

    def test_leads_are_imported_by_external_id_and_not_twice(self, vendor, config):
        for _ in range(2):
            target = TargetSalesforce(config=config)
            target.listen(
                lines(
                    self.lead(),
                    self.row(Key__c="K 1", LastName="Byrne", Company="Acme"),
                    self.row(Key__c="K2"),
                    commit(1),
                )
            )
            target.lock.release()

        assert len(vendor.ids("Lead")) == 2
        assert vendor.sent()[0]["records"][0] == {
            "attributes": {"type": "Lead"}, "Key__c": "K 1", "LastName": "Byrne", "Company": "Acme",
        }  # fmt: skip
        assert {path for _, path, _ in vendor.calls if "composite" in path} == {
            "/composite/sobjects/Lead/Key__c"
        }

    def test_what_a_member_can_only_have_from_its_beginning_is_left_out_once_it_is_there(
        self, vendor, config
    ):
        fields = ("CampaignId", "LeadId", "Status")
        first = self.row(
            "CampaignMember", Key__c="m1", CampaignId=rid(1), LeadId=rid(1, "00Q"), Status="Registered"
        )
        again = self.row(
            "CampaignMember", Key__c="M1", CampaignId=rid(1), LeadId=rid(1, "00Q"), Status="Attended"
        )
        again["record"]["Key__c"] = "m1"
        message = {**self.lead(fields=fields), "stream": "CampaignMember"}
        for row in (first, again):
            target = TargetSalesforce(config=config)
            target.listen(lines(message, row, commit(1)))
            target.lock.release()

        (member,) = vendor.records["CampaignMember"].values()
        assert (member["CampaignId"], member["Status"]) == (rid(1), "Attended")

    def test_two_rows_that_salesforce_takes_for_one_are_refused(self, vendor, config):
        target = TargetSalesforce(config=config)

        target.listen(
            lines(self.lead(), self.row(Key__c="a1"), self.row(Key__c="A1"), self.row(Key__c="b"), commit(1))
        )

        assert target.counts == {State.REFUSED: 2, State.WRITTEN: 1}

    def test_an_ambiguous_external_id_is_refused_with_the_vendors_text(self, vendor, config):
        vendor.refused["K1"] = error("DUPLICATE_EXTERNAL_ID", "more than one record found")
        target = TargetSalesforce(config=config)

        target.listen(lines(self.lead(), self.row(Key__c="K1"), commit(1)))

        assert target.counts == {State.REFUSED: 1}
        assert not vendor.ids("Lead")

    def test_past_2000_rows_the_import_is_an_upsert_job(self, vendor, config):
        target = TargetSalesforce(config={**config, "target_bulk_from": 2})

        target.listen(
            lines(self.lead(), *(self.row(Key__c=f"K{n}", LastName="x") for n in range(3)), commit(1))
        )

        (job,) = vendor.jobs.values()
        assert (job["operation"], job["externalIdFieldName"]) == ("upsert", "Key__c")
        assert target.counts == {State.WRITTEN: 3}

    @pytest.mark.parametrize(
        ("stream", "key", "field"),
        [
            ("Account", "Key__c", MONEY),
            ("Lead", "Note__c", "LastName"),
            ("Lead", "Key__c", "Name"),
            ("Lead", "Nowhere__c", "LastName"),
        ],
    )
    def test_nothing_else_is_created(self, vendor, config, stream, key, field):
        message = {**self.lead(key, [field]), "stream": stream}
        with pytest.raises((UnknownStreamError, ForeignFieldError)):
            TargetSalesforce(config=config).listen(lines(message, commit(1)))

        assert not vendor.writes

    def test_a_key_of_several_properties_is_refused(self, vendor, config):
        message = {**self.lead(), "key_properties": ["Key__c", "LastName"]}
        with pytest.raises(ConfigError, match="several properties"):
            TargetSalesforce(config=config).listen(lines(message, commit(1)))

    def test_rows_by_id_and_by_external_id_of_one_stream_keep_their_own_way(self, vendor, config):
        vendor.add("Lead", rid(1, "00Q"))
        target = TargetSalesforce(config=config)

        target.listen(
            lines(
                schema("Lead", COUNT),
                record("Lead", rid(1, "00Q"), **{COUNT: 3}),
                self.lead(),
                self.row(Key__c="K1", LastName="x"),
                commit(1),
            )
        )

        assert target.counts == {State.WRITTEN: 2}
        assert vendor.values("Lead", rid(1, "00Q"))[COUNT] == 3
        assert len(vendor.ids("Lead")) == 2


class TestProvision:
    def wish(self, field="New__c", kind="money", label="New"):
        return FieldWish(stream="Campaign", field=field, type=kind, label=label, help="What it means")

    def test_a_field_is_made_shown_and_made_once(self, writer, vendor):
        assert writer.provision(self.wish()).state == "created"
        assert writer.provision(self.wish()).state == "exists"

        (made,) = vendor.sent("/tooling", "POST")
        assert made["FullName"] == "Campaign.New__c"
        assert made["Metadata"]["type"] == "Number"
        assert (made["Metadata"]["precision"], made["Metadata"]["scale"]) == (18, 2)
        assert made["Metadata"]["inlineHelpText"] == "What it means"
        (grant,) = vendor.setup["FieldPermissions"]
        assert (grant["Field"], grant["PermissionsEdit"]) == ("Campaign.New__c", True)
        assert vendor.setup["PermissionSet"][0]["Name"] == "closedloop"
        assert vendor.setup["PermissionSetAssignment"][0]["AssigneeId"] == "005000000000001AAA"

    def test_a_long_label_is_cut_to_what_salesforce_takes(self, writer, vendor):
        writer.provision(self.wish(label="x" * 60))

        assert len(vendor.sent("/tooling", "POST")[0]["Metadata"]["label"]) == 40

    def test_a_hidden_field_that_is_there_already_is_only_shown(self, writer, vendor):
        vendor.hidden.add(MONEY)

        assert writer.provision(self.wish(MONEY)).state == "exists"
        assert vendor.setup["FieldPermissions"]

    def test_the_right_that_is_missing_is_named_with_what_to_make_by_hand(self, writer, vendor):
        vendor.denied_setup.add("CustomField")

        answer = writer.provision(self.wish(kind="ratio"))

        assert answer.state == "denied"
        assert "Customize Application" in answer.reason
        assert "Number, length 12, decimal places 6, API name New__c" in answer.reason

    @pytest.mark.parametrize("denied", ["PermissionSet", "FieldPermissions", "PermissionSetAssignment"])
    def test_a_field_that_cannot_be_shown_says_what_to_grant(self, writer, vendor, denied):
        vendor.denied_setup.add(denied)

        answer = writer.provision(self.wish())

        assert answer.state == "denied"
        assert "Read and Edit access to Campaign.New__c" in answer.reason

    @pytest.mark.parametrize(
        ("field", "kind", "state"),
        [
            (DAY, "money", "wrong_type"),
            (COUNT, "money", "wrong_type"),
            (MONEY, "ratio", "wrong_type"),
            (RATIO, "ratio", "exists"),
            (MONEY, "count", "exists"),
            (DAY, "date", "exists"),
            ("Note__c", "text", "exists"),
        ],
    )
    def test_a_field_that_is_there_must_hold_what_goes_into_it(self, writer, field, kind, state):
        assert writer.provision(self.wish(field, kind)).state == state

    def test_a_field_that_is_not_ours_is_refused(self, writer):
        with pytest.raises(ForeignFieldError):
            writer.provision(self.wish("Name"))


class TestCheck:
    def check(self, config, **more):
        target = TargetSalesforce(config={**config, **more})
        return {line["name"]: line for line in target.answer()}

    def test_it_names_each_missing_right_and_field(self, vendor, config):
        vendor.read_only |= {"Account", COUNT, "Lead"}
        vendor.denied_setup |= {"CustomField", "PermissionSet"}
        del vendor.fields["Contact"]

        checks = self.check(
            config,
            closedloop_fields={
                "Campaign": [MONEY, COUNT, "Nowhere__c"],
                "Account": [MONEY],
                "Contact": [MONEY],
            },
        )

        assert {name: line["ok"] for name, line in checks.items()} == {
            "login": True,
            "permission:ApiEnabled": True,
            "permission:Campaign": True,
            f"field:Campaign.{MONEY}": True,
            f"field:Campaign.{COUNT}": False,
            "field:Campaign.Nowhere__c": False,
            "permission:Account": False,
            f"field:Account.{MONEY}": True,
            "permission:Contact": False,
            "permission:CustomizeApplication": False,
            "permission:ManagePermissionSets": False,
            "permission:AssignPermissionSets": True,
            "permission:Lead.create": False,
            "permission:CampaignMember.create": True,
            "quota": True,
        }
        assert all(line["fix"] for line in checks.values() if not line["ok"])
        assert {name for name, line in checks.items() if not line["required"]} == {
            "permission:CustomizeApplication",
            "permission:ManagePermissionSets",
            "permission:AssignPermissionSets",
            "permission:Lead.create",
            "permission:CampaignMember.create",
            "quota",
        }

    def test_it_says_when_the_app_is_refused(self, config):
        with responses.RequestsMock() as mock:
            body = {"error": "invalid_client", "error_description": "invalid client credentials"}
            mock.add(responses.POST, f"{URL}/services/oauth2/token", status=400, json=body)

            checks = self.check(config)

        assert (checks["login"]["ok"], checks["login"]["required"]) == (False, True)
        assert "0123456789" not in json.dumps(checks)

    def test_it_says_when_the_api_is_switched_off(self, vendor, config):
        off = [{"errorCode": "API_DISABLED_FOR_ORG", "message": "API is not enabled for this Organization"}]
        vendor.answers["GET /sobjects"] = (403, off)

        checks = self.check(config)

        assert "API" in checks["login"]["message"]
        assert "API Enabled" in checks["login"]["fix"]


def test_the_targets_objects_are_ones_it_writes_to(config):
    from closedloop.settings import Settings

    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"},
        connections={"crm": {"connector": "salesforce", "settings": config}},
    )
    assert {name for names in objects(settings, "crm").values() for name in names} <= set(client.OBJECTS)


def test_a_plain_http_address_is_refused(config):
    with pytest.raises(ConfigError, match="plain http"):
        TargetSalesforce(config={**config, "url": "http://acme.my.salesforce.com"})


def test_a_missing_setting_is_named(config):
    with pytest.raises(ConfigError, match="private_key"):
        TargetSalesforce(config={**config, "grant": "jwt_bearer", "username": "x"})
