"""A CRM that needs a person for every member gives the same figures as one that does not."""

import pytest

from closedloop.sandbox.members import as_members, plain
from closedloop.sandbox.truth import figures
from closedloop.sandbox.world import generate


@pytest.mark.parametrize("unknown", ["lead", "contact"])
@pytest.mark.parametrize(("seed", "scale"), [(1, 0.1), (2, 0.3), (7, 0.2)])
def test_the_figures_are_the_same(seed, scale, unknown):
    world = generate(seed, scale)
    one, other = figures(world), figures(as_members(world, unknown=unknown))
    assert one.campaigns == other.campaigns
    assert one.accounts == other.accounts
    assert one.totals == other.totals
    assert one.credits == other.credits


@pytest.mark.parametrize("unknown", ["lead", "contact"])
def test_a_person_is_at_an_event_once_and_only_the_nameless_have_no_record(unknown):
    world = generate(3, 0.5)
    members = as_members(world, unknown=unknown).registrations
    known = [(one.event, one.person) for one in members if one.person]
    assert len(known) == len(set(known)) > 0
    assert len(members) < len(world.registrations)
    assert all(not one.email and not (one.name and one.company) for one in members if one.person is None)


def test_an_email_that_the_crm_has_leads_to_its_record():
    world = generate(3, 0.5)
    records = {plain(one.email): one.key for one in reversed(world.people) if one.email}
    members = as_members(world, unknown="lead")
    before = {one.key: one.person for one in world.registrations}
    found = [
        one for one in members.registrations if before[one.key] is None and plain(one.email or "") in records
    ]
    assert found
    assert all(one.person == records[plain(one.email)] for one in found)


def test_contacts_share_no_email():
    people = as_members(generate(3, 0.5), unknown="contact").people
    emails = [plain(one.email) for one in people if one.email]
    assert len(emails) == len(set(emails))
