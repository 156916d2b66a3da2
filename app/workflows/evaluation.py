"""Evaluates the expressions of a run, with the variables that each place sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from app.cel.expression import CelError, Environment
from app.cel.expression import Expression as Compiled
from app.cel.kinds import Record
from app.releases.expressions import ExpressionError, filled, uses
from app.workflows.definition import Composed, Definition, StepTemplate
from app.workflows.run import StepError, StepRun
from app.workflows.schemas import kind_of, properties, with_integers
from app.workflows.step_types import STEP_TYPES


class EvaluationFailed(Exception):  # noqa: N818
    """An expression has no value. The message says why."""


@dataclass(frozen=True, slots=True)
class Group:
    """The steps of a group, and what the paths of its steps begin with."""

    steps: tuple[StepTemplate, ...]
    prefix: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions see at a place: variables, and the steps of the groups around it."""

    variables: Mapping[str, Any]
    runs: Mapping[str, StepRun]
    groups: tuple[Group, ...] = field(default=())

    @classmethod
    def of(cls, definition: Definition, parameters: Mapping[str, Any], runs: Mapping[str, StepRun]) -> "Scope":
        """The scope of the whole run. A parameter that is not given has its default, or is null."""
        return cls({"parameters": _with_defaults(definition.parameters, parameters)}, runs)

    def entered(self, composed: Composed, inputs: Mapping[str, Any]) -> "Scope":
        """The scope of the steps of a composed step: its inputs are their parameters."""
        return Scope({"parameters": _with_defaults(composed.parameters, inputs)}, self.runs)

    def within(self, group: Group) -> "Scope":
        return replace(self, groups=(*self.groups, group))

    def with_item(self, name: str, item: Any, index: int) -> "Scope":
        return self._with({name: item, "index": index})

    def with_error(self, error: StepError) -> "Scope":
        return self._with({"error": _error(error)})

    def with_result(self, result: Mapping[str, Any]) -> "Scope":
        return self._with({"result": dict(result)})

    def is_true(self, text: str) -> bool:
        """The value of a text that is one expression.

        Raises:
            EvaluationFailed: it has none, or is not a boolean.
        """
        found = self.filled(text)
        if not isinstance(found, bool):
            raise EvaluationFailed("the result is not a boolean")
        return found

    def filled(self, value: Any) -> Any:
        """A value with the result of each expression in its place.

        Raises:
            EvaluationFailed: an expression has no value, or one that cannot be a part of a text.
        """
        try:
            texts = {use.expression for use in uses(value)}
            variables = {**self.variables, "steps": self._steps(texts)}
            names = tuple(sorted(variables))
            results = {text: _compiled(names, text).evaluate(variables) for text in texts}
            return filled(value, results)
        except (CelError, ExpressionError) as error:
            raise EvaluationFailed(f"{error}") from None

    def _with(self, variables: Mapping[str, Any]) -> "Scope":
        return replace(self, variables={**self.variables, **variables})

    def _steps(self, texts: set[str]) -> dict[str, Any]:
        """The steps that the texts may name."""
        found = dict[str, Any]()
        for group in self.groups:
            self._add(group, texts, found)
        return found

    def _add(self, group: Group, texts: set[str], found: dict[str, Any]) -> None:
        for step in group.steps:
            path = group.prefix + step.name
            if any(step.name in text for text in texts):
                found[step.name] = _shown(step, self.runs.get(path))
            if step.for_each is None and step.composed is None:
                self._add(Group(step.steps, f"{path}/"), texts, found)


def _with_defaults(schema: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    declared = properties(schema).items()
    defaults = {name: field.get("default") if isinstance(field, Mapping) else None for name, field in declared}
    return with_integers(schema, {**defaults, **given})


def _shown(step: StepTemplate, run: StepRun | None) -> dict[str, Any]:
    """A step as expressions see it. The outputs of a step without a result are null."""
    outputs = None if run is None else run.outputs
    if outputs is None and step.for_each is None:
        outputs = dict.fromkeys(_output_names(step))
    state = "PENDING" if run is None else run.state.value
    return {
        "state": state,
        "outputs": outputs,
        "error": None if run is None or run.error is None else _error(run.error),
    }


def _output_names(step: StepTemplate) -> tuple[str, ...]:
    if step.outputs is not None:
        return tuple(step.outputs)
    if step.composed is not None:
        return tuple(step.composed.outputs)
    found = STEP_TYPES.get(step.type or "")
    kind = kind_of(found.outputs) if found else None
    return tuple(kind.fields) if isinstance(kind, Record) else ()


def _error(error: StepError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}


@lru_cache(maxsize=2_000)
def _compiled(names: tuple[str, ...], text: str) -> Compiled:
    return Environment(names).compile(text)
