"""Which streams there are, and their columns; behaviour lives in `streams` and `changed`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.kit.columns import Columns, Kind, of_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

CURSOR = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One stream.

    Args:
        columns: Name to kind.
        ways: Column to the way to its value, where it is not the name of a field.
        params: What an organization is asked with.
        gone: What the listing that also has deleted rows is asked with; none: nothing is listed there.
    """

    columns: Mapping[str, Kind]
    ways: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] | None = None


#: Parts of a price; `gross` is the sum of the others.
COSTS = ("base_price", "eventbrite_fee", "payment_fee", "tax", "gross")
_PROFILE = (
    "name",
    "first_name",
    "last_name",
    "email",
    "company",
    "job_title",
    "cell_phone",
    "work_phone",
    "website",
)
#: Sources of the facts: Eventbrite's API documentation and answers of real accounts.
STREAMS: Mapping[str, Source] = {
    "organizations": Source(columns=of_kinds("id name vertical")),
    "organizers": Source(columns=of_kinds("id name url organization_id")),
    "events": Source(
        columns=of_kinds(
            "id name summary url status currency timezone kind same_as format_id format_name category_id"
            " subcategory_id series_id organization_id organizer_id venue_id",
            time="start_utc end_utc created changed published",
            day="start_date end_date",
            whole="capacity expected_attendees",
            yes="online_event is_series is_free listed",
        ),
        ways={
            "name": "name.text",
            "timezone": "start.timezone",
            "start_utc": "start.utc",
            "end_utc": "end.utc",
            "start_date": "start.local",
            "end_date": "end.local",
        },
        params={"status": "all", "order_by": "created_asc"},
    ),
    "ticket_classes": Source(
        columns=of_kinds(
            "id event_id name description category currency",
            decimal="cost fee tax",
            whole="quantity_total quantity_sold",
            time="sales_start sales_end",
            yes="free donation hidden is_guest",
        ),
    ),
    "orders": Source(
        columns=of_kinds(
            "id event_id name first_name last_name email status promo_code currency",
            time="created changed",
            decimal=" ".join(COSTS),
        ),
        params={"status": "all_not_deleted"},
        gone={"status": "inactive"},
    ),
    "attendees": Source(
        columns=of_kinds(
            "id event_id order_id ticket_class_id ticket_class_name variant_id status currency "
            + " ".join(_PROFILE)
            + " affiliate guestlist_id invited_by delivery_method",
            whole="quantity",
            time="created changed checked_in_at",
            yes="checked_in cancelled refunded",
            decimal=" ".join(COSTS),
            list="answers",
        ),
        ways={name: f"profile.{name}" for name in _PROFILE},
        gone={"status": "not_attending"},
    ),
}


def columns(stream: str) -> Columns:
    """Return what converts the rows of a stream."""
    source = STREAMS[stream]
    return Columns(source.columns, ways=source.ways, deletes=source.gone is not None)


def schema(stream: str) -> dict[str, Any]:
    """Return the columns of a stream as JSON Schema."""
    return columns(stream).schema
