"""What values, ids and statuses mean, without a subscription."""

import pytest

from closedloop.errors import ConfigError
from tap_marketo.leads import losers, packed, unpacked
from tap_marketo.salesforce import full_id
from tap_marketo.statuses import Statuses
from tap_marketo.values import boolean, moment, named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-05-21T22:45:13Z+0000", "2015-05-21T22:45:13Z"),
        ("2015-05-21T22:45:13Z", "2015-05-21T22:45:13Z"),
        ("2015-05-21T17:45:13-0500", "2015-05-21T22:45:13Z"),
        ("2015-05-21", "2015-05-21T00:00:00Z"),
        ("", None),
    ],
)
def test_every_way_to_print_a_time(text, expected):
    assert moment(text) == expected


def test_what_is_no_time_says_so_and_not_what_it_is():
    with pytest.raises(ValueError, match=r"^not a time$"):
        moment("yesterday")


def test_attributes_come_as_a_list_or_as_text():
    expected = {"New Status": "Attended", "Success": True}

    assert (
        named([{"name": "New Status", "value": "Attended"}, {"name": "Success", "value": True}]) == expected
    )
    assert named('{"New Status": "Attended", "Success": true}') == expected
    assert (named(""), named(None)) == (None, None)
    with pytest.raises(ValueError, match="attributes"):
        named("not json")


def test_a_boolean_of_a_file_is_a_word():
    assert (boolean("true"), boolean("false"), boolean("1"), boolean("")) == (True, False, True, None)


def test_ids_are_packed_without_loss():
    ids = {"7", "100003", "100006", "9223372036854775807"}

    assert unpacked(packed(ids)) == ids
    assert unpacked(packed(set())) == unpacked(None) == set()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("00130000000ABcD", "00130000000ABcDAAW"),
        ("003A00000012345IAA", "003A00000012345IAA"),
        ("003A00000012345", "003A00000012345IAA"),
        ("no id", None),
        (None, None),
    ],
)
def test_an_id_of_salesforce_has_18_letters(given, expected):
    assert full_id(given) == expected


@pytest.mark.parametrize("value", [[5, 6], "[5, 6]", "5,6", ["5", "6", 9]])
def test_the_losers_of_a_merge_are_named_in_any_way(value):
    assert losers({"leadId": 9, "attributes": [{"name": "Merge IDs", "value": value}]}) == ["5", "6"]


CHANNEL = {
    "name": "Roadshow",
    "applicableProgramType": "event",
    "progressionStatuses": [
        {"name": "Targeted", "step": 5, "success": False},
        {"name": "Registered", "step": 20, "success": False},
        {"name": "Reminded", "step": 30, "success": False},
        {"name": "No Show", "step": 40, "success": False},
        {"name": "Saw Demo", "step": 50, "success": True},
    ],
}


def test_names_decide_then_success_and_step():
    assert Statuses({}).of_channel(CHANNEL) == {
        "Targeted": "invited",
        "Registered": "registered",
        "Reminded": "registered",
        "No Show": "no_show",
        "Saw Demo": "attended",
    }
    assert Statuses({}).of_channel({**CHANNEL, "applicableProgramType": "program"})["Saw Demo"] == "responded"


def test_the_admins_words_outrank_all_and_the_channels_own_come_first():
    own = {"*": {"saw demo": "responded", "no show": "cancelled"}, "roadshow": {"Saw  Demo": "attended"}}
    found = Statuses(own).of_channel(CHANNEL)

    assert (found["Saw Demo"], found["No Show"]) == ("attended", "cancelled")
    assert Statuses(own).of_channel({**CHANNEL, "name": "Dinner"})["Saw Demo"] == "responded"


def test_a_status_that_its_channel_lost_is_told_by_the_member():
    statuses = Statuses({})

    assert statuses.meaning("Old Name", channel="Roadshow", has_success=True) == "responded"
    assert statuses.meaning("Attended", channel="Roadshow", has_success=None) == "attended"


def test_a_meaning_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="came"):
        Statuses({"*": {"X": "came"}})
