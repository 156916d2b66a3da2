"""Finds the prose of a file.

In a page, that is its paragraphs, in a schema the descriptions, in a Python module the docstrings, comments and
messages, and in a module of the app the comments, the strings with a space and the text of elements. Code within prose
is replaced by backticks, which no check reports.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FENCED = re.compile(r"^(?P<fence>```|~~~).*?^(?P=fence)$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"``[^`]+``|`[^`\n]+(?:\n[^`\n]+)?`|(?<=\])\([^)\s]+\)|https?://\S+")
_PARAGRAPH = re.compile(r"^#.*$|(?:^(?!#).*\S.*$\n?)+", re.MULTILINE)
_DESCRIPTION = re.compile(r'"""(.*?)"""', re.DOTALL)
_COMMENTS = re.compile(r"(?:^ *#.*$\n?)+|(?<=  )# .*$", re.MULTILINE)
_SIGN = re.compile(r"^ *#:? ?", re.MULTILINE)
_SCRIPT = re.compile(
    r"""
    /\*(?P<block>.*?)\*/                                  # a comment
    | (?<![:"'`])//(?P<line>[^\n]*(?:\n[ ]*//[^\n]*)*)     # lines of comments
    | "(?P<string>(?:[^"\\\n]|\\.)*)"
    | `(?P<template>(?:[^`\\]|\\.)*)`
    | (?<![=-])[>}](?P<element>[^<>{}=;()`"]*[a-z][^<>{}=;()`"]*)(?=[<{])  # the text of an element
    """,
    re.DOTALL | re.VERBOSE,
)
_EDGE = re.compile(r"^ *(?:\*|//) ?", re.MULTILINE)
_HOLE = re.compile(r"\$\{[^{}]*\}")


class Passage(NamedTuple):
    """A piece of prose, and the line of the file at which it starts."""

    line: int
    text: str


def passages(path: Path) -> Iterator[Passage]:
    """The prose of a file, in any order."""
    text = path.read_text()
    for line, passage in _found(path.suffix, text):
        yield Passage(line, _CODE.sub(_hidden, passage))


def _found(suffix: str, text: str) -> Iterator[Passage]:
    if suffix == ".py":
        return _of_module(text)
    return _of_script(text) if suffix in (".ts", ".tsx") else _of_text(suffix, text)


def _of_text(suffix: str, text: str) -> Iterator[Passage]:
    pattern = _DESCRIPTION if suffix == ".graphql" else _PARAGRAPH
    text = _FENCED.sub(_blank, text)
    for found in pattern.finditer(text):
        yield Passage(_line(text, found.start()), found[0])


def _of_module(text: str) -> Iterator[Passage]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield Passage(node.lineno, node.value)
    for found in _COMMENTS.finditer(text):
        yield Passage(_line(text, found.start()), _SIGN.sub("", found[0]))


def _of_script(text: str) -> Iterator[Passage]:
    for found in _SCRIPT.finditer(text):
        kind = found.lastgroup
        assert kind is not None
        if kind in ("string", "template") and " " not in found[kind].strip():
            continue
        yield Passage(_line(text, found.start(kind)), _HOLE.sub(_hidden, _EDGE.sub("", found[kind])))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _hidden(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "`", found[0])
