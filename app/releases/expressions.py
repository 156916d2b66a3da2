"""Expressions in values: `${{ cluster.region }}` in a text.

This module finds the expressions and puts their results in place. It does not evaluate them: the values of a cluster
are a pure function of the stored values and the stored results.

A text that is one expression becomes the result, of any type. An expression that is a part of a text becomes text.
`$${{` stands for `${{`, and Helm's templates (`{{ … }}`) are not touched.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.releases.paths import Segments

OPEN, CLOSE, ESCAPED = "${{", "}}", "$${{"

Results = Mapping[str, Any]
"""The result of each expression, by its text."""


class ExpressionError(ValueError):
    """A text has no valid expressions, or a result does not fit. The message says why."""


@dataclass(frozen=True)
class Expression:
    text: str


def parts(text: str) -> list[str | Expression]:
    """Splits a text into literal texts and expressions.

    Raises:
        ExpressionError: if an expression has no end, or is empty.
    """
    found: list[str | Expression] = []
    literal = ""
    at = 0
    while (next_open := text.find(OPEN, at)) >= 0:
        if next_open > at and text[next_open - 1] == "$":
            literal += text[at : next_open - 1] + OPEN
            at = next_open + len(OPEN)
            continue
        literal += text[at:next_open]
        if literal:
            found.append(literal)
            literal = ""
        end = _end(text, next_open + len(OPEN))
        inner = text[next_open + len(OPEN) : end].strip()
        if not inner:
            raise ExpressionError("an expression is empty")
        found.append(Expression(inner))
        at = end + len(CLOSE)
    literal += text[at:]
    if literal or not found:
        found.append(literal)
    return found


def has_any(value: Any) -> bool:
    """Whether there is an expression, or an escaped one, anywhere in a JSON value."""
    return next(_texts(value, ()), None) is not None


@dataclass(frozen=True)
class Use:
    """An expression at a place in values. `is_whole` says that it is the whole text."""

    segments: Segments
    expression: str
    is_whole: bool


def uses(value: Any) -> Iterator[Use]:
    """Yields each use of an expression in a JSON value. Items of a list have its path and their index.

    Raises:
        ExpressionError: if a text is not valid; `problems` finds these.
    """
    for segments, text in _texts(value, ()):
        found = parts(text)
        for part in found:
            if isinstance(part, Expression):
                yield Use(segments, part.text, len(found) == 1)


def problems(value: Any) -> Iterator[tuple[Segments, str]]:
    """Yields (path, message) for each text whose expressions are not valid."""
    for segments, text in _texts(value, ()):
        try:
            parts(text)
        except ExpressionError as error:
            yield segments, f"Not a valid expression: {error}. Write {ESCAPED} for a literal {OPEN}."


def filled(value: Any, results: Results) -> Any:
    """The JSON value with the result of each expression in its place.

    Raises:
        KeyError: if an expression has no result.
        ExpressionError: if a result cannot be a part of a text.
    """
    if isinstance(value, Mapping):
        return {key: filled(inner, results) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, results) for inner in value]
    if not isinstance(value, str) or OPEN not in value:
        return value
    found = parts(value)
    if len(found) == 1 and isinstance(found[0], Expression):
        return results[found[0].text]
    return "".join(part if isinstance(part, str) else as_text(results[part.text]) for part in found)


def as_text(result: Any) -> str:
    """A result as a part of a text.

    Raises:
        ExpressionError: if it is null, a list or a map.
    """
    if isinstance(result, str):
        return result
    if isinstance(result, bool | int | float):
        return json.dumps(result)
    kind = "null" if result is None else "a list" if isinstance(result, list) else "a map"
    raise ExpressionError(f"the result is {kind}, and only a string, a number or a boolean can be part of a string")


def _texts(value: Any, segments: Segments) -> Iterator[tuple[Segments, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*segments, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*segments, str(index)))
    elif isinstance(value, str) and OPEN in value:
        yield segments, value


def _end(text: str, at: int) -> int:
    """The position of the `}}` that ends an expression: the first one outside of texts and maps in it."""
    depth = 0
    while at < len(text):
        character = text[at]
        if character in "\"'":
            at = _end_of_quoted(text, at)
            continue
        if character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == "}":
            if text.startswith(CLOSE, at):
                return at
            break
        at += 1
    raise ExpressionError("an expression has no end: `}}` is missing")


def _end_of_quoted(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == quote:
            return at + 1
        else:
            at += 1
    raise ExpressionError("a string within an expression has no end")
