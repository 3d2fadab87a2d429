"""The objects of the account and their properties, HubSpot's own and what an administrator of the demo added.

A line of a table is ``name | type | field type | label | marks``. Marks: ``ro`` HubSpot keeps the value, ``calc`` it is
calculated (its change does not move the modified date), ``unique`` no two records share it, ``user`` made by the
administrator, ``options a, b`` the values of an enumeration.
"""

from __future__ import annotations

from dataclasses import dataclass

#: What HubSpot always returns of a record.
_EVERY = """
hs_object_id | number | number | Record ID | ro
hs_createdate | datetime | date | Object create date/time | ro
hs_lastmodifieddate | datetime | date | Last Modified Date | ro
hs_merged_object_ids | enumeration | checkbox | Merged record IDs | ro
hs_object_source | string | text | Record creation source | ro
hs_object_source_id | string | text | Record creation source ID | ro
hubspot_owner_id | enumeration | select | Owner
createdate | datetime | date | Create Date | ro
"""
_COMPANIES = """
name | string | text | Company name
domain | string | text | Company Domain Name
website | string | text | Website URL
phone | string | phonenumber | Phone Number
address | string | text | Street Address
city | string | text | City
state | string | text | State/Region
zip | string | text | Postal Code
country | string | text | Country/Region
hs_country_code | string | text | Country/Region Code
description | string | textarea | Description
industry | enumeration | select | Industry | options COMPUTER_SOFTWARE, MACHINERY, LOGISTICS_AND_SUPPLY_CHAIN
annualrevenue | number | number | Annual Revenue
numberofemployees | number | number | Number of Employees
lifecyclestage | enumeration | radio | Lifecycle Stage | options subscriber, lead, marketingqualifiedlead, salesqualifiedlead, opportunity, customer, evangelist, other
hs_parent_company_id | number | number | Parent Company | ro
hs_num_child_companies | number | number | Number of child companies | ro calc
num_associated_contacts | number | calculation_rollup | Number of Associated Contacts | ro calc
num_associated_deals | number | calculation_rollup | Number of Associated Deals | ro calc
tax_id | string | text | Tax ID | user
external_id | string | text | Customer number | user unique
company_email | string | text | Company e-mail | user
"""
_CONTACTS = """
email | string | text | Email | unique
hs_additional_emails | enumeration | checkbox | Additional email addresses | ro
firstname | string | text | First Name
lastname | string | text | Last Name
phone | string | phonenumber | Phone Number
mobilephone | string | phonenumber | Mobile Phone Number
company | string | text | Company Name
jobtitle | string | text | Job Title
lifecyclestage | enumeration | radio | Lifecycle Stage | options subscriber, lead, marketingqualifiedlead, salesqualifiedlead, opportunity, customer, evangelist, other
hs_lead_status | enumeration | radio | Lead Status | options NEW, OPEN, IN_PROGRESS, OPEN_DEAL, UNQUALIFIED, CONNECTED
hs_marketable_status | enumeration | select | Marketing contact status | ro
associatedcompanyid | number | number | Primary Associated Company ID
hs_calculated_merged_vids | string | text | Merged vids with timestamps | ro calc
hs_email_optout | bool | booleancheckbox | Unsubscribed from all email | ro calc
num_associated_deals | number | calculation_rollup | Number of Associated Deals | ro calc
lastmodifieddate | datetime | date | Last Modified Date | ro
"""
_DEALS = """
dealname | string | text | Deal Name
amount | number | number | Amount
deal_currency_code | enumeration | select | Currency
dealstage | enumeration | radio | Deal Stage
pipeline | enumeration | select | Pipeline
closedate | datetime | date | Close Date
dealtype | enumeration | radio | Deal Type | options newbusiness, existingbusiness
hs_deal_stage_probability | number | number | Deal probability | ro calc
hs_is_closed | bool | booleancheckbox | Is Deal Closed? | ro calc
hs_is_closed_won | bool | booleancheckbox | Is Closed Won | ro calc
hs_is_closed_lost | bool | booleancheckbox | Is Closed Lost | ro calc
amount_in_home_currency | number | calculation_equation | Amount in company currency | ro calc
hs_closed_amount | number | calculation_equation | Closed Deal Amount | ro calc
hs_closed_amount_in_home_currency | number | calculation_equation | Closed Deal Amount In Home Currency | ro calc
hs_forecast_amount | number | number | Forecast Amount
hs_projected_amount | number | calculation_equation | Weighted Amount | ro calc
hs_campaign | string | text | HubSpot Campaign | ro
num_associated_contacts | number | calculation_rollup | Number of Associated Contacts | ro calc
deal_number | string | text | Deal Number | user unique
po | string | text | Purchase Order | user
lead_source | enumeration | select | Lead Source | user options Event, Web, Referral
"""
_LEADS = """
hs_lead_name | string | text | Lead name
hs_lead_type | enumeration | select | Lead Type | options NEW_BUSINESS, UPSELL, RE_ATTEMPTING
hs_lead_label | enumeration | select | Lead Label | options HOT, WARM, COLD
hs_pipeline | enumeration | select | Pipeline
hs_pipeline_stage | enumeration | radio | Pipeline stage
hs_lead_is_open | bool | booleancheckbox | Is open | ro calc
"""
_TICKETS = """
subject | string | text | Ticket name
content | string | textarea | Ticket description
hs_pipeline | enumeration | select | Pipeline
hs_pipeline_stage | enumeration | radio | Ticket status
hs_ticket_priority | enumeration | select | Priority | options LOW, MEDIUM, HIGH, URGENT
hs_ticket_category | enumeration | checkbox | Category | options PRODUCT_ISSUE, BILLING_ISSUE, FEATURE_REQUEST, GENERAL_INQUIRY
source_type | enumeration | select | Source | options CHAT, EMAIL, FORM, PHONE
closed_date | datetime | date | Close date
"""
_ENGAGEMENT = """
hs_timestamp | datetime | date | Activity date
hs_activity_type | enumeration | select | Activity type
hs_created_by_user_id | number | number | Created by user ID | ro
"""
_CALLS = """
hs_call_title | string | text | Call title
hs_call_body | string | textarea | Call notes
hs_call_status | enumeration | select | Call status | options COMPLETED, NO_ANSWER, BUSY, FAILED, CANCELED, QUEUED
hs_call_direction | enumeration | select | Call direction | options INBOUND, OUTBOUND
hs_call_duration | number | number | Call duration
"""
_MEETINGS = """
hs_meeting_title | string | text | Meeting name
hs_meeting_body | string | textarea | Meeting description
hs_meeting_start_time | datetime | date | Meeting start time
hs_meeting_end_time | datetime | date | Meeting end time
hs_meeting_outcome | enumeration | select | Meeting outcome | options SCHEDULED, COMPLETED, RESCHEDULED, NO_SHOW, CANCELED
"""
_EMAILS = """
hs_email_subject | string | text | Email subject
hs_email_text | string | textarea | Text body
hs_email_direction | enumeration | select | Email Direction | options EMAIL, INCOMING_EMAIL, FORWARDED_EMAIL
hs_email_status | enumeration | select | Email send status | options BOUNCED, FAILED, SCHEDULED, SENDING, SENT
"""
_TASKS = """
hs_task_subject | string | text | Task Title
hs_task_body | string | textarea | Task Notes
hs_task_status | enumeration | select | Task Status | options COMPLETED, DEFERRED, IN_PROGRESS, NOT_STARTED, WAITING
hs_task_type | enumeration | select | Task Type | options CALL, EMAIL, TODO
hs_task_priority | enumeration | select | Priority | options NONE, LOW, MEDIUM, HIGH
hs_task_completion_date | datetime | date | Completed at | ro
"""
#: An administrator's own, on marketing events (``customProperties``) and on campaigns alike.
_PROGRAMME = """
event_code | string | text | Code | user
event_series | string | text | Series | user
event_edition | string | text | Edition | user
event_kind | enumeration | select | Kind | user options trade_show, conference, webinar, dinner
expected_attendees | number | number | Expected attendees | user
"""
_EVENTS = """
hs_event_name | string | text | Event Name
hs_event_type | string | text | Event Type
hs_event_organizer | string | text | Event Organizer
hs_event_description | string | textarea | Event Description
hs_event_url | string | text | Event URL
hs_start_datetime | datetime | date | Event Start
hs_end_datetime | datetime | date | Event End
hs_event_cancelled | bool | booleancheckbox | Event Cancelled
hs_event_completed | bool | booleancheckbox | Event Completed
"""
_CAMPAIGNS = """
hs_name | string | text | Campaign name
hs_start_date | date | date | Start date
hs_end_date | date | date | End date
hs_notes | string | textarea | Notes
hs_audience | string | text | Audience
hs_goal | string | text | Goal
hs_currency_code | enumeration | select | Currency
hs_campaign_status | enumeration | select | Status | options planned, in_progress, active, paused, completed
hs_owner | enumeration | select | Owner
hs_utm | string | text | UTM | ro
hs_color_hex | string | text | Colour
hs_budget_items_sum_amount | number | number | Budget total | ro calc
hs_spend_items_sum_amount | number | number | Spend total | ro calc
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """A kind of object.

    Args:
        name: As paths name it, and as answers are named.
        type_id: Its ``objectTypeId``.
        singular: As ``associations`` of old and some paths name it.
        group: The property group of its standard properties.
        scope: The scope's part after ``crm.objects.``, or a whole scope.
        modified: The property that the modified date is kept in.
        defaults: The properties that are returned if none is asked for.
        table: Its properties.
    """

    name: str
    type_id: str
    singular: str
    group: str
    scope: str
    modified: str
    defaults: tuple[str, ...]
    table: str


def _type(names: str, defaults: str, table: str) -> ObjectType:
    name, type_id, singular, group, scope = names.split()
    modified = "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
    return ObjectType(
        name=name,
        type_id=type_id,
        singular=singular,
        group=group,
        scope=scope,
        modified=modified,
        defaults=(*defaults.split(), modified, "hs_object_id", "createdate"),
        table=_EVERY + table,
    )


#: The objects of the CRM that records belong to: name, type id, singular, property group, scope.
CRM_OBJECTS = (
    _type("companies 0-2 company companyinformation companies", "name domain", _COMPANIES),
    _type("contacts 0-1 contact contactinformation contacts", "email firstname lastname", _CONTACTS),
    _type("deals 0-3 deal dealinformation deals", "dealname amount dealstage pipeline closedate", _DEALS),
    _type("leads 0-136 lead lead_information leads", "hs_lead_name", _LEADS),
    _type(
        "tickets 0-5 ticket ticketinformation tickets",
        "subject content hs_pipeline hs_pipeline_stage hs_ticket_priority",
        _TICKETS,
    ),
    _type("calls 0-48 call call contacts", "", _ENGAGEMENT + _CALLS),
    _type("meetings 0-47 meeting meeting contacts", "", _ENGAGEMENT + _MEETINGS),
    _type("emails 0-49 email email contacts", "", _ENGAGEMENT + _EMAILS),
    _type("tasks 0-27 task task contacts", "", _ENGAGEMENT + _TASKS),
)
#: Objects with an API of their own; their properties are made through the common one.
MARKETING_OBJECTS = (
    _type(
        "marketing_events 0-54 marketing_event marketing_event_information marketing_events",
        "",
        _EVENTS + _PROGRAMME,
    ),
    _type("campaigns 0-35 campaign campaign_information campaigns", "", _CAMPAIGNS + _PROGRAMME),
)
OBJECTS = {one.name: one for one in (*CRM_OBJECTS, *MARKETING_OBJECTS)}
_ALIASES = {alias: one.name for one in OBJECTS.values() for alias in (one.name, one.type_id, one.singular)}
#: The custom properties that the demo's settings map, by object: canonical name → property.
MAPPED = {
    "companies": {"tax_id": "tax_id", "external_id": "external_id", "email": "company_email"},
    "deals": {"number": "deal_number", "po": "po", "lead_source": "lead_source"},
    "marketing_events": {
        "code": "event_code",
        "series": "event_series",
        "edition": "event_edition",
        "kind": "event_kind",
        "expected_attendees": "expected_attendees",
    },
    "campaigns": {
        "code": "event_code",
        "series": "event_series",
        "edition": "event_edition",
        "kind": "event_kind",
        "expected_attendees": "expected_attendees",
    },
}


def object_type(name: str) -> ObjectType | None:
    """Return the kind of object that a path means by its name, its type id or its singular; none if there is none."""
    found = _ALIASES.get(name.lower())
    return OBJECTS[found] if found else None
