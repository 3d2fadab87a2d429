"""Record ids: three characters of the object, twelve of the record, three that survive a loss of case."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT, LONG, GROUP = 15, 18, 5
#: What stands between the prefix and the counter, as one instance of Salesforce has it.
_INSTANCE = "Sm000"


def make_id(prefix: str, number: int) -> str:
    """Return the 18 characters of the ``number``-th record of an object.

    Args:
        prefix: The object's three characters.
        number: Counts from 1.
    """
    digits = ""
    while number:
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return long_id(f"{prefix}{_INSTANCE}{digits:0>7}")


def long_id(text: str) -> str:
    """Return the 18 characters of an id given with 15; anything else comes back as it is."""
    if len(text) != SHORT or not text.isalnum():
        return text
    groups = (text[start : start + GROUP] for start in range(0, SHORT, GROUP))
    return text + "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(group) if "A" <= letter <= "Z")]
        for group in groups
    )


def is_id(text: object) -> bool:
    """Return whether a text is an id: 15 characters, or 18 whose last three are right."""
    if not isinstance(text, str) or not text.isascii() or not text.isalnum():
        return False
    return len(text) == SHORT or (len(text) == LONG and long_id(text[:SHORT]) == text)
