"""Reports as one file for a browser, and as what a notebook shows."""
