"""What a cell means: people's names, statuses, minutes, telephone numbers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from tap_leadlist.refusal import RefusedRowError
from tap_leadlist.words import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES = ("attended", "responded", "registered", "no_show", "invited", "cancelled")
#: Words of a status column, as `plain` leaves them.
_WORDS: Mapping[str, str] = {
    word: status
    for status, words in {
        "attended": (
            "attended", "yes", "y", "true", "1", "x", "✓", "checked in", "attending", "present", "scanned", "visited",
            "visited booth", "showed", "joined", "watched", "ja", "oui", "si", "teilgenommen", "anwesend", "participated", "はい",
        ),
        "no_show": (
            "no show", "noshow", "no", "n", "false", "0", "absent", "missed", "did not attend", "not attended", "nein", "non",
            "not checked in", "abwesend", "nicht teilgenommen",
        ),
        "registered": ("registered", "registrant", "confirmed", "accepted", "approved", "angemeldet", "inscrit", "going"),
        "responded": ("responded", "interested", "clicked"),
        "invited": ("invited", "sent", "eingeladen"),
        "cancelled": ("cancelled", "canceled", "declined", "storniert", "abgesagt", "annule", "rejected"),
    }.items()
    for word in words
}  # fmt: skip
_TITLES = re.compile(r"^(?:(?:mr|mrs|ms|miss|dr|prof|herr|frau|mme|sr|sra)\.?\s+)+(?=\S)", re.IGNORECASE)
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "vom",
        "zu",
        "de",
        "der",
        "den",
        "del",
        "della",
        "di",
        "da",
        "dos",
        "du",
        "la",
        "le",
        "ter",
        "ten",
        "bin",
        "al",
    ]
)
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{2})")
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:m|min|mins|minutes?|minuten)?\.?", re.IGNORECASE)
_HOURS = re.compile(
    r"(?:(\d+)\s*(?:h|hr|hrs|hours?|std)\.?)?\s*(?:(\d+)\s*(?:m|min|mins|minutes?)\.?)?\s*(?:(\d+)\s*(?:s|sec|secs|seconds?)\.?)?",
    re.IGNORECASE,
)
_NONE = frozenset({"", "-", "--", "n/a", "na", "none", "null"})


def status(text: str, own: Mapping[str, str]) -> str | None:
    """Return the status that a cell says; none for an empty one.

    Args:
        text: The cell.
        own: The admin's words, in small letters.

    Raises:
        RefusedRowError: It says what nobody has explained.
    """
    words = " ".join(text.split()).casefold()
    found = own.get(words) or _WORDS.get(plain(text)) or _WORDS.get(words)
    if found or words in _NONE:
        return found
    raise RefusedRowError("the status is none that is known: say in `statuses` what it means")


@lru_cache(maxsize=4096)
def minutes(text: str) -> float | None:
    """Return how many minutes a cell tells, ``65``, ``65 min``, ``1:05:00`` or ``1 h 5 m``; none for an empty one.

    Raises:
        RefusedRowError: It is no duration.
    """
    words = text.strip()
    if words.casefold() in _NONE:
        return None
    if found := _CLOCK.fullmatch(words):
        return int(found[1] or 0) * 60 + int(found[2]) + int(found[3]) / 60
    if found := _AMOUNT.fullmatch(words):
        return float(found[1].replace(",", "."))
    if (found := _HOURS.fullmatch(words)) and any(found.groups()):
        return int(found[1] or 0) * 60 + int(found[2] or 0) + int(found[3] or 0) / 60
    raise RefusedRowError("the minutes cannot be read")


def names(whole: str) -> tuple[str, str]:
    """Return first and last name from one cell: ``Ada Lovelace``, ``Lovelace, Ada``, ``Ludwig van Beethoven``."""
    if whole.startswith("="):  # a formula is text, and no name
        return "", whole
    text = _TITLES.sub("", " ".join(whole.split()))
    last, comma, first = text.partition(",")
    if comma and first.strip():
        return _TITLES.sub("", first.strip()), last.strip()
    words = text.strip(",").split(" ")
    if len(words) == 1:
        return "", words[0]
    begin = len(words) - 1
    while begin > 1 and words[begin - 1].casefold() in _PARTICLES:
        begin -= 1
    return " ".join(words[:begin]), " ".join(words[begin:])


def address(text: str) -> str:
    """Return the e-mail address in a cell, also in ``Ada Lovelace <ada@example.com>`` and ``mailto:ada@example.com``."""
    words = text.strip()
    if words.endswith(">") and "<" in words:
        words = words[words.rindex("<") + 1 : -1]
    return words[len("mailto:") :] if words.lower().startswith("mailto:") else words


@lru_cache(maxsize=8192)
def phone(text: str, country: str | None) -> str:
    """Return a telephone number with its country's code where ``country`` tells it; else as it stands."""
    words = text.strip()
    if not country or not words or words.startswith("+"):
        return words
    import phonenumbers

    try:
        found = phonenumbers.parse(words, country)
    except phonenumbers.NumberParseException:
        return words
    if not phonenumbers.is_possible_number(found):
        return words
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))
