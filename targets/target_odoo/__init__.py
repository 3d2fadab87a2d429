"""Odoo as a Singer target: our own fields, updated by record id."""
