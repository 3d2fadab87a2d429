"""`python -m tap_mailchimp`."""

from __future__ import annotations

from tap_mailchimp.tap import TapMailchimp


def main() -> None:
    """Run the tap's command line."""
    TapMailchimp.cli()


if __name__ == "__main__":
    main()
