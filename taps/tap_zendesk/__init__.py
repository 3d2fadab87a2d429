"""Reads organisations, users, tickets and satisfaction from Zendesk."""
