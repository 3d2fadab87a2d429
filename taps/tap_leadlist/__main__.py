"""`python -m tap_leadlist`."""

from __future__ import annotations

from tap_leadlist.tap import TapLeadlist


def main() -> None:
    """Run the tap's command line."""
    TapLeadlist.cli()


if __name__ == "__main__":
    main()
