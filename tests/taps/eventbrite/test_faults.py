"""What goes wrong at Eventbrite, and what the tap says and does then."""

import pytest
from tests.taps.running import long

ATTENDEES = ("attendees",)


@pytest.mark.parametrize("kind", ["drop_row", *long("short_page", "repeat_page", "freeze_cursor")])
def test_rows_that_are_kept_from_us_fail_the_stream_and_come_with_the_next_run(serve, read, kind):
    served = serve(page_size=20)
    served.faults.add(kind, stream="attendees")
    first = read(served, select=ATTENDEES)
    served.faults.clear()
    second = read(served, select=ATTENDEES, state=first.state)

    assert first.code == 1
    assert first.proof("attendees")["error"]
    assert "replication_key_value" not in first.bookmark("attendees")
    assert (second.code, second.keys("attendees")) == (0, {row["id"] for row in served.records("attendees")})


def test_a_listing_that_does_not_count_is_read_to_its_end_and_proves_nothing(serve, read):
    served = serve(has_totals=False, page_size=20, is_inclusive=False)

    run = read(served, select=ATTENDEES)

    assert (run.code, run.proof("attendees")["source_count"]) == (0, None)
    assert run.keys("attendees") == {row["id"] for row in served.records("attendees")}


@pytest.mark.parametrize("kind", ["500", *long("reset", "html")])
def test_what_passes_is_repeated(served, read, kind):
    served.faults.add(kind, stream="attendees")

    assert read(served, select=ATTENDEES).code == 0


def test_the_spent_hour_stops_the_run_and_the_next_one_goes_on(serve, read, no_waiting):
    served = serve(hour_limit=4, page_size=20)
    first = read(served, select=ATTENDEES)
    served.advance(3601)
    served.engine.options = type(served.engine.options)()

    assert (first.code, no_waiting) == (4, [])
    assert "calls of the hour" in first.stopped["message"]
    assert read(served, select=ATTENDEES, state=first.state).code == 0


def test_a_short_wait_that_is_named_is_waited_for(served, read, no_waiting):
    served.faults.add("429", stream="attendees", retry_after=7)

    assert (read(served, select=ATTENDEES).code, no_waiting) == (0, [7.0])


@pytest.mark.parametrize("refusal", [400, *long(401)])
def test_a_token_that_is_refused_stops_the_run_and_is_not_printed(serve, read, refusal):
    served = serve(refusal=refusal)
    served.revoke()

    run = read(served, select=ATTENDEES)

    assert (run.code, run.stopped["message"]) == (2, "Eventbrite does not accept the token")
    assert served.token not in run.error + run.text


def test_the_check_names_what_is_refused_and_mappings_that_fit_nothing(served, read):
    event = served.records("events")[0]
    good = read(served, "--check", campaigns={event["id"]: "EXPO", "no such event": "X"}).checks
    served.revoke()
    bad = read(served, "--check").checks

    assert all(line["ok"] for name, line in good.items() if name != "campaigns:no such event")
    assert good["permission:attendees"]["message"] == f"{len(served.records('attendees'))} records"
    assert (
        good["campaigns:no such event"] | {"ok": False, "required": False} == good["campaigns:no such event"]
    )
    assert (bad["login"]["ok"], bad["login"]["fix"].split(":")[0]) == (False, "give a valid access_token")


def test_one_listing_that_the_user_may_not_see_leaves_the_others_alone(served, read):
    served.engine.served = _forbidding(served.engine.served, "orders")

    run = read(served)

    failed = {proof["stream"]: proof for proof in run.of("PROOF") if proof["error"]}
    assert (run.code, failed.keys()) == (1, {"orders"})
    assert "give the user a role" in failed["orders"]["fix"]


def _forbidding(served, stream):
    from closedloop.sandbox.eventbrite.engine import refused

    def answer(asked):
        if asked.entry["stream"] == stream:
            raise refused(403, "NOT_AUTHORIZED", "You do not have permission")
        return served(asked)

    return answer


def test_a_wrong_setting_is_named(served, read):
    run = read(served, campaign={"1": "X"})

    assert (run.code, run.stopped["fix"]) == (2, "did you mean campaigns?")
