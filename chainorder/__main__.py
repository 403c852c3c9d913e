"""The command: ``chainorder`` and ``python -m chainorder``."""

from chainorder.system.signals import exit_on_signals

exit_on_signals()  # while the rest is imported; `main` can do more

from chainorder.cli import main  # noqa: E402

__all__ = ["main"]

if __name__ == "__main__":
    main()
