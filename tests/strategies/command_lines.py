"""Command lines of every command, with its own options and values of all sorts.

The options are those that the commands declare, so that a new one is tried as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import click
from hypothesis import strategies as st

from chainorder.cli import cli

# fmt: off
WORDS = (
    "", "x", "-", "--", "-1", "0", "1", "2", "3", "1.5", "1e3", "1e-9", "1e999", "nan", "inf", "-inf",
    "1_000", "0x10", "9" * 30, "9" * 5000, "²", "1,2", "1,2,3", "2,2,x", "1:5", "5:1", ":", "1:", "1:2:3",
    "-1:4", "1:" + "9" * 23, "2k", "1GiB", "100k", "é", "\udcff", "a\nb", "auto", "dynamic", "dynamik",
    "exact", "reuse", "estimated", "forward", "F1", "(F2 F1)", "F3 (F2 F1)", "((((", "F2 F1)", "h", "h a",
    "'", "table", "json", "JSON", "fma", "makespan",
)
INLINE = (
    "3,2,4", "1,1", "5", "3,2,x", "3,,2", "1000,1,1000,1,1000", "0,1", "-1,2", "1e3,2", "1_000,2",
    "9" * 25 + ",2",
)
BOUNDED = {
    "COUNT": ("1", "2", "9", "0", "-1", "x", "1e1"),
    "--length": ("1", "2:5", "5:2", "0", "x", "1:" + "9" * 23),
    "--time-limit": ("0.02", "0.1", "0", "-1", "nan", "x", "1e-9"),
    "--workers": ("1", "1", "1", "0", "x"),
    "--scheduler": ("here", "here", "here", "here", "here", "", "x", "tcp:", "tcp://"),
}
"""Where an ordinary value may take a long time, or processes: those are tried in `tests/test_workers.py`."""
# fmt: on


@st.composite
def command_lines(draw: st.DrawFn, files: Sequence[str], outputs: Sequence[str]) -> tuple[str, ...]:
    """A command, its arguments and some of its options, which read `files` and write `outputs`."""
    name = draw(st.sampled_from(sorted(cli.commands)))
    command = cli.commands[name]
    words: list[str] = [name]
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            many = draw(st.integers(1, 3)) if parameter.nargs != 1 else 1
            words += [draw(_argument(str(parameter.human_readable_name), files)) for _ in range(many)]
    options = [each for each in command.params if isinstance(each, click.Option)]
    for option in draw(st.lists(st.sampled_from(options), max_size=4)) if options else ():
        words += [draw(st.sampled_from(option.opts)), *_values(draw, option, outputs)]
    words += ["--scheduler", "here"] if name == "run" and "--scheduler" not in words else []
    return tuple(words[:1] + draw(st.permutations(words[1:])) if draw(st.integers(0, 19)) == 0 else words)


def _argument(name: str, files: Sequence[str]) -> st.SearchStrategy[str]:
    if name in BOUNDED:
        return st.sampled_from(BOUNDED[name])
    return st.one_of(
        st.sampled_from(files), st.sampled_from(files), st.sampled_from((*INLINE, ".", "*.yaml", "no", "-"))
    )


def _values(draw: st.DrawFn, option: click.Option, outputs: Sequence[str]) -> list[str]:
    """What follows an option: nothing for a flag; a word that fits, or that need not."""
    if option.is_flag or option.count:
        return []
    bounded = next((BOUNDED[name] for name in option.opts if name in BOUNDED), ())
    if bounded:
        return [draw(st.sampled_from(bounded))]
    if "--output" in option.opts:
        return [draw(st.sampled_from(outputs))]
    if isinstance(option.type, click.Choice) and draw(st.booleans()):
        return [draw(st.sampled_from(list(option.type.choices)))]
    return [draw(st.sampled_from(WORDS))]
