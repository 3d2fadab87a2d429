"""Which streams there are, and their columns: named as Salesforce names its objects and fields.

Every column is in the schema whatever the org has: a field that the org lacks, or hides from the user, is null. Columns
in small letters are ours: fields that the admin maps (`DEFAULT_MAPPINGS`), what the tap works out (`touch_status`), and
`_sdc_deleted_at`, which makes a record a tombstone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: When the row was deleted; the whole row may come with it, or the key alone.
DELETED_AT = "_sdc_deleted_at"

_AUDIT = "CreatedById LastModifiedById"
_TIMES = "CreatedDate LastModifiedDate SystemModstamp"
_TYPES: Mapping[str, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "number": {"type": ["string", "null"], "format": "singer.decimal"},
    "whole": {"type": ["integer", "null"]},
    "yes": {"type": ["boolean", "null"]},
    "day": {"type": ["string", "null"], "format": "date"},
    "time": {"type": ["string", "null"], "format": "date-time"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One stream.

    Args:
        text: Columns of text, ids and picklists included; blanks between. So are the next five.
        number: Columns of money and numbers: decimal text.
        whole: Columns of whole numbers.
        yes: Columns of booleans.
        day: Columns of days.
        time: Columns of instants.
        cursor: Field that says when a row last changed; none, or not shown by the org: the stream comes whole with
            every run.
        needed: Fields without which the stream is of no use: hidden ones are a missing permission.
        sources: Column to field, where they differ; a parent's field is written ``Campaign.Type``.
        mapping: Setting that maps columns of ours to the admin's fields.
        deletes: Whether rows can be deleted.
        optional: Whether the stream may be left out where the org lacks it or does not show it.
        why_absent: What an absent optional object means.
    """

    text: str = ""
    number: str = ""
    whole: str = ""
    yes: str = ""
    day: str = ""
    time: str = _TIMES
    cursor: str | None = "SystemModstamp"
    needed: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    mapping: str | None = None
    deletes: bool = True
    optional: bool = False
    why_absent: str = "the org does not have this object, or does not show it to this user"

    @property
    def columns(self) -> dict[str, dict[str, Any]]:
        """Column to JSON Schema, the key first."""
        kinds = {
            "text": self.text,
            "number": self.number,
            "whole": self.whole,
            "yes": ("IsDeleted " if self.deletes else "") + self.yes,
            "day": self.day,
            "time": self.time + (f" {DELETED_AT}" if self.deletes else ""),
        }
        named = {name: dict(_TYPES[kind]) for kind, names in kinds.items() for name in names.split()}
        return {"Id": {"type": ["string"]}, **named}


#: What the admin's fields are called where the settings do not say otherwise.
DEFAULT_MAPPINGS: Mapping[str, Mapping[str, str]] = {
    "campaign_fields": {
        "code": "Code__c",
        "series": "Series__c",
        "edition": "Edition__c",
        "kind": "Type",
        "expected_attendees": "Expected_Attendees__c",
        "budget": "BudgetedCost",
        "actual_cost": "ActualCost",
    },
    "opportunity_fields": {"number": "Deal_Number__c", "po": "PO__c", "lead_source": "LeadSource"},
    "account_fields": {"tax_id": "Tax_Id__c", "external_id": "External_Id__c", "email": "Email__c"},
    "member_fields": {"occurred_at": "Scanned_At__c"},
}

_NO_CURRENCIES = "the org keeps one currency only"

ENTITIES: Mapping[str, Entity] = {
    "Campaign": Entity(
        text=f"Name ParentId Type Status Description OwnerId CampaignMemberRecordTypeId RecordTypeId CurrencyIsoCode"
        f" {_AUDIT} code series edition kind",
        number="ExpectedRevenue BudgetedCost ActualCost ExpectedResponse NumberSent AmountAllOpportunities"
        " AmountWonOpportunities budget actual_cost",
        whole="NumberOfLeads NumberOfConvertedLeads NumberOfContacts NumberOfResponses NumberOfOpportunities"
        " NumberOfWonOpportunities expected_attendees",
        yes="IsActive",
        day="StartDate EndDate",
        needed=("Name", "Status", "Type", "StartDate", "EndDate"),
        mapping="campaign_fields",
    ),
    "CampaignMember": Entity(
        text=f"CampaignId CampaignType LeadId ContactId AccountId LeadOrContactId Type Status Name FirstName LastName"
        f" Email Phone MobilePhone Title CompanyOrAccount LeadSource CurrencyIsoCode {_AUDIT} touch_status",
        yes="HasResponded",
        day="FirstRespondedDate",
        time=f"{_TIMES} occurred_at",
        needed=("CampaignId", "LeadId", "ContactId", "Status", "HasResponded"),
        sources={"CampaignType": "Campaign.Type"},
        mapping="member_fields",
    ),
    "CampaignMemberStatus": Entity(
        text=f"CampaignId Label {_AUDIT}",
        whole="SortOrder",
        yes="HasResponded IsDefault",
        needed=("CampaignId", "Label"),
    ),
    "Lead": Entity(
        text=f"MasterRecordId Salutation FirstName LastName Name Title Company Street City State PostalCode Country"
        f" CountryCode Phone MobilePhone Email Website LeadSource Status Industry Rating OwnerId RecordTypeId"
        f" ConvertedAccountId ConvertedContactId ConvertedOpportunityId CurrencyIsoCode {_AUDIT}",
        yes="IsConverted HasOptedOutOfEmail",
        day="ConvertedDate",
        needed=("LastName", "Company", "Email", "Status", "IsConverted"),
    ),
    "Contact": Entity(
        text=f"MasterRecordId AccountId ReportsToId Salutation FirstName LastName Name Title Department Email Phone"
        f" MobilePhone HomePhone OtherPhone MailingStreet MailingCity MailingState MailingPostalCode MailingCountry"
        f" MailingCountryCode LeadSource OwnerId RecordTypeId CurrencyIsoCode {_AUDIT}",
        yes="HasOptedOutOfEmail IsPersonAccount",
        needed=("LastName", "AccountId", "Email"),
    ),
    "Account": Entity(
        text=f"MasterRecordId ParentId Name Type Industry AccountNumber Site Website Phone Fax BillingStreet"
        f" BillingCity BillingState BillingPostalCode BillingCountry BillingCountryCode ShippingStreet ShippingCity"
        f" ShippingState ShippingPostalCode ShippingCountry AccountSource OwnerId RecordTypeId CurrencyIsoCode"
        f" PersonContactId Salutation FirstName LastName PersonEmail PersonTitle PersonMobilePhone PersonHomePhone"
        f" PersonLeadSource {_AUDIT} tax_id external_id email",
        number="AnnualRevenue",
        whole="NumberOfEmployees",
        yes="IsPersonAccount PersonHasOptedOutOfEmail",
        needed=("Name", "OwnerId"),
        mapping="account_fields",
    ),
    "Opportunity": Entity(
        text=f"AccountId ContactId CampaignId Name StageName Type LeadSource ForecastCategory ForecastCategoryName"
        f" NextStep Pricebook2Id OwnerId RecordTypeId CurrencyIsoCode {_AUDIT} number po lead_source",
        number="Amount Probability ExpectedRevenue",
        whole="FiscalYear FiscalQuarter",
        yes="IsClosed IsWon IsPrivate HasOpportunityLineItem",
        day="CloseDate",
        time=f"{_TIMES} LastStageChangeDate",
        needed=("AccountId", "Name", "StageName", "Amount", "CloseDate", "IsClosed", "IsWon", "CampaignId"),
        mapping="opportunity_fields",
    ),
    "OpportunityContactRole": Entity(
        text=f"OpportunityId ContactId Role CurrencyIsoCode {_AUDIT}",
        yes="IsPrimary",
        needed=("OpportunityId", "ContactId"),
    ),
    "OpportunityHistory": Entity(
        text="OpportunityId StageName ForecastCategory CurrencyIsoCode CreatedById",
        number="Amount ExpectedRevenue Probability PrevAmount",
        day="CloseDate PrevCloseDate",
        time="CreatedDate SystemModstamp",
        needed=("OpportunityId", "StageName", "Amount"),
    ),
    "OpportunityFieldHistory": Entity(
        text="OpportunityId Field DataType OldValue NewValue CreatedById",
        time="CreatedDate",
        cursor="CreatedDate",
        needed=("OpportunityId", "Field", "OldValue", "NewValue"),
        optional=True,
        why_absent="the org keeps no field history of opportunities, or does not show it to this user",
    ),
    "ContactHistory": Entity(
        text="ContactId Field DataType OldValue NewValue CreatedById",
        time="CreatedDate",
        cursor="CreatedDate",
        needed=("ContactId", "Field", "OldValue", "NewValue"),
        optional=True,
        why_absent="the org keeps no field history of contacts, or does not show it to this user",
    ),
    "OpportunityStage": Entity(
        text=f"MasterLabel ApiName ForecastCategory ForecastCategoryName Description {_AUDIT}",
        number="DefaultProbability",
        whole="SortOrder",
        yes="IsActive IsClosed IsWon",
        needed=("MasterLabel", "SortOrder", "IsClosed", "IsWon"),
        deletes=False,
    ),
    "Case": Entity(
        text=f"MasterRecordId CaseNumber AccountId ContactId ParentId SuppliedName SuppliedEmail SuppliedCompany Type"
        f" Status Reason Origin Priority Subject OwnerId RecordTypeId CurrencyIsoCode {_AUDIT}",
        yes="IsClosed IsEscalated",
        time=f"{_TIMES} ClosedDate",
        needed=("Status", "AccountId", "ContactId", "OwnerId"),
        optional=True,
    ),
    "User": Entity(
        text=f"Username FirstName LastName Name Email Title Department UserType UserRoleId ProfileId ManagerId"
        f" FederationIdentifier TimeZoneSidKey DefaultCurrencyIsoCode CurrencyIsoCode {_AUDIT}",
        yes="IsActive",
        needed=("Name", "Email", "IsActive"),
        deletes=False,
    ),
    "Group": Entity(
        text=f"Name DeveloperName Type RelatedId Email OwnerId {_AUDIT}",
        needed=("Name", "Type"),
        deletes=False,
    ),
    "Organization": Entity(
        text="Name OrganizationType InstanceName NamespacePrefix Country TimeZoneSidKey LanguageLocaleKey"
        " DefaultLocaleSidKey DefaultCurrencyIsoCode",
        whole="FiscalYearStartMonth",
        yes="IsSandbox",
        cursor=None,
        needed=("Name",),
        deletes=False,
    ),
    "CurrencyType": Entity(
        text=f"IsoCode {_AUDIT}",
        number="ConversionRate",
        whole="DecimalPlaces",
        yes="IsActive IsCorporate",
        needed=("IsoCode", "ConversionRate", "IsCorporate"),
        deletes=False,
        optional=True,
        why_absent=_NO_CURRENCIES,
    ),
    "DatedConversionRate": Entity(
        text=f"IsoCode {_AUDIT}",
        number="ConversionRate",
        day="StartDate NextStartDate",
        needed=("IsoCode", "ConversionRate", "StartDate", "NextStartDate"),
        deletes=False,
        optional=True,
        why_absent="the org does not date its conversion rates (advanced currency management is off)",
    ),
    "Task": Entity(
        text=f"WhoId WhatId AccountId Subject Status Priority Type TaskSubtype CallType OwnerId RecordTypeId"
        f" CurrencyIsoCode {_AUDIT}",
        whole="CallDurationInSeconds",
        yes="IsClosed IsArchived IsRecurrence",
        day="ActivityDate",
        time=f"{_TIMES} CompletedDateTime",
        needed=("WhoId", "WhatId", "Status", "OwnerId", "ActivityDate"),
    ),
    "Event": Entity(
        text=f"WhoId WhatId AccountId Subject Location Type EventSubtype OwnerId RecordTypeId CurrencyIsoCode {_AUDIT}",
        whole="DurationInMinutes",
        yes="IsAllDayEvent IsPrivate IsArchived IsChild IsGroupEvent IsRecurrence",
        day="ActivityDate EndDate",
        time=f"{_TIMES} ActivityDateTime StartDateTime EndDateTime",
        needed=("WhoId", "WhatId", "OwnerId", "StartDateTime"),
    ),
}


@cache
def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream, mapped ones included, as JSON Schema."""
    return {"type": "object", "required": ["Id"], "properties": ENTITIES[stream].columns}
