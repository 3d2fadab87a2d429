"""`python -m target_odoo`."""

from __future__ import annotations

from closedloop.kit.target import run
from target_odoo.target import TargetOdoo


def main() -> None:
    """Run the target's command line."""
    run(TargetOdoo)


if __name__ == "__main__":
    main()
