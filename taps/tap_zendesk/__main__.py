"""`python -m tap_zendesk`."""

from __future__ import annotations

from tap_zendesk.tap import TapZendesk


def main() -> None:
    """Run the tap's command line."""
    TapZendesk.cli()


if __name__ == "__main__":
    main()
