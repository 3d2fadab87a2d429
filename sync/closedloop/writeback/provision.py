"""Makes the CRM's custom fields that the YAML maps, or says what an admin must make.

Those that figures are written into, and those that hold what the CRM has no field for: an event's budget and cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from closedloop.writeback.mapping import mapped, objects
from closedloop.writeback.sender import Launch, Sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.settings import Settings

ProvisionState = Literal["created", "exists", "denied", "wrong_type"]

#: The setting by which taps map an event's own fields: canonical column → vendor field.
_CAMPAIGN_FIELDS = "campaign_fields"
_KINDS = {"budget": "money", "actual_cost": "money", "expected_attendees": "count"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """One field.

    Args:
        object: The CRM's object.
        field: Its name.
        state: ``created``, ``exists``, ``denied`` (an admin must make it) or ``wrong_type``.
        type: What it holds: ``money``, ``count``, ``ratio``, ``date`` or ``text``.
        label: What a person sees beside it.
        help: The measure's definition.
        reason: Why it is not there, and what to do.
        is_written: Whether figures go into it; else it is only read, and any type will do.
    """

    object: str
    field: str
    state: ProvisionState
    type: str
    label: str
    help: str
    reason: str | None = None
    is_written: bool = True


def provision(settings: Settings, connection: str, *, launch: Launch | None = None) -> list[Provisioned]:
    """Make every mapped field of one connection on every object it may be written to, and an event's own fields.

    Raises:
        ConfigError: Nothing is mapped, or the credential is refused.
        UnreachableError: The CRM does not answer.
    """
    of = objects(settings, connection)
    wishes = [
        {
            "stream": name,
            "field": line.field,
            "type": line.measure.unit,
            "label": line.measure.label,
            "help": f"{line.measure.definition} (closedloop: {line.measure.name})",
        }
        for line in mapped(settings, connection)
        for name in of.get(line.entity, [])
    ]
    written = len(wishes)
    wishes += _read_fields(settings, connection, of.get("campaign", []))
    answers = Sender.of(settings, connection, launch).provision(wishes)
    return [
        _provisioned(wish, answer, is_written=n < written)
        for n, (wish, answer) in enumerate(zip(wishes, answers, strict=True))
    ]


def _read_fields(settings: Settings, connection: str, objects_: Sequence[str]) -> list[dict[str, str]]:
    """Return wishes for the custom fields that hold an event's budget, cost and so on, on the event itself."""
    own = settings.connections[connection].settings.get(_CAMPAIGN_FIELDS)
    return [
        {
            "stream": objects_[0],
            "field": field,
            "type": _KINDS.get(column, "text"),
            "label": column.replace("_", " ").capitalize(),
            "help": f"Read by closedloop as the event's {column.replace('_', ' ')}.",
        }
        for column, field in (own.items() if isinstance(own, dict) and objects_ else ())
        if _is_custom(field)
    ]


def _is_custom(field: object) -> bool:
    """Return whether a field's name is one that an admin may give: the vendors mark custom fields so."""
    return isinstance(field, str) and (field.startswith("x_") or field.endswith("__c"))


def _provisioned(wish: dict[str, str], answer: dict[str, Any], *, is_written: bool) -> Provisioned:
    state = answer["state"]
    if state == "wrong_type" and not is_written:
        state = "exists"
    return Provisioned(
        object=wish["stream"],
        field=wish["field"],
        state=state,
        type=wish["type"],
        label=wish["label"],
        help=wish["help"],
        reason=None if state == "exists" else answer.get("reason"),
        is_written=is_written,
    )
