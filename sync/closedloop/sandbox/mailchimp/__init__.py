"""A simulator of Mailchimp's Marketing API over the generated world."""

from closedloop.sandbox.mailchimp.options import Options
from closedloop.sandbox.mailchimp.simulator import Simulator, serve

__all__ = ["Options", "Simulator", "serve"]
