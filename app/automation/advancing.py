"""Computes and stores what happens next in a run.

A run is driven by one worker, which keeps its rows in memory. A step is written only if the run still has the version
from which it was computed, and still belongs to this worker. It contains the outcomes of the attempts that have ended,
so a worker can end at any point: the next one continues from the rows.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Table, bindparam, case, delete, exists, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.automation.attempts import Begun, Key, Outcome, failed
from app.automation.codes import WorkflowEvent
from app.automation.ending import cancel_children_soon, follow_end
from app.automation.events import named, record_event
from app.automation.metrics import ENDED_RUNS
from app.automation.services import WorkflowServices
from app.automation.stored import run_form, step_columns
from app.core.database import LOST, DataRefusedError
from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.sandbox.pool import PERMANENT, TOO_EXPENSIVE, RunError
from app.tables.columns import now
from app.tables.events import Outcome as EventOutcome
from app.tables.runs import RunSignal, StepRun, WorkflowRun
from app.workflows.definition import ON_CANCEL
from app.workflows.run import ENDED, RunState, StepState, WaitKind
from app.workflows.step_types import PENDING_RESULT, RUN_WORKFLOW

log = structlog.get_logger()

PROGRAM = Path(__file__).with_name("run_program.py")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_MOST_NAMED = 5
_STEP = (
    update(WorkflowRun)
    .where(col(WorkflowRun.id) == bindparam("run"), col(WorkflowRun.version) == bindparam("known"))
    .where(col(WorkflowRun.state) == RunState.RUNNING, col(WorkflowRun.epoch) == bindparam("known_epoch"))
    .where(col(WorkflowRun.driver) == bindparam("known_driver"))
    .values({name: bindparam(name) for name in ("version", "state", "outputs", "error", "next_at", "ended_at")})
    .returning(col(WorkflowRun.id))
    .execution_options(synchronize_session=False)
)
_STEPS: Table = StepRun.__table__  # type: ignore[attr-defined] # without the ORM, all rows are one statement
_INSERT = insert(_STEPS)
_SET = {column.name: column for column in _INSERT.excluded if column.name not in ("id", "run_id", "path")}
_IS_SAME_ATTEMPT = _INSERT.excluded.begun_version == _STEPS.c.begun_version
_UPSERT = _INSERT.on_conflict_do_update(
    index_elements=["run_id", "path"],
    # Executions of an attempt are counted by the workers that begin them.
    set_=_SET | {"executions": case((_IS_SAME_ATTEMPT, _STEPS.c.executions), else_=_INSERT.excluded.executions)},
)


class TakenOverError(Exception):
    """Another worker drives the run."""


class _OutdatedError(Exception):
    """The rows have changed since they were read."""


@dataclass(frozen=True)
class Advanced:
    """What a run needs now. `open` are the attempts that functions work on; the first execution of those in `begun` is
    counted already. `next_at` is when time alone changes something."""

    has_ended: bool
    open: Collection[Key] = ()
    begun: Mapping[Key, Begun] = field(default_factory=dict)
    next_at: datetime | None = None


class OpenRun:
    """A run, as the worker that drives it sees it. `driver` names the worker. Of several interpreters, the one with the
    highest `epoch` continues the run; for the others it has ended."""

    def __init__(self, services: WorkflowServices, run_id: int, epoch: int, driver: str) -> None:
        self.run_id = run_id
        self.epoch = epoch
        self._services = services
        self._driver = driver
        self._row: WorkflowRun | None = None
        self._steps: dict[str, StepRun] = {}

    async def claim(self) -> int | None:
        """Makes this worker the one that drives the run. Returns the run's organization; None if it has ended."""
        statement = (
            update(WorkflowRun)
            .where(col(WorkflowRun.id) == self.run_id, col(WorkflowRun.epoch) <= self.epoch)
            .where(col(WorkflowRun.state) == RunState.RUNNING)
            .values(epoch=self.epoch, driver=self._driver)
            .returning(col(WorkflowRun.organization_id))
        )
        async with self._services.transaction() as transaction:
            found = (await transaction.session.execute(statement)).first()
        return None if found is None else found[0]

    def forget(self) -> None:
        """Reads the rows again before the next step: others may have changed them."""
        self._row = None

    async def advance(self, outcomes: Mapping[Key, Outcome]) -> Advanced:
        """Computes and stores the next step, with the outcomes of attempts. Repeats what fails until it succeeds.

        Raises:
            TakenOverError: another worker drives the run.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._advance(outcomes)
            except TakenOverError:
                raise
            except _OutdatedError:
                self.forget()
                continue
            except LOST as error:
                log.warning("workflows.database_lost", run=self.run_id, error=str(error))
            except RunError as error:  # too many requests, or the process was killed from outside
                log.warning("workflows.step_delayed", run=self.run_id, outcome=error.outcome.value)
            except Exception:
                log.exception("workflows.step_failed", run=self.run_id)
            self.forget()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _advance(self, outcomes: Mapping[Key, Outcome]) -> Advanced:
        if self._row is None:
            await self._load()
        row = self._row
        if row is None:
            return Advanced(has_ended=True)
        moment = now()
        still = self._open
        taken = {key[1]: outcome for key, outcome in outcomes.items() if key in still}
        if not self._has_news(row, taken, moment):
            return self._advanced(row, {})
        with suppress(DataRefusedError):  # such as U+0000, which Postgres cannot store
            return await self._store(row, await self._asked(row, taken, moment), moment, taken)
        if taken:
            refused = {path: failed(path, "outputs_refused", "The outputs cannot be stored.") for path in taken}
            with suppress(DataRefusedError):
                return await self._store(row, await self._asked(row, refused, moment), moment, refused)
        answer = _failure("expression", "The result of an expression cannot be stored.")
        return await self._store(row, answer, moment, {})

    async def _load(self) -> None:
        async with self._services.database.reading() as session:
            row = await session.get(WorkflowRun, self.run_id)
            if row is None or row.state is not RunState.RUNNING or row.epoch > self.epoch:
                return
            if row.driver != self._driver:
                raise TakenOverError
            statement = select(StepRun).where(col(StepRun.run_id) == self.run_id).order_by(col(StepRun.id))
            self._steps = {step.path: step for step in (await session.exec(statement)).all()}
        self._row = row

    @property
    def _open(self) -> set[Key]:
        """The attempts that functions work on."""
        return {
            (self.run_id, path, step.begun_version)
            for path, step in self._steps.items()
            if step.state is StepState.RUNNING and step.attempt > 0 and step.wait is None and step.outcome is None
        }

    def _advanced(self, row: WorkflowRun, begun: Mapping[Key, Begun]) -> Advanced:
        return Advanced(has_ended=False, open=self._open, begun=begun, next_at=row.next_at)

    def _has_news(self, row: WorkflowRun, outcomes: Mapping[str, Outcome], moment: datetime) -> bool:
        """Whether anything has happened since the last step."""
        if row.version == 0 or outcomes or (row.next_at is not None and row.next_at <= moment):
            return True
        if row.is_cancelling and not any(path.startswith(ON_CANCEL) for path in self._steps):
            return True
        return any(step.outcome is not None for step in self._steps.values())

    async def _asked(self, row: WorkflowRun, outcomes: Mapping[str, Outcome], moment: datetime) -> dict[str, Any]:
        """The next step of a run, as the process with its expressions has computed it."""
        asked = {"definition": row.definition, "run": run_form(row, self._steps, outcomes), "now": moment.isoformat()}
        pool = self._services.workflow_steps
        try:
            request = await in_thread(json.dumps, asked)
            answer: dict[str, Any] = await in_thread(json.loads, await pool.run(row.organization_id, request.encode()))
        except RunError as error:
            if error.outcome not in PERMANENT:
                raise
            if error.outcome in TOO_EXPENSIVE:
                limits = f"{pool.seconds:g} s of CPU time and {pool.memory // 2**20:,} MiB of memory"
                return _failure("too_expensive", f"A step of the run may use {limits}. Simplify its expressions.")
            message = "The computation of the next step crashed, which is an error of Polyhelm itself."
            return _failure("internal", message)
        return answer

    async def _store(
        self, row: WorkflowRun, answer: Mapping[str, Any], moment: datetime, outcomes: Mapping[str, Outcome]
    ) -> Advanced:
        """Writes a step.

        Raises:
            _OutdatedError: the run has another version by now, or another system has ended one of the attempts with
                these outcomes before. The first outcome counts.
        """
        version, state = row.version + 1, RunState(answer["state"])
        changed = answer["changed"]
        starts = {path for path, _ in answer["starts"]}
        next_at = None if answer["nextAt"] is None else datetime.fromisoformat(answer["nextAt"])
        has_ended = state is not RunState.RUNNING
        columns = [
            step_columns(row.id, path, form, self._steps.get(path), version, is_executed=path in starts)
            for path, form in changed.items()
        ]
        signalled = False
        async with self._services.transaction() as transaction:
            session = transaction.session
            stored = {
                "version": version,
                "state": state,
                "outputs": answer["outputs"],
                "error": answer["error"],
                "next_at": next_at,
                "ended_at": moment if has_ended else None,
            }
            known = {"run": row.id, "known": row.version, "known_epoch": row.epoch, "known_driver": self._driver}
            if (await session.execute(_STEP, stored | known)).first() is None or await self._are_late(
                session, outcomes
            ):
                raise _OutdatedError
            if columns:
                await session.execute(_UPSERT, columns)
            if has_ended:
                await end_steps(session, row.id, moment)
                await follow_end(transaction, row, state, outputs=answer["outputs"], error=answer["error"])
            else:
                if any(self._ends_child(found) for found in columns):
                    await cancel_children_soon(transaction, row)
                for found in columns:
                    if found["wait"] is WaitKind.SIGNAL and found["begun_version"] == version:
                        signalled |= await _take_signal(session, row.id, found["path"], found["wait_signal"])
            _record(transaction, row, state, self._steps, changed, answer["error"])
        if has_ended:
            ENDED_RUNS.labels(state).inc()
            return Advanced(has_ended=True)
        row.version, row.next_at = version, next_at
        self._steps.update({found["path"]: StepRun(**found) for found in columns})
        begun = {
            (row.id, path, version): Begun(row, path, step.attempt, step.type or "", step.inputs or {}, step.executions)
            for path, step in self._steps.items()
            if path in starts
        }
        advanced = self._advanced(row, begun)
        if signalled:
            self.forget()
            return replace(advanced, next_at=moment)
        return advanced

    async def _are_late(self, session: AsyncSession, outcomes: Mapping[str, Outcome]) -> bool:
        """Whether an attempt with one of these outcomes has another one already. The run is locked, as it is when
        another system ends an attempt."""
        paths = [path for path in outcomes if self._steps[path].type == PENDING_RESULT]
        if not paths:
            return False
        statement = select(StepRun.id).where(col(StepRun.run_id) == self.run_id, col(StepRun.path).in_(paths))
        return (await session.exec(statement.where(col(StepRun.outcome).is_not(None)))).first() is not None

    def _ends_child(self, after: Mapping[str, Any]) -> bool:
        """Whether a step is stopped that may have started a run."""
        before = self._steps.get(after["path"])
        if before is None or before.type != RUN_WORKFLOW or after["state"] is StepState.RUNNING:
            return False
        return before.state is StepState.RUNNING and before.outcome is None


def _failure(code: str, message: str) -> dict[str, Any]:
    """The step with which a run fails that cannot be continued."""
    error = {"code": code, "message": message, "path": ""}
    return {"state": "FAILED", "outputs": None, "error": error, "changed": {}, "starts": [], "nextAt": None}


async def runs_with_news(services: WorkflowServices, run_ids: Collection[int], driver: str) -> list[int]:
    """The runs among these in which something has happened that their driver has not done itself."""
    outcome = exists().where(col(StepRun.run_id) == WorkflowRun.id, col(StepRun.outcome).is_not(None))
    statement = select(col(WorkflowRun.id)).where(
        col(WorkflowRun.id).in_(list(run_ids)),
        (col(WorkflowRun.state) != RunState.RUNNING)
        | (col(WorkflowRun.driver) != driver)
        | col(WorkflowRun.is_cancelling)
        | outcome,
    )
    return [run_id for (run_id,) in await services.database.rows(statement)]


async def end_steps(session: AsyncSession, run_id: int, moment: datetime) -> None:
    """Ends what is open in a run that has ended."""
    await session.execute(delete(RunSignal).where(col(RunSignal.run_id) == run_id))
    await session.execute(
        update(StepRun)
        .where(col(StepRun.run_id) == run_id, col(StepRun.state).not_in(ENDED))
        .values(state=StepState.CANCELLED, ended_at=moment, due=None, outcome=None)
    )


async def _take_signal(session: AsyncSession, run_id: int, path: str, name: str) -> bool:
    """Ends a wait with the oldest signal of its name that was sent before. Returns whether there was one."""
    statement = (
        select(RunSignal)
        .where(col(RunSignal.run_id) == run_id, col(RunSignal.name) == name)
        .order_by(col(RunSignal.id))
        .limit(1)
        .with_for_update(key_share=True)
    )
    signal = (await session.exec(statement)).first()
    if signal is None:
        return False
    outcome = {"outputs": {"payload": signal.payload}, "error": None}
    await session.execute(
        update(StepRun).where(col(StepRun.run_id) == run_id, col(StepRun.path) == path).values(outcome=outcome)
    )
    await session.delete(signal)
    return True


def _record(
    transaction: Transaction,
    row: WorkflowRun,
    state: RunState,
    before: Mapping[str, StepRun],
    changed: Mapping[str, Any],
    error: Mapping[str, str] | None,
) -> None:
    """Records what has changed, without inputs and outputs."""
    if state is not RunState.RUNNING:
        why = f": {error['message']}" if error else ""
        record_event(
            *(transaction, WorkflowEvent.RUN_ENDED, f"The {named(row)} is {state}{why}"),
            run=row,
            actor=row.starter,
            outcome=EventOutcome.FAILED if state is RunState.FAILED else EventOutcome.SUCCEEDED,
            state=state,
        )
        return
    states = {
        path: form["state"]
        for path, form in changed.items()
        if path not in before or before[path].state != form["state"]
    }
    shown = ", ".join(f"{path} {found}" for path, found in list(states.items())[:_MOST_NAMED])
    more = f" and {len(states) - _MOST_NAMED} more" if len(states) > _MOST_NAMED else ""
    message = f"The {named(row)} progressed: {shown}{more}."
    record_event(transaction, WorkflowEvent.RUN_PROGRESSED, message, run=row, actor=row.starter)
