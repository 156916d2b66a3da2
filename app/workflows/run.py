"""A run of a definition: the state of its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class StepState(StrEnum):
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"  # an attempt has failed, and the next one begins after a pause
    FAILING = "FAILING"  # it has failed, and its `onFailure` steps run
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


ENDED = frozenset({StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED, StepState.CANCELLED})


class RunState(StrEnum):
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Code(StrEnum):
    """The codes of errors that the interpreter itself finds; step types add their own."""

    EXPRESSION = "expression"
    INVALID_INPUTS = "invalid_inputs"
    REJECTED = "rejected"
    TIMEOUT = "timeout"
    TOO_MANY_ITEMS = "too_many_items"
    TOO_MANY_STEPS = "too_many_steps"


@dataclass(frozen=True, slots=True)
class StepError:
    """`path` is that of the step in which it happened, for the error of a group."""

    code: str
    message: str
    path: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt or a group returned: outputs, or an error. The outputs of a `forEach` are a list, also with an
    error."""

    outputs: Any = None
    error: StepError | None = None


class WaitKind(StrEnum):
    SLEEP = "SLEEP"
    SIGNAL = "SIGNAL"
    APPROVAL = "APPROVAL"
    RESULT = "RESULT"
    RUN = "RUN"


@dataclass(frozen=True, slots=True)
class Wait:
    """The event with which an attempt ends that no function works on: a time, a signal with a name, a decision, a
    result from outside, or the end of another run."""

    kind: WaitKind
    until: datetime | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class StepRun:
    """A step in a run, a group, or one item of a `forEach`.

    `attempt` is 0 for groups. `due` is the end of the timeout, or of the pause. `items` are those of a `forEach`.
    """

    state: StepState
    started_at: datetime
    ended_at: datetime | None = None
    attempt: int = 0
    due: datetime | None = None
    inputs: Mapping[str, Any] | None = None
    wait: Wait | None = None
    items: tuple[Any, ...] | None = None
    outcome: Outcome | None = None
    outputs: Any = None
    error: StepError | None = None

    @property
    def is_attempt(self) -> bool:
        """Whether something outside of the interpreter works on it."""
        return self.state is StepState.RUNNING and self.attempt > 0 and self.outcome is None


@dataclass(frozen=True, slots=True)
class Run:
    """`steps` are those that have begun, by path: `build`, `load[2]/apply`, `load.onFailure/tell`."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, StepRun] = field(default_factory=dict)
    state: RunState = RunState.RUNNING
    is_cancelling: bool = False
    outputs: Mapping[str, Any] | None = None
    error: StepError | None = None


def with_outcome(run: Run, path: str, attempt: int, outcome: Outcome) -> Run:
    """The run with the outcome of an attempt. An outcome that is late or repeated changes nothing."""
    step = run.steps.get(path)
    if step is None or not step.is_attempt or step.attempt != attempt:
        return run
    return replace(run, steps={**run.steps, path: replace(step, outcome=outcome)})


def cancelling(run: Run) -> Run:
    """The run after a user has cancelled it: the next step ends what runs."""
    return replace(run, is_cancelling=True) if run.state is RunState.RUNNING else run
