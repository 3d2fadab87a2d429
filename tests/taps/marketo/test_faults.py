"""What goes wrong at Marketo, and what the tap says and does then."""

import json

import pytest
from tests.taps.running import budget

from closedloop.sandbox import marketo
from closedloop.sandbox.marketo.fill import NEWSLETTER
from tap_marketo.client import Marketo

MEMBERS, PROGRAMS, ACTIVITIES = ("program_members",), ("programs",), ("activities",)


@pytest.mark.parametrize(
    "code",
    [
        "502",
        "615",
        "602",
        *(pytest.param(c, marks=pytest.mark.long) for c in ("604", "608", "611", "713", "601")),
    ],
)
def test_what_passes_is_repeated(served, read, code):
    served.faults.add("500", stream="programs", mode=code)

    assert read(select=PROGRAMS).code == 0
    assert code in {one["code"] for one in served.requests()}


@pytest.mark.parametrize(
    "kind", ["reset", *(pytest.param(k, marks=pytest.mark.long) for k in ("500", "slow"))]
)
def test_what_stumbles_on_the_way_is_repeated(served, read, kind):
    served.faults.add(kind, stream="programs", seconds=0.0)

    assert read(select=PROGRAMS).code == 0


def test_the_burst_limit_is_waited_for(served, read, no_waiting):
    served.faults.add("429", stream="programs", mode="606")

    run = read(select=PROGRAMS)

    assert (run.code, 20.0 in no_waiting) == (0, True)


def test_the_limit_of_the_day_stops_without_waiting(served, read, no_waiting):
    served.faults.add("429", stream="programs", mode="607", times=None)

    run = read(select=PROGRAMS)

    assert (run.code, no_waiting) == (4, [])
    assert "calls of the day are used up (607, request " in run.stopped["message"]


def test_a_run_stops_before_it_takes_the_calls_kept_for_others(served, read):
    served.engine.limits.others = 45_000

    run = read(select=PROGRAMS)

    assert (run.code, "10000 are kept" in run.stopped["message"]) == (4, True)
    more = read(select=PROGRAMS, day_reserve=1000)
    assert more.code == 0
    left, allowed, window = budget(more.error)
    assert (allowed, window) == (50_000, "day")
    assert 1000 < left < 5_000


def test_a_subscription_that_does_not_tell_its_calls_is_read(tap, world):
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000, has_usage=False)) as served:
        assert tap(served, select=PROGRAMS).code == 0


def test_calls_are_spread(read, no_waiting):
    assert read(select=PROGRAMS, calls_in_20_seconds=2).code == 0
    assert sum(no_waiting) > 20


def test_a_token_that_ends_meanwhile_is_replaced_once(served, read):
    served.faults.add("401", stream="program", mode="602", nth=2)

    assert read(select=PROGRAMS).code == 0
    assert served.tokens_asked() == 2


def test_a_token_that_lives_on_though_it_is_refused_is_not_asked_for_again_and_again(served, read):
    served.faults.add("401", stream="programs", mode="601", times=None)

    run = read(select=PROGRAMS)

    assert (run.code, "token was refused" in run.stopped["message"]) == (2, True)
    assert served.tokens_asked() <= 3


def test_a_token_near_its_end_is_waited_out(served, read, no_waiting, monkeypatch):
    """Asked early, the identity server gives the same token with the seconds it has left."""
    served.engine.identity.token({"grant_type": "client_credentials", **_service(served)})
    served.advance(3570)
    monkeypatch.setattr("closedloop.kit.http.time.sleep", served.advance)
    served.faults.add("401", stream="programs", mode="601")

    assert read(select=PROGRAMS).code == 0
    assert served.tokens_asked() == 4  # one before, the one with 30 seconds twice, the fresh one


def _service(served):
    return {"client_id": served.client_id, "client_secret": served.client_secret}


def test_a_wrong_secret_says_where_the_right_one_is(read):
    run = read(select=PROGRAMS, client_secret="another-secret")

    assert (run.code, "LaunchPoint" in run.stopped["fix"]) == (2, True)
    assert "another-secret" not in run.error + run.text


def test_the_secret_and_the_token_travel_in_no_address_of_the_api(served, read):
    run = read(select=PROGRAMS)

    assert run.code == 0
    assert all("access_token" not in one["query"] for one in served.requests())
    assert served.client_secret not in run.error + run.text


def test_a_permission_that_is_missing_fails_its_streams_only(tap, world):
    options = marketo.Options(burst_limit=1_000_000, denies=frozenset({"Read-Only Activity"}))
    with marketo.serve(world, options=options) as served:
        run = tap(served)

    assert {proof["stream"] for proof in run.of("PROOF") if proof["error"]} == {"activities"}
    assert (run.code, "access was denied (603" in run.proof("activities")["error"]) == (1, True)


@pytest.mark.parametrize("kind", ["drop_row", "repeat_page"])
def test_programs_that_are_kept_from_us_fail_the_stream(served, read, kind):
    served.faults.add(kind, stream="programs", nth=1)

    run = read(select=PROGRAMS)

    assert run.code == 1
    assert run.proof("programs")["error"]


def test_a_program_that_the_listing_forgets_is_asked_for(served, read, monkeypatch):
    first = read(select=PROGRAMS)
    hidden = served.account.programs.pop(1002)
    vanished = read(select=PROGRAMS, state=first.state)
    served.account.programs[1002] = hidden
    listed = Marketo.programs
    without = [1001, 1003, 1004]
    monkeypatch.setattr(
        Marketo,
        "programs",
        lambda self, **size: [row for row in listed(self, **size) if row["id"] in without],
    )
    forgotten = read(select=PROGRAMS, state=first.state)

    assert (vanished.code, vanished.proof("programs")["source_count"]) == (0, 3)
    assert (forgotten.code, "and has others" in forgotten.proof("programs")["error"]) == (1, True)


def test_a_short_page_of_programs_loses_nobody(served, read):
    served.faults.add("short_page", stream="programs")

    run = read(select=PROGRAMS)

    assert (run.code, len(run.records("programs"))) == (0, len(served.account.programs) - 1)


@pytest.mark.parametrize("kind", ["drop_row", "short_page", "repeat_page"])
def test_members_that_are_kept_from_us_show(served, read, kind):
    served.faults.add(kind, stream="members", times=1)

    run = read(select=MEMBERS, page_size=4)

    came = len(run.by_key("program_members"))
    if run.code == 0:
        assert (came, kind) == (run.proof("program_members")["source_count"], "short_page") or (
            came < run.proof("program_members")["source_count"]
        )
    else:
        assert "repeated a page" in run.proof("program_members")["error"]


def test_a_page_of_activities_that_comes_again_is_no_progress(served, read):
    served.faults.add("repeat_page", stream="activities", times=1)

    run = read(select=ACTIVITIES, page_size=5)

    assert (run.code, "repeated a page" in run.proof("activities")["error"]) == (1, True)


def test_a_lead_that_is_left_out_is_not_taken_for_deleted(served, read):
    served.faults.add("drop_row", stream="leads")

    run = read(select=("program_members", "leads"))

    assert (run.code, "left out a lead" in run.proof("leads")["error"]) == (1, True)
    assert not any(one["_sdc_deleted_at"] for one in run.records("leads"))


def test_a_web_page_is_named(served, read):
    served.faults.add("html", stream="programs", status=200)

    assert "web page" in read(select=PROGRAMS).proof("programs")["error"]


def test_a_record_that_cannot_be_read_waits_and_its_neighbours_come(served, read):
    served.account.programs[1002]["tags"] = [{"tagType": "Expected Attendees", "tagValue": "many"}]

    run = read(select=PROGRAMS)

    (bad,) = run.of("QUARANTINE")
    assert (run.code, bad["key"]) == (0, "1002")
    assert ("expected_attendees" in bad["reason"], "many" in bad["reason"]) == (True, False)
    assert len(run.records("programs")) == len(served.account.programs) - 2


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"lead_fields": {"email": "noSuchField"}}, "noSuchField"),
        ({"statuses": {"*": {"Came": "came"}}}, "came"),
        pytest.param({"lead_fields": {"colour": "x"}}, "colour", marks=pytest.mark.long),
        pytest.param({"activity_types": ["Dance"]}, "dance", marks=pytest.mark.long),
        pytest.param({"time_zone": "Mars/Olympus"}, "Mars/Olympus", marks=pytest.mark.long),
        pytest.param({"campaign_fields": {"colour": "x"}}, "colour", marks=pytest.mark.long),
    ],
)
def test_a_setting_that_cannot_be_stops_the_run_and_is_named(read, config, said):
    run = read(**config)

    assert (run.code, said in run.stopped["message"], bool(run.stopped["fix"])) == (2, True, True)


def test_a_check_tells_what_is_missing(tap, world):
    options = marketo.Options(burst_limit=1_000_000, denies=frozenset({"Read-Only Lead"}))
    with marketo.serve(world, options=options) as served:
        good = tap(served, "--check", campaigns={"1001": "X", "No such program": "Y"})

    failing = {line["name"]: line for line in good.lines if not line["ok"]}
    assert good.code == 2
    assert failing.keys() == {"permission:Read-Only Lead", "campaigns:No such program"}
    assert not failing["campaigns:No such program"]["required"]
    assert "role" in failing["permission:Read-Only Lead"]["fix"]
    assert json.loads(good.text.splitlines()[0])["name"] == "login"


def test_a_read_that_broke_off_loses_neither_members_nor_their_leads(served, read):
    served.faults.add("500", stream="members", mode="610", nth=3)
    chosen = ("program_members", "leads")
    first = read(select=chosen)
    served.advance(7200)
    second = read(select=chosen, state=first.state)

    members = {f"{p}/{lead}" for p, lead in served.account.members if p != NEWSLETTER}
    came = [run.by_key("program_members").keys() for run in (first, second)]
    assert (first.code, second.code) == (1, 0)
    assert came[0] | came[1] == members
    assert came[0] & came[1] < members  # what had come was not asked for again
    leads = {key for run in (first, second) for key in run.by_key("leads")}
    assert leads == {key.partition("/")[2] for key in members}
    assert "unfinished" not in second.bookmark("program_members")
