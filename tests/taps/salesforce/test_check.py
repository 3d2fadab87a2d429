"""What `--check` tells an administrator, line by line."""

from tests.taps.salesforce.fake import key, lead


def lines(run):
    return {line["name"]: line for line in run.lines}


def test_each_object_and_each_field_has_its_line(salesforce, tap):
    salesforce.custom = {
        "Campaign": {"Code__c": "string", "CL_LTV__c": "currency"},
        "CampaignMember": {"Scanned_At__c": "datetime"},
        "Account": {"VAT__c": "string"},
    }
    salesforce.rows["Organization"] = [{"Id": key(1, "00D"), "Name": "Acme", "IsSandbox": True}]
    salesforce.rows["Lead"] = [lead(1), lead(2, IsDeleted=True)]
    salesforce.absent |= {"CurrencyType", "DatedConversionRate"}

    run = tap(
        "--check",
        account_fields={"tax_id": "VAT__c"},
        closedloop_fields={"Campaign": ["CL_LTV__c", "CL_As_Of__c"]},
    )

    found = lines(run)
    assert (run.code, found["login"]["message"]) == (0, "Acme, sandbox")
    assert found["permission:Lead"]["message"] == "1 records"
    assert found["permission:Contact"]["message"] == "readable, but there are no records yet"
    assert (found["field:Account.VAT__c"]["ok"], found["field:Account.VAT__c"]["required"]) == (True, True)
    assert (found["field:Campaign.Series__c"]["ok"], found["field:Campaign.Series__c"]["required"]) == (
        False,
        False,
    )
    assert found["field:Campaign.CL_LTV__c"]["ok"]
    assert "provision" in found["field:Campaign.CL_As_Of__c"]["fix"]
    assert found["permission:CurrencyType"]["required"] is False
    assert "one currency" in found["permission:CurrencyType"]["message"]
    assert found["quota"]["message"] == "14975 of 15000 calls left today"


def test_what_is_missing_is_named_with_what_to_grant(salesforce, tap):
    salesforce.hidden = {"Contact": ("Email",)}
    salesforce.absent |= {"Lead"}
    salesforce.custom = {"CampaignMember": {"Scan__c": "date"}}

    run = tap("--check", campaign_fields={"code": "Nope__c"}, member_fields={"occurred_at": "Scan__c"})

    found = lines(run)
    assert run.code == 2
    wrong = {name for name, line in found.items() if line["required"] and not line["ok"]}
    assert wrong == {
        "permission:Lead",
        "permission:Contact",
        "field:Campaign.Nope__c",
        "field:CampaignMember.Scan__c",
    }
    assert all(found[name]["fix"] for name in wrong)
    assert "Contact.Email" in found["permission:Contact"]["message"]


def test_statuses_that_nobody_mapped_are_listed(salesforce, tap):
    salesforce.rows["CampaignMemberStatus"] = [
        lead(n) | {"Id": key(n, "01Y"), "Label": label}
        for n, label in enumerate(["Attended", "Came by", "Lounge", "Came by"])
    ]

    plain = lines(tap("--check"))["statuses"]
    mapped = lines(
        tap("--check", member_statuses={"*": {"came by": "attended"}, "Dinner": {"Lounge": "attended"}})
    )

    assert (plain["ok"], plain["required"]) == (False, False)
    assert "Came by, Lounge" in plain["message"]
    assert mapped["statuses"]["message"] == "3 labels, all mapped"


def test_too_few_calls_left_are_said_instead_of_used(salesforce, tap):
    salesforce.usage = "14800/15000"

    run = tap("--check", day_reserve=300)

    assert (run.code, len(salesforce.calls)) == (4, 1)
    assert "200 calls of the day are left, 300 are kept" in run.lines[0]["message"]
    assert "lower day_reserve" in run.lines[0]["fix"]


def test_a_refused_login_is_the_only_line(salesforce, tap):
    salesforce.token_script = [
        (400, {"error": "invalid_client", "error_description": "invalid client credentials"})
    ]

    run = tap("--check")

    (line,) = [one for one in run.lines if "name" in one]
    assert (run.code, line["name"], line["ok"]) == (2, "login", False)


def test_counts_are_printed_for_the_selected_streams(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1), lead(2), lead(3, IsDeleted=True)]

    (line,) = tap("--count", select=("Lead",)).lines

    assert line == {
        "stream": "Lead",
        "source_count": 2,
        "count_column": "CreatedDate",
        "count_until": "2026-10-31T11:59:00Z",
    }
