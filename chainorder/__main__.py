"""The command: ``chainorder`` and ``python -m chainorder``."""

import gc

gc.set_threshold(50_000)  # what is imported stays: looking for cycles in it takes a tenth of the start

from chainorder.system.signals import exit_on_signals  # noqa: E402

exit_on_signals()  # while the rest is imported; `main` can do more

from chainorder.cli import main  # noqa: E402

__all__ = ["main"]

if __name__ == "__main__":
    main()
