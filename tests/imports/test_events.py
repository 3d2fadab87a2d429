"""A list of events into a CRM: created, completed, told where it differs, and back."""

import pytest

HEAD = "Name,Code,Type,Start Date,End Date,Budget,Actual Cost,Expected Attendees"


def actions(plan):
    return {row["label"]: (row["action"], row["reason"]) for row in plan["rows"]}


def events(desk, *rows, more=(), code=0):
    return desk.run("import", "events", desk.list(*rows, name="events.csv", head=HEAD), *more, code=code)


def campaigns(desk):
    return [row for row in desk.simulator.records("Campaign") if not row["IsDeleted"]]


@pytest.mark.long
def test_a_new_event_is_created_with_its_money_and_days_and_goes_again(salesforce):
    before = len(campaigns(salesforce))
    row = ("Autumn Fair 2027", "E-900", "Trade Show", "2027-10-01", "2027-10-03", '"12,500"', "900.00", "120")

    shown = events(salesforce, row)
    done = salesforce.run("apply", shown["id"])

    (made,) = [one for one in campaigns(salesforce) if one["Name"] == "Autumn Fair 2027"]
    assert actions(shown)["Autumn Fair 2027"][0] == "create"
    assert (int(made["BudgetedCost"]), int(made["ActualCost"])) == (12500, 900)
    assert str(made["StartDate"]) == "2027-10-01"
    assert len(campaigns(salesforce)) == before + 1
    salesforce.run("apply", events(salesforce, row)["id"])
    assert len(campaigns(salesforce)) == before + 1
    assert salesforce.run("revert", done["run_id"])["removed"] == 1


@pytest.mark.long
def test_a_known_event_is_completed_and_never_overwritten_in_silence(salesforce):
    event = next(one for one in salesforce.world.events if one.budget and one.actual_cost is None)
    row = (event.name, event.code, "", "", "", "1.00", "77", "")

    shown = events(salesforce, row)
    ((action, why),) = actions(shown).values()
    assert action == "complete"
    assert "completes ActualCost" in why
    assert "budget is" in why
    done = salesforce.run("apply", shown["id"])

    held = next(one for one in campaigns(salesforce) if one["Name"] == event.name)
    assert int(held["ActualCost"]) == 77
    assert int(held["BudgetedCost"]) != 1
    assert salesforce.run("revert", done["run_id"])["restored"] == 1


def test_what_cannot_be_read_is_refused_with_the_reason(salesforce):
    rows = [
        ("X", "", "", "soon", "", "", "", ""),
        ("Y", "", "", "", "", "1.2.3", "", ""),
        ("", "", "", "", "", "5", "", ""),
    ]

    shown = events(salesforce, *rows)

    reasons = [row["reason"] for row in shown["rows"]]
    assert [row["action"] for row in shown["rows"]] == ["refused"] * 3
    assert "start_date is not a day" in reasons[0]
    assert "budget is not a number" in reasons[1]


@pytest.fixture(scope="module")
def odoo(served):
    """Odoo, whose events live by the hour and have no money of their own."""
    return served("odoo")


@pytest.mark.long
def test_odoo_gets_an_event_once_with_its_hours_and_it_goes_again(odoo):
    def held():
        return odoo.simulator.records("crm", "event.event")

    before = len(held())
    known = next(one for one in odoo.world.events if one.status == "done")
    rows = [
        ("Autumn Fair 2027", "E-900", "", "2027-10-01", "2027-10-03", "12500", "", ""),
        ("Dinner", "", "", "2027-11-05", "", "", "", ""),
        ("Some Day", "", "", "", "", "", "", ""),
        (known.name, "", "", known.start.isoformat(), "2030-01-01", "", "", ""),
    ]

    shown = events(odoo, *rows)
    told = actions(shown)
    done = odoo.run("apply", shown["id"])

    assert {name: action for name, (action, _) in told.items()} == {
        "Autumn Fair 2027": "create", "Dinner": "create", "Some Day": "refused", known.name: "differs",
    }  # fmt: skip
    assert "without a start date" in told["Some Day"][1]
    assert "end_date is" in told[known.name][1]
    made = {one["name"]: one for one in held() if one["name"] in {"Autumn Fair 2027", "Dinner"}}
    days = {name: (str(one["date_begin"])[:16], str(one["date_end"])[:16]) for name, one in made.items()}
    assert days == {
        "Autumn Fair 2027": ("2027-10-01 09:00", "2027-10-03 17:00"),
        "Dinner": ("2027-11-05 09:00", "2027-11-05 17:00"),
    }
    assert all(one["x_closedloop_key"].startswith("event-") for one in made.values())
    assert len(held()) == before + 2

    odoo.run("apply", events(odoo, *rows)["id"])
    assert len(held()) == before + 2
    assert odoo.run("revert", done["run_id"])["removed"] == 2
    assert len(held()) == before


@pytest.mark.long
def test_hubspot_takes_no_events_and_says_what_to_do(served):
    desk = served("hubspot")
    said = events(desk, ("Autumn Fair 2027", "", "", "2027-10-01", "", "", "", ""), code=2)
    assert said["error"]["message"] == "events cannot be imported into hubspot"
    assert "make them there" in said["error"]["fix"]
