"""A simulator of a Salesforce org over the generated world: REST, Bulk API 2.0, composite collections, Tooling."""

from closedloop.sandbox.salesforce.options import Options
from closedloop.sandbox.salesforce.simulator import Simulator, serve

__all__ = ["Options", "Simulator", "serve"]
