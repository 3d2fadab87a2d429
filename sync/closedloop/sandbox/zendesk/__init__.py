"""A simulated Zendesk over a generated world: its people write to the support desk."""

from closedloop.sandbox.zendesk.options import Options
from closedloop.sandbox.zendesk.simulator import Simulator, serve

__all__ = ["Options", "Simulator", "serve"]
