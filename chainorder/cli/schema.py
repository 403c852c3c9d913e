"""``chainorder schema``: the schema of specs."""

from __future__ import annotations

import click

from chainorder.cli.helping import Command
from chainorder.cli.options import force_option
from chainorder.cli.writing import emit, output_file, protect


@click.command(cls=Command)
@click.option("-o", "--output", metavar="FILE", help="Write it to a file.")
@force_option
def schema(output: str | None, force: bool) -> None:
    """Print the JSON Schema of specs.

    It is the one that they are validated with.
    """
    import json

    from chainorder.problems.schema import SCHEMA

    file = output_file(output)
    protect(file, (), force=force)
    emit([json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"], file)
