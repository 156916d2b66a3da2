"""What a step function is given, and how it fails."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from app.identity.viewer import Viewer
from app.releases.texts import without_nul
from app.steps.services import StepServices
from app.workflows.run import WaitKind

LONGEST_LINE = 4_096
MOST_LINES = 10_000
"""The lines of all logs of a run."""

_WRITE = text("""
    WITH run AS (
      SELECT log_lines FROM workflow_run WHERE id = :run FOR NO KEY UPDATE
    ), written AS (
      INSERT INTO step_log (run_id, path, attempt, begun_version, number, message, at)
      SELECT :run, :path, :attempt, :version, :first + line.number - 1, line.message, clock_timestamp()
      FROM unnest(CAST(:messages AS text[])) WITH ORDINALITY AS line (message, number), run
      WHERE run.log_lines + line.number <= :most
      ORDER BY line.number
      ON CONFLICT DO NOTHING
      RETURNING id
    )
    UPDATE workflow_run SET log_lines = run.log_lines + (SELECT count(*) FROM written)
    FROM run WHERE id = :run
""")


class StepFailed(Exception):  # noqa: N818 - as the API's errors
    """The attempt failed. `code` is for conditions such as `retry.onlyIf`, `message` for people; neither contains
    values of secrets."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class StepContext:
    """One execution of an attempt.

    `starter` is the user who started the run, with the permissions that they have now: what a step does, it does as
    them. `key` names the attempt, and is the same when a worker has died and another one executes the attempt again;
    `executions` counts the executions, this one included.
    """

    services: StepServices
    organization_id: int
    starter: Viewer
    run_id: int
    path: str
    attempt: int
    version: int
    executions: int = 1
    _lines: int = field(default=0, init=False)

    @property
    def key(self) -> str:
        return f"{self.run_id}/{self.path}/{self.version}"

    async def log(self, *messages: str) -> None:
        """Writes lines to the log of the step. They are stored when the call returns, and an execution that repeats the
        attempt does not write them again. A line that is too long is cut, and lines beyond the limit of a run are
        dropped."""
        first, self._lines = self._lines, self._lines + len(messages)
        given = {
            "run": self.run_id,
            "path": self.path,
            "attempt": self.attempt,
            "version": self.version,
            "first": first,
            "most": MOST_LINES,
            "messages": [without_nul(message)[:LONGEST_LINE] for message in messages],
        }
        async with self.services.transaction() as transaction:
            await transaction.session.execute(_WRITE, given)


StepFunction = Callable[[StepContext, Mapping[str, Any]], Awaitable[Mapping[str, Any] | WaitKind]]
"""Returns outputs for inputs, or what the attempt waits for from then on: the event brings the outcome.
The inputs fit the schema of the step type.

An attempt is executed again if its worker dies, so a function has to be safe to repeat. It is cancelled when the run is
cancelled or the step's time is over. It raises `StepFailed`; a `UserError` of a use case fails the step with its code.
"""
