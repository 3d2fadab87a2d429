"""What the real HubSpot answered passes the parser."""

import json

import msgspec
import pytest
from tests.taps.hubspot.shared import answers, needs_recordings

from tap_hubspot.catalog import OBJECTS
from tap_hubspot.columns import Columns
from tap_hubspot.listings import _stage

pytestmark = needs_recordings
DECODE = msgspec.json.Decoder(float_hook=str).decode


def rows(part):
    """Every row of a path's recorded answers, as the tap gets it."""
    for path, answer in answers():
        if path.endswith(part) and isinstance(answer, dict):
            for one in answer.get("results") or ([answer] if "id" in answer else []):
                yield DECODE(json.dumps(one))


@pytest.mark.parametrize("name", ["companies", "tickets"])
def test_every_recorded_record_becomes_one_of_ours(name):
    columns = Columns(name)
    found = [(one, columns.record(one)) for one in rows(f"/objects/{name}") if "createdAt" in one]

    assert len(found) > 20
    for one, record in found:
        assert (record["id"], record["createdAt"], record["updatedAt"]) == (
            one["id"],
            one["createdAt"],
            one["updatedAt"],
        )
        assert record["archived"] is False
        for prop, value in one["properties"].items():
            if prop in OBJECTS[name].properties and OBJECTS[name].properties[prop] == "text":
                assert record[prop] == (value or None)


def test_the_stamp_and_the_birth_of_a_record_are_those_of_its_properties():
    for name in ("companies", "tickets"):
        for one in rows(f"/objects/{name}"):
            properties = one["properties"]
            assert (one["createdAt"], one["updatedAt"]) == (
                properties["createdate"],
                properties["hs_lastmodifieddate"],
            )


def test_recorded_owners_and_pipelines():
    owners = [Columns("owners").record(one) for one in rows("/owners")]
    stages = [
        Columns("pipeline_stages").record(_stage("deals", pipeline, stage))
        for pipeline in rows("/pipelines/deals")
        for stage in pipeline["stages"]
    ]

    assert {(one["type"], one["archived"]) for one in owners} == {("PERSON", False)}
    won = [one for one in stages if one["probability"] == "1"]
    assert [(one["key"], one["is_closed"]) for one in won] == [("deals/default/closedwon", True)]


def test_the_recorded_account_names_its_currency():
    (account,) = [
        Columns("account_info").record(answer) for path, answer in answers() if path.endswith("/details")
    ]

    assert (account["companyCurrency"], account["portalId"].isdigit()) == ("USD", True)


def test_the_properties_of_companies_are_hubspots_own():
    known = {one["name"]: one["type"] for one in rows_of_properties()}

    assert OBJECTS["companies"].properties.keys() <= known.keys()
    kinds = {"number": {"decimal", "text"}, "datetime": {"time"}, "bool": {"yes"}}
    for name, kind in OBJECTS["companies"].properties.items():
        assert kind in kinds.get(known[name], {"text"}), name


def rows_of_properties():
    for path, answer in answers():
        if path.endswith("/properties/companies"):
            yield from answer["results"]
