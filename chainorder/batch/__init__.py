"""Many problems at once: tables of chains, files of specs."""
