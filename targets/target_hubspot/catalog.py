"""Which objects are written to, where HubSpot keeps them, and which scopes that takes.

Marketing events and campaigns are no CRM objects: they have an API of their own, while their properties are made through
the common one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_hubspot.paths import Paths

#: What a record is sent as: a CRM object, a campaign, or a marketing event.
Shape = Literal["crm", "campaign", "event"]
#: Who took part in an event; not updated by id but recorded, one state at a time.
PARTICIPATIONS = "participations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One object.

    Args:
        name: As HubSpot's paths name it.
        type_id: As the properties API names it where the name will not do.
        shape: How its records are sent.
        batch: Most records of one call.
        scope: What scopes on its records begin with.
        schema_scope: What making a property takes.
    """

    name: str
    type_id: str
    shape: Shape
    batch: int
    scope: str
    schema_scope: str

    @property
    def read_scope(self) -> str:
        """The scope that reading records takes."""
        return self.scope if self.scope == "tickets" else f"{self.scope}.read"

    @property
    def write_scope(self) -> str:
        """The scope that writing records takes."""
        return self.scope if self.scope == "tickets" else f"{self.scope}.write"

    def path(self, paths: Paths) -> str:
        """Return the address of its records."""
        if self.shape == "event" and paths.is_legacy:
            return "/marketing/v3/marketing-events"
        return self.listing(paths)

    def listing(self, paths: Paths) -> str:
        """Return the address that lists its records: old marketing events are listed elsewhere than the rest."""
        if self.shape == "event":
            return paths.marketing_events
        return paths.campaigns if self.shape == "campaign" else paths.objects(self.name)

    def properties(self, paths: Paths) -> str:
        """Return the address of its properties."""
        return paths.properties(self.type_id)


def _crm(name: str, *, scope: str | None = None, schema: str | None = None) -> Written:
    return Written(
        name=name,
        type_id=name,
        shape="crm",
        batch=100,
        scope=scope or f"crm.objects.{name}",
        schema_scope=schema or f"crm.schemas.{name}.write",
    )


#: A batch of campaigns holds fifty at most, of CRM objects a hundred. Which scope makes properties of marketing events
#: and campaigns, HubSpot does not say: one of the schema scopes must do.
OBJECTS: Mapping[str, Written] = {
    one.name: one
    for one in (
        _crm("companies"),
        _crm("contacts"),
        _crm("deals"),
        _crm("leads", schema="crm.schemas.custom.write"),
        _crm("tickets", scope="tickets", schema="tickets"),
        Written(
            name="marketing_events",
            type_id="0-54",
            shape="event",
            batch=100,
            scope="crm.objects.marketing_events",
            schema_scope="crm.schemas.custom.write",
        ),
        Written(
            name="campaigns",
            type_id="0-35",
            shape="campaign",
            batch=50,
            scope="marketing.campaigns",
            schema_scope="crm.schemas.custom.write",
        ),
    )
}
#: Objects whose records may be created: by a unique property, and never otherwise.
IMPORTED = ("contacts",)
#: HubSpot's own properties that an imported contact may bring along.
IMPORTED_PROPERTIES = frozenset(
    {
        "email",
        "firstname",
        "lastname",
        "company",
        "phone",
        "mobilephone",
        "jobtitle",
        "website",
        "address",
        "city",
        "state",
        "zip",
        "country",
    }
)
