"""A simulator of Adobe Marketo Engage over the generated world."""

from closedloop.sandbox.marketo.options import Options
from closedloop.sandbox.marketo.simulator import Simulator, serve

__all__ = ["Options", "Simulator", "serve"]
