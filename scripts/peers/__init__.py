"""Operators of the frameworks, each held against the framework's own Jacobian."""
