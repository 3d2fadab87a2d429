"""Large reads: bulk extracts, their files, and what happens where they cannot be used."""

import pytest

from closedloop.sandbox import marketo
from closedloop.sandbox.marketo.fill import NEWSLETTER

LEADS, ACTIVITIES, MEMBERS = ("leads",), ("activities",), ("program_members",)
ALL = {"leads": "all", "start_date": "2026-05-01T00:00:00Z"}
LONG_AGO = {"start_date": "2026-07-01T00:00:00Z", "bulk_after_pages": 1, "page_size": 3}


def young(served, since="2026-05-01"):
    return {str(key) for key, row in served.account.leads.items() if row["createdAt"].isoformat() >= since}


def wanted(served, since="2026-07-01"):
    return {
        row["marketoGUID"]
        for row in served.account.activities
        if row["activityTypeId"] in {2, 104} and row["activityDate"].isoformat() >= since
    }


def jobs(served):
    return [one for one in served.requests() if one["path"].endswith("create.json")]


def test_all_leads_come_in_windows_of_31_days(served, read):
    run = read(select=LEADS, **ALL)

    assert (run.code, run.by_key("leads").keys()) == (0, young(served))
    spans = [one["body"]["filter"]["createdAt"] for one in jobs(served)]
    assert len(spans) == 6
    assert spans[0]["endAt"] == spans[1]["startAt"] == "2026-06-01T00:00:00Z"


def test_a_missing_value_of_a_file_is_none_and_not_the_word(read):
    phones = {one["phone"] for one in read(select=LEADS, **ALL).records("leads")}

    assert None in phones
    assert "null" not in phones


def test_after_the_extract_only_changes_are_asked_for(served, read):
    first = read(select=LEADS, **ALL)
    made = len(jobs(served))
    served.advance(7200)
    fresh = served.account.new_lead({"email": "new@example.com"}, served.now())
    second = read(select=LEADS, state=first.state, **ALL)

    assert [one["id"] for one in second.records("leads")] == [str(fresh)]
    assert len(jobs(served)) == made


def test_all_leads_need_a_day_to_begin(read):
    run = read(select=LEADS, leads="all")

    assert (run.code, "start_date" in run.stopped["fix"]) == (2, True)


def test_a_run_that_ends_while_it_waits_is_taken_up_again(world, tap):
    options = marketo.Options(burst_limit=1_000_000, bulk_polls=4)
    with marketo.serve(world, options=options) as served:
        first = tap(served, select=LEADS, bulk_timeout_seconds=60, **ALL)
        second = tap(served, select=LEADS, state=first.state, **ALL)

        assert (first.code, "was not done" in first.proof("leads")["error"]) == (1, True)
        assert (second.code, second.by_key("leads").keys()) == (0, young(served))
        assert len(jobs(served)) == 6


def test_where_bulk_cannot_be_used_leads_come_by_their_activities(world, tap):
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000, has_bulk=False)) as served:
        run = tap(served, select=LEADS, **ALL)

        assert (run.code, run.by_key("leads").keys()) == (0, young(served))
        assert "bulk.not_used" in run.error


def test_where_the_bytes_of_the_day_are_used_up_the_next_day_goes_on(world, tap):
    options = marketo.Options(burst_limit=1_000_000, bulk_bytes=300)
    with marketo.serve(world, options=options) as served:
        first = tap(served, select=LEADS, **ALL)
        served.engine.jobs.used = -1_000_000
        second = tap(served, select=LEADS, state=first.state, **ALL)

        assert (first.code, "bytes of the day" in first.proof("leads")["error"]) == (1, True)
        assert (second.code, jobs(served)[-1]["body"]["filter"] != jobs(served)[0]["body"]["filter"]) == (
            0,
            True,
        )
        assert first.by_key("leads").keys() | second.by_key("leads").keys() == young(served)


def test_many_old_activities_come_in_bulk_and_the_young_ones_by_page(served, read):
    run = read(select=ACTIVITIES, **LONG_AGO)

    assert (run.code, run.by_key("activities").keys()) == (0, wanted(served))
    assert jobs(served)
    assert {one["new_status"] for one in run.records("activities")} >= {"Registered", None}
    assert all(isinstance(one["attributes"], dict) for one in run.records("activities"))


def test_where_bulk_cannot_be_used_old_activities_come_by_page(world, tap):
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000, has_bulk=False)) as served:
        run = tap(served, select=ACTIVITIES, **LONG_AGO)

        assert (run.code, run.by_key("activities").keys()) == (0, wanted(served))


def test_a_program_with_too_many_members_is_extracted(world, tap):
    options = marketo.Options(burst_limit=1_000_000, member_limit=2)
    with marketo.serve(world, options=options) as served:
        run = tap(served, select=MEMBERS)
        refused = tap(served, select=MEMBERS, bulk="never")

    members = {f"{p}/{lead}" for p, lead in served.account.members if p != NEWSLETTER}
    assert (run.code, run.by_key("program_members").keys()) == (0, members)
    assert (refused.code, "1003" in refused.proof("program_members")["error"]) == (1, True)


@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_file_is_read_piece_by_piece(world, tap, monkeypatch, has_ranges):
    monkeypatch.setattr("tap_marketo.bulk._PIECE", 100)
    options = marketo.Options(burst_limit=1_000_000, has_ranges=has_ranges)
    with marketo.serve(world, options=options) as served:
        served.advance(7200)
        served.account.new_lead({"lastName": 'Ünïcödé, "quoted"\nand broken', "email": "a@b.c"}, served.now())
        served.advance(7200)
        run = tap(served, select=LEADS, **ALL)

        pieces = [one for one in served.requests() if one["name"] == "file"]
        assert (run.code, run.by_key("leads").keys()) == (0, young(served))
        assert 'Ünïcödé, "quoted"\nand broken' in {one["lastName"] for one in run.records("leads")}
        assert (len(pieces) > len(jobs(served))) == has_ranges


@pytest.mark.parametrize("kind", ["reset", "500", "429"])
def test_a_piece_that_breaks_off_is_asked_for_again(served, read, kind):
    served.faults.add(kind, stream="file")

    run = read(select=LEADS, **ALL)

    assert (run.code, run.by_key("leads").keys()) == (0, young(served))


def test_a_file_that_is_not_the_jobs_fails_the_stream(served, read, monkeypatch):
    state = type(next(iter([served.engine.jobs]))).status

    def lying(self, call):
        answer = state(self, call)
        for one in answer["result"]:
            one.update({name: "sha256:0" for name in ("fileChecksum",) if name in one})
        return answer

    monkeypatch.setattr(type(served.engine.jobs), "status", lying)
    served.engine.__init__(served.account)  # its table of routes holds the functions

    run = read(select=LEADS, **ALL)

    assert (run.code, "checksum" in run.proof("leads")["error"]) == (1, True)


def test_a_full_queue_is_waited_for(served, read, no_waiting):
    served.faults.add("500", stream="export", mode="1029")

    run = read(select=LEADS, **ALL)

    assert (run.code, 60.0 in no_waiting) == (0, True)


def test_a_failed_job_fails_the_stream_and_the_next_run_makes_another(served, read):
    jobs_of = served.engine.jobs
    served.faults.add("500", stream="file", mode="610", times=1)
    first = read(select=LEADS, **ALL)
    second = read(select=LEADS, state=first.state, **ALL)

    assert (first.code, second.code) == (1, 0)
    assert second.by_key("leads").keys() == young(served)
    assert len(jobs_of.by_id) == 7
