"""Where Jacobians of captured functions may be nonzero: rules for operations, by their families."""

from chainorder.torch.patterns.reading import Guard, footprint

__all__ = ["Guard", "footprint"]
