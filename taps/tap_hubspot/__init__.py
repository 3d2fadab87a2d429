"""Reads companies, contacts, deals, events and campaigns from HubSpot."""
