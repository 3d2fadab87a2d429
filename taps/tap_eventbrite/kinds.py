"""What kind of event it is: Eventbrite's formats in our words, and the admin's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Eventbrite's short names of its formats, in small letters; what is not here keeps its own name.
DEFAULT_KINDS: Mapping[str, str] = {
    "conference": "conference",
    "convention": "conference",
    "expo": "trade_show",
    "tradeshow": "trade_show",
    "seminar": "seminar",
    "gala": "dinner",
    "networking": "meeting",
}
#: Formats that are a webinar where the event has no place.
_ONLINE = frozenset({"", "seminar", "class"})


def kind_of(event: Mapping[str, Any], own: Mapping[str, str]) -> str | None:
    """Return the kind of an event.

    Args:
        event: As Eventbrite prints it, its format included.
        own: The admin's: id or format to kind.
    """
    given = event.get("format") or {}
    names = [str(given[name]).lower() for name in ("short_name", "name") if given.get(name)]
    by_name = {name.lower(): kind for name, kind in own.items()}
    for name in (str(event.get("id")), *names):
        if name in by_name:
            return by_name[name]
    if event.get("online_event") and (names or [""])[0] in _ONLINE:
        return "webinar"
    return next((DEFAULT_KINDS.get(name, name.replace(" ", "_")) for name in names), None)


def campaign_of(event: Mapping[str, Any], campaigns: Mapping[str, str]) -> str | None:
    """Return the CRM's campaign that the admin says an event is: by its id, its series or its name."""
    by_name = {plain(name): campaign for name, campaign in campaigns.items()}
    name = (event.get("name") or {}).get("text")
    for key in (event.get("id"), event.get("series_id"), name):
        if key and plain(str(key)) in by_name:
            return by_name[plain(str(key))]
    return None


def plain(name: str) -> str:
    """Return a name without outer blanks, in small letters."""
    return " ".join(name.lower().split())
