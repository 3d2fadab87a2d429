"""The world's CRM as an org's rows."""

from closedloop.sandbox.salesforce.mapping.fill import fill

__all__ = ["fill"]
