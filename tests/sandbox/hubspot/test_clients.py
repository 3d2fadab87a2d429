"""HubSpot's own client for Python, which we did not write, drives the simulator."""

import warnings

import pytest

from closedloop.sandbox import hubspot as sandbox


@pytest.fixture(scope="module")
def served(world):
    options = sandbox.Options(search_limit=1000, ten_second_limit=10_000, index_lag=0.0)
    with sandbox.serve(world, options=options) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def client(served):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hubspot = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed")
        made = hubspot.Client.create(access_token=served.token)
        made.config["host"] = served.url
        yield made


def failure(module, call, *args, **named):
    with pytest.raises(module.ApiException) as caught:
        call(*args, **named)
    return caught.value


def test_it_reads_every_record_of_an_object_page_by_page(served, client):
    for name in ("companies", "contacts", "deals"):
        found = getattr(client.crm, name).get_all()

        assert [one.id for one in found] == [one["id"] for one in served.records(name)]
    assert [one.id for one in client.crm.objects.get_all(object_type="leads")] == [
        one["id"] for one in served.records("leads")
    ]


def test_it_pages_with_history_and_associations(served, client):
    page = client.crm.deals.basic_api.get_page(
        limit=5, properties_with_history=["dealstage", "amount"], associations=["contacts", "companies"]
    )

    assert len(page.results) == 5
    assert page.paging.next.after == page.results[-1].id
    deal = page.results[0]
    assert deal.properties_with_history["dealstage"][0].value == deal.properties["dealstage"]
    assert deal.associations["companies"].results[0].type == "deal_to_company"
    again = client.crm.deals.basic_api.get_page(limit=5, after=page.paging.next.after)
    assert int(again.results[0].id) > int(deal.id)


def test_it_searches_by_time_in_pages(served, client):
    from hubspot.crm.contacts import PublicObjectSearchRequest

    found, after = [], "0"
    while after is not None:
        request = PublicObjectSearchRequest(
            filter_groups=[
                {"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": "0"}]}
            ],
            sorts=["lastmodifieddate"],
            limit=100,
            after=after,
            properties=["email"],
        )
        page = client.crm.contacts.search_api.do_search(public_object_search_request=request)
        found += page.results
        after = page.paging.next.after if page.paging else None

    assert len(found) == page.total == len(served.records("contacts"))
    times = [one.updated_at for one in found]
    assert times == sorted(times)


def test_a_batch_reads_what_is_there_and_names_what_is_not(served, client):
    from hubspot.crm.companies import BatchReadInputSimplePublicObjectId

    ids = [one["id"] for one in served.records("companies")[:20]]
    request = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": one} for one in [*ids, "999"]], properties=["name"], properties_with_history=[]
    )

    found = client.crm.companies.batch_api.read(batch_read_input_simple_public_object_id=request)

    assert {one.id for one in found.results} == {*ids}
    assert [one.id for one in found.results] != ids
    assert found.num_errors == 1
    assert found.errors[0].context["ids"] == ["999"]


def test_a_record_is_created_changed_and_archived(served, client):
    from hubspot.crm.contacts import SimplePublicObjectInput, SimplePublicObjectInputForCreate

    api = client.crm.contacts.basic_api
    made = api.create(
        simple_public_object_input_for_create=SimplePublicObjectInputForCreate(
            properties={"email": "New.Person@Example.com", "firstname": "New"}, associations=[]
        )
    )
    assert made.properties["email"] == "new.person@example.com"

    api.update(made.id, simple_public_object_input=SimplePublicObjectInput(properties={"firstname": "Newer"}))
    read = api.get_by_id("new.person@example.com", id_property="email", properties=["firstname"])
    assert (read.id, read.properties["firstname"]) == (made.id, "Newer")

    api.archive(made.id)
    assert made.id not in {one["id"] for one in served.records("contacts")}
    assert [one.id for one in api.get_page(archived=True).results] == [made.id]
    read = api.get_by_id(made.id, archived=True)
    assert read.archived
    assert read.archived_at is not None


def test_an_email_that_is_taken_is_a_conflict_that_names_the_record(served, client):
    from hubspot.crm import contacts

    held = next(one for one in served.records("contacts") if one["properties"].get("email"))
    given = contacts.SimplePublicObjectInputForCreate(
        properties={"email": held["properties"]["email"].upper()}, associations=[]
    )

    error = failure(
        contacts, client.crm.contacts.basic_api.create, simple_public_object_input_for_create=given
    )

    assert error.status == 409
    assert f"Existing ID: {held['id']}" in error.body


def test_one_wrong_property_fails_the_whole_batch(served, client):
    from hubspot.crm import companies

    first, second = served.records("companies")[:2]
    given = companies.BatchInputSimplePublicObjectBatchInput(
        inputs=[
            {"id": first["id"], "properties": {"description": "changed"}},
            {"id": second["id"], "properties": {"no_such_property": "1"}},
        ]
    )

    error = failure(
        companies,
        client.crm.companies.batch_api.update,
        batch_input_simple_public_object_batch_input=given,
    )

    assert error.status == 400
    assert "PROPERTY_DOESNT_EXIST" in error.body
    assert "description" not in served.records("companies")[0]["properties"]


def test_a_batch_upserts_by_a_unique_property(served, client):
    from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputUpsert

    held = next(one for one in served.records("contacts") if one["properties"].get("email"))
    given = BatchInputSimplePublicObjectBatchInputUpsert(
        inputs=[
            {"id": held["properties"]["email"], "idProperty": "email", "properties": {"jobtitle": "Buyer"}},
            {"id": "upserted@example.com", "idProperty": "email", "properties": {"jobtitle": "Seller"}},
        ]
    )

    found = client.crm.contacts.batch_api.upsert(batch_input_simple_public_object_batch_input_upsert=given)

    assert {one.properties["email"]: one.new for one in found.results} == {
        held["properties"]["email"]: False,
        "upserted@example.com": True,
    }


def test_associations_are_read_one_by_one_and_in_batches(served, client, world):
    from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest

    with_person = next(one for one in world.opportunities if one.person is not None)
    deal = served.keys["opportunity"][with_person.key].partition("/")[2]
    contact = served.keys["person"][with_person.person].partition("/")[2]

    one = client.crm.associations.v4.basic_api.get_page("deals", deal, "contacts").results
    given = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal}, {"id": "1"}])
    many = client.crm.associations.v4.batch_api.get_page(
        "deals", "contacts", batch_input_public_fetch_associations_batch_request=given
    )

    assert [str(each.to_object_id) for each in one] == [contact]
    assert {each.label for each in one[0].association_types} == {None, "Decision maker"}
    assert [str(each.to_object_id) for each in many.results[0].to] == [contact]
    assert many.num_errors == 1
    labels = client.crm.associations.v4.schema.definitions_api.get_all("deals", "contacts").results
    assert {(each.type_id, each.label) for each in labels} >= {(3, None), (25, "Decision maker")}


def test_associations_are_made_and_ended(served, client):
    company, contact = served.records("companies")[0]["id"], served.records("contacts")[-1]["id"]
    api = client.crm.associations.v4.basic_api

    api.create_default("contacts", contact, "companies", company)
    assert [str(one.to_object_id) for one in api.get_page("contacts", contact, "companies").results] == [
        company
    ]
    back = api.get_page("companies", company, "contacts", limit=500).results
    assert contact in {str(one.to_object_id) for one in back}

    api.archive("contacts", contact, "companies", company)
    assert api.get_page("contacts", contact, "companies").results == []


def test_a_property_and_its_group_are_made_once(served, client):
    from hubspot.crm import properties

    group = properties.PropertyGroupCreate(name="closedloop", label="closedloop", display_order=-1)
    wish = properties.PropertyCreate(
        name="cl_invoiced",
        label="Invoiced",
        group_name="closedloop",
        type="number",
        field_type="number",
        has_unique_value=False,
    )
    client.crm.properties.groups_api.create("companies", property_group_create=group)
    made = client.crm.properties.core_api.create("companies", property_create=wish)
    error = failure(properties, client.crm.properties.core_api.create, "companies", property_create=wish)

    assert (made.name, made.group_name, made.hubspot_defined) == ("cl_invoiced", "closedloop", None)
    assert error.status == 409
    company = served.records("companies")[0]["id"]
    client.crm.companies.basic_api.update(
        company, simple_public_object_input={"properties": {"cl_invoiced": "12.30"}}
    )
    read = client.crm.companies.basic_api.get_by_id(company, properties=["cl_invoiced"])
    assert read.properties["cl_invoiced"] == "12.3"


def test_owners_and_pipelines(served, client, world):
    living = client.crm.owners.owners_api.get_page(limit=100).results
    gone = client.crm.owners.owners_api.get_page(limit=100, archived=True).results
    line = client.crm.pipelines.pipelines_api.get_all("deals").results[0]

    assert {one.email for one in living} == {one.email for one in world.owners if one.is_active}
    assert {one.email for one in gone} == {one.email for one in world.owners if not one.is_active}
    assert {one.type for one in living} == {"PERSON", "QUEUE"}
    assert [one.label for one in line.stages] == [*(stage.name for stage in world.stages), "Closed Lost"]
    assert line.stages[-1].metadata == {"isClosed": "true", "probability": "0.0"}


def test_marketing_events_and_their_participants(served, client, world):
    page = client.marketing.events.basic_api.get_all(limit=100)
    event = next(one for one in world.events if one.status == "done")
    key = served.keys["event"][event.key].partition("/")[2]
    read = client.marketing.events.basic_api.get_by_object_id(key)
    counters = client.marketing.events.retrieve_participant_state_api.get_participations_counters_by_marketing_event_id(
        int(key)
    )

    assert len(page.results) == len(world.events)
    assert {one.name: one.value for one in read.custom_properties}["event_code"] == event.code
    there = [one for one in world.registrations if one.event == event.key]
    assert counters.attended == sum(one.status == "attended" for one in there)
    assert counters.no_shows == sum(one.status == "no_show" for one in there)


def test_attendance_is_written_and_a_second_time_leaves_a_second_entry(served, client):
    from hubspot.marketing.events import BatchInputMarketingEventSubscriber

    event = next(iter(served.account.events.by_id))
    contact = int(served.records("contacts")[-1]["id"])
    given = BatchInputMarketingEventSubscriber(
        inputs=[{"vid": contact, "interactionDateTime": 1_700_000_000_000, "properties": {}}]
    )
    api = client.marketing.events.add_event_attendees_api

    for _ in range(2):
        api.record_by_contact_id(event, "attend", batch_input_marketing_event_subscriber=given)

    found = served.account.events.there[event][str(contact)]
    assert (found.state, found.occurred) == ("ATTENDED", 1_700_000_000_000)
    assert len([one for one in served.account.events.timeline if one[1] == str(contact)]) == 2


def test_a_refresh_token_buys_an_access_token(served, client):
    from hubspot import oauth

    first = served.consented()
    api = client.oauth.tokens_api
    form = {
        "grant_type": "refresh_token",
        "client_id": served.client_id,
        "client_secret": served.client_secret,
    }
    bought = api.create(**form, refresh_token=first["refresh_token"])
    error = failure(oauth, api.create, **form, refresh_token="nonsense")

    assert bought.expires_in == 1800
    assert bought.refresh_token == first["refresh_token"]
    assert error.status == 400
    assert "BAD_REFRESH_TOKEN" in error.body


def test_an_unknown_token_is_told_from_a_missing_record(served, client):
    import hubspot
    from hubspot.crm import deals

    stranger = hubspot.Client.create(access_token="nobody")
    stranger.config["host"] = served.url

    assert failure(deals, stranger.crm.deals.basic_api.get_page).status == 401
    assert failure(deals, client.crm.deals.basic_api.get_by_id, "1").status == 404
