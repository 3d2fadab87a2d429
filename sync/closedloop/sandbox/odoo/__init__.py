"""A simulator of Odoo's external API over the generated world: ``serve(world)``."""

from closedloop.sandbox.odoo.faults import Fault, Faults
from closedloop.sandbox.odoo.simulator import EVENT_MODELS, Simulator, serve

__all__ = ["EVENT_MODELS", "Fault", "Faults", "Simulator", "serve"]
