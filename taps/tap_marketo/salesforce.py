"""Ids of Salesforce records, as Marketo keeps them of the records it synchronises."""

from __future__ import annotations

import re
from typing import Any

_SHORT, _LONG = re.compile(r"[A-Za-z0-9]{15}"), re.compile(r"[A-Za-z0-9]{18}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def full_id(value: Any) -> str | None:
    """Return an id in its form of 18 letters; none if it is no id.

    The last three say which of the first fifteen are capitals: five bits for each group of five, the first letter lowest.
    """
    text = str(value or "").strip()
    if _LONG.fullmatch(text):
        return text
    if not _SHORT.fullmatch(text):
        return None
    groups = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(
        _LETTERS[sum(letter.isupper() << at for at, letter in enumerate(one))] for one in groups
    )
