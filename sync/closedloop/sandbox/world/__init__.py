"""The generated world: seeded, scalable, every truth known.

``generate(seed, scale)`` makes it; ``entities`` says what it holds. Plain Python and the standard library only, the
same output on every machine.
"""

from closedloop.sandbox.world.entities import (
    Account,
    Activity,
    Allocation,
    CostLine,
    Currency,
    Customer,
    Document,
    Event,
    Line,
    Links,
    Opportunity,
    OpportunityChange,
    Owner,
    Payment,
    Person,
    Rate,
    Registration,
    Stage,
    World,
)
from closedloop.sandbox.world.generate import generate

__all__ = [
    "Account",
    "Activity",
    "Allocation",
    "CostLine",
    "Currency",
    "Customer",
    "Document",
    "Event",
    "Line",
    "Links",
    "Opportunity",
    "OpportunityChange",
    "Owner",
    "Payment",
    "Person",
    "Rate",
    "Registration",
    "Stage",
    "World",
    "generate",
]
