"""What each stream proves: its source's own count and newest cursor."""

from tests.taps.odoo.fake import row


def test_a_proof_carries_the_sources_own_figures(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2, at="2026-02-10 10:00:00"), row(3)]

    proof = tap().proof("crm_lead")

    assert proof == {
        "type": "PROOF",
        "stream": "crm_lead",
        "rows": 3,
        "requests": 4,
        "bytes": proof["bytes"],
        "source_count": 3,
        "count_column": "create_date",
        "count_until": "2026-03-01T11:59:00Z",
        "cursor": "2026-02-10T10:00:00Z",
        "source_cursor": "2026-02-10T10:00:00Z",
        "error": None,
        "fix": None,
        "skipped": None,
    }
    assert proof["bytes"] > 100


def test_the_proof_is_the_last_word_on_its_stream_and_a_state_follows(odoo, tap):
    odoo.tables["crm.lead"] = [row(1)]

    messages = tap().lines

    last = max(i for i, m in enumerate(messages) if m.get("stream") == "crm_lead")
    assert messages[last]["type"] == "PROOF"
    assert messages[last + 1]["type"] == "STATE"


def test_rows_born_after_the_lag_do_not_count(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2, at="2026-03-01 11:59:30")]

    run = tap()

    assert len(run.records("crm_lead")) == 2
    assert run.proof("crm_lead")["source_count"] == 1


def test_the_microseconds_of_the_bound_second_are_counted(odoo, tap):
    """The database has 11:59:00.7 where we hold 11:59:00: both are up to 11:59:00."""
    odoo.tables["crm.lead"] = [row(1, at="2026-02-01 10:00:00", born="2026-03-01 11:59:00.700000")]
    odoo.tweak = lambda _model, method, answer: (
        [{**r, "create_date": str(r.get("create_date", ""))[:19] or False} for r in answer]
        if method == "search_read"
        else answer
    )

    assert tap().proof("crm_lead")["source_count"] == 1


def test_the_newest_row_being_deleted_while_we_read_is_not_a_gap(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2, at="2026-02-20 10:00:00")]

    def delete_after_the_cursor(model, method, answer):
        if model == "crm.lead" and method == "search_read":
            odoo.tables["crm.lead"] = odoo.tables["crm.lead"][:1]
        return answer

    odoo.tweak = delete_after_the_cursor

    proof = tap().proof("crm_lead")

    assert (proof["cursor"], proof["source_cursor"]) == ("2026-02-01T10:00:00Z", "2026-02-01T10:00:00Z")


def test_the_newest_row_deleted_since_the_last_run_is_not_a_gap(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2, at="2026-02-20 10:00:00")]
    state = tap().state
    odoo.tables["crm.lead"].pop()

    proof = tap(state=state).proof("crm_lead")

    assert (proof["rows"], proof["source_count"]) == (0, 1)
    assert proof["cursor"] >= proof["source_cursor"]


def test_an_empty_model_is_proven_empty(tap):
    proof = tap().proof("crm_lead")

    assert (proof["rows"], proof["source_count"], proof["cursor"], proof["source_cursor"]) == (
        0,
        0,
        None,
        None,
    )


def test_requests_are_rows_by_page_size_plus_a_constant(odoo, tap):
    odoo.tables["crm.lead"] = [row(n) for n in range(1, 42)]

    small, large = tap(page_size=10).proof("crm_lead"), tap(page_size=1000).proof("crm_lead")

    assert small["requests"] - large["requests"] == 4


def test_count_asks_without_reading(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2)]

    run = tap("--count")

    line = next(line for line in run.lines if line["stream"] == "crm_lead")
    assert line == {
        "stream": "crm_lead",
        "source_count": 2,
        "count_column": "create_date",
        "count_until": "2026-03-01T11:59:00Z",
    }
    assert not odoo.calls("crm.lead", "search_read")


def test_a_sweep_lists_every_id_also_archived_and_brand_new_ones(odoo, tap):
    odoo.tables["crm.lead"] = [row(1, active=False), row(2), row(5, at="2026-03-01 11:59:59")]

    run = tap("--sweep", "crm_lead", page_size=1)

    assert [line["id"] for line in run.lines if "id" in line] == ["1", "2", "5"]
    end = run.lines[-1]
    assert (end["sweep_count"], end["source_count"], end["count_until"]) == (3, 3, "2026-03-01T12:00:00Z")


def test_a_sweep_that_lost_rows_does_not_agree_with_the_count(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2), row(3)]
    odoo.tweak = lambda _model, method, answer: (
        [i for i in answer if i != 2] if method == "search" else answer
    )

    end = tap("--sweep", "crm_lead").lines[-1]

    assert (end["sweep_count"], end["source_count"]) == (2, 3)


def test_a_sweep_of_an_unknown_stream_is_a_configuration_error(tap):
    run = tap("--sweep", "nope")

    assert run.code == 2
    assert "nope" in run.stopped["message"]
