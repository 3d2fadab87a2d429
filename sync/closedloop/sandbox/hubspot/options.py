"""What the simulated account is like. A switch where a fact is known from memory only, and may be otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

#: What the demo's app may do.
SCOPES = frozenset(
    {
        "oauth",
        "tickets",
        "forms",
        "settings.currencies.read",
        "communication_preferences.read",
        "crm.lists.read",
        "crm.objects.owners.read",
        *(
            f"crm.objects.{name}.{right}"
            for name in ("companies", "contacts", "deals", "leads", "marketing_events")
            for right in ("read", "write")
        ),
        *(
            f"crm.schemas.{name}.{right}"
            for name in ("companies", "contacts", "custom", "deals")
            for right in ("read", "write")
        ),
        "marketing.campaigns.read",
        "marketing.campaigns.write",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A validation rule of the administrator: enforced on every write from 2026-09 on, by nothing older.

    Args:
        object: The object's name.
        property: The property.
        pattern: A regular expression that the whole value must match.
        message: What the refusal says.
    """

    object: str
    property: str
    pattern: str
    message: str = "The value does not meet the validation rule of this property"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour.

    Args:
        scopes: What tokens may do.
        index_lag: Seconds until the search sees a write.
        archived_linger: Whether the search goes on showing archived and merged records for the time of its lag.
        ten_second_limit: Calls in ten seconds.
        day_limit: Calls a day.
        search_limit: Searches a second, over the whole account.
        rotates_refresh: Whether a refresh gives a new refresh token and ends the old one.
        partial_207: The versions that answer a batch with errors by 207; the others answer 200.
        shuffles: Whether the results of a batch come in another order than its inputs.
        trims_numbers: Whether ``12.30`` is kept as ``12.3``.
        rules: Validation rules.
        lock_seconds: How long a record is locked after a write to it; 0 is never.
        url_limit: Characters of a request's path and query.
        association_page: Associations of one record on a page.
        currencies: Whether the account has more than one currency.
        account_type: ``STANDARD``, ``SANDBOX``, ``DEVELOPER_TEST`` or ``APP_DEVELOPER``.
    """

    scopes: frozenset[str] = SCOPES
    index_lag: float = 2.0
    archived_linger: bool = False
    ten_second_limit: int = 190
    day_limit: int = 625_000
    search_limit: int = 5
    rotates_refresh: bool = False
    partial_207: frozenset[str] = frozenset({"v3", "v4", "2026-03"})
    shuffles: bool = True
    trims_numbers: bool = True
    rules: tuple[Rule, ...] = field(default=())
    lock_seconds: float = 0.0
    url_limit: int = 8_000
    association_page: int = 500
    currencies: bool = True
    account_type: str = "STANDARD"
