"""HubSpot as a Singer target: our own properties by record id, imported contacts, participants of events."""
