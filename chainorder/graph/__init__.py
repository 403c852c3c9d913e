"""Computational graphs: the branching case of the chain."""
