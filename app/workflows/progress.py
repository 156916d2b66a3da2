"""What happens next in a run.

`advance` is a function of the definition, the run and the time. Its result is complete: if the caller dies at any
point of storing it and starting the attempts, the next call continues from there.

It evaluates the expressions of the definition. Their cost has no bound, so those of users are evaluated in a process
that may be killed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.workflows.definition import ON_CANCEL, Definition, StepTemplate, dependencies, in_order
from app.workflows.evaluation import EvaluationFailed, Group, Scope
from app.workflows.parameters import parameter_problems
from app.workflows.run import ENDED, Code, Outcome, Run, RunState, StepError, StepRun, StepState
from app.workflows.step_types import input_problem
from app.workflows.waits import wait_of

MAX_ITEMS = 1_000
"""Items of one `forEach`."""
MAX_STEP_RUNS = 10_000
"""Steps of a run, each item of a `forEach` counted."""
LONGEST_BACKOFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Start:
    """An attempt that begins now."""

    path: str
    attempt: int
    type: str
    inputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Advance:
    """The run afterwards, the attempts that begin and those that are stopped (path and number), and when to call
    again if no attempt ends before."""

    run: Run
    starts: tuple[Start, ...] = ()
    stops: tuple[tuple[str, int], ...] = ()
    next_at: datetime | None = None


def advance(definition: Definition, run: Run, now: datetime) -> Advance:
    """Returns what happens next.

    Once a step of a group has failed, no other step of the group begins; those that run are not stopped, and the group
    fails when they have ended. A step that is skipped counts as one that has ended well.
    """
    if run.state is not RunState.RUNNING:
        return Advance(run)
    return _Walk(definition, run, now).advance()


@dataclass(frozen=True, slots=True)
class _Body:
    """One execution of a step: of the whole step, or of one item of its `forEach`."""

    template: StepTemplate
    path: str
    scope: Scope


class _Walk:
    """One pass over the steps of a run."""

    def __init__(self, definition: Definition, run: Run, now: datetime) -> None:
        self._definition = definition
        self._run = run
        self._now = now
        self._steps = dict(run.steps)
        self._starts = list[Start]()
        self._stops = list[tuple[str, int]]()

    def advance(self) -> Advance:
        scope = Scope.of(self._definition, self._run.parameters, self._steps).within(Group(self._definition.steps, ""))
        if self._run.is_cancelling:
            return self._cancelled(scope)
        outcome = self._group(self._definition.steps, "", scope, is_parallel=False)
        if outcome is None:
            return self._running()
        if outcome.error is not None:
            return self._ended(RunState.FAILED, error=outcome.error)
        try:
            outputs = scope.filled(dict(self._definition.outputs))
        except EvaluationFailed as error:
            return self._ended(RunState.FAILED, error=StepError(Code.EXPRESSION, str(error), ""))
        return self._ended(RunState.SUCCEEDED, outputs=outputs)

    def _cancelled(self, scope: Scope) -> Advance:
        """Ends what runs, and continues the steps for this case. The run is cancelled when these have ended."""
        self._cancel("", but=ON_CANCEL)
        steps = self._definition.on_cancel
        outcome = self._group(steps, ON_CANCEL, scope.within(Group(steps, ON_CANCEL)), is_parallel=False)
        return self._running() if outcome is None else self._ended(RunState.CANCELLED, error=outcome.error)

    def _running(self) -> Advance:
        run = replace(self._run, steps=self._steps)
        return Advance(run, tuple(self._starts), tuple(self._stops), min(self._moments(), default=None))

    def _moments(self) -> Iterator[datetime]:
        """When time alone changes something."""
        for step in self._steps.values():
            if step.due is not None:
                yield step.due
            if step.is_attempt and step.wait is not None and step.wait.until is not None:
                yield step.wait.until

    def _ended(self, state: RunState, **result: Any) -> Advance:
        return Advance(replace(self._run, steps=self._steps, state=state, **result), (), tuple(self._stops))

    def _group(self, steps: Sequence[StepTemplate], prefix: str, scope: Scope, *, is_parallel: bool) -> Outcome | None:
        """Continues the steps of a group. Returns its outcome, and None while a step runs."""
        templates = tuple(steps)
        ordered = in_order(templates, is_parallel=is_parallel)
        needs = dependencies(templates, is_parallel=is_parallel)
        for template in ordered:
            if self._is_open(prefix + template.name):
                self._continue(template, prefix + template.name, scope)
        failure = self._failure(ordered, prefix)
        for template in ordered:
            path = prefix + template.name
            if failure is not None:
                break
            if path not in self._steps and all(self._has_ended(prefix + name) for name in needs[template.name]):
                self._begin(template, path, scope)
                failure = self._failure([template], prefix)
        if any(self._is_open(prefix + template.name) for template in ordered):
            return None
        return Outcome(error=self._failure(ordered, prefix))

    def _failure(self, steps: Sequence[StepTemplate], prefix: str) -> StepError | None:
        """The error of the first step that has failed, or that will have failed after its `onFailure` steps."""
        for template in steps:
            found = self._steps.get(prefix + template.name)
            is_failed = found is not None and found.state in (StepState.FAILED, StepState.FAILING)
            if found is not None and is_failed and not template.continues_on_error:
                return found.error
        return None

    def _begin(self, template: StepTemplate, path: str, scope: Scope) -> None:
        """Begins a step of a group: skips it, finds its items, and starts it."""
        refusal = self._refusal(path)
        self._steps[path] = StepRun(StepState.RUNNING, self._now)
        if refusal is not None:
            self._fail(template, path, scope, refusal)
            return
        try:
            if template.condition is not None and not scope.is_true(template.condition):
                self._end(path, StepState.SKIPPED)
                return
            if template.for_each is None:
                self._open(_Body(template, path, scope))
            else:
                items = scope.filled(template.for_each.items)
                if not isinstance(items, list) or len(items) > MAX_ITEMS:
                    message = f"The items of a forEach must be a list of at most {MAX_ITEMS:,} entries."
                    self._fail(template, path, scope, StepError(Code.TOO_MANY_ITEMS, message, path))
                    return
                self._steps[path] = replace(self._steps[path], items=tuple(items))
        except EvaluationFailed as error:
            self._fail(template, path, scope, StepError(Code.EXPRESSION, str(error), path))
            return
        self._continue(template, path, scope)

    def _continue(self, template: StepTemplate, path: str, scope: Scope) -> None:
        """Continues a step that has begun."""
        step = self._steps[path]
        if step.state is StepState.FAILING:
            self._continue_failure(template, path, scope)
            return
        if step.items is not None:
            outcome = self._items(template, path, step.items, scope)
        else:
            outcome = self._body(_Body(template, path, scope))
        if outcome is None:
            return
        if outcome.error is not None:
            self._fail(template, path, scope, outcome.error, outcome.outputs)
        else:
            self._end(path, StepState.SUCCEEDED, outputs=outcome.outputs)

    def _items(self, template: StepTemplate, path: str, items: Sequence[Any], scope: Scope) -> Outcome | None:
        """Continues the items of a `forEach`. After a failure no other item begins, unless failures are ignored."""
        each = template.for_each
        assert each is not None
        paths = [f"{path}[{index}]" for index in range(len(items))]

        def body(index: int) -> _Body:
            return _Body(template, paths[index], scope.with_item(each.name, items[index], index))

        for index, item_path in enumerate(paths):
            if self._is_open(item_path):
                self._continue_item(body(index))
        at_once = sum(map(self._is_open, paths))
        error = self._failed_item(paths)
        for index, item_path in enumerate(paths):
            if at_once == each.limit or (error is not None and not template.continues_on_error):
                break
            if item_path not in self._steps:
                self._begin_item(body(index))
                at_once += self._is_open(item_path)
                error = error or self._steps[item_path].error
        if at_once:
            return None
        outputs = [self._steps[item_path].outputs if item_path in self._steps else None for item_path in paths]
        return Outcome(outputs, error)

    def _begin_item(self, body: _Body) -> None:
        refusal = self._refusal(body.path)
        self._steps[body.path] = StepRun(StepState.RUNNING, self._now)
        if refusal is not None:
            self._end(body.path, StepState.FAILED, refusal)
            return
        try:
            self._open(body)
        except EvaluationFailed as error:
            self._end(body.path, StepState.FAILED, StepError(Code.EXPRESSION, str(error), body.path))
        else:
            self._continue_item(body)

    def _continue_item(self, body: _Body) -> None:
        outcome = self._body(body)
        if outcome is not None and outcome.error is not None:
            self._end(body.path, StepState.FAILED, outcome.error)
        elif outcome is not None:
            self._end(body.path, StepState.SUCCEEDED, outputs=outcome.outputs)

    def _failed_item(self, paths: Sequence[str]) -> StepError | None:
        found = map(self._steps.get, paths)
        return next((step.error for step in found if step is not None and step.state is StepState.FAILED), None)

    def _refusal(self, path: str) -> StepError | None:
        if len(self._steps) < MAX_STEP_RUNS:
            return None
        return StepError(Code.TOO_MANY_STEPS, f"A run can have at most {MAX_STEP_RUNS:,} steps.", path)

    # One execution

    def _open(self, body: _Body) -> None:
        """Starts the first attempt of a step with a type; a group has none."""
        if body.template.type is not None:
            self._attempt(body, 1)
            return
        step = self._steps[body.path]
        if body.template.timeout is not None:
            step = replace(step, due=self._now + body.template.timeout)
        if (composed := body.template.composed) is not None:
            inputs = dict(body.scope.filled(dict(body.template.inputs)))
            step = replace(step, inputs=inputs)
            for path, message in parameter_problems({"parameters": composed.parameters}, inputs):
                error = StepError(Code.INVALID_INPUTS, ": ".join((*path, message)), body.path)
                step = replace(step, outcome=Outcome(error=error))
                break
        self._steps[body.path] = step

    def _body(self, body: _Body) -> Outcome | None:
        """Continues an execution. Returns its outcome, and None while it runs."""
        step = self._steps[body.path]
        is_due = step.due is not None and step.due <= self._now
        if body.template.type is None and is_due:
            self._cancel(f"{body.path}/")
            return self._timed_out(body)
        if body.template.type is None:
            return step.outcome or self._inner(body, step)
        if step.state is StepState.RETRYING:
            if is_due:
                return self._again(body, step.attempt + 1)
            return None
        outcome = step.outcome or self._slept(step)
        if outcome is None and is_due:
            self._stops.append((body.path, step.attempt))
            outcome = self._timed_out(body)
        if outcome is None:
            return None
        if outcome.error is not None:
            return self._after_failure(body, step, outcome.error)
        return self._with_outputs(body, dict(outcome.outputs or {}), body.scope)

    def _inner(self, body: _Body, step: StepRun) -> Outcome | None:
        """Continues the steps of a group."""
        group = Group(body.template.steps, f"{body.path}/")
        composed = body.template.composed
        around = body.scope if composed is None else body.scope.entered(composed, step.inputs or {})
        inner = around.within(group)
        outcome = self._group(group.steps, group.prefix, inner, is_parallel=body.template.is_parallel)
        if outcome is None or outcome.error is not None:
            return outcome
        if composed is None:
            return self._with_outputs(body, {}, inner)
        try:
            result = inner.filled(dict(composed.outputs))
        except EvaluationFailed as error:
            return Outcome(error=StepError(Code.EXPRESSION, f"outputs of {composed.type}: {error}", body.path))
        return self._with_outputs(body, result, body.scope)

    def _slept(self, step: StepRun) -> Outcome | None:
        is_over = step.wait is not None and step.wait.until is not None and step.wait.until <= self._now
        return Outcome({}) if is_over else None

    def _timed_out(self, body: _Body) -> Outcome:
        assert body.template.timeout is not None
        message = f"The step took longer than {int(body.template.timeout.total_seconds())} s."
        return Outcome(error=StepError(Code.TIMEOUT, message, body.path))

    def _after_failure(self, body: _Body, step: StepRun, error: StepError) -> Outcome | None:
        """An attempt has failed: the next one is due after a pause, or the step fails."""
        retry = body.template.retry
        if step.attempt >= retry.attempts or error.code == Code.INVALID_INPUTS:
            return Outcome(error=error)
        if retry.only_if is not None:
            try:
                if not body.scope.with_error(error).is_true(retry.only_if):
                    return Outcome(error=error)
            except EvaluationFailed as wrong:
                return Outcome(error=StepError(Code.EXPRESSION, f"onlyIf: {wrong}", body.path))
        pause = min(retry.backoff * 2 ** min(step.attempt - 1, 30), LONGEST_BACKOFF)
        self._steps[body.path] = replace(
            step, state=StepState.RETRYING, due=self._now + pause, outcome=None, error=error
        )
        return None

    def _again(self, body: _Body, attempt: int) -> Outcome | None:
        try:
            self._attempt(body, attempt)
        except EvaluationFailed as error:
            return Outcome(error=StepError(Code.EXPRESSION, str(error), body.path))
        return None

    def _attempt(self, body: _Body, attempt: int) -> None:
        """Starts an attempt. Its inputs are those of the first one. Inputs that the step type refuses are its outcome,
        and what waits for an event is not started."""
        template, step = body.template, self._steps[body.path]
        assert template.type is not None
        inputs = dict(body.scope.filled(dict(template.inputs))) if step.inputs is None else dict(step.inputs)
        due = None if template.timeout is None else self._now + template.timeout
        refusal, wait = None, None
        problem = input_problem(template.type, inputs)
        if problem is None:
            try:
                wait = wait_of(template.type, inputs, self._now)
            except ValueError as error:
                problem = str(error)
        if problem is not None:
            refusal = Outcome(error=StepError(Code.INVALID_INPUTS, problem, body.path))
        self._steps[body.path] = replace(
            step,
            state=StepState.RUNNING,
            attempt=attempt,
            due=due,
            inputs=inputs,
            wait=wait,
            outcome=refusal,
            error=None,
        )
        if refusal is None and wait is None:
            self._starts.append(Start(body.path, attempt, template.type, inputs))

    def _with_outputs(self, body: _Body, result: dict[str, Any], scope: Scope) -> Outcome:
        if body.template.outputs is None:
            return Outcome(outputs=result)
        try:
            return Outcome(outputs=scope.with_result(result).filled(dict(body.template.outputs)))
        except EvaluationFailed as error:
            return Outcome(error=StepError(Code.EXPRESSION, f"outputs: {error}", body.path))

    # Ends

    def _fail(self, template: StepTemplate, path: str, scope: Scope, error: StepError, outputs: Any = None) -> None:
        if not template.on_failure:
            self._end(path, StepState.FAILED, error, outputs)
            return
        self._steps[path] = replace(
            self._steps[path], state=StepState.FAILING, due=None, outcome=None, error=error, outputs=outputs
        )
        self._continue_failure(template, path, scope)

    def _continue_failure(self, template: StepTemplate, path: str, scope: Scope) -> None:
        """Continues the `onFailure` steps of a step. If they fail, too, the step keeps its own error."""
        error = self._steps[path].error
        assert error is not None
        group = Group(template.on_failure, f"{path}.onFailure/")
        handling = scope.with_error(error).within(group)
        if template.for_each is None and template.steps and template.composed is None:
            handling = scope.with_error(error).within(Group(template.steps, f"{path}/")).within(group)
        if self._group(group.steps, group.prefix, handling, is_parallel=False) is not None:
            self._end(path, StepState.FAILED, error, self._steps[path].outputs)

    def _end(self, path: str, state: StepState, error: StepError | None = None, outputs: Any = None) -> None:
        self._steps[path] = replace(
            self._steps[path], state=state, ended_at=self._now, due=None, outcome=None, error=error, outputs=outputs
        )

    def _cancel(self, prefix: str, *, but: str | None = None) -> None:
        """Ends everything that runs below a path, apart from what is below another one."""
        for path, step in self._steps.items():
            if but is not None and path.startswith(but):
                continue
            if path.startswith(prefix) and step.state not in ENDED:
                if step.is_attempt:
                    self._stops.append((path, step.attempt))
                self._end(path, StepState.CANCELLED)

    def _is_open(self, path: str) -> bool:
        found = self._steps.get(path)
        return found is not None and found.state not in ENDED

    def _has_ended(self, path: str) -> bool:
        found = self._steps.get(path)
        return found is not None and found.state in ENDED
