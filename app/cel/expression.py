"""Compiles and evaluates CEL expressions.

A text is checked when it is compiled: its syntax, the names that it uses, and the type of its result where that is
known. An evaluation takes at most 10,000 steps of macros such as `all` and `map`, nesting is at most 32 deep, and what
it returns is counted before it is copied.

These bounds do not make an expression cheap. A step can compare two long lists, and 20 steps that double a text need
gigabytes; Python runs nothing else meanwhile. So evaluate only shipped expressions in process. Those of users
need a process that may be ended (docs/decisions/cel.md).
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from app.cel.kinds import KINDS, Basic, Kind, ListOf, MapOf, Record, named

MAX_TEXT = 4096
"""Characters of an expression."""
MAX_NODES = 10_000
"""Values in a result, each entry of a list or a map counted."""
MAX_CHARACTERS = 256 * 1024
"""Characters of all texts in a result."""
_MAX_MESSAGE = 300

_FOUND = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_CODE = re.compile(r"\A[A-Z_]+: | \[[A-Z_]+\]\Z")
_QUOTED = re.compile(r"\A(Key not found in map|invalid regular expression: [^:]*)\s*: (.*)\Z", re.DOTALL)
_SELECTED = re.compile(r"expression of type '([^']+)' cannot be the operand of a select operation")
_SELECTION = re.compile(rf"ERROR: <input>:(\d+):(\d+): {_SELECTED.pattern}")
_FIELD = re.compile(r"\.\s*(\w+)")
_BUDGET = "Iteration budget exceeded"


class CelError(ValueError):
    """An expression has no value. The message says why, in one line."""


class CompileError(CelError):
    """The text is not an expression, or uses names or types that there are not."""


class EvaluationError(CelError):
    """The expression is one, but has no value for these variables, or exceeds a bound."""


class Returns(StrEnum):
    """The type that an expression has to have."""

    ANYTHING = "anything"
    BOOLEAN = Basic.BOOLEAN.value
    TEXT = Basic.TEXT.value


_TYPES = {Returns.BOOLEAN: "BOOL", Returns.TEXT: "STRING"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. It can be evaluated by several threads."""

    text: str
    returns: Returns
    _compiled: cel.Expression

    @property
    def type_name(self) -> str:
        """The type of the result as the compiler names it; DYN if it is not known."""
        return str(self._compiled.return_type().name())

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """The expression's value as plain Python.

        Args:
            variables: a JSON value for each variable of the environment. Only those that the expression uses are read.

        Raises:
            EvaluationError: if there is no value of the wanted type, or it exceeds a bound.
        """
        try:
            result = self._compiled.eval(data=dict(variables))
            kind = result.type().name()
            if kind == "ERROR":
                raise EvaluationError(_plain(_without_values(str(result.plain_value()), self.text)))
            if _TYPES.get(self.returns, kind) != kind:
                raise EvaluationError(f"the result is not {self.returns}, but {named(kind)}")
            return _Copy().of(result)
        except EvaluationError:
            raise
        except TypeError:
            raise EvaluationError("the result holds a value that JSON does not have") from None
        except Exception as error:
            # The library raises what C++ raises, such as RuntimeError and MemoryError.
            raise EvaluationError(_plain(_without_values(str(error), self.text))) from None


class Environment:
    """The names that expressions may use: variables, and the functions of CEL with those for texts (`split`, `join`,
    `format`) and optional fields (`status.?phase.orValue("")`).

    Variables without a kind have any JSON type. Those with a kind are for checks: each field of a record is declared
    by its whole path, so that the compiler knows its type and refuses a field that the record does not have. Such an
    expression is evaluated in an environment without kinds.
    """

    def __init__(self, variables: Iterable[str] | Mapping[str, Kind]) -> None:
        kinds = variables if isinstance(variables, Mapping) else dict.fromkeys(variables, Basic.ANYTHING)
        self._records = dict[str, Record]()
        self._inner = dict[str, Record]()
        declared, strict = dict[str, cel.Type](), dict[str, cel.Type]()
        for name, kind in kinds.items():
            self._declare(name, kind, declared, strict)
        self._environment = _environment(declared)
        self._strict = _environment(strict) if self._inner else None

    def kind_of(self, expression: "Expression") -> Kind:
        """The kind of an expression's result, as far as the compiler knows it."""
        return self._kind(expression.type_name)

    def _declare(self, path: str, kind: Kind, declared: dict[str, cel.Type], strict: dict[str, cel.Type]) -> None:
        if not isinstance(kind, Record):
            declared[path] = _type_of(kind)
            strict[path] = self._strict_type(kind, path)
            return
        self._records[path] = kind
        declared[path] = strict[path] = cel.Type.AbstractType(path)
        for name, inner in kind.fields.items():
            self._declare(f"{path}.{name}", inner, declared, strict)

    def _strict_type(self, kind: Kind, path: str) -> cel.Type:
        """The type of a variable, with a type without fields for each record in a list or a map."""
        if isinstance(kind, ListOf):
            return cel.Type.List(self._strict_type(kind.item, f"{path}[…]"))
        if isinstance(kind, MapOf):
            return cel.Type.Map(cel.Type.STRING, self._strict_type(kind.value, f"{path}[…]"))
        if isinstance(kind, Record):
            self._inner[path] = kind
            return cel.Type.AbstractType(path)
        return _type_of(kind)

    def _unknown_field(self, text: str) -> str | None:
        """The problem with a field that a record in a list or a map does not have. The compiler refuses each selection
        of a field of a type without fields, and so says where all of them are; other problems do not count here."""
        try:
            if self._strict is not None:
                self._strict.compile(text)
        except Exception as error:
            for line, column, name in _SELECTION.findall(str(error)):
                lines = text.split("\n", int(line) - 1)
                selected = _FIELD.match(lines[-1], int(column) - 1)
                record = self._inner.get(name)
                if record is not None and selected is not None and selected[1] not in record.fields:
                    return f"line {line}, column {column}: {_no_such_field(name, record)}"
        return None

    def _kind(self, name: str) -> Kind:
        if found := self._records.get(name):
            return found
        if name.startswith("LIST<"):
            return ListOf(self._kind(name[5:-1]))
        if name.startswith("MAP<"):
            return MapOf(self._kind(name[4:-1].partition(", ")[2]))
        return KINDS.get(name, Basic.ANYTHING)

    def _problem(self, message: str) -> str:
        """The message of the compiler; for a field that a record does not have, with the fields that there are."""
        found = _SELECTED.search(message)
        record = self._records.get(found[1]) if found else None
        if found is None or record is None:
            return _plain(message)
        return _plain(message.replace(found[0], _no_such_field(found[1], record)))

    def compile(self, text: str, returns: Returns = Returns.ANYTHING) -> Expression:
        """Checks a text and makes it ready.

        Raises:
            CompileError: if it is too long or not an expression, uses other names, or is known to return another type.
        """
        if len(text) > MAX_TEXT:
            raise CompileError(f"an expression may have {MAX_TEXT:,} characters, and this has {len(text):,}")
        try:
            text.encode()
            compiled = self._environment.compile(text)
            kind = compiled.return_type().name()
        except UnicodeError:
            raise CompileError("it is not valid Unicode") from None
        except Exception as error:
            raise CompileError(self._problem(str(error))) from None
        if kind not in ("DYN", _TYPES.get(returns, kind)):
            raise CompileError(f"it must return {returns}, not {named(kind)}")
        if problem := self._unknown_field(text):
            raise CompileError(problem)
        return Expression(text, returns, compiled)


class _Copy:
    """Copies a result, and counts it before: parts that are used several times in a list are several values then."""

    def __init__(self) -> None:
        self._nodes = 0
        self._characters = 0

    def of(self, result: cel.Value) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise EvaluationError(f"the result has more than {MAX_NODES:,} values")
        kind = result.type().name()
        if kind.startswith("LIST"):
            return [self.of(item) for item in result.value()]
        if kind.startswith("MAP"):
            return {self._key(key): self.of(item) for key, item in result.value().items()}
        value = result.value()
        if isinstance(value, str):
            return self._counted(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise EvaluationError("the result is a number that JSON does not have")
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, datetime | timedelta):
            return self._counted(_time(value))
        raise EvaluationError(f"the result is {named(kind)}, which JSON does not have")

    def _key(self, key: Any) -> str:
        if not isinstance(key, str):
            raise EvaluationError("the result has a map whose keys are not texts")
        return self._counted(key)

    def _counted(self, text: str) -> str:
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise EvaluationError(f"the result has more than {MAX_CHARACTERS:,} characters")
        return text


def _time(value: datetime | timedelta) -> str:
    """A time or a duration as Kubernetes and Go write it."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    return value.isoformat().replace("+00:00", "Z")


def _environment(variables: Mapping[str, cel.Type]) -> cel.Env:
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()])


def _no_such_field(name: str, record: Record) -> str:
    return f"{name} has no such field; its fields are: {', '.join(sorted(record.fields)) or 'none'}"


def _type_of(kind: Kind) -> cel.Type:
    """The type of a variable. A number is of any type, because JSON does not distinguish 1 from 1.0; in lists and
    maps, so are the values of a record."""
    if isinstance(kind, ListOf):
        return cel.Type.List(_type_of(kind.item))
    if isinstance(kind, MapOf):
        return cel.Type.Map(cel.Type.STRING, _type_of(kind.value))
    if isinstance(kind, Record):
        return cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    types = {Basic.BOOLEAN: cel.Type.BOOL, Basic.INTEGER: cel.Type.INT, Basic.TEXT: cel.Type.STRING}
    return types.get(kind, cel.Type.DYN)


def _without_values(message: str, expression: str) -> str:
    """The message without the key or pattern that it quotes, unless the expression itself contains that. It may be the
    value of a variable, and a secret."""
    found = _QUOTED.match(_without_codes(message))
    return message if found is None or found[2].strip("\"'") in expression else found[1]


def _without_codes(message: str) -> str:
    return _CODE.sub("", _CODE.sub("", message.strip()))


def _plain(message: str) -> str:
    """The first problem of the library's message, in one line and without its codes."""
    if _BUDGET in message:
        return "it takes more than 10,000 steps"
    if "std::bad_alloc" in message:
        return "it needs too much memory"
    if found := _FOUND.search(message):
        line, column, problem = found.groups()
        message = problem if int(line) < 1 else f"line {line}, column {column}: {problem}"
    message = _without_codes(message.strip().splitlines()[0] if message.strip() else "it failed")
    message = message.replace(" (in container '')", "").partition(" expecting {")[0]
    return message if len(message) <= _MAX_MESSAGE else message[: _MAX_MESSAGE - 1] + "…"
