"""``chainorder schema``: the schema of specs."""

from __future__ import annotations

import click

from chainorder.cli.writing import emit


@click.command()
@click.option("-o", "--output", metavar="FILE", help="Write it to a file.")
def schema(output: str | None) -> None:
    """Print the JSON Schema of specs: the one they are validated with."""
    import json

    from chainorder.spec import SCHEMA

    emit(json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n", output)
