"""A simulator of Xero's accounting API over the generated world."""

from closedloop.sandbox.xero.options import Options
from closedloop.sandbox.xero.simulator import Simulator, serve

__all__ = ["Options", "Simulator", "serve"]
