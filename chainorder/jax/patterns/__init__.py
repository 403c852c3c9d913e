"""Sparsity of whole programs: footprints run through the equations of a derivative.

A rule says what the results of an equation of one kind depend on. It is a line of `RULES` in the file of its
family; what has none counts as depending on everything.
"""

from chainorder.jax.patterns.reading import footprint

__all__ = ["footprint"]
