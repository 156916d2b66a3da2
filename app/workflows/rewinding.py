"""A run that has ended, as it was before some of its steps: where a repetition begins."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from app.workflows.definition import ON_CANCEL, Definition, StepTemplate, dependencies
from app.workflows.run import Run, RunState, StepRun, StepState

_SEGMENT = re.compile(r"([^\[\].]+)(?:\[(\d{1,4})\])?")
_UNSUCCESSFUL = (StepState.FAILED, StepState.FAILING, StepState.CANCELLED)


class UnknownStepError(ValueError):
    """The run has no such step, or none that can be repeated by itself. The message says why."""


def rewound(definition: Definition, run: Run, path: str, now: datetime) -> Run:
    """Returns the run before a step: what comes after the step in its groups has not begun either. What a cancelled run
    did not finish has not begun.

    Raises:
        UnknownStepError: there is no such step.
    """
    paths = [path]
    if run.state is RunState.CANCELLED:
        paths += unsuccessful(definition, run)
    return _rewound(definition, run, paths, now)


def rewound_to_failures(definition: Definition, run: Run, now: datetime) -> Run:
    """Returns the run before the steps that have failed or were cancelled. Failures that the definition ignores stay.

    Raises:
        UnknownStepError: there are none.
    """
    paths = list(unsuccessful(definition, run))
    if not paths:
        raise UnknownStepError("No step of the run has failed.")
    return _rewound(definition, run, paths, now)


def unsuccessful(definition: Definition, run: Run) -> Iterator[str]:
    """The paths of the innermost steps that made the run fail, or that it did not finish."""
    yield from _unsuccessful(definition.steps, "", run)


def _unsuccessful(templates: tuple[StepTemplate, ...], prefix: str, run: Run) -> Iterator[str]:
    for template in templates:
        path = prefix + template.name
        step = run.steps.get(path)
        if step is None or step.state not in _UNSUCCESSFUL:
            continue
        if step.state is StepState.FAILED and template.continues_on_error:
            continue
        if step.items is None:
            found = list(_unsuccessful(template.steps, f"{path}/", run))
        else:
            found = [
                inner
                for item in (f"{path}[{index}]" for index in range(len(step.items)))
                if item in run.steps and run.steps[item].state in _UNSUCCESSFUL
                for inner in list(_unsuccessful(template.steps, f"{item}/", run)) or [item]
            ]
        yield from found or [path]


def _rewound(definition: Definition, run: Run, paths: Collection[str], now: datetime) -> Run:
    steps = {path: step for path, step in run.steps.items() if not path.startswith(ON_CANCEL)}
    rewinding = _Rewinding(replace(run, steps=steps), now)
    for path in paths:
        rewinding.clear(definition.steps, path, is_parallel=False)
    return replace(run, steps=rewinding.steps, state=RunState.RUNNING, is_cancelling=False, outputs=None, error=None)


class _Rewinding:
    """`steps` are those that remain."""

    def __init__(self, run: Run, now: datetime) -> None:
        self._before = run.steps
        self._now = now
        self.steps = dict(run.steps)

    def clear(self, templates: tuple[StepTemplate, ...], path: str, *, is_parallel: bool, prefix: str = "") -> None:
        """Removes a step of a group, and what comes after it; the groups around it are open again."""
        first, _, rest = path.partition("/")
        matched = _SEGMENT.fullmatch(first)
        if matched is None:
            raise UnknownStepError("Steps that run after a failure or a cancellation cannot be repeated by themselves.")
        name, index = matched[1], matched[2]
        own = prefix + name
        template = next((each for each in templates if each.name == name), None)
        if template is None or prefix + first not in self._before:
            raise UnknownStepError(f"The run has no step {prefix + first}.")
        if rest and (index is None) != (template.for_each is None):
            raise UnknownStepError(f"{own} runs for each item: name one, such as {own}[0]/{rest}.")
        for later in _after(templates, name, is_parallel=is_parallel):
            self._remove(prefix + later)
        if not rest and index is None:
            self._remove(own)
            return
        self._open(own, template, has_items=index is not None)
        if not rest:
            self._remove(prefix + first)
            return
        if index is not None:
            self._open(prefix + first, template, has_items=False)
        self.clear(template.steps, rest, is_parallel=template.is_parallel, prefix=f"{prefix}{first}/")

    def _remove(self, path: str) -> None:
        below = (f"{path}/", f"{path}[", f"{path}.onFailure/")
        self.steps = {each: step for each, step in self.steps.items() if each != path and not each.startswith(below)}

    def _open(self, path: str, template: StepTemplate, *, has_items: bool) -> None:
        """Makes a group run again. Its timeout starts again."""
        step = self.steps.get(path)
        if step is None:  # removed, because it comes after another step that is repeated
            return
        self._remove_failure(path)
        has_time = template.type is None and template.timeout is not None and not has_items
        due = self._now + template.timeout if has_time and template.timeout is not None else None
        self.steps[path] = StepRun(StepState.RUNNING, step.started_at, due=due, inputs=step.inputs, items=step.items)

    def _remove_failure(self, path: str) -> None:
        prefix = f"{path}.onFailure/"
        self.steps = {each: step for each, step in self.steps.items() if not each.startswith(prefix)}


def _after(templates: tuple[StepTemplate, ...], name: str, *, is_parallel: bool) -> set[str]:
    """The steps of a group that begin only after one of them has ended."""
    needs = dependencies(templates, is_parallel=is_parallel)
    found = {name}
    while more := {each for each, needed in needs.items() if each not in found and found.intersection(needed)}:
        found |= more
    return found - {name}
