"""What the simulated org is like. A switch where a fact is known from memory only, and may be otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Behaviour.

    Args:
        page_size: Rows of a query's page.
        small_pages: Whether pages have fewer rows than that, at random.
        locator_seconds: How long a query's cursor lives unused.
        most_cursors: Cursors of a user at once; one more kills the oldest.
        daily_limit: Calls in 24 hours.
        session_seconds: How long an access token works.
        rotates: Whether every refresh gives a new refresh token and ends the old one.
        grace_seconds: How long an old refresh token still works after that.
        is_approved: Whether an administrator has approved the user for the app (JWT).
        most_skew: Seconds ahead that the end of a JWT may lie.
        is_sandbox: Whether it is a sandbox: then tokens for test, not for login.
        is_api_enabled: Whether the user may use the API.
        can_customize: Whether the user may create fields.
        hidden_fields: ``Object.Field`` that the user may not see.
        read_only_fields: ``Object.Field`` that the user may see and not change.
        hidden_objects: Objects that the user may not see.
        multi_currency: Whether rows carry their own currency.
        person_accounts: Whether an account can be a person.
        bulk_polls: How often a job says that it is not done yet.
        bulk_early_status: What asking for results too early answers.
        bulk_header: Whether every page of results begins with the columns' names, or the first alone.
        shuffles: Whether bulk results come in an order of their own.
        update_status: What an upsert that changed a row answers.
        unknown_field: What a field in a collection that is not there spoils: its row, or the whole request.
        numbers_with_exponent: Whether numbers from ten million up are printed as ``1.5E7``.
        compresses: Whether answers are gzipped for who asks.
        converted_leads: Whether deals that came from a lead have one, converted.
        archives: Whether activities of a year ago are archived: only queryAll shows them.
        log_days: How far back the log of deletions reaches: less than 15 days where much was deleted.
        seed: For what is random.
    """

    page_size: int = 2000
    small_pages: bool = False
    locator_seconds: float = 900
    most_cursors: int = 10
    daily_limit: int = 100_000
    session_seconds: float = 7200
    rotates: bool = False
    grace_seconds: float = 0
    is_approved: bool = True
    most_skew: float = 300
    is_sandbox: bool = False
    is_api_enabled: bool = True
    can_customize: bool = True
    hidden_fields: frozenset[str] = frozenset({"Contact.Birthdate"})
    read_only_fields: frozenset[str] = frozenset()
    hidden_objects: frozenset[str] = frozenset()
    multi_currency: bool = True
    person_accounts: bool = False
    bulk_polls: int = 1
    bulk_early_status: Literal[204, 400, 412] = 412
    bulk_header: Literal["every", "first"] = "every"
    shuffles: bool = True
    update_status: Literal[200, 204] = 200
    unknown_field: Literal["row", "request"] = "row"
    numbers_with_exponent: bool = True
    compresses: bool = True
    converted_leads: bool = True
    archives: bool = True
    log_days: float = 15
    seed: int = 1
