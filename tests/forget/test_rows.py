"""What is a person's goes from a record before it lands; what the figures rest on stays."""

import pytest

from closedloop.forget import columns, marks
from closedloop.forget.marks import Mark
from closedloop.forget.rows import Cleaner, Stream
from closedloop.settings import Settings

TOKEN = "3f9a12c4"
MARKS = marks.of(
    TOKEN,
    (
        Mark(kind=marks.EMAIL, scope="", value="ann.lee@acme.com"),
        Mark(kind=marks.PERSON, scope="", value="ann lee"),
        Mark(kind=marks.PHONE, scope="", value="13035554253"),
        Mark(kind=marks.RECORD, scope="crm/Contact", value="003A"),
        Mark(kind=marks.REFERENCE, scope="crm", value="003A"),
        Mark(kind=marks.ABOUT, scope="crm/Account", value="001P"),
    ),
)
#: Streams that hold people, and whether a name is read beside the address.
PEOPLE = {
    "salesforce": ["Contact", "Lead", "CampaignMember"],
    "hubspot": ["contacts", "participations"],
    "odoo": ["res_partner", "crm_lead", "event_registration"],
    "marketo": ["leads"],
    "mailchimp": ["members", "segment_members", "email_activity", "member_events"],
    "eventbrite": ["attendees", "orders"],
    "leadlist": ["attendees"],
    "zendesk": ["users"],
}


def shapes(connector):
    settings = Settings(
        company={"currency": "USD", "time_zone": "UTC"}, connections={"crm": {"connector": connector}}
    )
    return columns.shapes(settings, "crm")


@pytest.fixture(scope="module")
def salesforce():
    return shapes("salesforce")


def changes(salesforce, stream, record, *, known=MARKS):
    cleaner = Cleaner(marks=known, connection="crm", shapes=lambda: salesforce)
    types = dict.fromkeys(record, "VARCHAR") | {"CreatedDate": "TIMESTAMPTZ", "Birthdate": "DATE"}
    return cleaner.changes(
        Stream(connection="crm", name=stream, keys=("Id",), types=types, shape=cleaner.shape(stream)), record
    )


@pytest.mark.parametrize("connector", PEOPLE)
def test_the_columns_of_people_are_told_from_every_connector_s_own_staging(connector):
    found = shapes(connector)

    assert {name for name, shape in found.items() if shape.is_people and shape.personal} == set(
        PEOPLE[connector]
    )
    for name in PEOPLE[connector]:
        assert columns.EMAIL in found[name].personal.values(), name
        assert not {"id", "key", "status", "_deleted_at"} & found[name].personal.keys()


def test_an_own_record_keeps_what_figures_rest_on_and_nothing_of_the_person(salesforce):
    record = {
        "Id": "003A", "FirstName": "Ann", "LastName": "Lee-Smith", "Email": "other@acme.com", "Phone": "+1 303 555 4253",
        "MobilePhone": None, "Title": "Chief", "MailingStreet": "1 Elm St", "Birthdate": "1980-01-02", "AccountId": "001X",
        "OwnerId": "005B", "CreatedDate": "2026-01-02T03:04:05Z", "HasOptedOutOfEmail": True,
    }  # fmt: skip
    kept = record | changes(salesforce, "Contact", record)

    assert {
        name: kept[name] for name in ("Id", "AccountId", "OwnerId", "CreatedDate", "HasOptedOutOfEmail")
    } == {name: record[name] for name in ("Id", "AccountId", "OwnerId", "CreatedDate", "HasOptedOutOfEmail")}
    assert (kept["FirstName"], kept["LastName"]) == ("Forgotten", TOKEN)
    assert kept["Email"].startswith(f"forgotten-{TOKEN}-")
    assert [kept[name] for name in ("Title", "MailingStreet", "Birthdate", "MobilePhone")] == [None] * 4
    assert kept["Phone"].startswith("0000")


def test_once_more_changes_nothing(salesforce):
    record = {
        "Id": "003A",
        "FirstName": "Ann",
        "LastName": "Lee",
        "Email": "ann.lee@acme.com",
        "Phone": "+1 303 555 4253",
    }
    once = record | changes(salesforce, "Contact", record)

    assert changes(salesforce, "Contact", once) == {}


def test_who_comes_again_under_another_key_is_known_by_the_address(salesforce):
    record = {
        "Id": "00QZ",
        "FirstName": "A.",
        "LastName": "Lee",
        "Email": "ANN.LEE@acme.com",
        "Company": "Acme",
    }
    kept = record | changes(salesforce, "Lead", record)

    assert (kept["LastName"], kept["Company"]) == (TOKEN, "Acme")


def test_what_tells_of_the_person_tells_nothing_any_more(salesforce):
    task = {
        "Id": "00T1",
        "WhoId": "003A",
        "Subject": "Call Ann Lee",
        "Status": "Done",
        "Type": "Call",
        "OwnerId": "005B",
    }
    account = {"Id": "001P", "Name": "Ann Lee", "OwnerId": "005B", "Website": "https://acme.com"}

    assert changes(salesforce, "Task", task) == {"Subject": None, "Status": None}
    assert changes(salesforce, "Account", account) == {"Name": f"Forgotten {TOKEN}"}


def test_others_keep_everything_but_the_address(salesforce):
    namesake = {
        "Id": "003N",
        "FirstName": "Ann",
        "LastName": "Lee",
        "Email": "ann@other.com",
        "Title": "Chief",
    }
    note = {"Id": "00T2", "WhoId": "003N", "Subject": "Forward to ann.lee@acme.com, says Ann Lee"}

    assert changes(salesforce, "Contact", namesake) == {}
    told = changes(salesforce, "Task", note)["Subject"]
    assert "ann.lee@" not in told
    assert told.endswith("says Ann Lee")


def test_a_company_with_the_person_s_address_stays_a_company(salesforce):
    account = {
        "Id": "001C",
        "Name": "Acme Inc",
        "Email__c": "ann.lee@acme.com",
        "email": "ann.lee@acme.com",
        "Fax": "1",
    }
    kept = account | changes(salesforce, "Account", account)

    assert kept["Name"] == "Acme Inc"
    assert kept["email"].endswith("@acme.com")
    assert not kept["email"].startswith("ann")
    assert kept["Fax"] is None


def test_nobody_was_forgotten_and_nobody_is_asked(salesforce):
    def never():
        pytest.fail("the staging was read")

    cleaner = Cleaner(marks=marks.Marks(), connection="crm", shapes=never)
    stream = Stream(connection="crm", name="Contact", keys=("Id",), types={}, shape=salesforce["Contact"])

    assert cleaner.changes(stream, {"Id": "003A"}) == {}
