"""`python -m tap_hubspot`."""

from __future__ import annotations


def main() -> None:
    """Run the tap's command line."""
    from tap_hubspot.tap import TapHubspot

    TapHubspot.cli()


if __name__ == "__main__":
    main()
