"""What stands in the place of a forgotten person's name, address and number.

The figures count who had an address or number that could be used, so that what stands there tells whether one could.
"""

from __future__ import annotations

#: In the place of a name; `token` is random, and the same in all records of the person.
NAME = "Forgotten {token}"
FIRST_NAME = "Forgotten"
#: In the place of a host where nobody else has an address; RFC 2606 keeps `invalid` from ever being one.
HIDDEN_HOST = "forgotten.invalid"
#: No numbering plan has numbers that begin so: one of a forgotten person, which could be dialled.
_PREFIX = "0000"
#: One that could not.
_NO_NUMBER = "0"


def phone_of(token: str, *, is_valid: bool) -> str:
    """Return what stands in the place of a person's number."""
    return f"{_PREFIX}{int(token, 16) % 10**8:08d}" if is_valid else _NO_NUMBER


def is_forgotten_phone(phone: str) -> bool:
    """Return whether a number stands for one that could be dialled."""
    return phone.startswith(_PREFIX) and phone.isdigit()
