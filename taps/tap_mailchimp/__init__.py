"""Reads audiences, members with their consent, segments, mailings and who clicked from Mailchimp."""
