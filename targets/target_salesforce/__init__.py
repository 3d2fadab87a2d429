"""Salesforce as a Singer target: our own fields updated by record id, imported leads and members by external id."""
