"""Reads programs, their members, leads and activities from Adobe Marketo Engage."""
