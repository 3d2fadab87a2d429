"""Tickets, people and owners as the models read them."""

USER = {
    "id": "5",
    "name": "Ann Field",
    "email": "ann@acme.example",
    "role": "end-user",
    "organization_id": "9",
}
TICKET = {"id": "1", "requester_id": "5", "status": "open", "priority": "high", "created_at": "2026-03-01 10:00:00+00",
          "updated_at": "2026-03-04 10:00:00+00"}  # fmt: skip


def test_a_ticket_is_done_when_it_is_solved(stage):
    done = {"status": "closed", "solved_at": "2026-03-02 09:00:00+00"}
    rows = stage(
        "ticket", tickets=[TICKET, TICKET | done | {"id": "2"}, TICKET | {"id": "3", "status": "solved"}]
    )

    assert [str(row["closed_at"] or "")[:10] for row in rows] == ["", "2026-03-02", "2026-03-04"]
    assert (rows[0]["key"], rows[0]["person_key"], rows[0]["account_key"]) == (
        "support:tickets/1",
        "support:users/5",
        None,
    )
    assert rows[0]["url"] == "https://acme.zendesk.com/agent/tickets/1"
    assert (rows[0]["is_escalated"], rows[0]["priority"]) == (False, "high")


def test_a_person_works_for_their_organisation_and_agents_are_owners(stage):
    agent = {"id": "6", "name": "Bo", "email": "bo@us.example", "role": "agent", "active": True}
    landed = {
        "users": [USER, agent],
        "organizations": [{"id": "9", "name": "Acme"}],
        "groups": [{"id": "3", "name": "Second line"}],
    }
    [person] = stage("person", **landed)
    owners = stage("owner", **landed)

    assert (person["kind"], person["company"], person["account_key"], person["is_active"]) == (
        "subscriber",
        "Acme",
        None,
        True,
    )
    assert [(one["name"], one["kind"], one["is_active"]) for one in owners] == [
        ("Second line", "queue", True),
        ("Bo", "user", True),
    ]


def test_a_deleted_organisation_is_nobody_s_company(stage):
    gone = {"id": "9", "name": "Acme", "_deleted_at": "2026-01-01 00:00:00+00"}
    [person] = stage("person", users=[USER], organizations=[gone])

    assert person["company"] is None
