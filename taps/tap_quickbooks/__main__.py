"""`python -m tap_quickbooks`."""

from __future__ import annotations

from tap_quickbooks.tap import TapQuickBooks


def main() -> None:
    """Run the tap's command line."""
    TapQuickBooks.cli()


if __name__ == "__main__":
    main()
