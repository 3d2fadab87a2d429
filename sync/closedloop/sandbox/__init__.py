"""Vendor simulators and the generated world with known truth. Used by the cli and the tests only."""
