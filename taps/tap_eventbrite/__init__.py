"""Reads events, ticket classes, orders and attendees from Eventbrite."""
