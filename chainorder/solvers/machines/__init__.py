"""Orders for several machines: alternatives for every subchain, bounds, a heuristic and an exact search."""
