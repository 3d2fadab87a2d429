"""Identity: which records are the same person or company, each link with its evidence."""
