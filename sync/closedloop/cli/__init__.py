"""The command line: thin verbs over the other parts. It is imported by nothing; heavy imports wait for the verb."""
