"""``chainorder man``: the manual page, made of the help texts."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from chainorder import __version__
from chainorder.cli.writing import emit

MORE = """\
Specs may be packed, as .yaml.gz. Whole numbers may be written 1_000 or 1e3. The exit status is 130 where a
call was interrupted, 143 where SIGTERM ended it. Defaults of options stand in chainorder.toml, or under
[tool.chainorder] in pyproject.toml.
"""
"""What the manual page says beside."""


@click.command()
def man() -> None:
    """Print the manual page; `chainorder man | man -l -` shows it."""
    root = click.get_current_context().find_root()
    assert isinstance(root.command, click.Group)
    emit((f"{line}\n" for line in page(root.command, root)), None)


def page(program: click.Group, context: click.Context) -> Iterator[str]:
    """The lines of a manual page, in roff."""
    yield f'.TH CHAINORDER 1 "" "chainorder {__version__}"'
    yield from (".SH NAME", _text(f"chainorder - {_lowered(program.help or '')}"))
    yield from (".SH SYNOPSIS", ".B chainorder", r"\fICOMMAND\fR [\fIOPTIONS\fR] ...")
    yield ".SH COMMANDS"
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        yield from _command(name, command, click.Context(command, context, name))
    yield ".SH MORE"
    yield from _paragraphs(f"{program.epilog}\n\n{MORE}")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _command(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
    yield f".SS {_text(' '.join(['chainorder', name, *command.collect_usage_pieces(context)]))}"
    yield from _paragraphs(command.help or "")
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)):
            option, told = record
            yield from (".TP", rf"\fB{_text(option)}\fR", _text(told))


def _paragraphs(text: str) -> Iterator[str]:
    r"""Paragraphs; those that click is told by \b to leave as they are, too."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            yield from (".PP", ".nf", *map(_text, paragraph.split("\n")[1:]), ".fi")
        else:
            yield from (".PP", _text(" ".join(paragraph.split())))


def _text(text: str) -> str:
    """Text in which roff sees nothing of its own."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
