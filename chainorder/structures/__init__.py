"""What a Jacobian looks like: its pattern, and what products of patterns cost and yield."""
