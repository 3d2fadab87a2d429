"""Reads QuickBooks Online: customers, sales documents, payments and what was spent on events."""
