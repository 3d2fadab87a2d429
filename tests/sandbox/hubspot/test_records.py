"""Records: lists, batches, merges, archives, and what the search does not see."""

import pytest

from closedloop.sandbox.hubspot import Rule

BY_TIME = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "0"}


def ids(reply):
    return [one["id"] for one in reply.json()["results"]]


def update(plain, name, *inputs, version="2026-09"):
    return plain.post(f"/crm/objects/{version}/{name}/batch/update", {"inputs": [*inputs]})


def test_both_families_list_the_same_records_by_ascending_id(shared):
    for name in ("companies", "contacts", "deals", "leads", "calls", "meetings", "emails", "tasks"):
        old = ids(shared.get(f"/crm/v3/objects/{name}", limit=100))
        new = ids(shared.get(f"/crm/objects/2026-09/{name}", limit=100))

        assert old == new == sorted(old, key=int)
        assert old == [one["id"] for one in shared.simulator.records(name)][:100]


def test_every_value_is_text_and_an_empty_one_is_null(shared):
    found = shared.get(
        "/crm/v3/objects/deals", limit=100, properties="amount,hs_is_closed,hs_deal_stage_probability,po"
    ).json()["results"]

    values = [value for one in found for value in one["properties"].values()]
    assert {type(value) for value in values} == {str, type(None)}
    assert "0.59999999999999997779553950749686919152736663818359375" in values


def test_a_page_with_history_has_fifty_records_at_most(shared):
    reply = shared.get("/crm/v3/objects/deals", limit=100, propertiesWithHistory="dealstage")

    assert reply.status_code == 400


def test_archived_records_are_listed_apart_and_lose_their_links(serve):
    plain = serve()
    gone = next(
        one for one in plain.simulator.records("contacts") if one["properties"].get("associatedcompanyid")
    )
    assert plain.ask("DELETE", f"/crm/v3/objects/contacts/{gone['id']}").status_code == 204

    assert ids(plain.get("/crm/v3/objects/contacts", archived="true")) == [gone["id"]]
    assert plain.get("/crm/v3/objects/contacts", archived="true").json()["results"][0]["archivedAt"]
    assert plain.get(f"/crm/v3/objects/contacts/{gone['id']}").status_code == 404
    read = plain.post(
        "/crm/v4/associations/contacts/companies/batch/read", {"inputs": [{"id": gone["id"]}]}
    ).json()
    assert read["results"] == []


def test_the_search_lags_behind_and_never_sees_what_is_archived(serve):
    plain = serve(index_lag=30)
    first, second = (one["id"] for one in plain.simulator.records("companies")[:2])
    recent = {**BY_TIME, "value": str(int(plain.simulator.now().timestamp() * 1000))}
    total = plain.search("companies").json()["total"]

    plain.simulator.edit("companies", first, {"city": "Elsewhere"})
    made = plain.simulator.create("companies", {"name": "New"})
    plain.simulator.remove("companies", second)

    assert plain.search("companies", filters=[recent]).json()["results"] == []
    assert plain.search("companies").json()["total"] == total - 1
    plain.simulator.advance(31)
    assert {*ids(plain.search("companies", filters=[recent]))} == {first, made}


def test_a_row_committed_late_appears_behind_the_newest(serve):
    plain = serve(index_lag=0.0)
    early, late = (one["id"] for one in plain.simulator.records("companies")[:2])
    plain.simulator.edit("companies", early, {"city": "A"})
    plain.simulator.edit("companies", late, {"city": "B"}, late=60)

    found = plain.search("companies", filters=[BY_TIME], sort="hs_lastmodifieddate", limit=200)

    assert ids(found)[-2:] == [late, early]


def test_the_search_refuses_what_is_past_its_limits(shared):
    past = shared.search("contacts", limit=200, after="9900")
    wide = shared.search("contacts", limit=201)
    many = shared.post(
        "/crm/v3/objects/contacts/search",
        {"filterGroups": [{"filters": [{**BY_TIME, "propertyName": "lastmodifieddate"}] * 7}]},
    )
    long = shared.search("contacts", properties=[f"property_{number}" for number in range(300)])
    unknown = shared.search("contacts", filters=[{**BY_TIME, "propertyName": "no_such"}])

    assert [one.status_code for one in (past, wide, many, long, unknown)] == [400] * 5
    assert past.json()["category"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("EQ", {"value": "closedwon"}, lambda stage: stage == "closedwon"),
        ("NEQ", {"value": "closedwon"}, lambda stage: stage != "closedwon"),
        ("IN", {"values": ["new", "closedlost"]}, lambda stage: stage in {"new", "closedlost"}),
        ("NOT_IN", {"values": ["new", "closedlost"]}, lambda stage: stage not in {"new", "closedlost"}),
        ("HAS_PROPERTY", {}, lambda _: True),
        ("NOT_HAS_PROPERTY", {}, lambda _: False),
        ("CONTAINS_TOKEN", {"value": "closed*"}, lambda stage: stage.startswith("closed")),
    ],
)
def test_the_search_filters(shared, operator, given, expected):
    found = shared.search(
        "deals", filters=[{"propertyName": "dealstage", "operator": operator, **given}], limit=200
    )

    assert {*ids(found)} == {
        one["id"] for one in shared.simulator.records("deals") if expected(one["properties"]["dealstage"])
    }


def test_times_compare_as_times_and_numbers_as_numbers(shared):
    deals = shared.simulator.records("deals")
    middle = sorted(float(one["properties"]["amount"]) for one in deals)[len(deals) // 2]
    found = shared.search(
        "deals",
        filters=[{"propertyName": "amount", "operator": "GT", "value": str(middle)}],
        sort="-amount",
        limit=200,
        properties=["amount"],
    ).json()["results"]

    amounts = [float(one["properties"]["amount"]) for one in found]
    assert amounts == sorted(amounts, reverse=True)
    assert len(amounts) == sum(float(one["properties"]["amount"]) > middle for one in deals)


def test_an_update_in_v3_tells_by_207_what_2026_09_tells_by_200(serve):
    plain = serve()
    company = plain.simulator.records("companies")[0]["id"]
    for version, status in (("v3", 207), ("2026-03", 207), ("2026-09", 200)):
        reply = update(
            plain,
            "companies",
            {"id": company, "properties": {"city": version}, "objectWriteTraceId": "mine"},
            {"id": "404", "properties": {"city": "x"}},
            version=version,
        )

        body = reply.json()
        assert reply.status_code == status
        assert [one["id"] for one in body["results"]] == [company]
        assert body["results"][0]["objectWriteTraceId"] == "mine"
        assert (body["numErrors"], body["errors"][0]["context"]) == (1, {"ids": ["404"]})


def test_the_same_record_twice_fails_the_batch(serve):
    plain = serve()
    company = plain.simulator.records("companies")[0]["id"]

    reply = update(plain, "companies", *[{"id": company, "properties": {"city": "x"}}] * 2)

    assert reply.status_code == 400
    assert plain.post("/crm/v3/objects/companies/batch/update", {"inputs": [{}] * 101}).status_code == 400


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("amount", "much", "INVALID_NUMBER"),
        ("dealstage", "nowhere", "INVALID_OPTION"),
        ("closedate", "tomorrow", "INVALID_DATETIME"),
        ("hubspot_owner_id", "1", "INVALID_OWNER_ID"),
        ("hs_is_closed", "true", "READ_ONLY_VALUE"),
        ("none_such", "x", "PROPERTY_DOESNT_EXIST"),
    ],
)
def test_a_value_that_does_not_fit_is_named(shared, name, value, word):
    deal = shared.simulator.records("deals")[0]["id"]

    reply = shared.ask("PATCH", f"/crm/objects/2026-09/deals/{deal}", {"properties": {name: value}})

    body = reply.json()
    assert (reply.status_code, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["errors"][0]["code"] == word
    assert body["errors"][0]["context"] == {"propertyName": [name]}


def test_a_rule_of_the_administrator_holds_only_in_the_newest_version(serve):
    plain = serve(rules=(Rule(object="companies", property="city", pattern="[A-Z].*"),))
    company = plain.simulator.records("companies")[0]["id"]

    kept = [
        update(
            plain, "companies", {"id": company, "properties": {"city": "lower"}}, version=version
        ).status_code
        for version in ("v3", "2026-03", "2026-09")
    ]

    assert kept == [200, 200, 400]


def test_what_is_calculated_follows_without_a_stamp(serve):
    plain = serve()
    deal = next(
        one for one in plain.simulator.records("deals") if one["properties"]["hs_is_closed"] == "false"
    )
    plain.simulator.edit("deals", deal["id"], {"hs_forecast_amount": "1"}, touches=False)
    held = plain.get(f"/crm/v3/objects/deals/{deal['id']}").json()
    assert held["updatedAt"] == deal["updatedAt"]

    plain.ask("PATCH", f"/crm/v3/objects/deals/{deal['id']}", {"properties": {"dealstage": "closedwon"}})
    held = plain.get(
        f"/crm/v3/objects/deals/{deal['id']}",
        properties="hs_is_closed_won,hs_deal_stage_probability",
        propertiesWithHistory="dealstage",
    ).json()

    assert (held["properties"]["hs_is_closed_won"], held["properties"]["hs_deal_stage_probability"]) == (
        "true",
        "1",
    )
    newest = held["propertiesWithHistory"]["dealstage"][0]
    assert (newest["value"], newest["sourceType"]) == ("closedwon", "INTEGRATION")
    assert held["updatedAt"] > deal["updatedAt"]


def test_merged_records_answer_by_both_ids(serve):
    plain = serve()
    with_email = [one for one in plain.simulator.records("contacts") if one["properties"].get("email")]
    winner, loser = with_email[:2]
    body = {"primaryObjectId": winner["id"], "objectIdToMerge": loser["id"]}
    before = len(plain.simulator.records("contacts"))

    assert plain.post("/crm/objects/2026-09/contacts/merge", body).status_code == 200

    read = plain.get(
        f"/crm/v3/objects/contacts/{loser['id']}",
        properties="email,hs_merged_object_ids,hs_calculated_merged_vids,hs_additional_emails",
    ).json()
    assert read["id"] == winner["id"]
    assert read["properties"]["email"] == winner["properties"]["email"]
    assert read["properties"]["hs_merged_object_ids"] == loser["id"]
    assert read["properties"]["hs_calculated_merged_vids"].startswith(f"{loser['id']}:")
    assert read["properties"]["hs_additional_emails"] == loser["properties"]["email"]
    assert len(plain.simulator.records("contacts")) == before - 1
    assert ids(plain.get("/crm/v3/objects/contacts", archived="true")) == []
    taken = plain.post("/crm/v3/objects/contacts", {"properties": {"email": loser["properties"]["email"]}})
    assert taken.status_code == 409


def test_a_contact_deleted_for_good_leaves_nothing(serve):
    plain = serve()
    event = next(key for key, there in plain.simulator.account.events.there.items() if there)
    contact = next(iter(plain.simulator.account.events.there[event]))

    reply = plain.post("/crm/objects/2026-09/contacts/gdpr-delete", {"objectId": contact})

    assert reply.status_code == 204
    assert plain.get(f"/crm/v3/objects/contacts/{contact}", archived="true").status_code == 404
    assert contact not in plain.simulator.account.events.there[event]


def test_a_record_just_written_is_locked_for_a_moment(serve):
    plain = serve(lock_seconds=2)
    company = plain.simulator.records("companies")[0]["id"]
    path = f"/crm/objects/2026-09/companies/{company}"

    replies = [plain.ask("PATCH", path, {"properties": {"city": city}}).status_code for city in ("A", "B")]
    in_batch = update(plain, "companies", {"id": company, "properties": {"city": "C"}}).json()
    plain.simulator.advance(3)
    replies.append(plain.ask("PATCH", path, {"properties": {"city": "D"}}).status_code)

    assert replies == [200, 423, 200]
    assert in_batch["errors"][0]["category"] == "LOCKED"


def test_associations_come_page_by_page(serve):
    plain = serve(association_page=2)
    company = plain.simulator.records("companies")[0]["id"]
    for one in plain.simulator.records("contacts")[:5]:
        plain.simulator.link("contacts", one["id"], "companies", company)
    found, after = [], None
    while True:
        given = {"id": company} if after is None else {"id": company, "after": after}
        reply = plain.post("/crm/associations/2026-09/companies/contacts/batch/read", {"inputs": [given]})
        [row] = reply.json()["results"]
        found += [one["toObjectId"] for one in row["to"]]
        after = row.get("paging", {}).get("next", {}).get("after")
        if after is None:
            break

    links = plain.simulator.account.links.of("companies", company, "contacts")
    assert found == [*links]
    assert len(found) >= 5
    listed = plain.get(f"/crm/v3/objects/companies/{company}", associations="contacts").json()
    assert "paging" in listed["associations"]["contacts"]


def test_the_newest_version_lists_no_associations_of_one_record(shared):
    deal = shared.simulator.records("deals")[0]["id"]

    replies = [
        shared.get(f"/crm/{path}/deals/{deal}/associations/contacts").status_code
        for path in ("v4/objects", "objects/2026-03", "objects/2026-09")
    ]

    assert replies == [200, 200, 404]


def test_a_unique_property_is_unique(serve):
    plain = serve()
    first, second = plain.simulator.records("companies")[:2]
    path = f"/crm/objects/2026-09/companies/{second['id']}"

    reply = plain.ask("PATCH", path, {"properties": {"external_id": first["properties"]["external_id"]}})

    assert (reply.status_code, reply.json()["category"]) == (409, "CONFLICT")
    by_own = plain.get(
        f"/crm/v3/objects/companies/{first['properties']['external_id']}", idProperty="external_id"
    )
    assert by_own.json()["id"] == first["id"]


def test_the_email_of_an_archived_contact_is_free_for_one_other(serve):
    plain = serve()
    given = {"properties": {"email": "again@example.com"}}
    first = plain.post("/crm/v3/objects/contacts", given).json()["id"]
    assert plain.post("/crm/v3/objects/contacts", given).status_code == 409
    plain.ask("DELETE", f"/crm/v3/objects/contacts/{first}")

    replies = [plain.post("/crm/v3/objects/contacts", given) for _ in range(2)]

    assert [one.status_code for one in replies] == [201, 409]
    assert f"Existing ID: {replies[0].json()['id']}" in replies[1].json()["message"]


def test_reads_leave_out_properties_that_are_not_there(serve):
    plain = serve()
    company = plain.simulator.records("companies")[0]["id"]
    body = {"inputs": [{"id": company}], "properties": ["tax_id", "none_such"], "propertiesWithHistory": []}
    plain.ask("DELETE", "/crm/properties/2026-09/companies/tax_id")

    [read] = plain.post("/crm/objects/2026-09/companies/batch/read", body).json()["results"]
    [listed] = plain.get("/crm/v3/objects/companies", limit=1, properties="tax_id,name").json()["results"]
    [found] = plain.search("companies", limit=1, properties=["tax_id", "name"]).json()["results"]

    for one in (read, listed, found):
        assert not {"tax_id", "none_such"} & {*one["properties"]}
    assert update(plain, "companies", {"id": company, "properties": {"tax_id": "1"}}).status_code == 400


def test_an_amount_in_foreign_money_is_told_in_home_money_too(serve, world):
    plain = serve()
    deal = next(
        one for one in plain.simulator.records("deals") if one["properties"]["hs_is_closed"] == "false"
    )
    newest = max((one for one in world.rates if one.currency == "EUR"), key=lambda one: one.day)

    plain.simulator.edit("deals", deal["id"], {"deal_currency_code": "EUR", "amount": "1000"})

    held = plain.get(
        f"/crm/v3/objects/deals/{deal['id']}", properties="amount_in_home_currency,amount"
    ).json()
    assert held["properties"]["amount"] == "1000"
    assert float(held["properties"]["amount_in_home_currency"]) == round(1000 / float(newest.rate), 2)


def test_ten_thousand_records_of_one_moment_are_past_the_search(serve):
    plain = serve(index_lag=0.0)
    for number in range(10_001 - len(plain.simulator.records("companies"))):
        plain.simulator.create("companies", {"name": f"Company {number}"})
    plain.simulator.stamp_all("companies")
    found = plain.search("companies", filters=[BY_TIME], sort="hs_lastmodifieddate", limit=200).json()

    assert found["total"] == 10_001
    assert len({one["updatedAt"] for one in found["results"]}) == 1
    assert plain.search("companies", filters=[BY_TIME], limit=200, after="9800").status_code == 200
    assert plain.search("companies", filters=[BY_TIME], limit=200, after="10000").status_code == 400
    after = {"propertyName": "hs_object_id", "operator": "GT", "value": found["results"][-1]["id"]}
    rest = plain.search("companies", filters=[BY_TIME, after], sort="hs_object_id", limit=200).json()
    assert rest["total"] == 9_801


def test_an_archived_record_may_linger_in_the_search(serve):
    plain = serve(index_lag=30, archived_linger=True)
    company, winner, loser = (one["id"] for one in plain.simulator.records("companies")[:3])
    total = plain.search("companies").json()["total"]

    plain.ask("DELETE", f"/crm/objects/2026-09/companies/{company}")
    plain.simulator.merge("companies", winner, loser)

    assert plain.search("companies").json()["total"] == total
    assert plain.get(f"/crm/objects/2026-09/companies/{company}").status_code == 404
    assert loser in ids(plain.search("companies", limit=200))
    plain.simulator.advance(31)
    assert plain.search("companies").json()["total"] == total - 2


def test_an_administrator_makes_and_removes_a_property(serve):
    plain = serve()
    company = plain.simulator.records("companies")[0]["id"]
    path = f"/crm/objects/2026-09/companies/{company}"
    given = {"properties": {"score": "7"}}

    plain.simulator.add_property("companies", "score", "number", "number")
    made = plain.ask("PATCH", path, given).json()["properties"]
    plain.simulator.remove_property("companies", "score")

    assert made["score"] == "7"
    assert plain.ask("PATCH", path, given).status_code == 400
    assert "score" not in plain.get(path, properties="score").json()["properties"]
    archived = plain.get("/crm/properties/2026-09/companies", archived="true").json()["results"]
    assert [one["name"] for one in archived] == ["score"]
