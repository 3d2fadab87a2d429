"""What the admin writes in `closedloop.yaml`, validated.

Only this module reads the environment. Loading a file, with errors that name the line, is `closedloop.config`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _share(value: object) -> object:
    """Read `30%` as 0.30."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return Decimal(value.strip()[:-1]) / 100
    return str(value) if isinstance(value, float) else value


def _zone(value: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{value} is not a time zone; write an IANA name such as America/Chicago"
        raise ValueError(message) from error
    return value


Share = Annotated[Decimal, BeforeValidator(_share), Field(ge=0, le=1)]
Zone = Annotated[str, AfterValidator(_zone)]
ConnectionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class Section(BaseModel):
    """A part of the file: unknown keys are typing errors, not options."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(Section):
    """The company whose money and days are counted."""

    name: str = ""
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: Zone


class Connection(Section):
    """One system we read from, and perhaps write to."""

    connector: str
    settings: dict[str, Any] = Field(default_factory=dict)
    schedule: str = "0 * * * *"  # cron, in the company's time zone
    streams: list[str] | None = None  # none: all the connector offers
    executable: list[str] | None = None  # connector: singer
    staging: Path | None = None  # connector: singer, the admin's own staging SQL


class Events(Section):
    """Which touches count."""

    credit_statuses: list[Literal["attended", "responded", "registered", "invited"]] = ["attended", "responded"]
    follow_up_days: int = Field(default=365, ge=1)
    indirect_share: Share = Decimal(0)


class Matching(Section):
    """How records of two systems become one."""

    policy: Literal["strict"] = "strict"


class Attribution(Section):
    """How a document's value is split over events."""

    primary: Literal["linear"] = "linear"
    look_back_days: int = Field(default=365, ge=0)


class Chain(Section):
    """How long each link of the chain may take, in days."""

    first_touch_within_days: int = Field(default=5, ge=0)
    invoice_within_days: int = Field(default=30, ge=0)


class Guards(Section):
    """What stops a write-back before its first write."""

    max_changed: Share = Decimal("0.30")
    max_to_zero: Share = Decimal("0.02")


class Writeback(Section):
    """Which figures go into which fields of one CRM: measure name → field name."""

    mode: Literal["plan", "apply"] = "plan"
    campaign: dict[str, str] = Field(default_factory=dict)
    account: dict[str, str] = Field(default_factory=dict)
    policy: dict[str, Literal["keep", "overwrite"]] = Field(default_factory=dict)
    guards: Guards = Guards()


class Service(Section):
    """The daemon."""

    reconcile_schedule: str = "30 * * * *"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    lease_seconds: int = Field(default=60, ge=5)


class Settings(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="CLOSEDLOOP_SETTING_")

    company: Company
    connections: dict[ConnectionName, Connection]
    events: Events = Events()
    matching: Matching = Matching()
    attribution: Attribution = Attribution()
    chain: Chain = Chain()
    writeback: dict[ConnectionName, Writeback] = Field(default_factory=dict)
    service: Service = Service()
    engine: Literal["duckdb"] = "duckdb"
    home: Path = Path(".closedloop")  # relative to the file
    database: str | None = None  # SQLAlchemy URL of the operational database; none: SQLite in `home`
    models_dir: Path | None = None  # the admin's own SQL
