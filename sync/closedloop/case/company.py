"""Whose money and days a case is in: what the configuration says, else what the data say, else dollars and UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.case.cell import CURRENCY
from closedloop.config.load import figures
from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from closedloop.case.sheet import Sheet
    from closedloop.settings import Settings

_DEFAULT = "USD"
_ZONE = "UTC"
#: Where the data may say the home currency, best first. The declared table of rates leads into the company's own.
_SAYS = (
    (("company", "currency"),),
    (("rate", "home_currency"),),
    (("document", "home_currency"), ("cost_line", "home_currency")),
    (("document", "currency"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the figures rest on.

    Args:
        settings: The configuration, with its gaps filled and without connections.
        said: Where the home currency and the zone come from, in words.
    """

    settings: Settings
    said: str


def ground(sheets: Mapping[str, Sheet], config: Path | None) -> Ground:
    """Return the settings of a case.

    Args:
        sheets: The case.
        config: A configuration file; its connections are not looked at. None: the defaults.

    Raises:
        ConfigError: The file has problems, or it is silent and the data name several home currencies.
    """
    currencies, why = _home(sheets)
    currency = currencies[0] if len(currencies) == 1 else _DEFAULT
    settings, stated = figures(config, {"currency": currency, "time_zone": _ZONE})
    if "currency" not in stated and len(currencies) > 1:
        msg = f"the home currency is not clear: {why} has {', '.join(currencies)}"
        raise ConfigError(
            msg, where="company.currency", fix="write it into company.csv, or into a file for --config"
        )
    company = settings.company
    said = (
        f"home currency {company.currency} ({'configured' if 'currency' in stated else why}),"
        f" time zone {company.time_zone} ({'configured' if 'time_zone' in stated else 'default'})"
    )
    return Ground(settings=settings, said=said)


def _home(sheets: Mapping[str, Sheet]) -> tuple[list[str], str]:
    """Return what the first that says anything says, and its name."""
    for places in _SAYS:
        found = {
            cell.strip()
            for entity, column in places
            if entity in sheets
            for cell in sheets[entity].column(column)
            if cell and CURRENCY.fullmatch(cell.strip())  # another one is told with its line, when it is read
        }
        # Documents in several currencies say nothing of the home; several homes do.
        if found and (len(found) == 1 or places[0][1] != "currency" or places[0][0] == "company"):
            return sorted(found), f"{places[0][0]}.csv"
    return [], "default"
