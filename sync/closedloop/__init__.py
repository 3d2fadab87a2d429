"""closedloop: follow every attendee from the badge scan to the paid invoice, and write the answer into the CRM."""
