"""Archived, merged, erased and restored records."""

from datetime import timedelta

from tests.taps.hubspot.fake import NOW, ago, row

COMPANIES = ("companies",)


def archived(number, at, **more):
    return row(number, **more) | {"archived": True, "archivedAt": at}


def before(hubspot, tap, count=10):
    """The state after a run two days ago."""
    hubspot.now = NOW - timedelta(days=2)
    hubspot.rows["companies"] = [row(n) for n in range(1, count + 1)]
    run = tap(select=COMPANIES)
    assert run.code == 0
    hubspot.now = NOW
    hubspot.calls.clear()
    return run.state


def gone(hubspot, *numbers):
    hubspot.rows["companies"] = [r for r in hubspot.rows["companies"] if int(r["id"]) not in numbers]


def test_a_full_read_sends_archived_records_as_deleted(hubspot, tap):
    hubspot.rows["companies"] = [row(1)]
    hubspot.archived["companies"] = [archived(2, ago(days=9), name="Azure")]

    run = tap(select=COMPANIES)

    (dead,) = run.deleted("companies")
    assert (dead["id"], dead["_sdc_deleted_at"], dead["archived"]) == ("2", ago(days=9), True)
    assert "merged_into" not in dead, "whom it was merged into may be known from another record"
    assert (run.code, run.proof("companies")["source_count"]) == (0, 1)


def test_an_archived_record_is_found_because_the_search_counts_one_less(hubspot, tap):
    state = before(hubspot, tap)
    gone(hubspot, 4)
    hubspot.archived["companies"] = [archived(4, ago(hours=9))]

    run = tap(select=COMPANIES, state=state)

    assert [(one["id"], one["_sdc_deleted_at"]) for one in run.deleted("companies")] == [("4", ago(hours=9))]
    assert (run.code, run.proof("companies")["source_count"]) == (0, 9)
    hubspot.calls.clear()
    again = tap(select=COMPANIES, state=run.state)
    assert (again.records("companies"), len(hubspot.asked("companies"))) == ([], 1)


def test_old_archived_records_are_not_sent_again(hubspot, tap):
    old = [archived(80, ago(days=25)), archived(90, ago(days=20))]
    hubspot.archived["companies"] = old
    state = before(hubspot, tap)
    gone(hubspot, 4)
    hubspot.archived["companies"] = [archived(4, ago(hours=9)), *old]

    assert {one["id"] for one in tap(select=COMPANIES, state=state).deleted("companies")} == {"4", "90"}


def test_an_archived_record_that_the_search_still_shows_does_not_disturb_the_count(hubspot, tap):
    state = before(hubspot, tap)
    hubspot.archived["companies"] = [archived(n, ago(seconds=40)) for n in (4, 5)]
    gone(hubspot, 5)  # 4 is still in the index

    run = tap(select=COMPANIES, state=state)

    assert {one["id"] for one in run.deleted("companies")} == {"4", "5"}
    assert run.proof("companies")["source_count"] == 8


def test_a_restored_record_is_read_again_with_everything(hubspot, tap):
    hubspot.archived["companies"] = [archived(99, ago(days=20))]
    state = before(hubspot, tap)
    hubspot.rows["companies"].append(row(99))
    hubspot.archived["companies"] = []

    run = tap(select=COMPANIES, state=state)

    assert "99" in run.ids("companies")
    assert (run.code, run.proof("companies")["source_count"]) == (0, 11)


def test_a_merged_record_says_into_which(hubspot, tap):
    state = before(hubspot, tap)
    gone(hubspot, 4, 6)
    hubspot.rows["companies"][0] = row(1, changed=ago(hours=1), hs_merged_object_ids="4;6")

    run = tap(select=COMPANIES, state=state)

    assert [(one["id"], one["merged_into"], one["_sdc_deleted_at"]) for one in run.deleted("companies")] == [
        ("4", "1", ago(hours=1)),
        ("6", "1", ago(hours=1)),
    ]
    assert (run.code, run.proof("companies")["source_count"]) == (0, 8)


def test_contacts_name_those_merged_into_them_with_the_time(hubspot, tap):
    vids = "11:1790000000000;12:1790000000001"
    hubspot.rows["contacts"] = [row(1, stamp_of="contacts", hs_calculated_merged_vids=vids)]

    run = tap(select=("contacts",))

    assert [(one["id"], one["merged_into"]) for one in run.deleted("contacts")] == [("11", "1"), ("12", "1")]


def test_an_erased_record_shows_in_the_sweep(hubspot, tap):
    state = before(hubspot, tap)
    gone(hubspot, 4)

    run = tap(select=COMPANIES, state=state)
    swept = tap("--sweep", "companies")

    assert (run.code, run.proof("companies")["source_count"]) == (0, 9)
    *lines, last = swept.lines[-10:]
    assert [line["id"] for line in lines] == [str(n) for n in (1, 2, 3, 5, 6, 7, 8, 9, 10)]
    assert (last["sweep_count"], last["source_count"]) == (9, 9)


def test_a_sweep_is_not_disturbed_by_what_the_search_does_not_know_yet(hubspot, tap):
    hubspot.rows["companies"] = [row(1), row(2, created=ago(seconds=9)), row(3)]
    hubspot.unindexed = {"2"}
    assert tap("--sweep", "companies").lines[-1]["source_count"] == 3

    hubspot.rows["companies"] = [row(1), row(2), row(3)]
    assert tap("--sweep", "companies").lines[-1]["source_count"] == 2, "an old one is no matter of lag"


def test_a_sweep_that_misses_a_record_is_not_confirmed(hubspot, tap):
    hubspot.rows["companies"] = [row(n) for n in range(1, 6)]
    original = hubspot.found
    hubspot.found = lambda path, query, body: dropped(original(path, query, body), "search" not in path)

    last = tap("--sweep", "companies").lines[-1]

    assert (last["sweep_count"], last["source_count"]) == (4, 5)


def dropped(answer, yes):
    """An answer without its second row."""
    rows = answer.get("results", [])
    return answer | {"results": rows[:1] + rows[2:]} if yes and len(rows) > 2 else answer


def test_a_merge_that_the_search_may_not_know_yet_is_told_by_a_later_run(hubspot, tap):
    state = before(hubspot, tap)
    hubspot.rows["companies"][0] = row(1, changed=ago(seconds=20), hs_merged_object_ids="4")

    first = tap(select=COMPANIES, state=state)  # the search still counts the loser
    hubspot.now = NOW + timedelta(minutes=15)
    gone(hubspot, 4)
    second = tap(select=COMPANIES, state=first.state)

    assert (first.deleted("companies"), first.proof("companies")["source_count"]) == ([], 10)
    assert [one["merged_into"] for one in second.deleted("companies")] == ["1"]
    assert second.proof("companies")["source_count"] == 9
