"""What a campaign member's status means: the words are the admin's own, in each campaign and each type of campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

MEANINGS = ("invited", "registered", "attended", "no_show", "responded", "cancelled")
#: Stands for every type of campaign.
ANY = "*"
#: Words in common use, in small letters.
USUAL: Mapping[str, str] = {
    "planned": "invited",
    "sent": "invited",
    "invited": "invited",
    "waitlisted": "invited",
    "responded": "responded",
    "registered": "registered",
    "rsvp": "registered",
    "accepted": "registered",
    "attended": "attended",
    "attended on-demand": "attended",
    "visited booth": "attended",
    "scanned": "attended",
    "checked in": "attended",
    "no show": "no_show",
    "no-show": "no_show",
    "did not attend": "no_show",
    "declined": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}


class Statuses:
    """Knows what each status means.

    Args:
        own: Type of campaign, ``*`` for all, to status to meaning.
        where: What errors call this connection.

    Raises:
        ConfigError: A meaning does not exist.
    """

    def __init__(self, own: Mapping[str, Mapping[str, str]], *, where: str | None = None) -> None:
        wrong = sorted({m for words in own.values() for m in words.values()} - set(MEANINGS))
        if wrong:
            message = "member_statuses: no such status: " + ", ".join(wrong)
            raise ConfigError(message, where=where, fix="choose from: " + ", ".join(MEANINGS))
        given = {_plain(kind): {_plain(word): m for word, m in words.items()} for kind, words in own.items()}
        self._by_type = {kind: words for kind, words in given.items() if kind != ANY}
        self._any = {**USUAL, **given.get(ANY, {})}

    def meaning(self, status: str | None, *, kind: str | None, has_responded: bool | None) -> str:
        """Return what a member's status means.

        Args:
            status: As Salesforce has it.
            kind: The campaign's type.
            has_responded: Decides where nobody mapped the status.
        """
        return self.known(status, kind=kind) or ("responded" if has_responded else "invited")

    def known(self, status: str | None, *, kind: str | None = None) -> str | None:
        """Return what a status is mapped to; none where it is not."""
        word = _plain(status)
        return self._by_type.get(_plain(kind), {}).get(word) or self._any.get(word)

    def is_mapped(self, status: str) -> bool:
        """Return whether a status is mapped for any type of campaign."""
        return self.known(status) is not None or any(_plain(status) in w for w in self._by_type.values())


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).lower()
