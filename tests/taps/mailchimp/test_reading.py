"""What the tap asks Mailchimp, and what it makes of the answers."""

from copy import deepcopy

import pytest
import requests
from tests.taps.running import long

from closedloop.sandbox.parts.rest import Answer

MEMBERS = ("members",)


def ids(simulator):
    return {f"{row['list_id']}/{row['id']}" for row in simulator.records("members")}


def asked(simulator, stream, since=0):
    return [entry["query"] for entry in simulator.requests(since) if entry["stream"] == stream]


def a_day_later(simulator):
    simulator.advance(86_400)


def member(simulator, status="subscribed"):
    row = next(row for row in simulator.records("members") if row["status"] == status)
    return f"{row['list_id']}/{row['id']}"


def test_members_come_page_by_page_archived_ones_too(served, read):
    run = read(served, select=MEMBERS, page_size=10)

    records = {record["key"]: record for record in run.records("members")}
    assert (run.code, set(records)) == (0, ids(served))
    assert {record["status"] for record in records.values()} >= {"subscribed", "unsubscribed", "archived"}
    first = next(row for row in served.records("members") if row["merge_fields"]["COMPANY"])
    person = records[f"{first['list_id']}/{first['id']}"]
    assert (person["first_name"], person["company"]) == (
        first["merge_fields"]["FNAME"], first["merge_fields"]["COMPANY"],
    )  # fmt: skip
    pages = [query for query in asked(served, "members") if query["count"] == "10"]
    assert all(query["sort_field"] == "last_changed" for query in pages)
    assert len(pages) <= len(records) / 10 + 12, "rows a page, and a few"
    assert not any(int(query["offset"]) for query in pages), "offsets shift"


def test_the_count_is_mailchimps_own_and_leaves_out_what_changes_meanwhile(served, read):
    old = sum(row["last_changed"] < "2026-10-31T11:59:00+00:00" for row in served.records("members"))

    proof = read(served, select=MEMBERS).proof("members")

    assert (proof["source_count"], proof["count_column"]) == (old, "last_changed")
    assert proof["count_until"].startswith("2026-10-31T11:59:0")


def test_the_next_run_asks_for_what_changed_in_each_audience(served, read):
    first = read(served, select=MEMBERS)
    a_day_later(served)
    key = member(served)
    served.edit(key, {"status": "unsubscribed"})
    already = len(served.requests())

    second = read(served, select=MEMBERS, state=first.state)

    found = {record["key"]: record["status"] for record in second.records("members")}
    assert found[key] == "unsubscribed"
    assert len(found) < len(ids(served)) / 2
    pages = [query for query in asked(served, "members", already) if query["count"] == "1000"]
    assert len(pages) == 4, "two audiences, and their archives"
    assert all("since_last_changed" in query for query in pages)
    audience = key.partition("/")[0]
    assert second.bookmark("members")["lists"][f"{audience}/live"].startswith("2026-11-01T12:00:0")


@pytest.mark.parametrize("is_inclusive", [False, *long(True)])
def test_one_second_that_fills_more_than_a_page_is_read_by_offset(serve, read, is_inclusive):
    served = serve(is_inclusive=is_inclusive)
    for row in served.records("members"):
        served.edit(
            f"{row['list_id']}/{row['id']}", {"last_changed": "2026-10-01T00:00:00+00:00"}, touches=False
        )

    run = read(served, select=MEMBERS, page_size=10)

    assert (run.code, {record["key"] for record in run.records("members")}) == (0, ids(served))


def test_a_member_that_moves_while_we_read_costs_no_other_one(served, read):
    answer = served.engine.served

    def moving(given):
        found = Answer(value=deepcopy(answer(given).value))
        rows = found.value.get("members") or []
        if given.query.get("count") == "10" and rows and rows[0]["last_changed"] < "2026-10-31":
            served.edit(f"{rows[0]['list_id']}/{rows[0]['id']}", {})
        return found

    served.engine.served = moving
    run = read(served, select=MEMBERS, page_size=10)

    assert (run.code, {record["key"] for record in run.records("members")}) == (0, ids(served))


def test_an_archived_member_is_a_fact_and_one_deleted_for_good_is_missing_in_count_and_keys(served, read):
    first = read(served, select=MEMBERS)
    a_day_later(served)
    archived, gone = member(served), member(served, "unsubscribed")
    credential = {"Authorization": f"Bearer {served.token}"}
    for verb, key, action in (("DELETE", archived, ""), ("POST", gone, "/actions/delete-permanent")):
        path = f"{served.url}/3.0/lists/{key.replace('/', '/members/')}{action}"
        assert requests.request(verb, path, headers=credential, timeout=9).status_code == 204
    served.advance(120)

    second = read(served, select=MEMBERS, state=first.state)
    sweep = read(served, "--sweep", "members")

    assert {r["key"]: r["status"] for r in second.records("members")}[archived] == "archived"
    assert second.proof("members")["source_count"] == len(ids(served))
    assert {line["id"] for line in sweep.lines if "id" in line} == ids(served)
    assert gone not in ids(served)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"last_changed": "lately"}, "last_changed: not a time"),
        *long(
            ({"member_rating": "good"}, "member_rating: not a number"),
            ({"tags": "vip"}, "tags: not a list"),
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside_and_asked_for_again(served, read, change, reason):
    key = member(served)
    row = dict(served.engine.account.members[key])
    served.edit(key, change, touches=False)
    first = read(served, select=MEMBERS)
    served.edit(key, row, touches=False)
    a_day_later(served)

    second = read(served, select=MEMBERS, state=first.state)

    (bad,) = first.of("QUARANTINE")
    assert (bad["key"], bad["reason"], first.bookmark("members")["quarantined"]) == (key, reason, [key])
    assert len(first.records("members")) == len(ids(served)) - 1
    assert key in {record["key"] for record in second.records("members")}
    assert "quarantined" not in second.bookmark("members")


def test_only_what_the_setting_names_is_an_event(served, read):
    tag, other = (row["name"] for row in served.records("segments")[:2])
    mailing = served.records("campaigns")[2]["settings"]["title"]
    campaigns = {tag.upper(): "EXPO-26", mailing: "701000000000001"}
    streams = ("segments", "campaigns", "segment_members", "email_activity")

    run = read(served, select=streams, campaigns=campaigns, statuses={tag: "attended"})
    nothing = read(served, select=streams)

    segments = {row["name"]: (row["same_as"], row["touch_status"]) for row in run.records("segments")}
    assert (segments[tag], segments[other]) == (("EXPO-26", "attended"), (None, None))
    assert {row["title"]: row["same_as"] for row in run.records("campaigns")}[mailing] == "701000000000001"
    assert len({row["segment_id"] for row in run.records("segment_members")}) == 1
    assert len({row["campaign_id"] for row in run.records("email_activity")}) == 1
    assert {proof["stream"]: proof["rows"] for proof in nothing.of("PROOF")}["email_activity"] == 0
    assert nothing.records("segment_members") == []


@pytest.mark.parametrize("lists_silent", [True, *long(False)])
def test_a_reader_has_the_first_click_and_how_many(serve, read, lists_silent):
    served = serve(lists_silent=lists_silent)
    mailing = next(row for row in served.records("campaigns") if row["status"] == "sent")
    reader = next(key for key, done in served.engine.account.activity[mailing["id"]].items() if len(done) > 1)
    more = {"action": "click", "timestamp": "2026-10-30T00:00:00+00:00"}
    served.engine.account.activity[mailing["id"]][reader].append(more)

    run = read(served, select=("email_activity",), campaigns={mailing["id"]: "X"})

    found = {row["email_id"]: row for row in run.records("email_activity")}
    assert (found[reader]["clicks"], found[reader]["opens"], found[reader]["bounced"]) == (2, 1, False)
    assert found[reader]["first_click"] < "2026-10-30"
    assert any(not row["opens"] for row in found.values()) is lists_silent
    assert run.proof("email_activity")["source_count"] == len(found)


def test_a_mailing_is_read_again_once_a_day_while_it_is_young(served, read):
    mailings = {row["id"]: row["id"] for row in served.records("campaigns") if row["status"] == "sent"}
    young = {row["id"] for row in served.records("campaigns") if row["send_time"] > "2026-10-03"}
    assert set() < young < set(mailings)
    select = ("email_activity",)
    first = read(served, select=select, campaigns=mailings)
    second = read(served, select=select, campaigns=mailings, state=first.state)
    a_day_later(served)

    third = read(served, select=select, campaigns=mailings, state=second.state)

    assert {row["campaign_id"] for row in first.records("email_activity")} == set(mailings)
    assert second.records("email_activity") == []
    assert {row["campaign_id"] for row in third.records("email_activity")} == young
    counts = {run.proof("email_activity")["source_count"] for run in (first, second, third)}
    assert counts == {len(first.records("email_activity"))}


def test_events_of_members_come_by_batches_once_a_day(served, read, no_waiting):
    key = member(served)
    happened = [
        {
            "name": "watched_webinar",
            "occurred_at": f"2026-10-0{day}T10:00:00+00:00",
            "properties": {"minutes": "40"},
        }
        for day in (1, 2)
    ]
    served.engine.account.events[key] = happened
    select, campaigns = ("member_events",), {"watched_webinar": "LIVE-1"}

    first = read(served, select=select, campaigns=campaigns, statuses={"watched_webinar": "attended"})
    already = len(served.requests())
    second = read(served, select=select, campaigns=campaigns, state=first.state)

    found = first.records("member_events")
    assert [(row["member_id"], row["same_as"], row["touch_status"]) for row in found] == [
        (key.partition("/")[2], "LIVE-1", "attended")
    ] * 2
    assert len({row["key"] for row in found}) == 2
    assert len(asked(served, "batches")) == 2, "one for each audience"
    assert no_waiting == [5.0, 10.0] * 2
    assert second.records("member_events") == []
    assert second.proof("member_events")["source_count"] == 2
    assert asked(served, "batches", already) == []


def test_events_are_not_read_unless_they_are_selected(served, read):
    run = read(served)

    assert (run.code, run.of("SCHEMA", "member_events")) == (0, [])


def test_a_batch_that_expired_fails_its_stream_and_comes_with_the_next_run(served, read):
    answer = served.engine.served
    served.engine.served = lambda given: (
        given.verb == "GET" and served.engine.batches.expire(),
        answer(given),
    )[1]

    run = read(served, select=("member_events",))

    assert run.code == 1
    assert "no longer has the batch" in run.proof("member_events")["error"]


def test_audiences_may_be_chosen_by_name(served, read):
    chosen = read(served, select=("audiences", "segments"), audiences=["event NEWS"])
    missing = read(served, select=("audiences",), audiences=["Nobody"])

    assert [row["name"] for row in chosen.records("audiences")] == ["Event news"]
    assert (missing.code, missing.stopped["fix"]) == (2, "choose from: Customers and prospects, Event news")


def test_nothing_changed_costs_a_few_calls(served, read):
    first = read(served)
    a_day_later(served)
    already = len(served.requests())

    second = read(served, state=first.state)

    assert {proof["error"] for proof in second.of("PROOF")} == {None}
    assert len(served.requests()) - already <= 20


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "https://api.mailchimp.com/3.0/ping"),
        ({"data_center": "us6"}, "https://us6.api.mailchimp.com/3.0/ping"),
        ({"url": "https://api.mailchimp.com/3.0/"}, "https://api.mailchimp.com/3.0/ping"),
    ],
)
@pytest.mark.parametrize("credential", [{"api_key": "k-us6"}, {"access_token": "t"}])
def test_the_one_host_or_the_data_centers_own_with_a_key_or_a_token(settings, address, credential):
    import responses

    from tap_mailchimp.tap import TapMailchimp

    with responses.RequestsMock() as mock:
        mock.get(address, json={"health_status": "fine"}, headers={"Date": "Sat, 31 Oct 2026 12:00:00 GMT"})
        TapMailchimp(config={**settings, **credential}).source_now()
        word = mock.calls[0].request.headers["Authorization"]

    assert word == ("Bearer t" if "access_token" in credential else "Basic Y2xvc2VkbG9vcDprLXVzNg==")
