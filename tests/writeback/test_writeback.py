"""Plan, apply, verify and undo, through the public face."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.writeback.bench import EVENT, PARTNER, Bench

from closedloop.errors import ConfigError, GuardError, PartlyFailedError
from closedloop.writeback.mapping import written_fields
from closedloop.writeback.plan import load_plan
from closedloop.writeback.provision import provision


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def filled(bench):
    bench.world()
    return bench


def test_a_first_plan_names_every_field_and_writes_nothing(filled):
    plan = filled.plan()

    first = plan.rows[0]
    assert (first.slot, first.desired, first.measure) == ((EVENT, "1", "x_as_of"), "2026-11-21", "as_of")
    assert {row.slot.field: row.desired for row in plan.rows if row.slot[:2] == (EVENT, "2")} == {
        "x_ltv": "20.00",
        "x_att": 20,
        "x_roi": "0.200000",
        "x_as_of": "2026-11-21",
    }
    assert plan.counts == {"fields": 18, "write": 18, "keep_theirs": 0, "unchanged": 0, "records": 6}
    assert not plan.guards
    assert not filled.vendor.writes


def test_a_stored_plan_is_the_plan(filled):
    plan = filled.plan()

    assert load_plan(filled.operations, plan.id) == plan


def test_apply_writes_verifies_and_journals(filled):
    applied = filled.apply()

    assert applied.exit_code == 0
    assert (applied.delivered.written, applied.delivered.verified) == (18, 18)
    assert filled.vendor.values(EVENT, "3") == {
        "x_ltv": "30.00",
        "x_att": 30,
        "x_roi": "0.300000",
        "x_as_of": "2026-11-21",
    }
    assert filled.vendor.values(PARTNER, "1") == {"x_inv": "0.50"}
    assert {row.state for row in filled.journal()} == {"written"}
    assert all(row.verified_at for row in filled.journal())


def test_one_record_is_one_row_of_the_target(filled):
    filled.apply()

    assert len(filled.vendor.writes) == 6


@pytest.mark.parametrize("synced", [True, False], ids=["after a sync", "before the next sync"])
def test_nothing_changed_nothing_sent(filled, synced):
    filled.apply()
    if synced:
        filled.sync()
    before = len(filled.vendor.writes)
    filled.starts.clear()

    applied = filled.apply()

    assert len(filled.vendor.writes) == before
    assert (applied.delivered.written, applied.exit_code) == (0, 0)
    assert filled.starts == []


def test_a_new_day_alone_is_no_change(filled):
    filled.apply()
    filled.sync()
    filled.as_of("2026-11-22")
    assert not filled.plan().rows

    filled.event(1, ltv=1100, attended=10, roi="0.100000")

    assert [row.slot.field for row in filled.plan().rows] == ["x_as_of", "x_ltv"]


def test_a_figure_that_is_zero_is_told_from_one_never_written_by_its_date(bench):
    bench.world(events=1, partners=0)
    bench.event(1, ltv=0, attended=0)

    assert [(row.slot.field, row.desired) for row in bench.plan().rows] == [("x_as_of", "2026-11-21")]


def test_the_last_value_stays_where_there_is_no_figure_any_more(filled):
    filled.apply()
    filled.sync()
    filled.event(1, ltv=1000, attended=10, roi=None)

    (row,) = filled.plan().rows
    filled.apply()

    assert (row.action, row.desired, row.actual) == ("keep_old", None, "0.100000")
    assert "policy clear" in row.why
    assert filled.vendor.values(EVENT, "1")["x_roi"] == "0.100000"


def test_a_persons_edit_is_kept_and_named(filled):
    filled.apply()
    filled.vendor.edit(EVENT, "2", x_ltv="777.00")
    filled.sync()

    plan = filled.plan()
    applied = filled.apply(plan.id)

    assert [(row.slot, row.action) for row in plan.rows] == [((EVENT, "2", "x_ltv"), "keep_theirs")]
    assert applied.kept == ((EVENT, "2", "x_ltv"),)
    assert filled.vendor.values(EVENT, "2")["x_ltv"] == "777.00"


def test_a_persons_edit_is_overwritten_where_the_policy_says_so(tmp_path):
    bench = Bench(tmp_path, policy={"x_ltv": "overwrite"})
    bench.world()
    bench.apply()
    bench.vendor.edit(EVENT, "2", x_ltv="777.00")
    bench.sync()

    applied = bench.apply()

    assert applied.delivered.written == 1
    assert bench.vendor.values(EVENT, "2")["x_ltv"] == "20.00"
    bench.close()


def test_what_somebody_put_into_a_field_before_us_is_kept(bench):
    bench.world()
    bench.vendor.edit(PARTNER, "1", x_inv="5.00")
    bench.sync()

    assert [row.slot for row in bench.plan().rows if row.action == "keep_theirs"] == [(PARTNER, "1", "x_inv")]


def test_an_edit_between_plan_and_apply_is_noticed_by_a_last_look(filled):
    plan = filled.plan()
    filled.vendor.edit(EVENT, "2", x_ltv="777.00")

    applied = filled.apply(plan.id)

    assert filled.vendor.values(EVENT, "2")["x_ltv"] == "777.00"
    assert applied.kept == ((EVENT, "2", "x_ltv"),)
    assert applied.delivered.written == 17


def test_a_record_gone_since_the_plan_is_passed_over(filled):
    plan = filled.plan()
    filled.vendor.remove(EVENT, "2")

    applied = filled.apply(plan.id)

    assert (applied.missing, applied.delivered.written) == (4, 14)
    assert filled.vendor.ids(EVENT) == {"1", "3", "4"}


def test_a_crm_that_shows_none_of_the_records_is_an_error_and_not_a_quiet_success(filled):
    plan = filled.plan()
    for model in (EVENT, PARTNER):
        for record in filled.vendor.ids(model):
            filled.vendor.remove(model, record)

    with pytest.raises(PartlyFailedError, match="none of the 18 fields"):
        filled.apply(plan.id)


def test_a_refused_record_is_quarantined_and_its_neighbours_written(filled):
    filled.vendor.refuse("2", "x_ltv: not allowed for jane.doe@example.com\nTraceback: secret")

    applied = filled.apply()

    (kept_back,) = filled.quarantine()[:1]
    assert applied.exit_code == 1
    assert (applied.delivered.refused, applied.delivered.written) == (5, 13)
    assert (kept_back.stream, kept_back.record_key, kept_back.direction) == (EVENT, "2", "write")
    assert "not allowed" in kept_back.reason
    assert "jane.doe" not in kept_back.reason
    assert "Traceback" not in kept_back.reason


def test_a_record_taken_later_leaves_the_quarantine(filled):
    filled.vendor.refuse("2", "locked for the audit")
    filled.apply()
    (filled.vendor.folder / "refusals.json").unlink()
    filled.sync()

    applied = filled.apply()

    assert applied.delivered.written == 5
    assert all(row.resolved_at for row in filled.quarantine())


@pytest.mark.parametrize(("fault", "written"), [("lost_answer", 4), ("lost_request", 0)])
def test_a_lost_answer_is_resolved_by_reading_back(bench, fault, written):
    bench.world(events=1, partners=0)
    bench.vendor.fault(fault)

    applied = bench.apply()

    assert applied.exit_code == 4
    assert applied.delivered.written == written
    assert applied.delivered.unknown == 0
    assert len(bench.vendor.writes) == (1 if written else 0)

    again = bench.apply()
    assert again.delivered.written == 4 - written
    assert len(bench.vendor.writes) == 1


def test_a_call_that_arrives_after_all_is_not_taken_for_an_edit(bench):
    bench.world(events=1, partners=0)
    bench.vendor.fault("lost_request")
    bench.apply()
    bench.vendor.edit(EVENT, "1", x_ltv="10.00", x_att=10, x_roi="0.100000", x_as_of="2026-11-21")
    bench.event(1, ltv=1100, attended=10, roi="0.100000")
    bench.sync()

    plan = bench.plan()

    assert {row.action for row in plan.rows} == {"write"}


def test_when_the_crm_is_down_the_rest_is_left_for_later(filled):
    filled.vendor.fault("down")

    applied = filled.apply()

    assert applied.exit_code == 4
    assert applied.delivered.not_sent == 18
    assert not filled.quarantine()
    assert filled.apply().delivered.written == 18


def test_batches_are_committed_one_by_one(filled):
    progress = []

    applied = filled.apply(batch_records=2, progress=lambda done, total: progress.append((done, total)))

    assert applied.exit_code == 0
    assert progress[-1] == (18, 18)
    assert len(progress) == 3
    assert {row.batch for row in filled.journal()} == {1, 2, 3}


def test_a_plan_on_old_figures_is_refused(filled):
    plan = filled.plan()
    filled.event(1, ltv=5, attended=1)

    with pytest.raises(GuardError, match="stale"):
        filled.apply(plan.id)

    assert not filled.vendor.writes
    assert load_plan(filled.operations, plan.id).state == "stale"


def test_a_plan_that_a_newer_one_replaced_is_refused(filled):
    older = filled.plan()
    filled.plan()

    with pytest.raises(GuardError, match="newer plan"):
        filled.apply(older.id)


def test_a_sync_that_changed_nothing_leaves_a_plan_good(filled):
    plan = filled.plan()
    filled.sync()

    assert filled.apply(plan.id).exit_code == 0


def test_an_unknown_plan_is_a_configuration_error(filled):
    with pytest.raises(ConfigError, match="no plan"):
        filled.apply("20260101T000000Z-0000")


@pytest.mark.parametrize("verdict", ["incomplete", "failed", "stale"])
def test_a_source_that_is_not_proven_stops_the_run(bench, verdict):
    bench.world()
    bench.sync(verdict)

    with pytest.raises(GuardError, match="stale_source") as stopped:
        bench.apply()

    assert "--allow stale_source" in stopped.value.fix
    assert stopped.value.exit_code == 3
    assert not bench.vendor.writes
    assert bench.apply(allow=["stale_source"]).exit_code == 0


def test_a_failed_check_stops_the_run(filled):
    plan = filled.plan(failed_checks=["credits_sum"])

    assert [guard.name for guard in plan.guards] == ["failed_check"]
    with pytest.raises(GuardError, match="credits_sum"):
        filled.apply(plan.id, failed_checks=["credits_sum"])


def test_too_many_changes_stop_the_run(filled):
    filled.apply()
    filled.sync()
    for n in range(1, 5):
        filled.event(n, ltv=1 + n, attended=10 * n + 1, roi=f"0.{n}00000")

    plan = filled.plan()
    with pytest.raises(GuardError, match="max_changed"):
        filled.apply(plan.id)

    assert [guard.name for guard in plan.guards] == ["max_changed"]


def test_figures_that_fall_to_zero_stop_the_run(filled):
    filled.apply()
    filled.sync()
    filled.event(1, ltv=0, attended=10, roi="0.100000")

    with pytest.raises(GuardError, match="max_to_zero: 1 of 14"):
        filled.apply()


def test_counts_that_fall_stop_the_run(filled):
    filled.apply()
    filled.sync()
    filled.event(4, ltv=4000, attended=20, roi="0.400000")

    with pytest.raises(GuardError, match=r"campaign\.attended fell from 100 to 80"):
        filled.apply()


def test_records_that_lose_their_figures_stop_the_run(filled):
    filled.apply()
    filled.sync()
    filled.store.connection.execute("delete from marts.campaign_measures where source_id = '4'")

    with pytest.raises(GuardError, match="records with figures fell from 6 to 5"):
        filled.apply()


def test_guards_let_a_run_through_again_after_a_revert(filled):
    first = filled.apply()
    filled.revert(first.run_id)
    filled.sync()

    assert filled.apply().delivered.written == 18


def test_revert_restores_what_was(filled):
    before = filled.vendor.state()
    first = filled.apply()

    reverted = filled.revert(first.run_id)

    assert reverted.exit_code == 0
    assert reverted.delivered["crm"].written == 18
    for stream, records in filled.vendor.state().items():
        for key, values in records.items():
            assert all(
                float(values[f] or 0) == float(before[stream][key][f] or 0) for f in values if f != "x_as_of"
            )
            assert not values.get("x_as_of")


def test_revert_restores_the_second_writing_only(filled):
    filled.apply()
    filled.sync()
    filled.event(1, ltv=1500, attended=10, roi="0.100000")
    second = filled.apply()

    filled.revert(second.run_id)

    assert filled.vendor.values(EVENT, "1")["x_ltv"] == "10.00"


def test_revert_keeps_what_somebody_edited_since(filled):
    first = filled.apply()
    filled.vendor.edit(EVENT, "2", x_ltv="777.00")

    reverted = filled.revert(first.run_id)

    assert reverted.kept == ((EVENT, "2", "x_ltv"),)
    assert filled.vendor.values(EVENT, "2")["x_ltv"] == "777.00"
    assert reverted.delivered["crm"].written == 17


@pytest.mark.parametrize(
    ("only", "undone"),
    [("campaign", 16), ("account", 2), (EVENT, 16), ("x_ltv", 4), ("event.event/2", 4), ("crm", 18)],
)
def test_revert_can_be_narrowed(filled, only, undone):
    first = filled.apply()

    assert filled.revert(first.run_id, only=[only]).delivered["crm"].written == undone


def test_a_run_is_undone_once(filled):
    first = filled.apply()
    filled.revert(first.run_id)

    repeated = filled.revert(first.run_id)

    assert (repeated.exit_code, repeated.delivered) == (0, {})
    assert repeated.before == first.delivered.written


def test_a_field_that_was_never_landed_is_explained(filled):
    filled.store.connection.execute("alter table raw_crm.event_event drop column x_roi")

    with pytest.raises(ConfigError, match="x_roi") as stopped:
        filled.plan()

    assert "provision" in stopped.value.fix


def test_provision_asks_for_each_field_of_each_object(bench):
    answers = provision(bench.settings, "crm", launch=bench.launch)

    assert {(one.object, one.field, one.type) for one in answers if one.object == PARTNER} == {
        (PARTNER, "x_inv", "money")
    }
    assert {one.object for one in answers} == {EVENT, "utm.campaign", PARTNER}
    assert all(one.help and one.label for one in answers)


def test_the_tap_is_told_which_fields_we_write(bench):
    assert written_fields(bench.settings, "crm")[EVENT] == ["x_as_of", "x_att", "x_ltv", "x_roi"]


figures = st.lists(
    st.tuples(st.integers(-5, 10**12), st.integers(0, 5), st.none() | st.integers(-3, 3)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=figures, second=figures)
def test_applying_twice_is_applying_once_and_revert_restores(tmp_path_factory, first, second):
    bench = Bench(
        tmp_path_factory.mktemp("law"), policy={"x_roi": "clear"}, guards={"max_changed": 1, "max_to_zero": 1}
    )
    bench.world(events=2, partners=0)
    for given_figures in (first, second):
        for n, (ltv, attended, roi) in enumerate(given_figures, start=1):
            bench.event(n, ltv=ltv, attended=attended, roi=roi)
        before = bench.vendor.state()
        once = bench.apply()
        after, writes = bench.vendor.state(), len(bench.vendor.writes)
        bench.apply()
        assert (bench.vendor.state(), len(bench.vendor.writes)) == (after, writes)
        bench.sync()
        assert not bench.plan().rows

    if once.delivered.written:
        bench.revert(once.run_id)
        for key, values in bench.vendor.state()[EVENT].items():
            for field, value in values.items():
                old = before[EVENT][key][field]
                assert value == old or float(value or 0) == float(old or 0)
    bench.close()
