"""Plans beside one another."""
