"""Eliminating a graph: its line graph, moves, orders of vertices, and bounds."""
