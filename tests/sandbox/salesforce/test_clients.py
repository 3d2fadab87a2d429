"""A client that we did not write drives the simulator: simple-salesforce."""

import csv
import io
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import requests
from requests.adapters import HTTPAdapter

from closedloop.clock import Clock
from closedloop.sandbox import salesforce

simple = pytest.importorskip("simple_salesforce", reason="simple-salesforce is not installed")


class Loopback(HTTPAdapter):
    """Brings what goes to any host of Salesforce to the simulator: the client knows https and its hosts alone."""

    def __init__(self, url):
        self.url = url
        super().__init__()

    def send(self, request, **options):
        parts = request.url.split("/", 3)
        request.url = f"{self.url}/{parts[3]}"
        return super().send(request, **options)


def session_for(simulator):
    session = requests.Session()
    session.mount("https://", Loopback(simulator.url))
    return session


def connected(simulator, **options):
    return simple.Salesforce(
        session_id=simulator.tokens.access(),
        instance_url=simulator.url.replace("http:", "https:"),
        session=session_for(simulator),
        version="62.0",
        **options,
    )


@pytest.fixture
def sf(org):
    return connected(org)


def keys(simulator, kind):
    return [record.partition("/")[2] for record in simulator.keys[kind].values()]


def test_it_queries_page_by_page(world):
    with salesforce.serve(world, options=salesforce.Options(page_size=50, small_pages=True)) as org:
        sf = connected(org)
        first = sf.query("SELECT Id, Name, Account.Name FROM Contact ORDER BY SystemModstamp, Id")
        assert not first["done"]
        assert first["totalSize"] == len(org.records("Contact"))
        assert len(first["records"]) < 50
        everything = sf.query_all("SELECT Id, Name FROM Contact")
    assert {row["Id"] for row in everything["records"]} == {row["Id"] for row in org.records("Contact")}
    assert sf.api_usage["api-usage"].used > 3


def test_it_sees_deleted_rows_when_it_asks_for_them(org, sf):
    key = keys(org, "opportunity")[0]
    sf.Opportunity.delete(key)
    assert sf.query(f"SELECT Id FROM Opportunity WHERE Id = '{key}'")["totalSize"] == 0
    [row] = sf.query(f"SELECT Id, IsDeleted FROM Opportunity WHERE Id = '{key}'", include_deleted=True)[
        "records"
    ]
    assert row["IsDeleted"] is True
    org.advance(120)
    end = org.now() + timedelta(minutes=2)
    found = sf.Opportunity.deleted(end - timedelta(hours=1), end)
    assert [one["id"] for one in found["deletedRecords"]] == [key]
    assert key not in sf.Opportunity.updated(end - timedelta(days=20), end)["ids"]


def test_it_describes(org, sf):
    names = {one["name"] for one in sf.describe()["sobjects"]}
    assert {"Campaign", "CampaignMember", "Lead", "Opportunity", "OpportunityStage"} <= names
    fields = {one["name"]: one for one in sf.Campaign.describe()["fields"]}
    assert (fields["Code__c"]["externalId"], fields["Code__c"]["length"]) == (True, 40)
    assert fields["NumberOfLeads"]["updateable"] is False
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    assert sf.is_sandbox() is False


def test_it_creates_reads_changes_upserts_and_deletes(org, sf):
    made = sf.Lead.create({"LastName": "Meier", "Company": "Meier AG", "External_Id__c": "L-1"})
    assert made["success"]
    assert sf.Lead.get(made["id"])["Name"] == "Meier"
    assert sf.Lead.update(made["id"], {"FirstName": "Ada"}) == 204
    assert sf.Lead.upsert("External_Id__c/L-1", {"Phone": "1"}) == 200
    assert sf.Lead.upsert("External_Id__c/L-2", {"LastName": "Neu", "Company": "N"}) == 201
    assert sf.Lead.get_by_custom_id("External_Id__c", "l-1")["Name"] == "Ada Meier"
    assert sf.Lead.delete(made["id"]) == 204
    assert {row["Name"] for row in org.records("Lead") if row["External_Id__c"]} == {"Ada Meier", "Neu"}


def test_it_reads_errors_as_what_they_are(org, sf):
    with pytest.raises(simple.SalesforceMalformedRequest) as wrong:
        sf.query("SELECT Nothing FROM Lead")
    assert wrong.value.content[0]["errorCode"] == "INVALID_FIELD"
    with pytest.raises(simple.SalesforceResourceNotFound):
        sf.Lead.get("00QSm00000zzzzz")
    with pytest.raises(simple.SalesforceMalformedRequest) as short:
        sf.Lead.create({"FirstName": "Nobody"})
    assert short.value.content[0]["fields"] == ["LastName", "Company"]
    for _ in range(2):
        org.create("Account", {"Name": "Twin", "External_Id__c": "twin"})
    with pytest.raises(simple.SalesforceMoreThanOneRecord) as twins:
        sf.Account.upsert("External_Id__c/TWIN", {"Phone": "1"})
    assert len(twins.value.content) == 2
    org.tokens.expire()
    with pytest.raises(simple.SalesforceExpiredSession):
        sf.query("SELECT Id FROM Lead")


def test_it_writes_collections_and_each_row_has_its_own_outcome(org, sf):
    good, locked = keys(org, "campaign")[:2]
    org.control.refuse("Campaign", "UNABLE_TO_LOCK_ROW", ids=[locked])
    records = [
        {"attributes": {"type": "Campaign"}, "id": good, "Code__c": "A"},
        {"attributes": {"type": "Campaign"}, "id": locked, "Code__c": "B"},
        {"attributes": {"type": "Campaign"}, "id": good, "NumberOfLeads": 5},
    ]
    found = sf.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": records})
    assert [one["success"] for one in found] == [True, False, False]
    codes = [one["errors"][0]["statusCode"] for one in found[1:]]
    assert codes == ["UNABLE_TO_LOCK_ROW", "INVALID_FIELD_FOR_INSERT_UPDATE"]
    held = {row["Id"]: row["Code__c"] for row in org.records("Campaign")}
    assert held[good] == "A"
    assert held[locked] != "B"


def test_it_queries_in_bulk(org, sf):
    pages = list(
        sf.bulk2.Contact.query("SELECT Id, Name, SystemModstamp FROM Contact", max_records=40, wait=0)
    )
    assert len(pages) > 2
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    held = {row["Id"]: row for row in org.records("Contact")}
    assert {row["Id"] for row in rows} == set(held)
    assert [row["Id"] for row in rows] != sorted(held)
    assert rows[0]["SystemModstamp"] == f"{held[rows[0]['Id']]['SystemModstamp']:%Y-%m-%dT%H:%M:%S}.000Z"


def test_it_upserts_in_bulk(org, sf):
    old = org.create("Lead", {"LastName": "Alt", "Company": "C", "External_Id__c": "B-1"})
    lines = [
        {"External_Id__c": "B-1", "LastName": "Anders", "Company": "C"},
        {"External_Id__c": "B-2", "LastName": "Neu", "Company": "C"},
        {"External_Id__c": "B-3", "LastName": "x" * 90, "Company": "C"},
    ]
    [done] = sf.bulk2.Lead.upsert(records=lines, external_id_field="External_Id__c", wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (3, 1)
    found = sf.bulk2.Lead.get_all_ingest_records(done["job_id"])
    outcome = {
        row["External_Id__c"]: (row["sf__Created"], row["sf__Id"]) for row in found["successfulRecords"]
    }
    assert outcome["B-1"] == ("false", old)
    assert outcome["B-2"][0] == "true"
    [failed] = found["failedRecords"]
    assert failed["sf__Error"].startswith("STRING_TOO_LONG:")
    assert found["unprocessedRecords"] == []


def test_it_deletes_in_bulk_and_a_file_with_an_unknown_column_fails_as_a_whole(org, sf):
    chosen = keys(org, "touch")[:3]
    [done] = sf.bulk2.CampaignMember.delete(records=[{"Id": key} for key in chosen], wait=0)
    assert done["numberRecordsFailed"] == 0
    assert all(row["IsDeleted"] for row in org.records("CampaignMember") if row["Id"] in chosen)
    with pytest.raises(Exception, match="Field name not found"):
        sf.bulk2.Lead.insert(records=[{"LastName": "a", "Nothing__c": "b"}], wait=0)


def test_it_makes_a_field_that_is_seen_once_rights_are_given(org, sf):
    meta = {"type": "Number", "label": "Leads", "precision": 18, "scale": 0}
    made = sf.toolingexecute(
        "sobjects/CustomField", method="POST", data={"FullName": "Campaign.CL_Leads__c", "Metadata": meta}
    )
    assert made["success"]
    with pytest.raises(simple.SalesforceMalformedRequest):
        sf.query("SELECT CL_Leads__c FROM Campaign")
    [chosen] = sf.query("SELECT Id FROM PermissionSet WHERE Name = 'closedloop'")["records"]
    grant = {"ParentId": chosen["Id"], "SobjectType": "Campaign", "Field": "Campaign.CL_Leads__c"}
    sf.FieldPermissions.create({**grant, "PermissionsRead": True, "PermissionsEdit": True})
    key = keys(org, "campaign")[0]
    sf.Campaign.update(key, {"CL_Leads__c": 12})
    assert sf.Campaign.get(key)["CL_Leads__c"] == 12.0


def test_it_logs_in_with_client_credentials_and_again_when_the_session_ends(org):
    app = {"consumer_key": org.client_id, "consumer_secret": org.client_secret}
    sf = simple.Salesforce(**app, domain="demo.my", session=session_for(org))
    assert sf.query("SELECT COUNT() FROM Campaign")["totalSize"] == len(org.keys["campaign"])
    org.tokens.expire()
    assert sf.query("SELECT COUNT() FROM Campaign")["totalSize"] == len(org.keys["campaign"])
    assert org.tokens.grants == ["client_credentials"] * 2
    wrong = {**app, "consumer_secret": "wrong"}
    with pytest.raises(simple.SalesforceAuthenticationFailed, match="invalid client credentials"):
        simple.Salesforce(**wrong, domain="demo.my", session=session_for(org))


def test_it_logs_in_with_a_signed_assertion(world):
    pytest.importorskip("jwt")
    with salesforce.serve(world, clock=Clock()) as org:
        who = {"username": org.username, "consumer_key": org.client_id, "privatekey": org.private_key}
        sf = simple.Salesforce(**who, session=session_for(org))
        assert sf.query("SELECT COUNT() FROM Campaign")["totalSize"] == len(org.keys["campaign"])
        org.advance(600)
        with pytest.raises(simple.SalesforceAuthenticationFailed, match="expired"):
            simple.Salesforce(**who, session=session_for(org))
        with pytest.raises(simple.SalesforceAuthenticationFailed, match="audience"):
            simple.Salesforce(**who, domain="test", session=session_for(org))


def test_it_speaks_tls_with_a_certificate_of_ones_own(world, tmp_path):
    context = certificate(tmp_path)
    with salesforce.serve(world, context=context) as org:
        session = requests.Session()
        session.trust_env = False  # the machine's own bundle would win over verify
        session.verify = str(tmp_path / "ca.pem")
        sf = simple.Salesforce(session_id=org.tokens.access(), instance_url=org.url, session=session)
        assert sf.query("SELECT Id FROM User LIMIT 1")["totalSize"] == 1


def certificate(folder):
    """Return a server's context, with a certificate of its own making for 127.0.0.1 written to ``ca.pem``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context
