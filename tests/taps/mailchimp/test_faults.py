"""What goes wrong at Mailchimp, and what the tap says and does then."""

import pytest
from tests.taps.running import long

MEMBERS = ("members",)


@pytest.mark.parametrize("kind", ["drop_row", *long("short_page", "repeat_page", "freeze_cursor")])
def test_rows_that_are_kept_from_us_fail_the_stream_and_come_with_the_next_run(served, read, kind):
    served.faults.add(kind, stream="members")
    first = read(served, select=MEMBERS, page_size=10)
    served.faults.clear()
    second = read(served, select=MEMBERS, state=first.state, page_size=10)

    assert first.code == 1
    assert first.proof("members")["error"]
    got = {record["key"] for run in (first, second) for record in run.records("members")}
    assert second.code == 0
    assert got == {f"{row['list_id']}/{row['id']}" for row in served.records("members")}


@pytest.mark.parametrize("kind", ["freeze_cursor", *long("drop_row")])
def test_a_listing_that_is_not_whole_fails_its_stream(served, read, kind):
    served.faults.add(kind, stream="campaigns")

    run = read(served, select=("campaigns",), page_size=7)

    assert (run.code, "Mailchimp counts 18 campaigns" in run.proof("campaigns")["error"]) == (1, True)


@pytest.mark.parametrize("kind", ["500", *long("reset", "html", "429")])
def test_what_passes_is_repeated(served, read, kind):
    served.faults.add(kind, stream="members")

    assert read(served, select=MEMBERS).code == 0


@pytest.mark.parametrize("mode", ["403", *long("429")])
def test_too_many_connections_are_waited_for_also_without_a_document(serve, read, no_waiting, mode):
    served = serve(has_body=False)
    served.faults.add("429", stream="members", mode=mode, times=2)

    assert (read(served, select=MEMBERS).code, len(no_waiting)) == (0, 2)


def test_a_key_that_is_revoked_stops_the_run_and_is_not_printed(served, read):
    served.revoke()

    run = read(served, select=MEMBERS)

    assert (run.code, run.stopped["message"]) == (2, "Mailchimp does not accept the credential (401)")
    assert served.api_key not in run.error + run.text


def test_no_credential_is_named(served, read):
    run = read(served, api_key=None)

    assert (run.code, run.stopped["message"]) == (2, "not set: api_key, or instead of it access_token")


def test_the_check_names_mappings_that_fit_nothing(served, read):
    tag = served.records("segments")[0]["name"]
    good = read(served, "--check", campaigns={tag: "EXPO", "nothing": "X"}).checks
    served.revoke()
    bad = read(served, "--check").checks

    assert {name for name, line in good.items() if not line["ok"]} == {"campaigns:nothing"}
    assert good["campaigns:nothing"]["required"] is False
    assert bad["login"]["ok"] is False


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"statuses": {"x": "present"}}, "statuses: no such status: present"),
        ({"person_fields": {"firm": "MMERGE3"}}, "person_fields: no such column: firm"),
        ({"campaign": {}}, "unknown setting: campaign"),
    ],
)
def test_a_wrong_setting_is_named(served, read, settings, message):
    run = read(served, **settings)

    assert (run.code, run.stopped["message"]) == (2, message)


def test_one_listing_that_the_plan_lacks_leaves_the_others_alone(served, read):
    from closedloop.sandbox.mailchimp.engine import refused

    answer = served.engine.served

    def forbidding(given):
        if given.entry["stream"] == "reports":
            raise refused(403, "Forbidden", "You are not permitted to access this resource.")
        return answer(given)

    served.engine.served = forbidding
    run = read(served)

    failed = {proof["stream"]: proof for proof in run.of("PROOF") if proof["error"]}
    assert (run.code, failed.keys()) == (1, {"reports"})
    assert "plan" in failed["reports"]["fix"]
