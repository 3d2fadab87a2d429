"""`python -m tap_xero`."""

from __future__ import annotations

from tap_xero.tap import TapXero


def main() -> None:
    """Run the tap's command line."""
    TapXero.cli()


if __name__ == "__main__":
    main()
