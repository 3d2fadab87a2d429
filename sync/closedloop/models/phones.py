"""Asks the numbering plans whether a telephone number can be dialled, which SQL cannot.

Only numbers that decide something are asked about (`phone_check`: attendees without an e-mail that can be delivered), and
each of them once: what was found is kept in the store. A number without a country code and without a country to read it
in cannot be judged; it counts as valid if it looks like one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.link.lists import COUNTRIES
from closedloop.models.forgotten import is_forgotten_phone

if TYPE_CHECKING:
    from closedloop.models.draft import Draft

_COUNTRY_CODE = 2
_NAMES = {name.upper(): code for code, names in COUNTRIES.items() for name in names}

_UNKNOWN = """
select checked.phone, checked.country
from marts.phone_check as checked
left join linkage.phone_known as known on known.phone = checked.phone and known.country = checked.country
where checked.is_valid and known.phone is null
"""
_APPLY = """
update marts.phone_check as checked set is_valid = false
from linkage.phone_known as known
where known.phone = checked.phone and known.country = checked.country and not known.is_valid
"""


def fill(draft: Draft) -> None:
    """Mend ``is_valid`` of ``marts.phone_check``."""
    draft.query("create schema if not exists linkage")
    draft.query(
        "create table if not exists linkage.phone_known (phone varchar, country varchar, is_valid boolean)"
    )
    unknown = draft.query(_UNKNOWN)
    if unknown:
        import pyarrow as pa

        found = pa.table(
            {
                "phone": [phone for phone, _ in unknown],
                "country": [country for _, country in unknown],
                "is_valid": [is_valid(phone, country) for phone, country in unknown],
            }
        )
        draft.store.connection.register("phones_found", found)
        draft.query("insert into linkage.phone_known select * from phones_found")
        draft.store.connection.unregister("phones_found")
    draft.query(_APPLY)


def is_valid(phone: str, country: str) -> bool:
    """Return whether a number is in use in its numbering plan.

    Args:
        phone: As it is written.
        country: Where it is dialled from: an ISO code or a name; empty if nobody knows.
    """
    import phonenumbers

    if is_forgotten_phone(phone):
        return True
    region = country if len(country) == _COUNTRY_CODE else _NAMES.get(country)
    if region not in phonenumbers.SUPPORTED_REGIONS:
        region = None
    if region is None and not phone.strip().startswith("+"):
        return True
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(phone, region))
    except phonenumbers.NumberParseException:
        return False
