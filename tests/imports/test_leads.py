"""A list into a CRM: new, known, doubtful, twice, corrected, refused, and back."""

import pytest

NEW = ("new@import.example", "Ada", "Newcomer", "Engines")


def actions(plan):
    return {row["label"]: row["action"] for row in plan["rows"]}


def counted(desk):
    return len(desk.people()), len(desk.members())


def test_new_and_known_people_come_to_the_event_once_and_go_again(desk):
    known = desk.stranger()
    people, members = counted(desk)
    file = desk.list(
        NEW, (known.email, known.first_name, known.last_name, ""), (NEW[0].upper(), "Ada", "Newcomer", "")
    )

    shown = desk.leads(file)
    assert actions(shown) == {NEW[0]: "lead", known.email: "member", NEW[0].upper(): "there"}
    assert counted(desk) == (people, members)  # nothing is written before somebody says so

    done = desk.run("apply", shown["id"])
    assert counted(desk) == (people + 1, members + 2)
    assert done["refused"] == {}

    again = desk.leads(file)
    desk.run("apply", again["id"])
    desk.run("apply", shown["id"])
    assert counted(desk) == (people + 1, members + 2)

    back = desk.run("revert", done["run_id"])
    assert (back["left"], back["missing"]) == ([], 0)
    assert counted(desk)[0] == people
    assert desk.crm == "hubspot" or counted(desk)[1] == members
    assert desk.run("revert", done["run_id"])["removed"] == 0


@pytest.mark.long
def test_what_somebody_touched_since_stays_and_is_named(desk):
    people, _ = counted(desk)
    done = desk.apply(
        desk.list(
            ("touched@import.example", "Tom", "Touched", "Acme"),
            ("left@import.example", "Lea", "Left", "Acme"),
        )
    )
    desk.touch("touched@import.example")

    back = desk.run("revert", done["run_id"])

    assert len(desk.people()) == people + 1
    assert len(back["left"]) == 1
    assert "somebody has touched it since" in back["left"][0]


def test_an_event_that_does_not_exist_is_refused_with_names_near_it(desk):
    text = str(desk.leads(desk.list(NEW), campaign=f"{desk.event.name}x", code=2))

    assert "did you mean" in text
    assert desk.event.name in text


@pytest.mark.long
def test_who_is_of_another_event_is_not_imported_to_this_one(desk):
    rows = (("a@two.example", "A", desk.event.name.upper()), ("b@two.example", "B", "Another Fair"))

    plan = desk.leads(desk.list(*rows, head="Email,Name,Event", name="two.csv"))

    assert actions(plan) == {"a@two.example": "lead", "b@two.example": "refused"}


@pytest.mark.long
def test_who_has_come_into_the_crm_meanwhile_is_not_made_again(salesforce):
    mail = "meanwhile@import.example"
    plan = salesforce.leads(salesforce.list((mail, "Mia", "Meanwhile", "Acme"), name="late.csv"))
    salesforce.simulator.create(
        "Lead", {"FirstName": "Mia", "LastName": "Meanwhile", "Company": "Acme", "Email": mail}
    )
    salesforce.run("sync")
    salesforce.run("reconcile")

    refused = salesforce.run("apply", plan["id"], code=3)

    assert "in the CRM by now" in str(refused)
    assert len([row for row in salesforce.people() if row["Email"] == mail]) == 1


@pytest.mark.long
def test_a_row_without_anybody_is_told_with_its_line(desk):
    plan = desk.leads(desk.list(("other@row.example", "Olga", "Other", ""), ("Total: 1", "", "", "")))

    refused = plan["rows"][-1]
    assert (refused["n"], refused["action"], refused["reason"]) == (
        3,
        "refused",
        "line 3: it is a total, and nobody",
    )


@pytest.mark.long
def test_who_registered_before_and_came_is_raised_to_attended(desk):
    registered = next(
        one
        for one in desk.world.registrations
        if one.status == "registered" and one.email and "@" in one.email and desk.world_event(one.event).status != "cancelled"
        and not any(two.email == one.email and two is not one and two.event == one.event for two in desk.world.registrations)
    )  # fmt: skip
    members = len(desk.members())
    file = desk.list((registered.email, "", "", ""), name="came.csv")
    event = desk.world_event(registered.event).name

    shown = desk.leads(file, campaign=event)
    assert list(actions(shown).values()) == ["status"]
    done = desk.run("apply", shown["id"])

    assert (len(desk.members()), sum(done["changed"].values())) == (members, 1)
    assert desk.crm == "hubspot" or desk.run("revert", done["run_id"])["restored"] == 1


def test_who_may_be_somebody_waits_until_a_person_says_who_it_is(desk):
    known = desk.stranger()
    file = desk.list((known.email, "Somebody", "Quite Else", ""), name="doubt.csv")

    shown = desk.leads(file)
    (row,) = shown["rows"]
    assert (row["action"], "the names do not" in row["reason"]) == ("review", True)
    assert desk.leads(file, "--yes")["counts"] == {"review": 1}

    (key,) = row["content"]["candidates"]
    queue = [one for one in desk.run("review")["candidates"] if one["left_name"] == known.email]
    assert [one["right_key"] for one in queue] == [key]
    desk.run("review", "reject", queue[0]["left_key"], key)
    assert actions(desk.leads(file)) == {known.email: "lead"}
    assert actions(desk.leads(file, "--same", f"{row['n']}={key}")) == {known.email: "member"}


@pytest.mark.long
def test_a_corrected_list_brings_only_what_is_new_in_it(desk):
    first = desk.apply(desk.list(("one@fix.example", "One", "Fixed", ""), name="fix.csv"))
    people, members = counted(desk)

    second = desk.apply(
        desk.list(
            ("one@fix.example", "One", "Fixed", "Acme"),
            ("two@fix.example", "Two", "Fixed", ""),
            name="fix.csv",
        )
    )

    assert counted(desk) == (people + 1, members + 1)
    assert sum(first["made"].values()) == 2
    assert sum(second["made"].values()) == 2


@pytest.mark.long
def test_what_was_imported_is_read_back_as_attendance(desk):
    desk.apply(desk.list(("back@import.example", "Bea", "Back", "Acme"), name="back.csv"))

    desk.run("sync")
    desk.run("reconcile")

    shown = desk.leads(desk.folder / "back.csv")
    assert actions(shown) == {"back@import.example": "there"}
    assert "attended" in shown["rows"][0]["reason"]


@pytest.mark.long
def test_a_thousand_people_are_one_plan(desk):
    people, _ = counted(desk)
    desk.apply(
        desk.list(*((f"p{n}@many.example", "P", f"Number {n}", "Many") for n in range(1000)), name="many.csv")
    )

    assert counted(desk)[0] == people + 1000
