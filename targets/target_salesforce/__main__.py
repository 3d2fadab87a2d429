"""`python -m target_salesforce`."""

from __future__ import annotations

from closedloop.kit.target import run
from target_salesforce.target import TargetSalesforce


def main() -> None:
    """Run the target's command line."""
    run(TargetSalesforce)


if __name__ == "__main__":
    main()
