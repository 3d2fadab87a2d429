"""`python -m tap_eventbrite`."""

from __future__ import annotations

from tap_eventbrite.tap import TapEventbrite


def main() -> None:
    """Run the tap's command line."""
    TapEventbrite.cli()


if __name__ == "__main__":
    main()
