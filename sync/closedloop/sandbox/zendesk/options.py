"""What the simulated Zendesk is like. A switch where a fact is known from memory only, and may be otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour.

    Args:
        minute_limit: Requests a minute.
        export_limit: Exports a minute.
        page_size: Most rows of an export's page.
        scopes: What tokens may read: ``read``, or resources as ``tickets:read``.
        token_life: Seconds that an access token works.
        api_tokens: Whether API tokens still work.
        too_young: Status for an export that begins within the last minute.
        limit_body: How a 429 says so.
        has_search: Whether the search counts.
        side_loads: Whether the export of tickets brings metric sets.
    """

    minute_limit: int = 700
    export_limit: int = 10
    page_size: int = 1000
    scopes: frozenset[str] = frozenset({"read"})
    token_life: int = 172_800
    api_tokens: bool = True
    too_young: Literal[400, 422] = 422
    limit_body: Literal["text", "json"] = "json"
    has_search: bool = True
    side_loads: bool = True
