"""Reads Odoo: CRM, events and accounting."""
