"""What the admin writes in `closedloop.yaml`, validated.

Loading a file, with errors that name the line, is `closedloop.config`. The docstrings under the keys are what an
editor shows: the JSON Schema takes them.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_settings import BaseSettings, SettingsConfigDict


def _share(value: object) -> object:
    """Read `30%` as 0.30."""
    if not isinstance(value, (str, float)):
        return value
    text = str(value).strip()
    try:
        return Decimal(text[:-1]) / 100 if text.endswith("%") else Decimal(text)
    except InvalidOperation as error:
        message = f"{text} is not a share; write 30% or 0.3"
        raise ValueError(message) from error


def _zone(value: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{value} is not a time zone; write an IANA name such as America/Chicago"
        raise ValueError(message) from error
    return value


_SHARE_SCHEMA = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^[0-9.]+%?$"}]
}
Share = Annotated[Decimal, BeforeValidator(_share), Field(ge=0, le=1), WithJsonSchema(_SHARE_SCHEMA)]
Zone = Annotated[str, AfterValidator(_zone)]
ConnectionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Status = Literal["attended", "responded", "registered", "invited"]


class Section(BaseModel):
    """A part of the file: unknown keys are typing errors, not options."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Company(Section):
    """The company whose money and days are counted."""

    name: str = ""
    """Printed on the report."""
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    """Home currency, three capital letters (ISO 4217): every figure is in it."""
    time_zone: Zone
    """IANA name of the zone whose days count, also for schedules."""


class Connection(Section):
    """One system we read from, and perhaps write to."""

    connector: str
    """Which connector: `odoo`, or `singer` for any other tap."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The connector's own settings; secrets as `${NAME}`, or `<key>_file` with the path of a file."""
    schedule: str = "0 * * * *"
    """When the daemon reads this system: a cron line in the company's time zone."""
    streams: list[str] | None = None
    """The streams to read; without this key, all that the system offers."""
    executable: list[str] | None = None
    """`connector: singer` only: the tap's command, as a list."""
    staging: Path | None = None
    """`connector: singer` only: folder of your staging SQL."""


class Events(Section):
    """Which touches count."""

    credit_statuses: list[Status] = ["attended", "responded"]
    """Statuses that earn credit for an invoice."""
    follow_up_days: int = Field(default=365, ge=1)
    """An opportunity counts as opened by an event for so many days after the touch."""
    indirect_share: Share = Decimal(0)
    """Share of overhead on top of the cost, for the fully loaded figures."""


class Matching(Section):
    """How records of two systems become one."""

    policy: Literal["exact", "strict", "lenient"] = "strict"
    """`exact`: only exact evidence links. `strict`: where it finds nothing clear, every comparison counts by its weight; a
    measured pattern of evidence links (at least 995 of 1000 links are right), what is doubtful waits in `closedloop review`.
    `lenient`: the same with less weight and a smaller gap: a few more links, and more of them wrong in a large company."""
    minimum_weight: float | None = Field(default=None, ge=-20, le=60)
    """Weight (log2) that a pair needs to link; without this key, what the policy says: 2, lenient 0."""
    gap: float | None = Field(default=None, ge=0, le=60)
    """How much lighter the next candidate must be (log2); without this key, what the policy says: 3, lenient 1."""
    review_weight: float | None = Field(default=None, ge=-20, le=60)
    """Lighter candidates are not even shown in `closedloop review`; without this key, -6."""


class Attribution(Section):
    """How a document's value is split over events."""

    primary: Literal["linear"] = "linear"
    """The model behind the ROI."""
    look_back_days: int = Field(default=365, ge=0)
    """Touches so many days before the deal began still earn credit."""


class Chain(Section):
    """How long each link of the chain may take, in days."""

    first_touch_within_days: int = Field(default=5, ge=0)
    """A person of yours follows up within so many days of the event."""
    invoice_within_days: int = Field(default=30, ge=0)
    """A won deal is invoiced within so many days."""


class Guards(Section):
    """What stops a write-back before its first write."""

    max_changed: Share = Decimal("0.30")
    """Largest share of records whose written figure may change in one run."""
    max_to_zero: Share = Decimal("0.02")
    """Largest share of records that may fall to zero or empty in one run."""


class Writeback(Section):
    """Which figures go into which fields of one CRM: measure name → field name."""

    mode: Literal["plan", "apply"] = "plan"
    """`plan`: a run only shows what it would write. `apply`: it writes."""
    campaign: dict[str, str] = Field(default_factory=dict)
    """Figures of an event → fields of the CRM's event or campaign."""
    account: dict[str, str] = Field(default_factory=dict)
    """Figures of an account → fields of the CRM's account."""
    policy: dict[str, Literal["keep", "overwrite"]] = Field(default_factory=dict)
    """Field → what to do when a person edited it: `keep` theirs and say so (default), or `overwrite`."""
    guards: Guards = Guards()
    """What stops a write-back before its first write."""


class Service(Section):
    """The daemon."""

    reconcile_schedule: str = "30 * * * *"
    """When it reconciles and writes back: a cron line in the company's time zone."""
    host: str = "127.0.0.1"
    """Address of `/healthz` and `/readyz`."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port of `/healthz` and `/readyz`; 0: any free one."""
    lease_seconds: int = Field(default=60, ge=5)
    """After so many seconds without a sign of life another process may take over."""


class Settings(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="CLOSEDLOOP_SETTING_", use_attribute_docstrings=True
    )

    company: Company
    connections: dict[ConnectionName, Connection]
    """The systems, each by a name of your own."""
    events: Events = Events()
    matching: Matching = Matching()
    attribution: Attribution = Attribution()
    chain: Chain = Chain()
    writeback: dict[ConnectionName, Writeback] = Field(default_factory=dict)
    """Which connections are written back to, and which figures go into which fields."""
    service: Service = Service()
    engine: Literal["duckdb"] = "duckdb"
    """What runs the SQL."""
    home: Path = Path(".closedloop")
    """Folder of everything the program keeps, relative to the file."""
    database: str | None = None
    """SQLAlchemy URL of the operational database; without this key, a SQLite file in `home`."""
    models_dir: Path | None = None
    """Folder of your own SQL models, relative to the file; a model of the same name replaces ours."""

    @property
    def tokens(self) -> Path:
        """The folder where connectors keep their rotating tokens."""
        return self.home.absolute() / "tokens"
