"""What the status of a program member means: its words are the admin's own, channel by channel.

The admin's mapping decides, then names that Marketo itself proposes, then the place of the status in its channel: what
counts as success in a channel of events is attendance, elsewhere a response; and who stands above the step that means
registered is registered at least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEANINGS = ("invited", "registered", "attended", "no_show", "responded", "cancelled")
#: Stands for every channel.
ANY = "*"
#: Names in common use, in small letters.
USUAL: Mapping[str, str] = {
    "attended": "attended",
    "attended on-demand": "attended",
    "attended on demand": "attended",
    "visited booth": "attended",
    "checked in": "attended",
    "scanned": "attended",
    "registered": "registered",
    "registering": "registered",
    "rsvp": "registered",
    "accepted": "registered",
    "no show": "no_show",
    "no-show": "no_show",
    "did not attend": "no_show",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "declined": "cancelled",
    "registration error": "invited",
    "pending approval": "invited",
    "rejected": "cancelled",
    "waitlisted": "invited",
    "invited": "invited",
    "sent": "invited",
    "on list": "invited",
    "member": "invited",
    "bounced": "invited",
    "unsubscribed": "invited",
    "filled-out form": "responded",
    "responded": "responded",
    "clicked": "responded",
    "engaged": "responded",
    "converted": "responded",
    "influenced": "responded",
}
#: Kinds of programs whose success is that somebody came, in small letters.
_EVENTS = ("event", "webinar")


class Statuses:
    """Knows what each status means.

    Args:
        own: Channel, ``*`` for all, to status to meaning.
        where: What errors call this connection.

    Raises:
        ConfigError: A meaning does not exist.
    """

    def __init__(self, own: Mapping[str, Mapping[str, str]], *, where: str | None = None) -> None:
        wrong = sorted({meaning for words in own.values() for meaning in words.values()} - set(MEANINGS))
        if wrong:
            message = "statuses: no such status: " + ", ".join(wrong)
            raise ConfigError(message, where=where, fix="choose from: " + ", ".join(MEANINGS))
        self._own = {
            _plain(kind): {_plain(word): m for word, m in words.items()} for kind, words in own.items()
        }

    def of_channel(self, channel: Mapping[str, Any]) -> dict[str, str]:
        """Return the meaning of each status of a channel, by its name."""
        name, steps = channel.get("name"), _steps(channel)
        is_event = any(word in _plain(channel.get("applicableProgramType")) for word in _EVENTS)
        registered = min(
            (
                step.get("step") or 0
                for step in steps
                if self.known(step.get("name"), channel=name) == "registered"
            ),
            default=None,
        )
        return {
            str(step.get("name")): self.known(step.get("name"), channel=name)
            or _by_place(step, is_event=is_event, registered=registered)
            for step in steps
        }

    def known(self, status: Any, *, channel: Any = None) -> str | None:
        """Return what a status is mapped to, or usually means; none where nobody knows."""
        word = _plain(status)
        for kind in (_plain(channel), ANY):
            if found := self._own.get(kind, {}).get(word):
                return found
        return USUAL.get(word)

    def meaning(self, status: Any, *, channel: Any, has_success: bool | None) -> str:
        """Return what a status means that its channel may not have any more."""
        return self.known(status, channel=channel) or ("responded" if has_success else "invited")


def _by_place(step: Mapping[str, Any], *, is_event: bool, registered: int | None) -> str:
    if step.get("success") is True:
        return "attended" if is_event else "responded"
    if registered is not None and (step.get("step") or 0) >= registered:
        return "registered"
    return "invited"


def _steps(channel: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [step for step in channel.get("progressionStatuses") or () if isinstance(step, dict)]


def _plain(value: Any) -> str:
    return " ".join(str(value or "").split()).lower()
