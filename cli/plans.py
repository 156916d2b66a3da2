"""Requests plans, and follows those that take longer than a request."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cli.client import ERRORS, user_error
from cli.session import Session
from cli.terminal import is_capable

_ASK_AGAIN = 1.0
_TELL_AGAIN = 10.0
"""Seconds between two progress lines without a terminal."""


def planned(session: Session, name: str, mutation: str, fields: str, **given: Any) -> Any:
    """Returns the `plan` of a dry run, with these fields, and its `notices`. `name` is what is planned.

    Raises:
        Failure: The server answers with a user error, immediately or later.
    """
    payload = f"... on DeploymentPayload {{ notices {{ code message }} {fields} planProgress {{ id }} }}"
    answer = session.mutate(mutation, payload, **given, dryRun=True)
    if answer["planProgress"] is None:
        return answer
    return _followed(session, name, answer["planProgress"]["id"], fields)


def stored(session: Session, name: str, fields: str, **given: Any) -> Any:
    """Stores a plan and returns it, with these fields. `name` is what is planned.

    Raises:
        Failure: The server answers with a user error, immediately or later.
    """
    payload = f"... on PlanDeploymentPayload {{ plan {{ {fields} }} notices {{ message }} planProgress {{ id }} }}"
    answer = session.mutate("planDeployment", payload, **given)
    for notice in answer["notices"]:
        session.tell(f"Note: {notice['message']}")
    if answer["planProgress"] is None:
        return answer["plan"]
    found = _followed(session, name, answer["planProgress"]["id"], f"storedPlan {{ {fields} }}")
    return found["storedPlan"]


def _followed(session: Session, name: str, progress_id: str, fields: str) -> Any:
    query = f"""query ($id: ID!) {{ planProgress(id: $id) {{
      done total finished notices {{ code message }} {fields} error {{ {ERRORS} }}
    }} }}"""
    with _display(session, name) as show:
        while True:
            found = session.find(query, f"The plan of {name} no longer exists.", "Plan it again.", id=progress_id)
            show(found["done"], found["total"])
            if found["finished"]:
                break
            time.sleep(_ASK_AGAIN)
    if found["error"] is not None:
        raise user_error(found["error"])
    return found


@contextmanager
def _display(session: Session, name: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, or progress lines elsewhere."""
    if session.quiet or not is_capable(sys.stderr):
        yield _Lines(session, name).show
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"Planning {name}", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total or None)


class _Lines:
    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name
        self._again = 0.0

    def show(self, done: int, total: int) -> None:
        if total and time.monotonic() >= self._again:
            self._again = time.monotonic() + _TELL_AGAIN
            self._session.tell(f"{self._name}: {done} of {total} clusters planned.")
