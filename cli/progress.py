"""Follows an operation to its end, with a bar for each cluster, or with lines if there is no terminal."""

import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from cli.failure import Failure, not_converged
from cli.live import looks
from cli.outcomes import ENDED, RESULT_FIELDS, is_done, outcome, outcome_error
from cli.session import Session
from cli.summary import summarized
from cli.terminal import is_capable, printable

if TYPE_CHECKING:
    from rich.progress import TaskID

OPERATION_FIELDS = f"""
id kind state results {{ {RESULT_FIELDS} }}
deployment {{ releaseName group {{ name }} }}
"""
_QUERY = f"query ($id: ID!) {{ operation(id: $id) {{ {OPERATION_FIELDS} }} }}"
_SUBSCRIPTION = "subscription ($id: ID!) { operation(id: $id) { state results { state } } }"
_SHOWN_AT_MOST = 20


def finish(session: Session, operation: Any | None, seconds: float) -> Any | None:
    """Waits until an operation has ended, and returns it, or None if there was nothing to do.

    Raises:
        Failure: It failed on a cluster, or, with another exit code, has not ended in time.
    """
    if operation is None:
        return None
    try:
        found = await_end(session, operation["id"], seconds)
    except KeyboardInterrupt:
        session.tell(f"The server continues. To stop it: polyhelm operation cancel {operation['id']}")
        raise
    if found is None:
        return None
    if found["state"] not in ENDED:
        raise late_failure(found, seconds, verbose=session.verbose)
    if not all(is_done(result) for result in found["results"]):
        raise failure_of(found, verbose=session.verbose)
    return found


def await_end(session: Session, operation_id: str, seconds: float) -> Any | None:
    """Returns the last state of the operation, or None if it was deleted with its deployment, which was its purpose."""
    look = partial(session.ask, _QUERY, id=operation_id)
    with display_for(session) as display:
        for answer in looks(session.client, _SUBSCRIPTION, {"id": operation_id}, look, seconds=seconds):
            found = answer["operation"]
            if found is None:
                break
            display.show(found["results"])
            if found["state"] in ENDED:
                break
    return found


def failure_of(operation: Any, *, verbose: bool = False) -> Failure:
    lines = _lines([result for result in operation["results"] if not is_done(result)], verbose=verbose)
    name = _name(operation)
    next_step = (
        f"Show details: polyhelm deploy get {name}. After fixing the cause: polyhelm reconcile {name}" if name else None
    )
    if operation["state"] == "SUPERSEDED":
        next_step = f"A newer operation has replaced it. Wait for that: polyhelm deploy wait {name}"
    return Failure(f"The {operation['kind'].lower()} operation ended: {operation['state']}.", next_step, tuple(lines))


def late_failure(operation: Any, seconds: float, *, verbose: bool) -> Failure:
    lines = _lines([result for result in operation["results"] if result["state"] not in ENDED], verbose=verbose)
    name = _name(operation)
    next_step = f"Continue to wait: polyhelm deploy wait {name}" if name else None
    if name and any((result["activity"] or {}).get("phase") == "HOOK" for result in operation["results"]):
        command = "deploy rm" if operation["kind"] == "DELETE" else "reconcile"
        next_step = f"{next_step}. If a hook never ends: polyhelm {command} {name} --skip-hooks"
    return not_converged(
        f"The operation did not end within {seconds:g} seconds. The server continues.", next_step, *lines
    )


def _lines(results: list[Any], *, verbose: bool) -> list[str]:
    return summarized({result["clusterName"]: outcome_error(result) for result in results}, verbose=verbose)


def _name(operation: Any) -> str | None:
    deployment = operation["deployment"]
    return f"{deployment['group']['name']}/{deployment['releaseName']}" if deployment else None


class _Lines:
    """Prints one line for each finished cluster."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._finished: set[str] = set()

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def show(self, results: list[Any]) -> None:
        for result in results:
            if result["state"] in ENDED and result["clusterName"] not in self._finished:
                self._finished.add(result["clusterName"])
                self._session.tell(f"{result['clusterName']}: {outcome(result)}")


class _Bars:
    """Shows one bar for each cluster, and one for all of them. With many clusters, finished ones are hidden."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_Bars":
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress: Progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            console=Console(stderr=True),
        )
        self._stack.enter_context(self._progress)
        self._all = self._progress.add_task("all", total=None, state="")
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def show(self, results: list[Any]) -> None:
        done = [result for result in results if result["state"] in ENDED]
        self._progress.update(self._all, total=len(results), completed=len(done))
        room = _SHOWN_AT_MOST
        for result in sorted(results, key=lambda each: (each["state"] in ENDED, each["clusterName"])):
            self._update(result, visible=room > 0)
            room -= 1

    def _update(self, result: Any, *, visible: bool) -> None:
        name, state = result["clusterName"], result["state"]
        words = printable(outcome_error(result))
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=1, state=words, start=False)
        task = self._tasks[name]
        if state != "PENDING":
            self._progress.start_task(task)
        self._progress.update(task, completed=int(state in ENDED), state=words, visible=visible)
        if state in ENDED:
            self._progress.stop_task(task)


def display_for(session: Session) -> "_Bars | _Lines":
    return _Bars() if is_capable(sys.stderr) and not session.quiet else _Lines(session)
