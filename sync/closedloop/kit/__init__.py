"""What connectors may import: nothing here needs more than the small install."""
