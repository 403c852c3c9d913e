"""What ``scripts/fuzz.py`` is made of.

`kinds` draws cases and says what holds of them; `commands` and `agreement` hold them against it; `child` runs
rounds of cases in a process of its own, which `parent` watches.
"""
