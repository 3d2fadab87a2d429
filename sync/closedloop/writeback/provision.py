"""Makes the CRM's custom fields that the YAML maps, or says what an admin must make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from closedloop.writeback.mapping import mapped, objects
from closedloop.writeback.sender import Launch, Sender

if TYPE_CHECKING:
    from closedloop.settings import Settings

ProvisionState = Literal["created", "exists", "denied", "wrong_type"]


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
    """

    object: str
    field: str
    state: ProvisionState
    type: str
    label: str
    help: str
    reason: str | None = None


def provision(settings: Settings, connection: str, *, launch: Launch | None = None) -> list[Provisioned]:
    """Make every mapped field of one connection on every object it may be written to.

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
    answers = Sender.of(settings, connection, launch).provision(wishes)
    return [
        Provisioned(
            object=wish["stream"],
            field=wish["field"],
            state=answer["state"],
            type=wish["type"],
            label=wish["label"],
            help=wish["help"],
            reason=answer.get("reason"),
        )
        for wish, answer in zip(wishes, answers, strict=True)
    ]
