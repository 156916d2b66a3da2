"""A workflow definition as the check and the interpreter see it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.rollouts.durations import duration

BACKOFF = timedelta(seconds=10)
LIMIT = 10
ITEM = "item"
ON_CANCEL = ".onCancel/"
"""What the paths of the steps begin with that run if the run is cancelled."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a step is attempted in total, and when it is not repeated. The pause doubles with each attempt."""

    attempts: int = 1
    backoff: timedelta = BACKOFF
    only_if: str | None = None

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "Retry":
        backoff = duration(given["backoff"]) if "backoff" in given else BACKOFF
        return cls(given["attempts"], backoff, given.get("onlyIf"))


@dataclass(frozen=True, slots=True)
class ForEach:
    """The items are a list, or an expression that returns one; `name` is that of the item in expressions."""

    items: Any
    name: str = ITEM
    limit: int = LIMIT

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "ForEach":
        return cls(given["items"], given.get("as", ITEM), given.get("limit", LIMIT))


@dataclass(frozen=True, slots=True)
class Composed:
    """The step definition whose steps a group has: its name, the schema of its parameters, and its outputs. In the
    expressions of its steps and outputs, `parameters` are the inputs of the group, and `steps` are those of the group
    alone."""

    type: str
    parameters: Mapping[str, Any]
    outputs: Mapping[str, Any]

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "Composed":
        return cls(given["type"], given["parameters"], given["outputs"])


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A step of a definition: it has a type, or it is a group of `steps`.

    `outputs` is None if the outputs are those of the step type. `depends_on` is None if the order of the group decides.
    `composed` is None if the steps of the group are those of the definition itself.
    """

    name: str
    type: str | None = None
    steps: "tuple[StepTemplate, ...]" = ()
    composed: Composed | None = None
    is_parallel: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] | None = None
    condition: str | None = None
    for_each: ForEach | None = None
    depends_on: tuple[str, ...] | None = None
    timeout: timedelta | None = None
    retry: Retry = field(default_factory=Retry)
    continues_on_error: bool = False
    on_failure: "tuple[StepTemplate, ...]" = ()

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "StepTemplate":
        """Reads a step whose structure is valid.

        Raises:
            ValueError: a duration is not one.
        """
        return cls(
            name=given["name"],
            type=given.get("type"),
            steps=tuple(map(cls.of_json, given.get("sequence") or given.get("parallel") or ())),
            composed=Composed.of_json(given["composed"]) if "composed" in given else None,
            is_parallel="parallel" in given,
            inputs=given.get("inputs", {}),
            outputs=given.get("outputs"),
            condition=given.get("if"),
            for_each=ForEach.of_json(given["forEach"]) if "forEach" in given else None,
            depends_on=tuple(given["dependsOn"]) if "dependsOn" in given else None,
            timeout=duration(given["timeout"]) if "timeout" in given else None,
            retry=Retry.of_json(given["retry"]) if "retry" in given else Retry(),
            continues_on_error=given.get("continueOnError", False),
            on_failure=tuple(map(cls.of_json, given.get("onFailure", ()))),
        )

    @property
    def always_runs(self) -> bool:
        """Whether steps that come after it can rely on its outputs."""
        return self.condition is None and not self.continues_on_error


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    steps: tuple[StepTemplate, ...]
    description: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    on_cancel: tuple[StepTemplate, ...] = ()

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "Definition":
        """Reads a definition whose structure is valid."""
        return cls(
            name=given["name"],
            steps=tuple(map(StepTemplate.of_json, given["steps"])),
            description=given.get("description"),
            parameters=given.get("parameters", {}),
            outputs={name: output["value"] for name, output in given.get("outputs", {}).items()},
            on_cancel=tuple(map(StepTemplate.of_json, given.get("onCancel", ()))),
        )

    @property
    def by_path(self) -> dict[str, StepTemplate]:
        """All steps by their paths, without the numbers of items: `load/apply`, `load.onFailure/report`."""
        return dict(_by_path(self.steps, "")) | dict(_by_path(self.on_cancel, ON_CANCEL))


def dependencies(steps: tuple[StepTemplate, ...], *, is_parallel: bool) -> dict[str, tuple[str, ...]]:
    """For each step of a group, the names of those that end before it begins."""
    found = dict[str, tuple[str, ...]]()
    previous: tuple[str, ...] = ()
    for step in steps:
        found[step.name] = previous if step.depends_on is None else step.depends_on
        previous = () if is_parallel else (step.name,)
    return found


def in_order(steps: tuple[StepTemplate, ...], *, is_parallel: bool) -> list[StepTemplate]:
    """The steps, each after those that it depends on. Steps in a cycle, or that wait for one, are left out."""
    needs = {name: set(needed) for name, needed in dependencies(steps, is_parallel=is_parallel).items()}
    after = dict[str, list[StepTemplate]]()
    for step in steps:
        for name in needs[step.name]:
            after.setdefault(name, []).append(step)
    found = [step for step in steps if not needs[step.name]]
    for step in found:  # it grows
        for later in after.get(step.name, ()):
            needs[later.name].discard(step.name)
            if not needs[later.name]:
                found.append(later)
    return found


def all_steps(steps: tuple[StepTemplate, ...]) -> Iterator[StepTemplate]:
    """The steps, and those in groups and of failures."""
    for step in steps:
        yield step
        yield from all_steps(step.steps)
        yield from all_steps(step.on_failure)


def _by_path(steps: tuple[StepTemplate, ...], prefix: str) -> Iterator[tuple[str, StepTemplate]]:
    for step in steps:
        path = prefix + step.name
        yield path, step
        yield from _by_path(step.steps, f"{path}/")
        yield from _by_path(step.on_failure, f"{path}.onFailure/")
