"""The org: what every resource works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.engine import ShiftedClock
    from closedloop.sandbox.odoo.faults import Faults
    from closedloop.sandbox.salesforce.database import Database
    from closedloop.sandbox.salesforce.derived import Derived
    from closedloop.sandbox.salesforce.oauth import Tokens
    from closedloop.sandbox.salesforce.options import Options
    from closedloop.sandbox.salesforce.pages import Pages
    from closedloop.sandbox.salesforce.rights import Rights
    from closedloop.sandbox.salesforce.select import Select


@dataclass(slots=True, kw_only=True, frozen=True)
class Org:
    """One org."""

    database: Database
    clock: ShiftedClock
    options: Options
    faults: Faults
    rights: Rights
    derived: Derived
    select: Select
    pages: Pages
    tokens: Tokens
