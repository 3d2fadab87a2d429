"""How spreadsheets call what we look for, in the languages that such lists come in; the surest name first."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Field → headings, normalised as by `plain`.
HEADINGS: dict[str, tuple[str, ...]] = {
    "email": (
        "email", "e mail", "email address", "e mail address", "mail", "emailaddress", "e mail adresse", "mailadresse",
        "adresse e mail", "courriel", "correo electronico", "correo", "e post", "メール", "メールアドレス", "邮箱", "电子邮件",
    ),
    "first_name": (
        "first name", "firstname", "given name", "forename", "fname", "vorname", "prenom", "nombre", "voornaam", "名",
    ),
    "last_name": (
        "last name", "lastname", "surname", "family name", "lname", "nachname", "familienname", "nom de famille",
        "apellido", "apellidos", "achternaam", "姓",
    ),
    "name": (
        "name", "full name", "fullname", "display name", "name original name", "user name original name", "nom complet",
        "nombre completo", "nom", "vor und nachname", "名前", "氏名", "姓名",
    ),
    "company": (
        "company", "company name", "organization", "organisation", "organization name", "organisation name", "employer",
        "account", "account name", "business", "firma", "unternehmen", "firmenname", "societe", "entreprise", "empresa",
        "compania", "bedrijf", "会社", "会社名", "公司",
    ),
    "phone": (
        "phone", "phone number", "telephone", "tel", "telephone number", "business phone", "work phone", "telefon",
        "telefonnummer", "telefono", "电话", "電話", "電話番号",
    ),
    "mobile": ("mobile", "mobile phone", "mobile number", "cell", "cell phone", "handy", "mobil", "portable", "movil"),
    "title": ("job title", "title", "position", "role", "function", "funktion", "fonction", "cargo", "役職", "职位"),
    "status": (
        "status", "attendance status", "attendance", "attended", "attendee status", "registration status", "checked in",
        "check in", "checked in status", "showed up", "participated", "teilgenommen", "anwesend", "present", "asistio",
        "出席",
    ),
    "minutes": (
        "minutes", "minutes attended", "time in session minutes", "time in session", "duration minutes", "duration",
        "total duration minutes", "attendance duration", "attendance minutes", "viewing time", "dauer", "duree", "duracion",
    ),
    "checked_in": (
        "check in time", "checked in at", "checkin time", "check in date", "check in date time", "attended at", "join time",
        "first join",
    ),
    "occurred_at": (
        "timestamp", "scan time", "scanned at", "scan date", "scan date time", "date time", "datetime", "capture time",
        "captured at", "date scanned", "time scanned", "scan timestamp", "zeitstempel", "scanzeit", "horodatage",
    ),
    "date": ("date", "datum", "fecha", "event date", "day", "日付", "日期"),
    "time": ("time", "uhrzeit", "heure", "hora"),
    "event": (
        "event", "event name", "campaign", "campaign name", "show", "show name", "event title", "webinar", "webinar name",
        "veranstaltung", "evenement", "evento",
    ),
    "id": (
        "badge id", "badge", "badge number", "attendee id", "registrant id", "registration id", "lead id", "scan id",
        "barcode",
    ),
}  # fmt: skip
#: Words before a heading that say whose it is.
_WHOSE = (
    "attendee", "contact", "registrant", "participant", "visitor", "delegate", "lead", "guest", "person", "work", "business",
    "your", "primary", "corporate", "teilnehmer",
)  # fmt: skip
_LATER = 100
_SIGNS = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a heading without capitals, accents and signs, one blank between words."""
    if text.isascii():
        return " ".join(_SIGNS.sub(" ", text.lower()).split())
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_SIGNS.sub(" ", unicodedata.normalize("NFC", bare)).split())


_PLACES = {
    plain(word): (field, place) for field, names in HEADINGS.items() for place, word in enumerate(names)
}


@lru_cache(maxsize=4096)
def meaning(text: str) -> tuple[str, int] | None:
    """Return the field that a heading names and how surely: 0 is surest; none where it names none."""
    words = plain(text)
    if words in _PLACES:
        return _PLACES[words]
    first, _, rest = words.partition(" ")
    if first in _WHOSE and rest in _PLACES:
        field, place = _PLACES[rest]
        return field, place + _LATER
    return None
