"""Folders of the user."""

from __future__ import annotations

from pathlib import Path


def cache_folder() -> Path:
    """Where what was measured is kept; it need not be there."""
    from platformdirs import user_cache_path  # start-up does without

    return user_cache_path("chainorder", appauthor=False)
