"""Prints docs/reference/cli.md from the commands."""

from enum import EnumMeta
from typing import Any, Literal, get_args, get_origin

import typer
from typer.main import get_command

_HEAD = """# Commands

This page is printed by `polyhelm commands`. [The guide](../cli.md) explains how to use them together.

Every command has `--help`. Those that talk to a server take [some more options](#options-of-all-commands-over-the-api).
Exit codes: 0 success, 1 failure, 2 invalid usage (or changes, with `--exit-code`), 3 timeout.
"""
_PANEL = "Server and output"


def page(program: typer.Typer) -> str:
    """Returns all commands of a program as Markdown."""
    root: Any = get_command(program)
    parts = [_HEAD]
    shared: list[Any] = []
    for path, command in _commands("polyhelm", root):
        own = [option for option in _options(command) if option.rich_help_panel != _PANEL]
        shared = [option for option in _options(command) if option.rich_help_panel == _PANEL] or shared
        parts.append(f"## {path}\n\n{_text(command.help)}\n\n```text\n{_usage(path, command)}\n```\n")
        if rows := [*map(_argument_row, _arguments(command)), *map(_option_row, own)]:
            parts.append(_table(rows))
    parts.append("## Options of all commands over the API\n")
    parts.append(_table(list(map(_option_row, shared))))
    return "\n".join(parts)


def _commands(path: str, command: Any) -> list[tuple[str, Any]]:
    """Yields every executable command with its full name, in the order of the help."""
    below = getattr(command, "commands", None)
    if below is None:
        return [(path, command)]
    return [found for name, each in below.items() if not each.hidden for found in _commands(f"{path} {name}", each)]


def _usage(path: str, command: Any) -> str:
    optional = "[OPTIONS]" if _options(command) else ""
    arguments = [_name(each) if each.required else f"[{_name(each)}]" for each in _arguments(command)]
    return " ".join(filter(None, [path, optional, *arguments]))


def _options(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "option" and each.name != "help"]


def _arguments(command: Any) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "argument"]


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _argument_row(argument: Any) -> tuple[str, str, str]:
    return (f"`{_name(argument)}`", _default(argument), _help(argument))


def _option_row(option: Any) -> tuple[str, str, str]:
    names = ", ".join(f"`{name}`" for name in option.opts)
    return (names, _default(option), _help(option))


def _help(parameter: Any) -> str:
    words = parameter.help or ""
    if choices := _choices(parameter.type_descriptor.annotation):
        words += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    if parameter.envvar:
        words += f" Environment variable: `{parameter.envvar}`."
    return _text(words).replace("|", "\\|")


def _choices(annotation: Any) -> list[str]:
    if isinstance(annotation, EnumMeta):
        members: list[Any] = list(annotation)
        return [str(member.value) for member in members]
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for each in get_args(annotation) for choice in _choices(each)]


def _default(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if parameter.required:
        return "needed"
    value = parameter.default
    if value is None or value is False or isinstance(value, (list, tuple)):
        return ""
    return f"`{getattr(value, 'value', value)}`"


def _text(words: str | None) -> str:
    return " ".join((words or "").split())


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| | default | meaning |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
