"""``python -m chainorder``."""

from chainorder.cli import main

main()
