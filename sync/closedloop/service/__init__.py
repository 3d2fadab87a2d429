"""The daemon, and what it shares with the one-off verbs: session, lease, cycle."""
