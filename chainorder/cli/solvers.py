"""``chainorder solvers``: who finds orders, and what they claim."""

from __future__ import annotations

import click

from chainorder.cli.helping import Command
from chainorder.cli.options import output_options
from chainorder.cli.writing import Destination, Look


@click.command(cls=Command)
@output_options()
def solvers(format_name: str | None, output: str | None, force: bool, screen: Look) -> None:
    """Show all solvers: what each takes, and what it claims."""
    from chainorder.report.solvers import solvers_report
    from chainorder.solvers import all_solvers
    from chainorder.solvers.registry import KINDS

    to = Destination.of(format_name, output, force=force, screen=screen)
    to.protect(())
    summaries = {kind: {each.name: each.summary for each in all_solvers(kind)} for kind in KINDS}
    to.write([solvers_report(*each) for each in summaries.items()])
