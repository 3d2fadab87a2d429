"""What the admin writes in `closedloop.yaml`, validated.

Loading a file, with errors that name the line, is `closedloop.config`. The docstrings under the keys are what an
editor shows: the JSON Schema takes them.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from closedloop.units import (  # noqa: TC001 (pydantic reads the annotations)
    ConnectionName,
    ModelName,
    Part,
    Share,
    Span,
    Status,
    Zone,
)


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
    gross_margin: Share | None = None
    """Share of the revenue that is left after the cost of what was sold; without this key there is no margin ROI."""
    roll_up: Literal["account", "ultimate_parent"] = "account"
    """Whose sales an account's are: its own, or those of the whole family below its topmost parent."""


class Connection(Section):
    """One system we read from, and perhaps write to."""

    connector: str
    """Which connector: `odoo`, or `singer` for any other tap."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The connector's own settings; secrets as `${NAME}`, or `<key>_file` with the path of a file."""
    schedule: str = "0 * * * *"
    """When the daemon reads this system: a cron line in the company's time zone, or an interval such as `every 15m`."""
    stale_after: Span | None = None
    """A stream of this system that proved nothing for so long is stale, and somebody is told; without this key, what
    `service` says. Written as 26h or 3d."""
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


class Milestones(Section):
    """A model of your own: how much each milestone of a journey earns, in parts of a hundred or any other measure.

    A milestone that a journey does not have is dropped; what remains shares the whole in proportion.
    """

    first: Part = Decimal(0)
    """The first touch."""
    last: Part = Decimal(0)
    """The last touch."""
    lead: Part = Decimal(0)
    """The last touch on or before the account's first lead or contact was created."""
    opportunity: Part = Decimal(0)
    """The last touch on or before the deal was created."""
    close: Part = Decimal(0)
    """The last touch before the deal was closed, which is the last of the journey."""
    rest: Part = Decimal(0)
    """All other touches together, in equal shares."""

    @model_validator(mode="after")
    def _gives_something(self) -> Milestones:
        if not any((self.first, self.last, self.lead, self.opportunity, self.close, self.rest)):
            message = "every weight is 0; give at least one part a weight"
            raise ValueError(message)
        return self


class Decay(Section):
    """A model of your own in which a touch loses half its weight in so many days."""

    half_life: int = Field(ge=1, le=3650)
    """Days."""


def _shape(given: object) -> str:
    return (
        Decay.__name__
        if isinstance(given, Decay) or (isinstance(given, dict) and "half_life" in given)
        else Milestones.__name__
    )


#: A model of your own: of one shape, so that an error tells of that alone.
OwnModel = Annotated[
    Annotated[Milestones, Tag(Milestones.__name__)] | Annotated[Decay, Tag(Decay.__name__)],
    Discriminator(_shape),
]

#: The models that ship with the product; own ones have other names.
PRESETS: dict[str, Milestones | Decay] = {
    "first": Milestones(first=Decimal(100)),
    "last": Milestones(last=Decimal(100)),
    "linear": Milestones(rest=Decimal(100)),
    "u_adobe": Milestones(first=Decimal(50), lead=Decimal(50)),
    "u_hubspot": Milestones(first=Decimal(40), lead=Decimal(40), rest=Decimal(20)),
    "u_salesforce": Milestones(first=Decimal(40), last=Decimal(40), rest=Decimal(20)),
    "w": Milestones(first=Decimal(30), lead=Decimal(30), opportunity=Decimal(30), rest=Decimal(10)),
    "full": Milestones(
        first=Decimal("22.5"),
        lead=Decimal("22.5"),
        opportunity=Decimal("22.5"),
        close=Decimal("22.5"),
        rest=Decimal(10),
    ),
    "decay": Decay(half_life=90),
}


class Attribution(Section):
    """How a document's value is split over events."""

    primary: str = "linear"
    """The model behind the ROI: one that ships (first, last, linear, u_adobe, u_hubspot, u_salesforce, w, full, decay)
    or one of `models`. All of them are computed."""
    models: dict[ModelName, OwnModel] = Field(default_factory=dict)
    """Models of your own, by name: weights of `first`, `last`, `lead`, `opportunity`, `close` and `rest`, or a
    `half_life` in days."""
    look_back_days: int = Field(default=365, ge=0)
    """Touches so many days before the deal began still earn credit."""
    sourced: Literal["first_touch", "lead_source", "before_sales"] = "first_touch"
    """What makes an event the source of an opportunity: the account's first touch, the CRM's lead source, or a touch
    before the first sales activity. The other two are shown beside it."""
    lead_sources: list[str] = ["Trade Show", "Event", "Conference", "Webinar"]
    """Values of the CRM's lead source that mean an event; capitals do not matter."""

    @model_validator(mode="after")
    def _named(self) -> Attribution:
        taken = sorted(set(self.models) & set(PRESETS))
        if taken:
            message = f"{taken[0]} ships with the product; give your model another name"
            raise ValueError(message)
        if self.primary not in self.all_models:
            message = f"there is no model {self.primary}; choose one of: {', '.join(self.all_models)}"
            raise ValueError(message)
        return self

    @property
    def all_models(self) -> dict[str, Milestones | Decay]:
        """The models that are computed, by name."""
        return {**PRESETS, **self.models}


class Chain(Section):
    """How long each link of the chain may take, in days."""

    first_touch_within_days: int = Field(default=5, ge=0)
    """A person of yours follows up within so many days of the event."""
    invoice_within_days: int = Field(default=30, ge=0)
    """A won deal is invoiced within so many days."""
    stage_within_days: int = Field(default=90, ge=1)
    """An open deal moves on within so many days, in stages that fewer than 20 deals have left: for others it is the time
    that nine of ten deals spend in the stage."""
    ticket_within_days: int = Field(default=14, ge=0)
    """A support ticket is closed within so many days."""
    cycle_days: int = Field(default=365, ge=1)
    """Days from one purchase to the next, assumed while the ledger shows fewer than 20 such gaps."""


class Scorecard(Section):
    """How an event is judged."""

    done_share: Share = Decimal("0.90")
    """A step of the scorecard is done from this share on, and an event measurable from this coverage on."""
    outlook_age_days: int = Field(default=180, ge=90)
    """What an event would return again is judged at this age in days after its last day, at least 90."""


class Guards(Section):
    """What stops a write-back before its first write."""

    max_changed: Share = Decimal("0.30")
    """Largest share of records whose written figure may change in one run."""
    max_to_zero: Share = Decimal("0.02")
    """Largest share of records that may fall to zero or empty in one run; also by how much a count may fall."""
    max_source_loss: Share = Decimal("0.10")
    """Largest share of a stream's rows, at least ten of them, that may be gone since figures were written last."""
    max_source_age_hours: int = Field(default=48, ge=1)
    """A system that was not read for so many hours stops the write-back: more than its schedule leaves between two reads."""


#: What may be done with a field: see `Writeback.policy`.
PolicyWord = Literal["keep", "overwrite", "if_empty", "clear"]


def _one_way(value: PolicyWord | list[PolicyWord]) -> PolicyWord | list[PolicyWord]:
    words = [value] if isinstance(value, str) else value
    ways = sorted(set(words) - {"clear"})
    if len(ways) > 1:
        message = f"{' and '.join(ways)} exclude each other; keep one, with or without clear"
        raise ValueError(message)
    return value


Policy = Annotated[PolicyWord | list[PolicyWord], AfterValidator(_one_way)]


class Writeback(Section):
    """Which figures go into which fields of one CRM: measure name → field name."""

    mode: Literal["plan", "apply"] = "plan"
    """`plan`: a run only shows what it would write. `apply`: it writes."""
    campaign: dict[str, str] = Field(default_factory=dict)
    """Figures of an event → fields of the CRM's event or campaign."""
    account: dict[str, str] = Field(default_factory=dict)
    """Figures of an account → fields of the CRM's account."""
    policy: dict[str, Policy] = Field(default_factory=dict)
    """Field → one word or a list. When a person edited it: `keep` theirs and say so (default), or `overwrite` it; `if_empty`:
    write only while the field is empty. When there is no figure any more its last value stays; `clear` empties the field."""
    guards: Guards = Guards()
    """What stops a write-back before its first write."""


class Service(Section):
    """The daemon."""

    reconcile_schedule: str = "30 * * * *"
    """When it reconciles and writes back: a cron line in the company's time zone, or an interval such as `every 1h`."""
    jitter: Span | None = None
    """Each job begins up to so much later than its schedule says, always by the same time of its own: 5m."""
    backoff: Span = "1m"
    """After a connection failed it is tried again after so long, twice as long after each further failure, while the
    others go on."""
    backoff_limit: Span = "1h"
    """The longest pause after failures."""
    grace: Span = "25s"
    """How long SIGTERM waits for a safe point; then what runs is stopped where it is, and the next run goes on from there.
    Keep it below what your container platform allows."""
    stale_after: Span = "2d"
    """A stream that proved nothing for so long is stale, and somebody is told."""
    keep: Span = "90d"
    """How long runs, proofs, plans, rows of imported files and refused records that landed since are kept. What was written
    to a CRM, decisions and what was published stay for ever."""
    host: str = "127.0.0.1"
    """Address of `/healthz` and `/readyz`."""
    port: int = Field(default=8080, ge=0, le=65535)
    """Port of `/healthz` and `/readyz`; 0: any free one."""
    quarantine_alert_days: int = Field(default=3, ge=0)
    """`closedloop status` alerts, and `notify` tells, when a refused record waits longer than so many days."""
    lease_seconds: int = Field(default=60, ge=5)
    """After so many seconds without a sign of life another process may take over."""


Event = Literal["failure", "guard", "stale", "token", "quarantine", "reload", "recovery"]
_EVENTS: tuple[Event, ...] = get_args(Event)


class Webhook(Section):
    """An address that is told by POST, as JSON."""

    url: str = Field(pattern=r"^https?://")
    """Where to; it is often a secret: `${NAME}`, or `url_file`."""
    secret: str | None = None
    """Signs each body: `X-Closedloop-Signature: sha256=<HMAC of the body>`; also as `secret_file`."""
    on: list[Event] = list(_EVENTS)
    """What it is told; without this key, everything."""


class Email(Section):
    """A mailbox that is told, by SMTP."""

    to: list[str] = Field(min_length=1)
    """Who gets it."""
    sender: str
    """From whom it comes."""
    host: str
    """The mail server."""
    port: int = Field(default=587, ge=1, le=65535)
    """Its port."""
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` on port 587, `tls` on port 465; `none` for a server on this machine."""
    user: str | None = None
    """Who we are to the server."""
    password: str | None = None
    """The user's password; also as `password_file`."""
    on: list[Event] = list(_EVENTS)
    """What it is told; without this key, everything."""


class Notify(Section):
    """Who is told what nobody may miss: once when it begins, and once when it is over."""

    webhooks: list[Webhook] = []
    """Addresses that take JSON by POST."""
    email: Email | None = None
    """A mailbox."""
    token_days: int = Field(default=14, ge=1)
    """A login that ends within so many days is told."""


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
    scorecard: Scorecard = Scorecard()
    writeback: dict[ConnectionName, Writeback] = Field(default_factory=dict)
    """Which connections are written back to, and which figures go into which fields."""
    service: Service = Service()
    notify: Notify = Notify()
    engine: Literal["duckdb"] = "duckdb"
    """What runs the SQL."""
    home: Path = Path(".closedloop")
    """Folder of everything the program keeps, relative to the file."""
    database: str | None = None
    """SQLAlchemy URL of the operational database, also as `database_file`; without this key, a SQLite file in `home`."""
    models_dir: Path | None = None
    """Folder of your own SQL models, relative to the file; a model of the same name replaces ours."""

    @property
    def tokens(self) -> Path:
        """The folder where connectors keep their rotating tokens."""
        return self.home.absolute() / "tokens"
