"""`python -m tap_odoo`."""

from __future__ import annotations

from tap_odoo.tap import TapOdoo


def main() -> None:
    """Run the tap's command line."""
    TapOdoo.cli()


if __name__ == "__main__":
    main()
