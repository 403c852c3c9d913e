"""What this package asks of the machine: files, locks, processes, signals, what is installed."""
