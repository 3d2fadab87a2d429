"""A simulator of Eventbrite's API over the generated world."""

from closedloop.sandbox.eventbrite.options import Options
from closedloop.sandbox.eventbrite.simulator import Simulator, serve

__all__ = ["Options", "Simulator", "serve"]
