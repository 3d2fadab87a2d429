"""What the simulated Marketo is like. A switch where a fact is known from memory only, and may be otherwise."""

from __future__ import annotations

from dataclasses import dataclass

CLIENT_ID, CLIENT_SECRET = "0c0ffee0-0000-4000-8000-closedloop01", "a-secret-of-the-simulator"
USER = "closedloop@api.example.com"
ASSETS, LEADS, ACTIVITIES = "Read-Only Assets", "Read-Only Lead", "Read-Only Activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour.

    Args:
        burst_limit: Calls in 20 seconds.
        day_limit: Calls a day, which ends at midnight US Central.
        concurrent_limit: Calls at once.
        page_size: Most rows of the lead database a page.
        searchable: What members can be filtered by.
        member_limit: Most members that a page-by-page read may have.
        prints_no_result: Whether an empty listing of assets leaves the key ``result`` out.
        empty_pages: Whether a page of activities may be empty though more follow.
        merge_deletes: Whether a merge also shows as the deletion of its loser.
        whole_costs: Whether a period cost is rounded to whole units.
        has_bulk: Whether bulk extract is switched on.
        bulk_bytes: Bytes of bulk extracts a day.
        bulk_polls: How often a job is asked for until it is done.
        has_ranges: Whether a part of a file can be asked for.
        denies: Permissions that the API user's role lacks.
        has_usage: Whether the calls of the day are told.
    """

    burst_limit: int = 100
    day_limit: int = 50_000
    concurrent_limit: int = 10
    page_size: int = 300
    searchable: tuple[str, ...] = ("leadId", "reachedSuccess", "statusName")
    member_limit: int = 100_000
    prints_no_result: bool = True
    empty_pages: bool = True
    merge_deletes: bool = True
    whole_costs: bool = False
    has_bulk: bool = True
    bulk_bytes: int = 500_000_000
    bulk_polls: int = 2
    has_ranges: bool = True
    denies: frozenset[str] = frozenset()
    has_usage: bool = True
