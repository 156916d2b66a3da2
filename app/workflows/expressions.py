"""The expressions of a definition: what they see, and the problems that compiling them finds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from app.cel.expression import CelError, CompileError, Environment, Returns
from app.cel.kinds import UNSELECTABLE, Basic, Kind, ListOf, Record
from app.releases.expressions import Expression, has_any, parts, uses
from app.workflows.schemas import kind_of_literal

Path = tuple[str, ...]
Found = Iterator[tuple[Path, str]]

_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}")
_TAKEN = frozenset({"parameters", "steps", "index", "error", "result"})
_WORDS = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
        "bool",
        "bytes",
        "double",
        "duration",
        "dyn",
        "int",
        "list",
        "map",
        "optional",
        "string",
        "timestamp",
        "type",
        "uint",
    ]
)
"""Words that CEL reserves, and names of its types. They can name fields, and not variables."""
_CONSTANTS = Environment(())


@dataclass(frozen=True, slots=True)
class Visible:
    """The variables that the expressions at a place see, and the earlier steps, with their kinds."""

    variables: Mapping[str, Kind]
    steps: Mapping[str, Kind] = field(default_factory=dict)

    def with_steps(self, steps: Mapping[str, Kind]) -> "Visible":
        return replace(self, steps={**self.steps, **steps})

    def with_variables(self, variables: Mapping[str, Kind]) -> "Visible":
        return replace(self, variables={**self.variables, **variables})

    def environment(self) -> Environment:
        """The environment with everything that is visible, for messages."""
        return Environment({**self.variables, "steps": Record(self.steps)})

    def environment_of(self, text: str) -> Environment:
        """The environment with what the text names, which is made in less time. Steps are named one by one: only those
        are read when the expression is evaluated."""
        variables = {name: _named(kind, text) for name, kind in self.variables.items() if name in text}
        steps = {f"steps.{name}": kind for name, kind in self.steps.items() if name in text}
        return Environment({**variables, **steps})


@dataclass(slots=True)
class Texts:
    """Compiles the expressions of one definition, and knows which outputs they use."""

    _used: set[tuple[str, str | None]] = field(default_factory=set)

    def condition(self, text: str, path: Path, visible: Visible) -> Found:
        """The problems of a text that is one expression and has to be true or false."""
        yield from self.kind(_only(text), path, visible, Returns.BOOLEAN)[1]

    def items(self, items: Any, path: Path, visible: Visible) -> tuple[Kind, list[tuple[Path, str]]]:
        """The kind of one item of a list, or of an expression that returns a list."""
        if not isinstance(items, str):
            problems = list[tuple[Path, str]]()
            for use in uses(items):
                problems += self.kind(use.expression, (*path, *use.segments), visible)[1]
            kinds = {Basic.ANYTHING if has_any(item) else kind_of_literal(item) for item in items}
            return kinds.pop() if len(kinds) == 1 else Basic.ANYTHING, problems
        kind, problems = self.kind(_only(items), path, visible)
        if isinstance(kind, ListOf):
            return kind.item, problems
        if kind is not Basic.ANYTHING:
            problems.append((path, f"The expression must return a list, not {kind}."))
        return Basic.ANYTHING, problems

    def kind(
        self, text: str, path: Path, visible: Visible, returns: Returns = Returns.ANYTHING
    ) -> tuple[Kind, list[tuple[Path, str]]]:
        """The kind of what an expression returns, and what is wrong with it."""
        self._used.update(_outputs_in(text))
        try:
            return _compiled(text, visible.environment_of(text), returns), []
        except CompileError:
            problem = "`steps` needs the name of a step, such as steps.build"
        try:
            _compiled(text, visible.environment(), returns)
        except CompileError as error:
            problem = str(error)
        return Basic.ANYTHING, [(path, f"The expression is not valid: {problem}.")]

    def uses_output(self, step: str, name: str, *, is_list: bool) -> bool:
        """Whether an expression has been compiled that uses an output of a step. The outputs of a `forEach` are used
        together."""
        if is_list:
            return any(used == step for used, _ in self._used)
        return bool({(step, name), (step, None)} & self._used)


@lru_cache
def _environment(variables: tuple[str, ...]) -> Environment:
    return Environment(variables)


def _compiled(text: str, environment: Environment, returns: Returns) -> Kind:
    return environment.kind_of(environment.compile(text, returns))


def _named(kind: Kind, text: str) -> Kind:
    """A record with the fields that the text names."""
    if not isinstance(kind, Record):
        return kind
    return Record({name: inner for name, inner in kind.fields.items() if name in text})


def constant(text: str) -> Any:
    """The value of an expression that depends on nothing; None if it depends on something."""
    try:
        return _CONSTANTS.compile(_only(text)).evaluate({})
    except CelError:
        return None


def condition_problem(text: Any, path: Path, variables: tuple[str, ...]) -> Found:
    """The problem of a condition that a step evaluates. Parts that depend on the run are not known yet."""
    if not isinstance(text, str) or has_any(text):
        return
    try:
        _environment(variables).compile(text, Returns.BOOLEAN)
    except CompileError as error:
        yield path, f"The condition is not valid: {error}."


def needs_expression(path: Path, text: str) -> Found:
    found = parts(text)
    if len(found) != 1 or not isinstance(found[0], Expression):
        yield path, "Must be exactly one expression, such as ${{ parameters.count > 1 }}."


def identifier_problem(name: str, *, is_variable: bool = False) -> str | None:
    """Why expressions cannot use a name."""
    if not _IDENTIFIER.fullmatch(name):
        return "Expressions cannot use this name. Use letters, digits and `_`, and begin with a letter."
    if name in UNSELECTABLE or (is_variable and (name in _WORDS or name in _TAKEN)):
        return f"{name} has another meaning in expressions. Choose another name."
    return None


_OUTPUT = re.compile(r"\bsteps\s*\.\s*(\w+)\s*\.\s*outputs\b(?:\s*\.\s*(\w+))?")


def _outputs_in(text: str) -> Iterator[tuple[str, str | None]]:
    """The outputs that a text mentions, as step and name; without a name for all of a step."""
    for found in _OUTPUT.finditer(text):
        yield found[1], found[2]


def _only(text: str) -> str:
    part = parts(text)[0]
    assert isinstance(part, Expression)
    return part.text
