"""Large queries go to Bulk API 2.0: shuffled pages, odd answers, jobs that fail, runs that stop half way."""

import csv
import io

import pytest
from tests.taps.salesforce.fake import key, lead, refused

LEADS = ("Lead",)
FEW = {"bulk_threshold": 3}


def line(number, **more):
    """A row as Bulk prints it."""
    row = lead(number, **more)
    return row | {
        "CreatedDate": "2026-01-05T08:00:00.000Z",
        "SystemModstamp": row["SystemModstamp"].replace("+0000", "Z"),
        "IsDeleted": str(row["IsDeleted"]).lower(),
        "IsConverted": "false",
    }


def sheet(columns, rows, *, header=True):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(columns)
    writer.writerows([row.get(name, "") for name in columns] for row in rows)
    return out.getvalue()


@pytest.fixture
def bulk(salesforce):
    """Let every job give these pages of rows; returns what they are made with."""
    settings = {"pages": [], "header": "every", "order": list, "said": {}}
    take = salesforce.job

    def job(request, path, params):
        reply = take(request, path, params)
        if request.method == "POST":
            number = next(reversed(salesforce.jobs))
            columns = settings["order"](
                salesforce.jobs[number]["query"].removeprefix("SELECT ").split(" FROM ")[0].split(", ")
            )
            salesforce.jobs[number] |= {
                "said": settings["said"],
                "pages": [
                    sheet(columns, rows, header=place == 0 or settings["header"] == "every")
                    for place, rows in enumerate(settings["pages"])
                ],
            }
        return reply

    salesforce.job = job
    salesforce.rows["Lead"] = [lead(n, f"2026-10-{n + 1:02}T10:00:00") for n in range(6)]
    shuffled = [line(n, changed=f"2026-10-{n + 1:02}T10:00:00") for n in (4, 0, 5, 2, 1, 3)]
    settings["pages"] = [shuffled[:3], shuffled[3:]]
    return settings


@pytest.mark.parametrize("header", ["every", "first"])
@pytest.mark.parametrize("order", [list, sorted], ids=["as asked", "alphabet"])
def test_more_rows_than_the_threshold_come_by_bulk_and_look_the_same(salesforce, bulk, tap, header, order):
    bulk |= {"header": header, "order": order, "said": {"numberRecordsProcessed": 6}}

    by_bulk = tap(select=LEADS, **FEW)
    by_rest = tap(select=LEADS)

    def plain(run):
        return sorted(
            ({**r, "Email": r["Email"], "MasterRecordId": None} for r in run.records("Lead")),
            key=lambda r: r["Id"],
        )

    assert (by_bulk.code, plain(by_bulk)) == (0, plain(by_rest))
    (job,) = salesforce.jobs.values()
    assert (job["operation"], "ORDER BY" in job["query"]) == ("queryAll", False)
    assert by_bulk.bookmark("Lead")["replication_key_value"] == "2026-10-06T10:00:00.000Z"


def test_the_bookmark_moves_after_the_last_page_only(bulk, tap):
    states = [line["value"]["bookmarks"]["Lead"] for line in tap(select=LEADS, **FEW).of("STATE")]

    assert ["bulk" in state for state in states] == [True, True, False, False, False]
    assert ["until" in state for state in states] == [False, False, True, True, True]


def test_a_row_that_comes_twice_is_sent_once_and_pages_are_sorted(bulk, tap):
    bulk["pages"][1].append(bulk["pages"][0][0])

    records = tap(select=LEADS, **FEW).records("Lead")

    assert [record["Id"] for record in records] == [key(n) for n in (0, 4, 5, 1, 2, 3)]


def test_a_run_that_was_stopped_reads_the_rest_of_the_same_job(salesforce, bulk, tap):
    states = [line["value"] for line in tap(select=LEADS, **FEW).of("STATE")]
    salesforce.calls.clear()

    run = tap(select=LEADS, state=states[1], **FEW)

    assert [record["Id"] for record in run.records("Lead")] == [key(n) for n in (1, 2, 3)]
    assert (run.code, len(salesforce.jobs)) == (0, 1)
    assert run.bookmark("Lead")["replication_key_value"] == "2026-10-06T10:00:00.000Z"


def test_a_job_that_is_gone_is_made_anew(salesforce, bulk, tap):
    states = [line["value"] for line in tap(select=LEADS, **FEW).of("STATE")]
    salesforce.jobs.clear()

    run = tap(select=LEADS, state=states[1], **FEW)

    assert (run.code, len(run.records("Lead")), len(salesforce.jobs)) == (0, 6, 1)


@pytest.mark.parametrize(
    "early", [(204, ""), (412, refused("JOB_NOT_COMPLETE")), (400, refused("INVALIDJOBSTATE"))]
)
def test_results_asked_for_too_early_are_asked_for_again(salesforce, bulk, tap, no_waiting, early):
    take, said = salesforce.results, [early, early]
    salesforce.results = lambda number, params: (
        salesforce.reply(*said.pop()) if said else take(number, params)
    )

    run = tap(select=LEADS, **FEW)

    assert (run.code, len(run.records("Lead")), len(no_waiting)) == (0, 6, 2)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"state": "Failed", "errorMessage": "QUERY_TIMEOUT: too slow"}, "failed: QUERY_TIMEOUT: too slow"),
        ({"state": "Aborted"}, "was aborted"),
        ({"numberRecordsProcessed": 7}, "counts 7 rows and listed 6"),
    ],
)
def test_a_job_that_does_not_give_its_rows_fails_the_stream(bulk, tap, said, reason):
    bulk["said"] = said

    run = tap(select=LEADS, **FEW)

    assert (run.code, reason in run.proof("Lead")["error"]) == (1, True)
    assert not {"bulk", "until"} & run.bookmark("Lead").keys()


def test_a_job_that_takes_too_long_is_aborted(salesforce, bulk, tap):
    bulk["said"] = {"state": "InProgress"}

    run = tap(select=LEADS, bulk_timeout_seconds=20, **FEW)

    assert (run.code, salesforce.calls[-1]["method"]) == (1, "PATCH")
    assert "not done after 20 s" in run.proof("Lead")["error"]


@pytest.mark.parametrize("kind", ["short", "cut", "repeated"])
def test_a_page_that_is_not_whole_fails_the_stream(salesforce, bulk, tap, kind):
    take = salesforce.results

    def results(number, params):
        status, headers, content = take(number, params)
        if kind == "short":
            headers["Sforce-NumberOfRecords"] = "9"
        if kind == "cut":
            content = content[: len(content) - 40]
        if kind == "repeated" and "locator" in params:
            content = take(number, {})[2]
        return status, headers, content

    salesforce.results = results
    run = tap(select=LEADS, **FEW)

    assert run.code == 1
    assert {"short": "says 9 rows", "cut": "cut off", "repeated": "repeated a page"}[kind] in run.proof(
        "Lead"
    )["error"]


def test_an_org_without_bulk_is_read_by_pages(salesforce, bulk, tap):
    take = salesforce.job
    salesforce.job = lambda request, path, params: (
        salesforce.reply(403, refused("FEATURENOTENABLED", "no bulk"))
        if request.method == "POST"
        else take(request, path, params)
    )

    run = tap(select=LEADS, **FEW)

    assert (run.code, len(run.records("Lead"))) == (0, 6)


def test_a_query_that_does_not_fit_into_an_address_goes_to_bulk_if_there_is_anything(salesforce, bulk, tap):
    salesforce.custom["Lead"] = {f"A_Field_With_A_Long_Name_{n}__c": "string" for n in range(500)}
    settings = {"extra_fields": {"Lead": list(salesforce.custom["Lead"])}}

    run = tap(**settings)

    assert (run.code, len(run.records("Lead")), len(salesforce.jobs)) == (0, 6, 1)
    again = tap(state=run.state, **settings)
    assert (again.code, again.records("Lead"), len(salesforce.jobs)) == (0, [], 1)


@pytest.mark.parametrize("status", [414, 431])
def test_an_address_that_is_refused_as_too_long_goes_to_bulk(salesforce, bulk, tap, status):
    salesforce.script += [None, (status, "<html>URI too long")]

    run = tap(select=LEADS)

    assert (run.code, len(run.records("Lead")), len(salesforce.jobs)) == (0, 6, 1)


def test_a_query_that_takes_too_long_goes_to_bulk(salesforce, bulk, tap):
    salesforce.script += [
        None,
        (400, refused("QUERY_TIMEOUT", "Your query request was running for too long.")),
    ]

    assert (tap(select=LEADS).code, len(salesforce.jobs)) == (0, 1)


def test_a_sweep_of_many_rows_goes_to_bulk(salesforce, bulk, tap):
    run = tap("--sweep", "Lead", **FEW)

    assert [one["id"] for one in run.lines if "id" in one] == [key(n) for n in range(6)]
    assert (run.lines[-1]["sweep_count"], run.lines[-1]["source_count"]) == (6, 6)
