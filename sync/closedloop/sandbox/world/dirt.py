"""Careless typing: what people do to names and addresses when they enter them a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.world.draw import chance

if TYPE_CHECKING:
    from random import Random

LEGAL = {
    "Inc.": ("Inc", "Incorporated", ""),
    "LLC": ("L.L.C.", "llc", ""),
    "Corp.": ("Corporation", "Corp", ""),
    "GmbH": ("gmbh", "G.m.b.H.", ""),
    "AG": ("ag", ""),
    "K.K.": ("KK", ""),
    "Co., Ltd.": ("Co Ltd", "Company Limited"),
}


def typo(rng: Random, text: str) -> str:
    """Return ``text`` with two neighbouring letters swapped, one dropped or one doubled; never the same text."""
    for _ in range(20):
        place = rng.randrange(1, max(2, len(text) - 1))
        spoilt = rng.choice(
            (
                text[:place] + text[place + 1 :],
                text[:place] + text[place] + text[place:],
                text[: place - 1] + text[place : place + 1] + text[place - 1 : place] + text[place + 1 :],
            )
        )
        if spoilt != text:
            return spoilt
    return text + text[-1]


def company_name(rng: Random, base: str, suffix: str) -> str:
    """Return another way to write the name of a company: its legal form varied, its case, or a letter wrong."""
    variant = f"{base} {rng.choice(LEGAL[suffix])}".strip()
    if chance(rng, 12):
        return variant.upper()
    if chance(rng, 8):
        return f"{typo(rng, base)} {suffix}"
    return variant


def email_as_typed(rng: Random, email: str) -> str:
    """Return an e-mail with the capitals and blanks that a form lets through; still the same mailbox."""
    if chance(rng, 12):
        return email.capitalize()
    return f" {email} " if chance(rng, 6) else email


def email_typo(rng: Random, email: str) -> str:
    """Return an e-mail whose local part is mistyped: another mailbox, at the same domain."""
    local, domain = email.split("@")
    return f"{typo(rng, local)}@{domain}"
