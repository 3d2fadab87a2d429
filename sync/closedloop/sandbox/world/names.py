"""Invented names, places and numbers, all built from short lists so that any scale finds enough of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STARTS = _words(
    "Al Ber Cal Dor El Far Gal Hal Ister Jor Kel Lor Mar Nor Or Pel Quil Ros Sar Tel Ul Vel Wes Yar Zel Bran Cor "
    "Dun Fen Gren Hol Kir Lum Mon Nev Os Pri Rav Sten Tor"
)
ENDS = _words(
    "adine amar ando aris atha eborn ecroft edale efield elin eron eva ford gate ham ian iden igo ima ingford ion "
    "isco ith land leigh mere mont nach nova ona oria ova pine quist ridge shaw stead tane thorpe ura vale wick"
)
SECTORS = _words(
    "Robotics Optics Logistics Foods Marine Health Analytics Energy Textiles Paper Software Bearings Ceramics "
    "Packaging Instruments Security Aviation Chemicals Tools Lighting Materials Networks Pumps Printing"
)
FIRST_NAMES = _words(
    "Ada Amir Anna Bea Boris Carla Chen Dana David Elena Emil Farah Felix Gita Greta Hana Hugo Ines Ivan Jana "
    "Jonas Kaori Karl Lena Liam Maja Marco Mina Nadia Nils Olga Omar Paula Pedro Priya Quinn Rana Rolf Sara "
    "Samuel Tara Theo Ulrike Vera Viktor Wanda Xenia Yuki Yusuf Zora Jürgen Zoë"
)
LAST_NAMES = _words(
    "Abbot Alvarez Bauer Becker Bishop Brandt Castillo Cole Dahl Dietrich Doyle Eriksen Falk Fischer Fontaine "
    "Garner Gruber Haas Hart Hofmann Holt Ito Jansen Kato Keller Kimura Krause Lang Larsen Lindner Marsh Meyer "
    "Mori Nakamura Neumann Novak Olsen Okafor Patel Pfeiffer Quist Reuter Rossi Sato Schäfer Schulte Silva Stark "
    "Suzuki Tanaka Thorne Ulrich Vance Vogel Wagner Weber Yamada Young Zeller Zimmer Müller"
)
JOBS = ("info", "sales", "office")
FREE_MAIL = ("gmail.com", "outlook.com", "web.de")


@dataclass(slots=True, kw_only=True, frozen=True)
class Place:
    """A city with what an address and a phone number there look like."""

    city: str
    country: str
    postal: str
    phone: str


PLACES = {
    "US": (
        Place(city="Chicago", country="US", postal="606##", phone="+1 312 555 ####"),
        Place(city="Denver", country="US", postal="802##", phone="+1 303 555 ####"),
        Place(city="Austin", country="US", postal="787##", phone="+1 512 555 ####"),
        Place(city="Seattle", country="US", postal="981##", phone="+1 206 555 ####"),
    ),
    "DE": (
        Place(city="Berlin", country="DE", postal="10###", phone="+49 30 2312####"),
        Place(city="München", country="DE", postal="80###", phone="+49 89 9901####"),
    ),
    "JP": (
        Place(city="Tokyo", country="JP", postal="1##-00##", phone="+81 3 5550 ####"),
        Place(city="Osaka", country="JP", postal="53#-00##", phone="+81 6 5550 ####"),
    ),
}
SUFFIXES = {"US": ("Inc.", "LLC", "Corp."), "DE": ("GmbH", "AG"), "JP": ("K.K.", "Co., Ltd.")}
STREETS = {"US": "Mill Road", "DE": "Lindenstraße", "JP": "Sakura-dori"}
CURRENCIES = {"US": "USD", "DE": "EUR", "JP": "JPY"}
TOP_LEVELS = {"US": "com", "DE": "de", "JP": "co.jp"}


def digits(rng: Random, pattern: str) -> str:
    """Return ``pattern`` with every ``#`` replaced by a digit."""
    return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in pattern)


def tax_id(rng: Random, country: str) -> str:
    """Return a tax number that passes its country's own check (US EIN, German VAT, Japanese corporate number)."""
    if country == "DE":
        return _german(rng)
    if country == "JP":
        return _japanese(rng)
    return f"{rng.choice(('12', '36', '47', '54', '61', '84', '95'))}-{digits(rng, '#######')}"


def _german(rng: Random) -> str:
    """ISO 7064 mod 11, 10 over eight digits."""
    body = str(rng.randrange(1, 10)) + digits(rng, "#######")
    check = 10
    for sign in body:
        check = (((int(sign) + check) % 10 or 10) * 2) % 11
    return f"DE{body}{(11 - check) % 10}"


def _japanese(rng: Random) -> str:
    """The first of thirteen digits is nine less the weighted sum modulo nine."""
    body = digits(rng, "############")
    total = sum(int(sign) * (1 if place % 2 == 0 else 2) for place, sign in enumerate(reversed(body)))
    return f"{9 - total % 9}{body}"


def ascii_word(text: str) -> str:
    """Return ``text`` as it would stand in an address: lower case, plain letters, nothing else."""
    for sign, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ë", "e")):
        text = text.replace(sign, plain)
    return "".join(sign for sign in text.lower() if sign.isascii() and sign.isalnum())
