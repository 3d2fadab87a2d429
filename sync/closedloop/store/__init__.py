"""The analytical store and the operational database."""
