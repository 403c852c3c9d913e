"""Help that fits a screen: what most calls take, a line each, and the names of the rest."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import click

SELDOM = frozenset(
    {
        "color",
        "dtype",
        "estimate",
        "exact_fill",
        "force",
        "help_all",
        "no_legend",
        "profile",
        "scheduler",
        "stand_ins",
        "start",
        "tolerance",
        "transfer",
    }
)
"""Parameters that ``--help`` only names; ``--help-all`` and the manual page explain them."""

FEW = 3
"""Of so many of them, none is left out: that would spare no line."""

WHOLE = "chainorder.whole_help"
"""Where a context keeps whether all is to be told."""


def _tell_all(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        context.meta[WHOLE] = True
        click.echo(context.get_help(), color=context.color)
        context.exit()


class Command(click.Command):
    """A command whose help fits a screen."""

    def __init__(self, *declared: Any, **settings: Any) -> None:
        super().__init__(*declared, **settings)
        if sum(each.name in SELDOM for each in self.params) > FEW:
            self.params.append(
                click.Option(
                    ["--help-all"],
                    is_flag=True,
                    is_eager=True,
                    expose_value=False,
                    callback=_tell_all,
                    help="Explain all options and exit.",
                )
            )

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        whole, told = self.help, self.help or ""
        self.help = whole if WHOLE in ctx.meta else told.partition("\n\n")[0]
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = whole

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        folds = WHOLE not in ctx.meta and any(each.name == "help_all" for each in options)
        seldom = [each for each in options if folds and each.name in SELDOM]
        records = [each.get_help_record(ctx) for each in options if each not in seldom]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record is not None])
        if seldom:
            names = " ".join(each.opts[-1] for each in seldom if each.name != "help_all")
            with formatter.section("More, which --help-all explains"):
                for line in wrap(names, formatter.width - formatter.current_indent, break_on_hyphens=False):
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
