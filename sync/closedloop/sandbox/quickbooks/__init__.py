"""A simulator of QuickBooks Online's accounting API over the generated world: ``serve(world)``."""

from closedloop.sandbox.odoo.faults import Fault, Faults
from closedloop.sandbox.quickbooks.books import Oddities
from closedloop.sandbox.quickbooks.simulator import Simulator, serve

__all__ = ["Fault", "Faults", "Oddities", "Simulator", "serve"]
