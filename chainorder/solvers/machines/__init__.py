"""Orders for several machines: ways to make every subchain, bounds, a heuristic and an exact search."""
