"""Singer tap for Salesforce: campaigns, people, deals, activities and what was deleted or merged."""
