"""Plans that take longer than a request: the request returns the progress, and the finished plan is stored.

The process that received the request continues the plan and writes the progress to Postgres, so that any process can
return it. A plan that its user no longer asks for is cancelled; a plan whose process has ended is reported as lost.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, update
from sqlmodel import col, func, select

from app.core import errors
from app.core.database import patiently
from app.core.errors import Conflict, Problem, UserError
from app.core.services import Services
from app.core.threads import in_thread
from app.deployments.answer import Answer
from app.deployments.codes import DeploymentCode
from app.deployments.packing import pack
from app.deployments.progress import Progress
from app.deployments.services import DeploymentServices
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.releases.basis import Change, ChangeKind
from app.releases.error_codes import ActionCode
from app.tables.columns import now
from app.tables.deployments import PlanProgress
from app.tables.identity import Organization

log = structlog.get_logger()

MOST = 4
"""How many plans of one organization may run longer than their requests at the same time."""
MOST_KEPT = 10
"""How many finished plans are kept for one organization."""
LARGEST = 32 * 2**20
"""The size limit of a kept plan, in compressed bytes."""
KEPT = timedelta(hours=1)

_WRITE_SECONDS = 1.0
_UNWANTED_AFTER = timedelta(seconds=60)
_LOST_AFTER = timedelta(seconds=30)


async def plan_in_time(
    services: DeploymentServices, viewer: Viewer, make: Callable[[Progress], Coroutine[Any, Any, Answer]]
) -> Answer:
    """The answer of a dry run; its progress if it takes longer than `plan_wait`.

    Raises:
        UserError: an error of the dry run within that time, or if too many plans of the organization are running.
    """
    progress = Progress()
    task = services.background.start(make(progress))
    try:
        settings = services.settings
        done, _ = await asyncio.wait([task], timeout=min(settings.plan_wait, settings.operation_timeout / 2))
        if not done:
            await _either(task, progress.is_allowed)
        if task.done():
            return await task
        row = await _begin(services, viewer, progress)
    except BaseException:
        task.cancel()
        raise
    services.background.start(_keep(services, row.id, task, progress), Context())
    return Answer(progress=row)


async def progress_of(services: Services, viewer: Viewer, progress_id: int) -> PlanProgress | None:
    """The progress of a plan that the viewer has requested, if there is one. Reading it keeps the plan running."""
    async with services.database.reading() as session:
        row = await session.get(PlanProgress, progress_id)
    if (
        row is None
        or row.user_id != viewer.user_id
        or not viewer.may(row.organization_id, Permission.DEPLOYMENTS_WRITE, group_id=row.group_id)
    ):
        return None
    if row.finished_at is None:
        await _write(services, row.id, asked_at=now())
    return row


def error_of(row: PlanProgress) -> UserError | None:
    """The error because of which there is no plan; None if there is no error."""
    if row.error is not None:
        kind, given = row.error["kind"], dict(row.error["given"])
        if "problems" in given:
            given["problems"] = [Problem(**{**one, "path": tuple(one["path"])}) for one in given["problems"]]
        if "changes" in given:
            given["changes"] = [Change(**one | {"kind": ChangeKind(one["kind"])}) for one in given["changes"]]
        found: UserError = getattr(errors, kind)(**{**given, "path": tuple(given["path"])})
        return found
    if row.finished_at is None and row.seen_at < now() - _LOST_AFTER:
        return Conflict(
            DeploymentCode.PLAN_LOST, "The process that computed this plan stopped. Request the plan again."
        )
    return None


async def remove_old_plans(services: Services) -> None:
    async with services.transaction() as transaction:
        await transaction.session.execute(delete(PlanProgress).where(col(PlanProgress.created_at) < now() - KEPT))


async def _either(task: asyncio.Task[Answer], event: asyncio.Event) -> None:
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def _begin(services: Services, viewer: Viewer, progress: Progress) -> PlanProgress:
    organization_id = progress.organization_id
    of_organization = col(PlanProgress.organization_id) == organization_id
    is_finished = col(PlanProgress.finished_at).is_not(None)
    async with services.transaction() as transaction:
        session = transaction.session
        # One at a time, so that two requests cannot both take the last place.
        await session.get(Organization, organization_id, with_for_update={"key_share": True})
        goes_on = ~is_finished & (col(PlanProgress.seen_at) > now() - _LOST_AFTER)
        count = (await session.exec(select(func.count()).where(of_organization, goes_on))).one()
        if count >= MOST:
            raise Conflict(
                DeploymentCode.TOO_MANY_PLANS,
                f"The organization already has {MOST} plans that run in the background. Wait for one of them, or plan"
                " fewer clusters.",
            )
        kept = select(col(PlanProgress.id)).where(of_organization, is_finished)
        newest = kept.order_by(col(PlanProgress.id).desc()).limit(MOST_KEPT - 1)
        await session.execute(
            delete(PlanProgress).where(of_organization, is_finished, col(PlanProgress.id).not_in(newest))
        )
        row = PlanProgress(
            organization_id=organization_id,
            group_id=progress.group_id,
            user_id=viewer.user_id,
            done=progress.done,
            total=progress.total,
        )
        session.add(row)
        await session.flush()
        return row


async def _keep(services: Services, row_id: int, task: asyncio.Task[Answer], progress: Progress) -> None:
    """Writes the progress of a plan until it is ready, or its user no longer asks for it."""
    try:
        while not (await asyncio.wait([task], timeout=_WRITE_SECONDS))[0]:
            found = {"done": progress.done, "total": progress.total, "seen_at": now()}
            asked_at = await patiently(lambda: _write(services, row_id, **found))  # noqa: B023 - called at once
            if asked_at is None or asked_at < now() - _UNWANTED_AFTER:
                log.info("plan.unwanted", plan=row_id)
                return
        found = {"done": progress.done, "total": progress.total, **await _outcome(task), "finished_at": now()}
        await patiently(lambda: _write(services, row_id, **found))
    finally:
        task.cancel()


async def _write(services: Services, row_id: int, **found: Any) -> Any:
    """Updates the row of a plan. Returns when the plan was last requested; None if the row was deleted."""
    async with services.transaction() as transaction:
        written = update(PlanProgress).where(col(PlanProgress.id) == row_id).values(**found)
        return (await transaction.session.execute(written.returning(col(PlanProgress.asked_at)))).scalar_one_or_none()


async def _outcome(task: Awaitable[Answer]) -> dict[str, Any]:
    try:
        content = await in_thread(pack, await task)
        if len(content) <= LARGEST:
            return {"content": content}
        error: UserError = Conflict(
            DeploymentCode.PLAN_TOO_LARGE, "The plan is too large to store. Plan fewer clusters at a time."
        )
    except UserError as raised:
        error = raised
    except Exception:
        error_id = uuid.uuid4().hex
        log.exception("plan.failed", error_id=error_id)
        error = Conflict(ActionCode.INTERNAL, f"Internal error. The server's log has details under {error_id}.")
    return {"error": {"kind": type(error).__name__, "given": asdict(error)}}
