"""Solvers for chains."""
