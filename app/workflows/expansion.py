"""Step definitions: steps of an organization's own types, which expand to groups of steps.

A step definition has the language of workflow definitions. A run has the expanded steps, so each of them is durable on
its own, and later changes of a step definition do not change the run.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.workflows.schemas import properties, required
from app.workflows.step_types import STEP_TYPES, StepType

MAX_NESTED = 5
"""Step definitions that are in each other."""
MAX_STEPS = 1_000
MAX_SIZE = 1024 * 1024
"""Of an expanded definition, in characters of its JSON."""
Documents = Mapping[str, Mapping[str, Any]]
Path = tuple[str, ...]
_GROUPS = ("sequence", "parallel", "onFailure")


class ExpansionError(ValueError):
    """A definition cannot be expanded. `path` is the place of the step."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def own_types(document: Any) -> set[str]:
    """The step types of a definition that are not built in. The structure of the definition may be wrong."""
    return {
        step["type"]
        for step in _all_steps(document)
        if isinstance(step.get("type"), str) and step["type"] not in STEP_TYPES
    }


def step_type_of(document: Mapping[str, Any]) -> StepType:
    """A step definition as a step type."""
    schema = document.get("parameters", {})
    fields = properties(schema)
    needed = [name for name in required(schema) if "default" not in _mapping(fields.get(name))]
    inputs = {"additionalProperties": False, **schema, "type": "object", "required": needed}
    outputs = document.get("outputs", {})
    return StepType(
        name=document["name"],
        description=document.get("description") or "A step definition.",
        example="",
        inputs=inputs,
        outputs={
            "type": "object",
            "required": list(outputs),
            "additionalProperties": False,
            "properties": {name: output.get("schema", {}) for name, output in outputs.items()},
        },
    )


def expanded(document: Mapping[str, Any], definitions: Documents, *, step_type: str | None = None) -> dict[str, Any]:
    """A valid definition with a group in the place of each step whose type is one of the step definitions. `step_type`
    is the name of a step definition itself.

    Raises:
        ExpansionError: step definitions contain each other, or it has too many steps.
    """
    inside = () if step_type is None else (step_type,)
    expansion = _Expansion(definitions)
    expansion.add(document, ("steps",))
    return {
        **document,
        **{key: expansion.steps(document[key], (key,), inside) for key in ("steps", "onCancel") if key in document},
    }


class _Expansion:
    """It counts while it expands: definitions that contain others many times would grow without end."""

    def __init__(self, definitions: Documents) -> None:
        self._definitions = definitions
        self._count = 0
        self._size = 0

    def add(self, document: Mapping[str, Any], path: Path) -> None:
        self._count += sum(1 for _ in _all_steps(document))
        self._size += len(json.dumps(document))
        if self._count > MAX_STEPS:
            raise ExpansionError(path, f"With those of step definitions, there are more than {MAX_STEPS:,} steps.")
        if self._size > MAX_SIZE:
            raise ExpansionError(path, f"With its step definitions, it has more than {MAX_SIZE // 1024:,} KiB.")

    def steps(self, steps: list[Any], path: Path, inside: Path) -> list[Any]:
        """`inside` has the step definitions around the steps."""
        return [self._step(step, (*path, str(number)), inside) for number, step in enumerate(steps)]

    def _step(self, step: Mapping[str, Any], path: Path, inside: Path) -> dict[str, Any]:
        found = {
            key: self.steps(value, (*path, key), inside) if key in _GROUPS else value for key, value in step.items()
        }
        name = step.get("type")
        if name is None or name in STEP_TYPES or name not in self._definitions:
            return found
        if name in inside:
            message = f"Step definitions contain each other: {' > '.join((*inside, name))}."
            raise ExpansionError((*path, "type"), message)
        if len(inside) == MAX_NESTED:
            raise ExpansionError((*path, "type"), f"Step definitions can be nested at most {MAX_NESTED} deep.")
        definition = self._definitions[name]
        self.add(definition, (*path, "type"))
        del found["type"]
        # a problem in the step definition is reported at the step that uses it
        inner = [self._step(each, path, (*inside, name)) for each in definition["steps"]]
        return {
            **found,
            "composed": {
                "type": name,
                "parameters": definition.get("parameters", {}),
                "outputs": {key: output["value"] for key, output in definition.get("outputs", {}).items()},
            },
            "sequence": inner,
        }


def _all_steps(document: Any) -> Iterator[Mapping[str, Any]]:
    for key in ("steps", "onCancel") if isinstance(document, Mapping) else ():
        yield from _steps(document.get(key))


def _steps(steps: Any) -> Iterator[Mapping[str, Any]]:
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, Mapping):
            yield step
            for key in _GROUPS:
                yield from _steps(step.get(key))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
