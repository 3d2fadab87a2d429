"""`python -m target_hubspot`."""

from __future__ import annotations

from closedloop.kit.target import run
from target_hubspot.target import TargetHubspot


def main() -> None:
    """Run the target's command line."""
    run(TargetHubspot)


if __name__ == "__main__":
    main()
