"""Badge-scan and webinar files: whoever stands in a list of attendees, from any spreadsheet."""
