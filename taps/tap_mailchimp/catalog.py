"""Which streams there are, and their columns; behaviour lives in `streams`, `members` and `mapped`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.kit.columns import Columns, Kind, of_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

CURSOR = "last_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One stream.

    Args:
        columns: Name to kind.
        ways: Column to the way to its value, where it is not the name of a field.
        key: Column that is the key.
        default: Whether it is read unless the admin says otherwise.
    """

    columns: Mapping[str, Kind]
    ways: Mapping[str, str] = field(default_factory=dict)
    key: str = "id"
    default: bool = True


#: Columns of a person that the admin may take from other merge fields.
PERSON_FIELDS: Mapping[str, str] = {
    "first_name": "FNAME",
    "last_name": "LNAME",
    "phone": "PHONE",
    "company": "COMPANY",
}
_REPORT = {
    "hard_bounces": "bounces.hard_bounces",
    "soft_bounces": "bounces.soft_bounces",
    "opens_total": "opens.opens_total",
    "unique_opens": "opens.unique_opens",
    "last_open": "opens.last_open",
    "clicks_total": "clicks.clicks_total",
    "unique_subscriber_clicks": "clicks.unique_subscriber_clicks",
    "last_click": "clicks.last_click",
}
#: Sources of the facts: Mailchimp's description of its API, its documentation, and answers of real accounts.
STREAMS: Mapping[str, Source] = {
    "account": Source(columns=of_kinds("account_id account_name account_timezone"), key="account_id"),
    "audiences": Source(
        columns=of_kinds(
            "id name visibility company country language",
            whole="web_id member_count unsubscribe_count cleaned_count",
            yes="double_optin marketing_permissions",
            time="date_created campaign_last_sent last_sub_date last_unsub_date",
        ),
        ways={
            "company": "contact.company",
            "country": "contact.country",
            "language": "campaign_defaults.language",
            **{
                name: f"stats.{name}"
                for name in (
                    "member_count",
                    "unsubscribe_count",
                    "cleaned_count",
                    "campaign_last_sent",
                    "last_sub_date",
                    "last_unsub_date",
                )
            },
        },
    ),
    "segments": Source(
        columns=of_kinds(
            "id list_id name type same_as touch_status", whole="member_count", time="created_at updated_at"
        ),
    ),
    "members": Source(
        columns=of_kinds(
            "key id list_id email_address unique_email_id contact_id full_name email_type status unsubscribe_reason"
            " sms_phone_number sms_subscription_status language country_code timezone source first_name last_name phone"
            " company",
            whole="web_id member_rating tags_count",
            yes="vip consents_to_one_to_one_messaging",
            time="timestamp_signup timestamp_opt last_changed",
            object="merge_fields interests",
            list="tags marketing_permissions",
        ),
        ways={"country_code": "location.country_code", "timezone": "location.timezone"},
        key="key",
    ),
    "campaigns": Source(
        columns=of_kinds(
            "id type status title subject_line from_name list_id list_name segment_text archive_url same_as",
            whole="web_id emails_sent recipient_count opens unique_opens clicks subscriber_clicks",
            time="create_time send_time",
        ),
        ways={
            **{name: f"settings.{name}" for name in ("title", "subject_line", "from_name")},
            **{
                f"{name}": f"recipients.{name}"
                for name in ("list_id", "list_name", "segment_text", "recipient_count")
            },
            **{
                f"{name}": f"report_summary.{name}"
                for name in ("opens", "unique_opens", "clicks", "subscriber_clicks")
            },
        },
    ),
    "reports": Source(
        columns=of_kinds(
            "id campaign_title type list_id",
            whole="emails_sent abuse_reports unsubscribed hard_bounces soft_bounces opens_total unique_opens clicks_total"
            " unique_subscriber_clicks",
            time="send_time last_open last_click",
        ),
        ways=_REPORT,
    ),
    "segment_members": Source(columns=of_kinds("key segment_id list_id member_id email_address"), key="key"),
    "email_activity": Source(
        columns=of_kinds(
            "key campaign_id list_id email_id email_address",
            whole="opens clicks",
            time="first_open first_click",
            yes="bounced",
        ),
        key="key",
    ),
    "member_events": Source(
        columns=of_kinds(
            "key list_id member_id email_address name same_as touch_status",
            time="occurred_at",
            object="properties",
        ),
        key="key",
        default=False,
    ),
}


def columns(stream: str) -> Columns:
    """Return what converts the rows of a stream."""
    source = STREAMS[stream]
    return Columns(source.columns, key=source.key, ways=source.ways)


def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream as JSON Schema."""
    return columns(stream).schema
