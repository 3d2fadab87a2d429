"""Page by page, since the bookmark, with what was deleted: the tap against the simulator."""

import pytest

from closedloop.sandbox import marketo
from closedloop.sandbox.marketo.fill import NEWSLETTER

MEMBERS, LEADS, PROGRAMS = ("program_members",), ("program_members", "leads"), ("programs",)
DELETED = "_sdc_deleted_at"


def program(served, key=1001):
    return served.account.programs[key]


def member(served, *, status="Registered"):
    """Somebody with this status: program and lead."""
    return next(
        key
        for key, row in served.account.members.items()
        if row["statusName"] == status and key[0] != NEWSLETTER
    )


@pytest.fixture(scope="module")
def untouched(world):
    """A subscription that no test changes."""
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000)) as simulator:
        yield simulator


@pytest.fixture
def whole(untouched, tap, runs):
    if not runs:
        runs.append(tap(untouched, start_date="2020-01-01T00:00:00Z"))
    return runs[0]


@pytest.fixture(scope="module")
def runs():
    """The first run, for whoever only looks at it."""
    return []


def test_a_first_run_reads_everything_that_belongs_to_an_event(whole, untouched):
    account = untouched.account
    events = {key for key in account.programs if key != NEWSLETTER}
    members = {key for key in account.members if key[0] in events}

    assert whole.code == 0
    assert {int(one["id"]) for one in whole.records("programs")} == events
    assert {one["key"] for one in whole.records("program_members")} == {f"{p}/{lead}" for p, lead in members}
    assert {int(one["id"]) for one in whole.records("leads")} == {lead for _, lead in members}
    assert len(whole.records("program_statuses")) == sum(
        len(one["progressionStatuses"]) for one in account.channels
    )
    changes = {row["marketoGUID"] for row in account.activities if row["activityTypeId"] in {2, 104}}
    assert {one["marketoGUID"] for one in whole.records("activities")} == changes


def test_times_with_both_marks_of_utc_are_times(whole):
    first = whole.by_key("programs")["1001"]

    assert first["createdAt"].endswith("T12:00:00Z")
    assert first["startDate"] < first["endDate"]


def test_a_program_has_its_tags_and_the_sum_of_its_costs(whole, world, untouched):
    for event in world.events:
        found = whole.by_key("programs")[untouched.keys["event"][event.key].partition("/")[2]]
        cost = None if event.actual_cost is None else event.actual_cost / 100
        assert (found["code"], found["series"], found["kind"]) == (event.code, event.series, event.kind)
        assert (found["cost"] and float(found["cost"])) == cost
        assert found["expected_attendees"] == event.expected_attendees


def test_what_can_be_proven_is_and_what_not_says_so(whole):
    counted = {proof["stream"]: proof["source_count"] for proof in whole.of("PROOF")}

    assert {name for name, count in counted.items() if count is None} == {"leads", "activities"}
    assert counted["programs"] == len(whole.records("programs"))


def test_a_second_run_asks_little_and_brings_what_changed(read, served):
    first = read()
    served.advance(7200)
    before = len(served.requests())
    key, lead = member(served)
    served.account.join(key, lead, "No Show", served.now())
    second = read(state=first.state)

    assert (second.code, first.code) == (0, 0)
    asked = [one["name"] for one in served.requests(before)]
    assert len(asked) < 26
    (changed,) = second.records("program_members")
    assert (changed["key"], changed["touch_status"]) == (f"{key}/{lead}", "no_show")
    assert [one["new_status"] for one in second.records("activities")] == ["No Show"]
    assert second.records("leads") == []
    assert len(second.records("programs")) == 1  # the newest change, which the bookmark cannot pass over
    assert (
        second.bookmark("program_members")["replication_key_value"]
        > first.state["bookmarks"]["program_members"]["replication_key_value"]
    )


def test_pages_are_followed_to_their_end(read, served):
    own = {"page_size": 3, "start_date": "2020-01-01T00:00:00Z", "bulk": "never"}
    small = read(select=("program_members", "leads", "activities"), **own)

    assert small.code == 0
    assert len(small.by_key("program_members")) == sum(key[0] != NEWSLETTER for key in served.account.members)
    assert len(small.by_key("activities")) == sum(
        row["activityTypeId"] in {2, 104} for row in served.account.activities
    )
    pages = [one for one in served.requests() if one["name"] == "activities"]
    assert len(pages) > 9
    assert any(one["rows"] == 0 for one in pages[:-1])  # an empty page with more to come


def test_a_new_member_brings_its_lead(read, served):
    first = read(select=LEADS)
    served.advance(7200)
    newcomer = served.account.new_lead({"email": "new@example.com"}, served.now())
    served.account.join(1001, newcomer, "Registered", served.now())
    second = read(state=first.state, select=LEADS)

    assert [one["email"] for one in second.records("leads")] == ["new@example.com"]


def test_leads_that_an_interrupted_run_did_not_reach_come_later(read, served):
    first = read(select=LEADS)
    served.advance(7200)
    newcomer = served.account.new_lead({"email": "new@example.com"}, served.now())
    served.account.join(1001, newcomer, "Registered", served.now())
    members_only = read(state=first.state, select=MEMBERS)
    served.advance(7200)
    third = read(state=members_only.state, select=LEADS)

    assert [one["email"] for one in third.records("leads")] == ["new@example.com"]


def test_a_changed_lead_comes_again_if_it_is_ours(read, served):
    first = read(select=LEADS)
    _, lead = member(served)
    stranger = served.account.new_lead({"email": "x@example.com"}, served.now())
    served.advance(7200)
    for one in (lead, stranger):
        served.account.edit_lead(one, {"unsubscribed": True})
    second = read(state=first.state, select=LEADS)

    assert [(one["id"], one["unsubscribed"]) for one in second.records("leads")] == [(str(lead), True)]


def test_a_deleted_lead_and_a_removed_member_are_told(read, served):
    first = read(select=LEADS)
    (_, gone), (left, person) = member(served, status="No Show"), member(served)
    served.advance(7200)
    served.account.delete_lead(gone)
    served.account.leave(left, person)
    second = read(state=first.state, select=LEADS)

    (tombstone,) = second.records("leads")
    assert (tombstone["id"], bool(tombstone[DELETED]), "email" in tombstone) == (str(gone), True, False)
    assert [(one["key"], bool(one[DELETED])) for one in second.records("program_members")] == [
        (f"{left}/{person}", True)
    ]


@pytest.mark.parametrize("merge_deletes", [True, False])
def test_a_merged_lead_says_whom_it_lives_on_in(tap, world, merge_deletes):
    options = marketo.Options(burst_limit=1_000_000, merge_deletes=merge_deletes)
    with marketo.serve(world, options=options) as served:
        first = tap(served, select=LEADS)
        (_, loser), (_, winner) = member(served, status="No Show"), member(served)
        served.advance(7200)
        served.account.merge(winner, loser)
        second = tap(served, state=first.state, select=LEADS)

    held = second.by_key("leads")
    assert held[str(loser)]["merged_into"] == str(winner)
    assert held[str(loser)][DELETED]
    assert held[str(winner)][DELETED] is None


def test_a_cost_that_was_entered_later_comes_once_a_day(read, served):
    first = read(select=PROGRAMS)
    program(served)["costs"] = [{"startDate": served.now(), "cost": 77, "note": ""}]
    served.advance(3600)
    same_day = read(state=first.state, select=PROGRAMS)
    served.advance(86400)
    next_day = read(state=same_day.state, select=PROGRAMS)

    assert "1001" not in same_day.by_key("programs")
    assert next_day.by_key("programs")["1001"]["cost"] == "77"


def test_a_changed_program_comes_at_once(read, served):
    first = read(select=PROGRAMS)
    program(served).update(name="Another name", updatedAt=served.now())
    second = read(state=first.state, select=PROGRAMS)

    assert second.by_key("programs")["1001"]["name"] == "Another name"


def test_members_of_a_program_to_come_are_read_whole_once_a_day(read, served):
    first = read(select=MEMBERS)
    future = max(key for key in served.account.programs)
    served.advance(86400)
    before = len(served.requests())
    read(state=first.state, select=MEMBERS)

    paths = [
        one["path"] for one in served.requests(before) if one["query"].get("filterType") == "reachedSuccess"
    ]
    assert f"/rest/v1/programs/{future}/members.json" in paths
    assert paths.count("/rest/v1/programs/1001/members.json") == 1  # the day's count only


def test_what_cannot_be_filtered_by_success_is_filtered_by_every_status(tap, world):
    options = marketo.Options(burst_limit=1_000_000, searchable=("leadId", "statusName"))
    with marketo.serve(world, options=options) as served:
        run = tap(served, select=MEMBERS)

    assert run.code == 0
    assert len(run.by_key("program_members")) == sum(key[0] != NEWSLETTER for key in served.account.members)


def test_other_types_of_programs_are_campaigns_where_the_admin_says_so(read, served):
    run = read(program_types=["*"], select=("programs", "program_members"))

    assert str(NEWSLETTER) in run.by_key("programs")
    statuses = {
        one["touch_status"] for one in run.records("program_members") if one["channel"] == "Email Send"
    }
    assert statuses == {"invited"}


def test_a_sweep_lists_programs_and_members(read, served):
    programs = read("--sweep", "programs").lines
    members = read("--sweep", "program_members").lines

    assert programs[-1]["sweep_count"] == programs[-1]["source_count"] == len(served.account.programs) - 1
    assert members[-1]["sweep_count"] == members[-1]["source_count"] == len(members) - 1


def test_a_program_of_the_settings_is_a_campaign_of_the_crm(read, served):
    name = program(served, 1002)["name"]
    run = read(select=PROGRAMS, campaigns={"1001": "EXPO", name: "701"})

    held = run.by_key("programs")
    assert (held["1001"]["same_as"], held["1002"]["same_as"], held["1003"]["same_as"]) == (
        "EXPO",
        "701",
        None,
    )


def test_an_id_in_salesforce_states_who_a_lead_is(tap, world):
    person = next(one for one in world.people if one.key in {r.person for r in world.registrations})
    synced = {person.key: "003A00000012345", world.events[0].key: "701A0000001abcdAAA"}
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000), synced=synced) as served:
        run = tap(served, crm_connection="crm", select=("programs", *LEADS))
        lead = served.keys["person"][person.key].partition("/")[2]

    kind = person.kind.capitalize()
    assert run.by_key("leads")[lead]["crm_person_key"] == f"crm:{kind}/003A00000012345IAA"
    assert run.by_key("programs")["1001"]["sfdcId"] == "701A0000001abcdAAA"


def test_an_empty_subscription_is_not_stale(tap, world):
    from dataclasses import replace

    empty = replace(world, events=(), registrations=(), people=())
    with marketo.serve(empty, options=marketo.Options(burst_limit=1_000_000)) as served:
        served.account.programs.clear()
        run = tap(served)

    assert run.code == 0
    assert {proof["stream"]: proof["source_count"] for proof in run.of("PROOF")} == {
        "channels": 5,
        "program_statuses": 24,
        "programs": 0,
        "program_members": 0,
        "leads": 0,
        "activities": 0,
    }
