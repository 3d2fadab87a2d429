"""What the real Xero answered passes the parser and the staging."""

from decimal import Decimal

import msgspec
import pytest
from tests.taps.xero.shared import needs_recordings, recorded
from tests.taps.xero.staging.landed import landed, sql_of

from tap_xero.catalog import ENDPOINTS
from tap_xero.columns import Columns

pytestmark = needs_recordings
DECODE = msgspec.json.Decoder(float_hook=str).decode
ORGANISATION = {"organisation_id": "o", "base_currency": "USD", "short_code": "!x"}


def records(stream):
    """Recorded rows as the tap sends them; of one row recorded twice the later change."""
    endpoint = ENDPOINTS[stream]
    columns = Columns(stream, endpoint, classes={})
    found = [columns.record(DECODE(msgspec.json.encode(row))) for row in recorded(endpoint.key)]
    found.sort(key=lambda record: record.get("updated_date_utc") or "")
    return list({record[endpoint.id]: record for record in found}.values())


@pytest.mark.parametrize("stream", ["organisation", "contacts", "credit_notes", "payments", "items"])
def test_every_recorded_row_becomes_a_record(stream):
    found = records(stream)

    assert found
    assert all(record[ENDPOINTS[stream].id] for record in found)


def staged(name, **streams):
    with landed(organisation=[ORGANISATION], **streams) as held:
        cursor = held.execute(f"SELECT * EXCLUDE (updated_at, deleted_at) FROM ({sql_of(name)})")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_each_recorded_credit_note_adds_up_as_recorded():
    notes = {record["credit_note_id"]: record for record in records("credit_notes")}
    documents = staged("document__credit_note", credit_notes=list(notes.values()))

    assert len(documents) == len([note for note in notes.values() if note["type"] == "ACCRECCREDIT"])
    for document in documents:
        note = notes[document["source_id"]]
        assert document["net"] + document["tax"] == document["gross"] == Decimal(note["total"])
        assert document["balance"] == Decimal(note["remaining_credit"])


def test_the_lines_of_each_recorded_credit_note_sum_to_its_net():
    notes = records("credit_notes")
    documents = {one["key"]: one for one in staged("document__credit_note", credit_notes=notes)}
    sums = dict.fromkeys(documents, Decimal(0))
    for line in staged("line__credit_note", credit_notes=notes):
        sums[line["document_key"]] += line["net"]

    assert sums == {key: one["net"] for key, one in documents.items()}


def test_what_a_recorded_credit_note_settled_is_what_is_no_longer_open():
    notes = records("credit_notes")
    payments = records("payments")
    settled = {}
    for row in staged("allocation__credit_note", credit_notes=notes) + staged(
        "allocation__payment", payments=payments
    ):
        settled[row["document_key"]] = settled.get(row["document_key"], 0) + row["amount"]
    documents = staged("document__credit_note", credit_notes=notes)
    posted = [one for one in documents if one["status"] == "posted"]

    assert posted
    for one in posted:
        assert one["gross"] - one["balance"] == settled.get(one["key"], 0), one["number"]


def test_recorded_payments_are_money_in_from_customers_only():
    payments = records("payments")
    found = staged("payment__payment", payments=payments)

    assert len(found) == len([one for one in payments if one["payment_type"] == "ACCRECPAYMENT"])
    assert {(one["direction"], one["currency"]) for one in found} == {("in", "USD")}
    assert all(one["customer_key"] for one in found)
