"""Colours of marks: told apart in grey and by the colour-blind, for each has its own step of lightness."""

from __future__ import annotations

ACTIONS = {
    "multiply": "#23407a",
    "adjoint": "#b5477b",
    "accumulate": "#4f9d80",
    "tangent": "#eab13a",
    "reuse": "#dcdcdc",
}
"""Of operations, from dark to light."""

SWEEPS = {"forward": "tangent", "reverse": "adjoint", "preaccumulation": "accumulate", "best": "multiply"}
"""What the usual orders consist of; the best has the colour that is left. Others are `other`."""

COLOURS = {
    **ACTIONS,
    "elemental": "#a9bcd6",
    "shade": "#dfe6f0",
    "other": "#a9bcd6",
    "entry": "#23407a",
    "lane": "#eeeeee",
    "line": "#8a8a8a",
    "limit": "#b5477b",
    "text": "#1c1c1c",
    "strong": "#1c1c1c",
    "faint": "#666666",
}
"""By the kinds of marks."""

LIGHT = {"tangent", "reuse"}
"""What labels in it are written on in black, on dark pages, too."""

AT_NIGHT = {
    "multiply": "#5e8be0",
    "entry": "#7ea5f2",
    "elemental": "#44536b",
    "shade": "#2b3340",
    "other": "#52637e",
    "lane": "#262b33",
    "text": "#e8e8e8",
    "strong": "#e8e8e8",
    "faint": "#a8a8a8",
}
"""What is another on a dark page."""

DARK = {"multiply", "adjoint", "accumulate", "entry"}
"""What labels in it are written on in white."""
