"""`python -m tap_marketo`."""

from __future__ import annotations

from tap_marketo.tap import TapMarketo


def main() -> None:
    """Run the tap's command line."""
    TapMarketo.cli()


if __name__ == "__main__":
    main()
