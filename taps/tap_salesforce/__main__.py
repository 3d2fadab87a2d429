"""`python -m tap_salesforce`."""

from __future__ import annotations

from tap_salesforce.tap import TapSalesforce


def main() -> None:
    """Run the tap's command line."""
    TapSalesforce.cli()


if __name__ == "__main__":
    main()
