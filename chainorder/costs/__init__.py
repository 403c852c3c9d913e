"""What a step costs, uses and yields: exactly, by samples, and at least."""
